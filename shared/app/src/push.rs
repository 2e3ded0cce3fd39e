//! A fulfillment of ours, brought to the shop that took the order: looked at before it is made, because
//! what is made there twice is there twice; noted with the shop's id, so that its echo changes nothing;
//! and after an unknown outcome looked at again. (SPEC KS-41, KS-43, KS-45, KS-46; RELIABILITY §3)

mod fence;

use fence::Fence;
use weir_channels::{
    Channel, ChannelError,
    channel::{AccessToken, Call, Completion, FulfilledPart, Fulfillments, Grant, NewFulfillment},
    http::HttpResponse,
};
use weir_domain::{
    channel_order::ChannelOrder,
    connection::Connection,
    decide::{
        counted,
        push::{self, Completing, PushCall},
    },
    history::HistoryEntry,
    ids::ChannelOrderId,
    sales_order::{Booking, SalesOrder},
};

use crate::{
    call::{self, Asking, CallError},
    connections,
    flow::FlowError,
    gate::Site,
    hub::Hub,
    message::{Message, Push},
    planted::{self, Bug},
    ports::{Commit, CommitError, Expect, Key, OrderFile, Record},
    timeline,
};

/// How often what the shop said is noted again when others write the order at the same time.
const TRIES: u32 = 8;

/// How often the shop is looked at again where it refuses what it had just shown as open: somebody there
/// was quicker, and the rest may be open elsewhere.
const LOOKS: u32 = 3;

/// How a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// So many fulfillments were made at the shop.
    Made(usize),
    /// There was nothing to do.
    Nothing,
    /// The shop refused it, and it would again; the timeline says why.
    Refused,
}

/// Handles one message of a push queue.
///
/// # Errors
/// As [`push`]; and of a message that is none, which returns to its queue.
pub async fn handle(hub: &Hub, message: &Message) -> Result<Pushed, FlowError> {
    match message {
        Message::Push(of) => push(hub, of).await,
        Message::Told(_) | Message::Look(_) | Message::Recheck(_) => {
            Err(FlowError::new("it is no push; it belongs into an import queue"))
        }
    }
}

/// Brings a fulfillment to its shop.
///
/// # Errors
/// If the shop or something of Weir's own has trouble, or the connection is not at work: the message
/// returns to its queue, and the next try looks first.
pub async fn push(hub: &Hub, push: &Push) -> Result<Pushed, FlowError> {
    let organization = &push.organization;
    let file = hub.read_order(Site::PushRead, organization, &push.order).await?;
    let Some((order, _)) = &file.order else { return Ok(Pushed::Nothing) };
    let Some(source) = &order.source else { return Ok(Pushed::Nothing) };
    if order.booking != Booking::Complete {
        return Err(FlowError::new("the order is being booked; it is pushed after that"));
    }
    let key = Key::Connection(organization.clone(), source.connection.clone());
    let found = hub.get(Site::PushRead, std::slice::from_ref(&key)).await?.remove(&key);
    let Some((Record::Connection(connection), version)) = found.map(|found| (found.record, found.version))
    else {
        return Err(FlowError::missing("connection", &source.connection, organization));
    };
    if !connection.is_active() {
        return Err(FlowError::new(format!("connection {} is not at work", connection.id)));
    }
    let channel = call::channel(&connection).map_err(|error| FlowError::new(error.to_string()))?;
    let fence = fence::take(hub, push).await?;
    let desk = Desk { hub, push, connection: &connection, channel, fence: &fence };
    let id = &source.channel_order_id;
    let ended = match (channel.fulfillments, channel.completion) {
        (Some(_), _) if !connection.settings.shop.sync_fulfillment_status => desk.leave_undone().await,
        (Some(fulfillments), _) => desk.carry_out(fulfillments, id).await,
        (None, Some(completion)) => desk.complete(completion, order, id).await,
        (None, None) => Ok(Pushed::Nothing),
    };
    // What the shop was asked to make and did not answer for may still be made: nobody asks again before.
    if !matches!(ended, Err(Stop::Unanswered(_))) || planted::is(Bug::PushUnfenced) {
        fence.leave(hub).await;
    }
    match ended {
        Ok(pushed) => Ok(pushed),
        Err(Stop::Flow(error)) => Err(error),
        Err(Stop::Call(error)) if error.needs_attention() => {
            let (code, message) = (error.reason(), error.to_string());
            connections::needs_attention(hub, organization, (&connection, version), code, &message).await?;
            Err(FlowError::new(message))
        }
        Err(Stop::Call(error) | Stop::Unanswered(error)) => Err(FlowError::new(error.to_string())),
    }
}

/// Why it did not end.
enum Stop {
    Flow(FlowError),
    Call(CallError),
    /// The shop was asked to do something, and whether it did is not known.
    Unanswered(CallError),
}

impl Stop {
    /// Why a call that changes something in the shop did not end.
    fn of_change(error: CallError) -> Self {
        match error {
            CallError::Trouble(_)
            | CallError::Channel(ChannelError::Trouble(_) | ChannelError::Unreadable(_)) => {
                Self::Unanswered(error)
            }
            _ => Self::Call(error),
        }
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<FlowError> for Stop {
    fn from(error: FlowError) -> Self {
        Self::Flow(error)
    }
}

/// What a push is made with.
struct Desk<'a> {
    hub: &'a Hub,
    push: &'a Push,
    connection: &'a Connection,
    channel: &'static Channel,
    fence: &'a Fence,
}

impl Desk<'_> {
    async fn carry_out(
        &self,
        fulfillments: &'static dyn Fulfillments,
        id: &ChannelOrderId,
    ) -> Result<Pushed, Stop> {
        let mut made = 0;
        let mut refused: Option<(Vec<PushCall>, String)> = None;
        for _ in 0..LOOKS {
            let Some(shown) = self.look(id).await? else {
                self.note(|_| None, Some("The shop does not know the order any more.".to_owned())).await?;
                return Ok(Pushed::Refused);
            };
            let calls = self.plan(&shown).await?;
            match &refused {
                Some((before, _)) if *before == calls => break,
                Some(_) | None => refused = None,
            }
            let Some(why) = self.make_all(fulfillments, &calls, &mut made).await? else { break };
            refused = Some((calls, why));
        }
        match refused {
            Some((_, why)) => {
                self.note(|_| None, Some(format!("The shop refused the fulfillment: {why}."))).await?;
                Ok(Pushed::Refused)
            }
            None if made == 0 => Ok(Pushed::Nothing),
            None => Ok(Pushed::Made(made)),
        }
    }

    /// The connection does not bring fulfillments to its shop any more. (SPEC KS-17)
    async fn leave_undone(&self) -> Result<Pushed, Stop> {
        let message = "Not brought to the shop: the connection does not sync fulfillments any more.";
        self.note(|_| None, Some(message.to_owned())).await?;
        Ok(Pushed::Nothing)
    }

    /// What is left to do there. What the shop has of it already is noted first, also where nothing is.
    async fn plan(&self, shown: &ChannelOrder) -> Result<Vec<PushCall>, Stop> {
        let plan = |order: &SalesOrder| push::plan(order, &self.push.fulfillment, shown, self.connection);
        let file = self.read().await?;
        let Some(first) = file.order.as_ref().and_then(|(order, _)| plan(order)) else {
            return Ok(Vec::new());
        };
        let is_news = file.order.as_ref().is_some_and(|(order, _)| *order != first.order);
        let undone = push::left_undone(&first).filter(|_| is_news || !first.missing.is_empty());
        if is_news || undone.is_some() {
            self.note(|order| plan(order).map(|plan| plan.order), undone).await?;
        }
        Ok(first.calls)
    }

    /// Makes them one after the other; why the shop refuses one, if it does.
    async fn make_all(
        &self,
        fulfillments: &'static dyn Fulfillments,
        calls: &[PushCall],
        made: &mut usize,
    ) -> Result<Option<String>, Stop> {
        for call in calls {
            match self.make(fulfillments, call).await {
                Ok(channel_id) => {
                    let of_shop =
                        |order: &SalesOrder| push::record(order, &self.push.fulfillment, call, &channel_id);
                    let units: i64 =
                        call.parts.iter().flat_map(|part| part.units()).map(|part| part.quantity).sum();
                    let message =
                        format!("Fulfilled at the shop: {} (fulfillment {channel_id}).", counted(units));
                    self.note(|order| Some(of_shop(order)), Some(message)).await?;
                    *made += 1;
                }
                Err(Stop::Call(CallError::Channel(ChannelError::Refused(why)))) => return Ok(Some(why)),
                Err(stop) => return Err(stop),
            }
        }
        Ok(None)
    }

    /// Tells a shop that hears of whole orders alone that all of this one is delivered. (SPEC KB-10)
    async fn complete(
        &self,
        completion: &'static dyn Completion,
        order: &SalesOrder,
        id: &ChannelOrderId,
    ) -> Result<Pushed, Stop> {
        if !push::is_to_be_completed(order, self.connection) && !planted::is(Bug::CompletesInPart) {
            return Ok(Pushed::Nothing);
        }
        let Some(shown) = self.look(id).await? else {
            self.note(|_| None, Some("The shop does not know the order any more.".to_owned())).await?;
            return Ok(Pushed::Refused);
        };
        match push::completing(order, &shown) {
            Completing::Known => return Ok(Pushed::Nothing),
            Completing::LeftAlone(_)
                if planted::is(Bug::CompletesCalledOff) || planted::is(Bug::CompletesInPart) => {}
            Completing::LeftAlone(why) => {
                self.note(|_| None, Some(format!("The order is left as it is in the shop: {why}."))).await?;
                return Ok(Pushed::Refused);
            }
            Completing::Complete => {}
        }
        let (hub, connection, organization) = (self.hub, self.connection, &self.push.organization);
        let token = call::access_token(hub, organization, connection, Grant::Merchant).await?;
        let build = |token: &AccessToken| completion.complete(Call { connection, token }, id);
        let (operation, _) = build(&token);
        let asking = Asking {
            site: Site::PushMake,
            organization,
            connection,
            operation,
            keep_back: 0,
            grant: Grant::Merchant,
        };
        // What is put later than this was decided upon a state that may be another by then.
        let until = Some(self.fence.until);
        let build = |token: &AccessToken| build(token).1;
        let read = |response: &HttpResponse| completion.read(response);
        let told = match call::ask_until(hub, asking, until, build, read).await {
            Err(CallError::Trouble(_) | CallError::Channel(ChannelError::Trouble(_)))
                if planted::is(Bug::CompletesAgain) =>
            {
                call::ask_until(hub, asking, until, build, read).await
            }
            told => told,
        };
        match told {
            Ok(()) => {
                self.note(|_| None, Some("The order was completed in the shop.".to_owned())).await?;
                Ok(Pushed::Made(1))
            }
            Err(CallError::Channel(ChannelError::Refused(why))) => {
                self.note(|_| None, Some(format!("The shop refused to complete the order: {why}."))).await?;
                Ok(Pushed::Refused)
            }
            Err(error) => Err(Stop::of_change(error)),
        }
    }

    /// The order at the shop as it is now.
    async fn look(&self, id: &ChannelOrderId) -> Result<Option<ChannelOrder>, Stop> {
        let orders = self.channel.orders.ok_or_else(|| FlowError::new("the channel has no orders"))?;
        let organization = &self.push.organization;
        if planted::is(Bug::PushBlind)
            && let Some(kept) = self.read().await?.snapshot
        {
            let read = orders.read(&kept.format, &kept.body);
            return Ok(Some(read.map_err(|malformed| FlowError::new(malformed.message))?));
        }
        let raw = call::look_at(self.hub, Site::PushLook, organization, self.connection, orders, id).await?;
        let Some(raw) = raw else { return Ok(None) };
        let read = orders.read(&raw.format, &raw.body);
        Ok(Some(read.map_err(|malformed| FlowError::new(malformed.message))?))
    }

    /// Makes one fulfillment at the shop. It is asked once: whether a lost answer was heard, the next look
    /// tells.
    async fn make(&self, fulfillments: &'static dyn Fulfillments, call: &PushCall) -> Result<String, Stop> {
        let part = |part: &push::PushPart| FulfilledPart {
            fulfillment_order: part.fulfillment_order.clone(),
            lines: part.units().map(|units| (units.line.clone(), units.quantity)).collect(),
        };
        let new = NewFulfillment {
            parts: call.parts.iter().map(part).collect(),
            tracking: call.tracking.iter().cloned().collect(),
            notify: true,
        };
        let (hub, connection, organization) = (self.hub, self.connection, &self.push.organization);
        let token = call::access_token(hub, organization, connection, Grant::Merchant).await?;
        let (operation, request) = fulfillments
            .create(Call { connection, token: &token }, &new)
            .map_err(|fields| refused(&fields))?;
        let (site, grant) = (Site::PushMake, Grant::Merchant);
        let asking = Asking { site, organization, connection, operation, keep_back: 0, grant };
        let build = |token: &AccessToken| match fulfillments.create(Call { connection, token }, &new) {
            Ok((_, request)) => request,
            Err(_) => request.clone(),
        };
        let until = Some(self.fence.until);
        let read = |response: &HttpResponse| fulfillments.read(response);
        match call::ask_until(hub, asking, until, build, read).await {
            Err(CallError::Trouble(_)) if planted::is(Bug::PushAgain) => {
                Ok(call::ask_until(hub, asking, until, build, read).await?.id)
            }
            made => Ok(made.map_err(Stop::of_change)?.id),
        }
    }

    async fn read(&self) -> Result<OrderFile, FlowError> {
        Ok(self.hub.read_order(Site::PushRead, &self.push.organization, &self.push.order).await?)
    }

    /// Notes on the order what the shop has, and on its timeline what happened, whatever else has changed
    /// meanwhile.
    async fn note(
        &self,
        change: impl Fn(&SalesOrder) -> Option<SalesOrder>,
        message: Option<String>,
    ) -> Result<(), FlowError> {
        let (organization, id) = (&self.push.organization, &self.push.order);
        for _ in 0..TRIES {
            let file = self.read().await?;
            let Some((order, version)) = &file.order else { return Ok(()) };
            if order.booking != Booking::Complete {
                return Err(FlowError::new(
                    "the order is being booked; what the shop has is noted after that",
                ));
            }
            let mut commit = Commit::default();
            if let Some(after) = change(order).filter(|after| after != order) {
                let key = Key::Order(organization.clone(), id.clone());
                commit.put(key, Record::Order(after), Expect::Version(*version));
            }
            let line = message.as_ref().map(|message| HistoryEntry {
                at: self.hub.now(),
                what: "pushed".to_owned(),
                message: message.clone(),
                because: Vec::new(),
                actor: "weir".to_owned(),
                signal: None,
            });
            timeline::add(organization, id, &file, line, &mut commit);
            match self.hub.commit(Site::PushNote, &commit).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict | CommitError::Unknown(_)) => {}
                Err(error @ (CommitError::Trouble(_) | CommitError::TooLarge(_))) => {
                    return Err(error.into());
                }
            }
        }
        Err(FlowError::new("others were writing the order all the time"))
    }
}

/// A request that would have meant something else than was wanted.
fn refused(fields: &[weir_channels::channel::FieldError]) -> CallError {
    let why: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
    CallError::Channel(ChannelError::Refused(why.join(" ")))
}
