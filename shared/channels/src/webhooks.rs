//! What a channel delivers by itself over the web or a bus: verified first, read second, and passed
//! on as names of things. Never: the body, or anything personal out of it.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use weir_domain::{Timestamp, connection::Connection, ids::ChannelOrderId};

use crate::{
    channel::{AccessToken, ChannelError, Credentials, Operation, Secret},
    http::{HttpRequest, HttpResponse},
};

/// How a channel's webhooks are verified and read.
pub trait Webhooks: Sync {
    /// The secrets that may have signed a delivery: several while one replaces another. None is a
    /// refusal of every delivery.
    fn secrets(&self, credentials: &Credentials) -> Vec<Secret>;

    /// Verifies the bytes as they came, and only then reads them. `now` is for channels whose signatures
    /// age.
    ///
    /// # Errors
    /// [`WebhookError::Unverified`] without a right signature, also when there is no secret;
    /// [`WebhookError::Unusable`] for what is well signed and says nothing that can be used.
    fn receive(
        &self,
        connection: &Connection,
        secrets: &[Secret],
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Delivery, WebhookError>;

    /// Reads a delivery that came over a bus which the channel alone can write to: its trust is the
    /// bus's, and whose it is stands in [`Delivery::account`].
    ///
    /// # Errors
    /// [`WebhookError::Unusable`] for what cannot be read.
    fn receive_from_bus(&self, event: &[u8]) -> Result<Delivery, WebhookError>;

    /// The next step of finding out which order a part belongs to, given all answers so far.
    ///
    /// # Errors
    /// If the channel refused.
    fn find_order(
        &self,
        connection: &Connection,
        token: &AccessToken,
        part: &OrderPart,
        answers: &[HttpResponse],
    ) -> Result<FindOrder, ChannelError>;

    /// The next step of keeping the wanted subscriptions, given all answers so far: what is missing
    /// is made, what is there twice or delivers elsewhere stays. Done twice it changes nothing.
    ///
    /// # Errors
    /// If the channel refused.
    fn subscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        target: &str,
        answers: &[HttpResponse],
    ) -> Result<WebhookStep, ChannelError>;

    /// The next step of taking back every subscription that delivers to the target.
    ///
    /// # Errors
    /// If the channel refused.
    fn unsubscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        target: &str,
        answers: &[HttpResponse],
    ) -> Result<WebhookStep, ChannelError>;
}

/// What is passed on of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Whose account at the channel, as a connection spells it.
    pub account: String,
    /// The topic, as the channel spells it.
    pub topic: String,
    /// The channel's id of what happened: equal for every delivery of the same.
    pub event_id: Option<String>,
    /// The channel's id of this delivery.
    pub delivery_id: Option<String>,
    /// The name of the subscription, where it has one. Account, event, topic and this name together tell
    /// one delivery's content from every other.
    pub subscription: Option<String>,
    /// The version of the API that the body was written in.
    pub api_version: Option<String>,
    /// When it happened, as the channel says.
    pub triggered_at: Option<Timestamp>,
    /// SHA-256 of the body, in hexadecimal digits.
    pub body_sha256: String,
    /// What it is about.
    pub about: About,
    /// The channel's id of the thing itself, where that is not the order: the fulfillment, the refund,
    /// the return.
    pub resource: Option<String>,
}

/// What a delivery is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order: it is to be looked at.
    Order(ChannelOrderId),
    /// A part of an order that does not name the order.
    Part(OrderPart),
    /// The application was taken out of the shop: the credentials do not work any more. (SPEC G-11)
    Uninstalled,
    /// A request of the privacy laws. (SPEC OP-05)
    Privacy(PrivacyRequest),
    /// A topic that Weir did not ask for.
    Nothing,
}

/// A part of an order, by the channel's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPart {
    /// The id, as the channel wants it back.
    pub id: String,
}

/// A request of the privacy laws: ids alone, none of the contact data that came with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivacyRequest {
    /// A customer wants to know what is held.
    CustomerData {
        /// The channel's id of the request.
        request: Option<String>,
        /// The channel's id of the customer, where it is told.
        customer: Option<String>,
        /// The orders that are asked for.
        orders: Vec<ChannelOrderId>,
    },
    /// A customer's data is to be erased.
    EraseCustomer {
        /// The channel's id of the customer, where it is told.
        customer: Option<String>,
        /// The orders whose personal data is to be erased.
        orders: Vec<ChannelOrderId>,
    },
    /// All personal data of a shop is to be erased.
    EraseShop {
        /// The channel's id of the shop, where it is told.
        shop: Option<String>,
    },
}

/// The next step of finding an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindOrder {
    /// Ask this, and come again with the answer added.
    Ask(Operation, HttpRequest),
    /// It belongs to this order.
    Found(ChannelOrderId),
    /// The channel does not know it any more.
    NotFound,
}

/// The next step of keeping subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookStep {
    /// Ask this, and come again with the answer added.
    Ask(Operation, HttpRequest),
    /// They are as wanted.
    Done {
        /// The topics that were missing, as the channel spells them: put back, or at first made.
        changed: Vec<String>,
        /// The topics that the application may not subscribe to; the others work without them.
        denied: Vec<String>,
    },
}

/// Why a delivery is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Nothing shows that the channel sent it: 401.
    #[error("the signature is not right: {0}")]
    Unverified(&'static str),
    /// The channel sent it and it says nothing that can be used: noted, and answered with 2xx, since
    /// the same would come again.
    #[error("the delivery cannot be used: {0}")]
    Unusable(String),
}

impl WebhookError {
    /// Whether it is to be answered with 401.
    #[must_use]
    pub const fn is_unverified(&self) -> bool {
        match self {
            Self::Unverified(_) => true,
            Self::Unusable(_) => false,
        }
    }
}

/// HMAC-SHA256 of parts one after the other: what a channel signs its deliveries with.
pub(crate) fn digest(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(mut mac) => {
            parts.iter().for_each(|part| mac.update(part));
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes keys of every length; were there one that it refuses, it would have signed nothing.
        Err(_) => Vec::new(),
    }
}
