//! A fulfillment of ours, brought to the shop that took the order: looked at before it is made, because
//! what is made there twice is there twice; noted with the shop's id, so that its echo changes nothing;
//! and after an unknown outcome looked at again. (SPEC KS-41, KS-43, KS-45, KS-46; RELIABILITY §3)

use weir_channels::{
    Channel, ChannelError,
    channel::{AccessToken, Call, FulfilledPart, Fulfillments, Grant, NewFulfillment},
};
use weir_domain::{
    channel_order::ChannelOrder,
    connection::Connection,
    decide::push::{self, PushCall},
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
    message::Push,
    ports::{Commit, CommitError, Expect, Key, OrderFile, Record},
    timeline,
};

/// How often what the shop said is noted again when others write the order at the same time.
const TRIES: u32 = 8;

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
    let Some(fulfillments) = channel.fulfillments else { return Ok(Pushed::Nothing) };
    let desk = Desk { hub, push, connection: &connection, channel, fulfillments };
    match desk.carry_out(&source.channel_order_id).await {
        Ok(pushed) => Ok(pushed),
        Err(Stop::Flow(error)) => Err(error),
        Err(Stop::Call(error)) if error.needs_attention() => {
            let (code, message) = (error.reason(), error.to_string());
            connections::needs_attention(hub, organization, (&connection, version), code, &message).await?;
            Err(FlowError::new(message))
        }
        Err(Stop::Call(error)) => Err(FlowError::new(error.to_string())),
    }
}

/// Why it did not end.
enum Stop {
    Flow(FlowError),
    Call(CallError),
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
    fulfillments: &'static dyn Fulfillments,
}

impl Desk<'_> {
    async fn carry_out(&self, id: &ChannelOrderId) -> Result<Pushed, Stop> {
        let Some(shown) = self.look(id).await? else {
            self.note(|_| None, Some("The shop does not know the order any more.".to_owned())).await?;
            return Ok(Pushed::Refused);
        };
        // What the shop has of it already is noted first, also where nothing is left to do.
        let plan = |order: &SalesOrder| push::plan(order, &self.push.fulfillment, &shown, self.connection);
        let file = self.read().await?;
        let Some(first) = file.order.as_ref().and_then(|(order, _)| plan(order)) else {
            return Ok(Pushed::Nothing);
        };
        let is_news = file.order.as_ref().is_some_and(|(order, _)| *order != first.order);
        let undone = push::left_undone(&first).filter(|_| is_news || !first.missing.is_empty());
        if is_news || undone.is_some() {
            self.note(|order| plan(order).map(|plan| plan.order), undone).await?;
        }
        let mut made = 0;
        for call in &first.calls {
            match self.make(call).await {
                Ok(channel_id) => {
                    let of_shop =
                        |order: &SalesOrder| push::record(order, &self.push.fulfillment, call, &channel_id);
                    let units: i64 =
                        call.parts.iter().flat_map(|part| part.units()).map(|part| part.quantity).sum();
                    let message = format!("Fulfilled at the shop: {units} units (fulfillment {channel_id}).");
                    self.note(|order| Some(of_shop(order)), Some(message)).await?;
                    made += 1;
                }
                Err(CallError::Channel(ChannelError::Refused(why))) => {
                    self.note(|_| None, Some(format!("The shop refused the fulfillment: {why}."))).await?;
                    return Ok(Pushed::Refused);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(if made == 0 { Pushed::Nothing } else { Pushed::Made(made) })
    }

    /// The order at the shop as it is now.
    async fn look(&self, id: &ChannelOrderId) -> Result<Option<ChannelOrder>, Stop> {
        let orders = self.channel.orders.ok_or_else(|| FlowError::new("the channel has no orders"))?;
        let organization = &self.push.organization;
        let raw = call::look_at(self.hub, Site::PushLook, organization, self.connection, orders, id).await?;
        let Some(raw) = raw else { return Ok(None) };
        let read = orders.read(&raw.format, &raw.body);
        Ok(Some(read.map_err(|malformed| FlowError::new(malformed.message))?))
    }

    /// Makes one fulfillment at the shop. It is asked once: whether a lost answer was heard, the next look
    /// tells.
    async fn make(&self, call: &PushCall) -> Result<String, CallError> {
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
        let (operation, request) = self
            .fulfillments
            .create(Call { connection, token: &token }, &new)
            .map_err(|fields| refused(&fields))?;
        let (site, grant) = (Site::PushMake, Grant::Merchant);
        let asking = Asking { site, organization, connection, operation, keep_back: 0, grant };
        let build = |token: &AccessToken| match self.fulfillments.create(Call { connection, token }, &new) {
            Ok((_, request)) => request,
            Err(_) => request.clone(),
        };
        let made = call::ask(hub, asking, build, |response| self.fulfillments.read(response)).await?;
        Ok(made.id)
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
