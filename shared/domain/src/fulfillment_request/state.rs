//! How a request goes on: what is done with it and what the warehouse says, each from every status, and what
//! cannot be is refused as a value. (SPEC FX-22, FX-25, FX-26, CS-07, CS-09; RELIABILITY §4 rows 6 to 9, 32, 33)

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Doubt, FulfillmentRequest, RequestCode, RequestReason, RequestRow, RequestStatus, WarehouseState,
};
use crate::limits::{FEED_AT_MOST, REQUEST_VISIBLE_AFTER, SUBMITTING_AT_MOST};

/// Why something cannot be done with a request as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not at a point where that could be done.
    #[error("the request is {}", status.as_str())]
    NotNow {
        /// How far it is.
        status: RequestStatus,
    },
    /// It is held.
    #[error("the request is held until {until}")]
    Held {
        /// Until then.
        until: Timestamp,
    },
    /// It was never sent, and the warehouse speaks of it: somebody else uses our numbers.
    #[error("the request was never sent, and the warehouse knows its number")]
    NeverSent,
    /// What became of it has to be known first.
    #[error("nobody knows yet whether the warehouse has the request; it is being asked")]
    Doubtful,
    /// Nothing was changed since it was rejected.
    #[error("nothing was changed since the request was rejected")]
    NothingChanged,
    /// The warehouse has gone too far with it.
    #[error("the warehouse says \"{state}\": it cannot be called off any more")]
    TooLate {
        /// What it says.
        state: String,
    },
}

/// What the warehouse says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// How far it is there.
    pub state: WarehouseState,
    /// Units that shipped or are about to, by the ids of the request's rows; `None` if that was not told (a
    /// notification). Where the warehouse is done with the request, all others will not ship.
    pub units: Option<BTreeMap<String, i64>>,
    /// When it is to arrive, or to leave, if that was told.
    pub promised_by: Option<Timestamp>,
    /// The warehouse's time of this.
    pub at: Timestamp,
}

impl FulfillmentRequest {
    /// The hold has ended.
    ///
    /// # Errors
    /// If it has not, or it is not held.
    pub fn release(&self, now: Timestamp) -> Result<Self, Refusal> {
        match (self.status, self.hold_until) {
            (RequestStatus::OnHold, Some(until)) if until > now => Err(Refusal::Held { until }),
            (RequestStatus::OnHold, _) => {
                Ok(Self { status: RequestStatus::ReadyToProcess, reason: None, ..self.clone() })
            }
            (status, _) => Err(Refusal::NotNow { status }),
        }
    }

    /// It is about to be handed over: stored before the call is made. (RELIABILITY R2)
    ///
    /// # Errors
    /// If it is not ready, or held.
    pub fn begin(&self, now: Timestamp) -> Result<Self, Refusal> {
        let ready = if self.status == RequestStatus::OnHold { self.release(now)? } else { self.clone() };
        match ready.status {
            RequestStatus::ReadyToProcess => Ok(Self {
                status: RequestStatus::Submitting,
                reason: None,
                attempts: ready.attempts + 1,
                submitted_at: Some(now),
                feed: None,
                doubt: None,
                ..ready
            }),
            status => Err(Refusal::NotNow { status }),
        }
    }

    /// The warehouse has it, and will say later what it thinks of it.
    ///
    /// # Errors
    /// If it was not on its way.
    pub fn handed_over(&self, feed: Option<&str>) -> Result<Self, Refusal> {
        match self.status {
            RequestStatus::Submitting => {
                Ok(Self { status: RequestStatus::Submitted, feed: feed.map(str::to_owned), ..self.clone() })
            }
            status => Err(Refusal::NotNow { status }),
        }
    }

    /// The warehouse took it.
    ///
    /// # Errors
    /// If it was not with the warehouse.
    pub fn accept(&self, now: Timestamp) -> Result<Self, Refusal> {
        match self.status {
            RequestStatus::Submitting | RequestStatus::Submitted => Ok(self.taken(now)),
            RequestStatus::Accepted | RequestStatus::PartiallyShipped => Ok(self.clone()),
            status => Err(Refusal::NotNow { status }),
        }
    }

    /// The warehouse refused it, in these words. Its units stay held. (SPEC FX-26)
    ///
    /// # Errors
    /// If it was not with the warehouse, or the warehouse took it before.
    pub fn reject(&self, message: &str) -> Result<Self, Refusal> {
        match self.status {
            RequestStatus::Submitting | RequestStatus::Submitted => Ok(Self {
                status: RequestStatus::Rejected,
                reason: Some(RequestReason::new(RequestCode::RejectedByWarehouse, message)),
                doubt: None,
                is_changed: false,
                ..self.clone()
            }),
            status => Err(Refusal::NotNow { status }),
        }
    }

    /// Nobody knows what became of it: no answer, or a feed that failed as a whole. The warehouse is asked
    /// before anything else is done. (SPEC FX-25)
    ///
    /// # Errors
    /// If it was not with the warehouse.
    pub fn doubt(&self, now: Timestamp) -> Result<Self, Refusal> {
        match self.status {
            RequestStatus::Submitting | RequestStatus::Submitted if self.doubt.is_some() => Ok(self.clone()),
            RequestStatus::Submitting | RequestStatus::Submitted => Ok(Self {
                doubt: Some(Doubt { since: now, first_clean_look: None }),
                reason: Some(RequestReason::new(
                    RequestCode::OutcomeUnknown,
                    "No answer tells whether the warehouse has it; it is being asked.",
                )),
                ..self.clone()
            }),
            status => Err(Refusal::NotNow { status }),
        }
    }

    /// Whether it has been with the warehouse for so long without a word that somebody has to ask.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let since = |at: Option<Timestamp>| at.map(|at| now.duration_since(at));
        match self.status {
            _ if self.doubt.is_some() => true,
            RequestStatus::Submitting => since(self.submitted_at).is_none_or(|age| age >= SUBMITTING_AT_MOST),
            RequestStatus::Submitted => since(self.submitted_at).is_none_or(|age| age >= FEED_AT_MOST),
            RequestStatus::OnHold
            | RequestStatus::ReadyToProcess
            | RequestStatus::Waiting
            | RequestStatus::Accepted
            | RequestStatus::Rejected
            | RequestStatus::PartiallyShipped
            | RequestStatus::Shipped
            | RequestStatus::Exception
            | RequestStatus::Cancelled => false,
        }
    }

    /// A look did not find it. The second one, far enough from the first, lets it be sent again under the same
    /// number: then the warehouse never got it. (SPEC FX-26, RELIABILITY R3)
    ///
    /// # Errors
    /// If nobody had to look for it.
    pub fn not_found(&self, now: Timestamp) -> Result<Self, Refusal> {
        let is_sought = match self.status {
            RequestStatus::Submitting | RequestStatus::Submitted => self.doubt.is_some(),
            RequestStatus::Rejected => !self.is_known_there,
            RequestStatus::OnHold
            | RequestStatus::ReadyToProcess
            | RequestStatus::Waiting
            | RequestStatus::Accepted
            | RequestStatus::PartiallyShipped
            | RequestStatus::Shipped
            | RequestStatus::Exception
            | RequestStatus::Cancelled => false,
        };
        if !is_sought {
            return Err(Refusal::NotNow { status: self.status });
        }
        let doubt = self.doubt.clone().unwrap_or(Doubt { since: now, first_clean_look: None });
        let Some(first) = doubt.first_clean_look else {
            return Ok(Self { doubt: Some(Doubt { first_clean_look: Some(now), ..doubt }), ..self.clone() });
        };
        if now.duration_since(first) < REQUEST_VISIBLE_AFTER {
            return Ok(self.clone());
        }
        match self.status {
            // It stays rejected until somebody changes something; its number is still good.
            RequestStatus::Rejected => Ok(self.clone()),
            _ => Ok(Self {
                status: RequestStatus::ReadyToProcess,
                reason: None,
                doubt: None,
                feed: None,
                ..self.clone()
            }),
        }
    }

    /// Whether two looks, far enough apart, have not found it.
    #[must_use]
    pub fn is_surely_unknown(&self, now: Timestamp) -> bool {
        let first = self.doubt.as_ref().and_then(|doubt| doubt.first_clean_look);
        !self.is_known_there && first.is_some_and(|first| now.duration_since(first) >= REQUEST_VISIBLE_AFTER)
    }

    /// The warehouse says how far it is. What is older than what was heard changes nothing. (G-02)
    ///
    /// # Errors
    /// If it was never sent, or had come to another end before.
    pub fn hear(&self, news: &News) -> Result<Self, Refusal> {
        if !self.was_sent() {
            return Err(Refusal::NeverSent);
        }
        if self.heard_at.is_some_and(|heard| heard > news.at) {
            return Ok(self.clone());
        }
        let mut heard = Self {
            at_warehouse: Some(news.state.clone()),
            heard_at: Some(news.at),
            promised_by: news.promised_by.or(self.promised_by),
            is_known_there: true,
            doubt: None,
            ..self.clone()
        };
        if self.status.is_over() {
            return match self.is_same_end(&news.state) {
                true => Ok(heard),
                false => Err(Refusal::NotNow { status: self.status }),
            };
        }
        match &news.state {
            WarehouseState::New
            | WarehouseState::Received
            | WarehouseState::Planning
            | WarehouseState::Processing
            | WarehouseState::Complete
            | WarehouseState::Other(_) => Ok(heard.taken(news.at)),
            WarehouseState::Invalid => {
                // What shipped in spite of it has shipped.
                if heard.shipped() > 0 {
                    return Ok(heard);
                }
                heard.status = RequestStatus::Rejected;
                heard.is_changed = false;
                let message = "The warehouse has it and calls it invalid.";
                heard.reason = Some(RequestReason::new(RequestCode::RejectedByWarehouse, message));
                Ok(heard)
            }
            WarehouseState::CompletePartialled if news.units.is_none() => Ok(heard.taken(news.at)),
            WarehouseState::CompletePartialled
            | WarehouseState::Unfulfillable
            | WarehouseState::Cancelled => Ok(heard.taken(news.at).give_up(news)),
        }
    }

    /// Units of it shipped; those that had been given up among them, if they shipped all the same.
    ///
    /// # Errors
    /// If it was never sent.
    pub fn ship(&self, units: &BTreeMap<String, i64>, now: Timestamp) -> Result<Self, Refusal> {
        if !self.was_sent() {
            return Err(Refusal::NeverSent);
        }
        let mut after = self.clone();
        for row in &mut after.rows {
            row.shipped = (row.shipped + units.get(&row.id).copied().unwrap_or_default()).min(row.quantity);
            row.freed = row.freed.min(row.quantity - row.shipped);
        }
        after.is_known_there = true;
        after.doubt = None;
        after.accepted_at = after.accepted_at.or(Some(now));
        let is_any_freed = after.rows.iter().any(|row| row.freed > 0);
        (after.status, after.reason) = match (after.pending(), is_any_freed) {
            (0, false) => (RequestStatus::Shipped, None),
            (0, true) => (RequestStatus::Exception, after.reason),
            _ if after.shipped() > 0 => (RequestStatus::PartiallyShipped, after.reason),
            _ => (after.status, after.reason),
        };
        Ok(after)
    }

    /// Something about it was changed: it may be sent again once it was rejected. (SPEC FX-26)
    #[must_use]
    pub fn changed(&self) -> Self {
        Self { is_changed: true, ..self.clone() }
    }

    /// Whether it may be sent again, and how: under its own number, or as another one. (SPEC FX-26)
    ///
    /// # Errors
    /// If it was not rejected, nothing was changed, or the warehouse may have it.
    pub fn resubmit(&self, now: Timestamp) -> Result<Resubmit, Refusal> {
        if self.status != RequestStatus::Rejected {
            return Err(Refusal::NotNow { status: self.status });
        }
        if !self.is_changed {
            return Err(Refusal::NothingChanged);
        }
        if self.is_known_there {
            return Ok(Resubmit::AsAnother);
        }
        if !self.is_surely_unknown(now) {
            return Err(Refusal::Doubtful);
        }
        let again = Self {
            status: RequestStatus::ReadyToProcess,
            reason: None,
            doubt: None,
            feed: None,
            is_changed: false,
            ..self.clone()
        };
        Ok(Resubmit::Again(Box::new(again)))
    }

    /// Calls it off. (SPEC CS-09)
    ///
    /// # Errors
    /// If it is over, nobody knows whether the warehouse has it, or it has gone too far there.
    pub fn cancel(&self) -> Result<Cancel, Refusal> {
        match self.status {
            RequestStatus::OnHold
            | RequestStatus::ReadyToProcess
            | RequestStatus::Waiting
            | RequestStatus::Rejected => Ok(Cancel::Done(Box::new(self.called_off()))),
            RequestStatus::Submitting | RequestStatus::Submitted => Err(Refusal::Doubtful),
            RequestStatus::Accepted if self.may_still_be_cancelled() => {
                let message = "The warehouse is asked to call it off.";
                let reason = Some(RequestReason::new(RequestCode::CancelAsked, message));
                Ok(Cancel::Ask(Box::new(Self { is_cancel_asked: true, reason, ..self.clone() })))
            }
            RequestStatus::Accepted | RequestStatus::PartiallyShipped => Err(Refusal::TooLate {
                state: self.at_warehouse.as_ref().map_or("accepted", |state| state.as_str()).to_owned(),
            }),
            status @ (RequestStatus::Shipped | RequestStatus::Exception | RequestStatus::Cancelled) => {
                Err(Refusal::NotNow { status })
            }
        }
    }

    /// The warehouse did not let it be called off, and says why.
    #[must_use]
    pub fn cancel_refused(&self, message: &str) -> Self {
        let reason =
            RequestReason::new(RequestCode::CancelAsked, format!("It could not be called off: {message}"));
        Self { is_cancel_asked: false, reason: Some(reason), ..self.clone() }
    }

    /// Before parcels are being picked. What is not known yet may be tried. (RELIABILITY §4 row 35)
    fn may_still_be_cancelled(&self) -> bool {
        match &self.at_warehouse {
            None | Some(WarehouseState::New | WarehouseState::Received | WarehouseState::Planning) => true,
            Some(
                WarehouseState::Processing
                | WarehouseState::Cancelled
                | WarehouseState::Complete
                | WarehouseState::CompletePartialled
                | WarehouseState::Unfulfillable
                | WarehouseState::Invalid
                | WarehouseState::Other(_),
            ) => false,
        }
    }

    fn called_off(&self) -> Self {
        let mut after = Self {
            status: RequestStatus::Cancelled,
            reason: Some(RequestReason::new(
                RequestCode::CancelledHere,
                "It was cancelled before it was sent.",
            )),
            doubt: None,
            ..self.clone()
        };
        if self.was_sent() {
            after.reason =
                Some(RequestReason::new(RequestCode::CancelledHere, "It was rejected, and then cancelled."));
        }
        after.free_the_rest(None);
        after
    }

    /// The warehouse has it.
    fn taken(&self, now: Timestamp) -> Self {
        let status = match self.status {
            RequestStatus::PartiallyShipped => RequestStatus::PartiallyShipped,
            RequestStatus::OnHold
            | RequestStatus::ReadyToProcess
            | RequestStatus::Waiting
            | RequestStatus::Submitting
            | RequestStatus::Submitted
            | RequestStatus::Accepted
            | RequestStatus::Rejected => RequestStatus::Accepted,
            over @ (RequestStatus::Shipped | RequestStatus::Exception | RequestStatus::Cancelled) => over,
        };
        let keeps_reason = self.reason.as_ref().is_some_and(|reason| reason.code == RequestCode::CancelAsked);
        Self {
            status,
            reason: self.reason.clone().filter(|_| keeps_reason),
            accepted_at: self.accepted_at.or(Some(now)),
            is_known_there: true,
            doubt: None,
            ..self.clone()
        }
    }

    /// The warehouse is done with it, and ships no more than it says.
    fn give_up(mut self, news: &News) -> Self {
        self.free_the_rest(news.units.as_ref());
        let freed: i64 = self.rows.iter().map(|row| row.freed).sum();
        let will_ship = self.shipped() + self.pending();
        if freed == 0 {
            return self;
        }
        let is_cancelled = news.state == WarehouseState::Cancelled;
        let (status, code, message) = match (is_cancelled, self.is_cancel_asked, will_ship) {
            (true, true, 0) => (
                RequestStatus::Cancelled,
                RequestCode::CancelledHere,
                "The warehouse called it off.".to_owned(),
            ),
            (true, false, 0) => (
                RequestStatus::Exception,
                RequestCode::CancelledAtWarehouse,
                "It was called off at the warehouse.".to_owned(),
            ),
            (false, _, 0) => (
                RequestStatus::Exception,
                RequestCode::Unfulfillable,
                "The warehouse cannot ship any of it.".to_owned(),
            ),
            (_, _, will_ship) => (
                RequestStatus::Exception,
                RequestCode::PartlyUnfulfillable,
                format!("The warehouse ships {will_ship} units of it; {freed} it does not."),
            ),
        };
        // What is on its way is still waited for.
        self.status = if self.pending() > 0 { self.status } else { status };
        self.reason = Some(RequestReason::new(code, message));
        self
    }

    /// What neither shipped nor is about to is free again.
    fn free_the_rest(&mut self, units: Option<&BTreeMap<String, i64>>) {
        for row in &mut self.rows {
            let told = units.and_then(|units| units.get(&row.id)).copied().unwrap_or_default();
            let ships = told.clamp(row.shipped, row.quantity);
            row.freed = row.quantity - ships;
        }
    }

    /// Whether this is what its end already says.
    fn is_same_end(&self, state: &WarehouseState) -> bool {
        match self.status {
            RequestStatus::Shipped => matches!(state, WarehouseState::Complete | WarehouseState::Processing),
            RequestStatus::Exception => matches!(
                state,
                WarehouseState::CompletePartialled
                    | WarehouseState::Unfulfillable
                    | WarehouseState::Cancelled
                    | WarehouseState::Complete
            ),
            RequestStatus::Cancelled => matches!(state, WarehouseState::Cancelled),
            RequestStatus::OnHold
            | RequestStatus::ReadyToProcess
            | RequestStatus::Waiting
            | RequestStatus::Submitting
            | RequestStatus::Submitted
            | RequestStatus::Accepted
            | RequestStatus::Rejected
            | RequestStatus::PartiallyShipped => false,
        }
    }

    /// A row of its by id.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<&RequestRow> {
        self.rows.iter().find(|row| row.id == id)
    }
}

/// How a rejected request is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resubmit {
    /// Under its own number: the warehouse does not know it.
    Again(Box<FulfillmentRequest>),
    /// As another one, with a number of its own: the warehouse knows this one.
    AsAnother,
}

/// How a request is called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// It is; its units are free.
    Done(Box<FulfillmentRequest>),
    /// The warehouse has to be asked; its answer is heard as news.
    Ask(Box<FulfillmentRequest>),
}
