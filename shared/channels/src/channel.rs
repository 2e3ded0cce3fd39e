//! What a channel is to the rest of Weir: a value of optional capabilities. A capability that is
//! missing is `None` and handled; there is no default that quietly does nothing.

use std::{collections::BTreeMap, fmt, time::Duration};

use weir_domain::{
    Timestamp,
    channel_order::ChannelOrder,
    connection::{Connection, ConnectionSettings, Endpoints, ShopSettings},
    decide::RuleSet,
    ids::ChannelOrderId,
};

pub use crate::{
    fulfillments::{Completion, FulfilledPart, Fulfillments, MadeFulfillment, NewFulfillment},
    settings::{Place, SKU_ALIASING, Setting, SettingError, SettingKind, SettingValue, Settings},
    store::{Store, StoreInfo, StoreLocation, StoreLocations},
    webhooks::{About, Delivery, FindOrder, OrderPart, PrivacyRequest, WebhookError, WebhookStep, Webhooks},
};

use crate::{
    http::{HttpRequest, HttpResponse},
    settings,
};

/// A channel.
pub struct Channel {
    /// Its name in the API, such as `amazon`.
    pub name: &'static str,
    /// How people call it, such as `Amazon`.
    pub title: &'static str,
    /// The rules its orders fall under.
    pub rules: RuleSet,
    /// What has to be known of a connection before it can work.
    pub setup: &'static dyn Setup,
    /// How an access token is got.
    pub access: &'static dyn Access,
    /// How its orders are looked for and read.
    pub orders: Option<&'static dyn Orders>,
    /// How it can be made to tell of changes by itself.
    pub notifications: Option<&'static dyn Notifications>,
    /// How it tells of changes over the web, signed.
    pub webhooks: Option<&'static dyn Webhooks>,
    /// What can be asked of the account itself: whose it is, and its locations.
    pub store: Option<&'static dyn Store>,
    /// How it is told what was shipped.
    pub fulfillments: Option<&'static dyn Fulfillments>,
    /// How it is told that all of an order was delivered, where it hears of whole orders alone.
    pub completion: Option<&'static dyn Completion>,
}

impl Channel {
    /// Whether anything is brought back to it: what was shipped, or that all of an order was.
    #[must_use]
    pub const fn takes_pushes(&self) -> bool {
        self.fulfillments.is_some() || self.completion.is_some()
    }

    /// What is set on a connection of which nobody has said anything.
    #[must_use]
    pub fn default_settings(&self) -> ConnectionSettings {
        let orders_api = self.setup.order_apis().first().copied().unwrap_or_default();
        ConnectionSettings {
            sku_aliasing: false,
            orders_api: orders_api.to_owned(),
            shop: self.setup.shop_settings(),
        }
    }
}

/// A secret. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A connection's credentials, by the names of the API (`client_id`, `refresh_token`, …).
pub type Credentials = BTreeMap<String, Secret>;

/// Something about a connection that is not as it should be, with the field and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field as the API spells it, such as `marketplace_id`.
    pub path: String,
    /// A sentence that says the way out.
    pub message: String,
}

/// What has to be known of a connection.
pub trait Setup: Sync {
    /// The API's name of [`weir_domain::connection::RemoteAccount::account`], such as `seller_id`.
    fn account_field(&self) -> &'static str;

    /// The API's name of the marketplace, where the channel has several for one account.
    fn marketplace_field(&self) -> Option<&'static str>;

    /// The values that the setting `orders_api` may have; the first is the default.
    fn order_apis(&self) -> &'static [&'static str];

    /// The credentials it needs.
    fn credential_fields(&self) -> &'static [&'static str];

    /// Those of its credentials that are lists, each kept as a JSON list of texts: several are good at
    /// once, so that one takes another's place without a gap.
    fn credential_lists(&self) -> &'static [&'static str] {
        &[]
    }

    /// What can be set on its connections; SKU aliases can on every channel's.
    fn settings(&self) -> &'static [Setting] {
        settings::OF_EVERY_CHANNEL
    }

    /// Settings that the API names and a later version brings.
    fn settings_to_come(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether account, marketplace and endpoints are well formed.
    ///
    /// # Errors
    /// One for each field that is not.
    fn check(&self, connection: &Connection) -> Result<(), Vec<FieldError>>;

    /// The account whose token, rate limit and search this connection shares with others: equal
    /// seller, region, endpoints and client id give equal texts. It holds no secret. (SPEC KF-01)
    fn shared_account(&self, connection: &Connection, credentials: &Credentials) -> String;

    /// What is set on a new connection. (SPEC KS-10 to KS-17, KB-02, KB-06)
    fn shop_settings(&self) -> ShopSettings {
        ShopSettings::default()
    }

    /// Whether a connection imports every open order, however old it is, and not only those made since its
    /// last activation. (SPEC KB-01, KS-04)
    fn imports_all_open_orders(&self) -> bool {
        false
    }

    /// The marketplaces to choose from, by id and name; none where the channel has no such thing.
    fn marketplaces(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// For what an access token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Calls on behalf of the merchant.
    Merchant,
    /// Calls on behalf of the application (Amazon's "grantless" operations).
    Application,
}

/// An access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The token.
    pub token: Secret,
    /// How long it lives from the answer on.
    pub lifetime: Duration,
}

/// The next step to an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenStep {
    /// The credentials are the token. Nobody can renew it: one that is refused is revoked.
    Held(AccessToken),
    /// Ask this; [`Access::answer`] reads the answer.
    Ask(HttpRequest),
}

/// How an access token is got.
pub trait Access: Sync {
    /// How this connection comes to a token with the credentials it has.
    ///
    /// # Errors
    /// Which credentials are missing.
    fn token(
        &self,
        connection: &Connection,
        credentials: &Credentials,
        grant: Grant,
    ) -> Result<TokenStep, Vec<FieldError>> {
        self.request(&connection.endpoints, credentials, grant).map(TokenStep::Ask)
    }

    /// The credentials that an answer replaces, by their names: a refresh token that rotates. They
    /// are stored before the token is used, or the way back is lost.
    fn replaced(&self, _response: &HttpResponse) -> Credentials {
        Credentials::new()
    }

    /// Whether each use of these credentials replaces some of them, so that only one process at a time may
    /// use them. MUST be so where [`Access::replaced`] gives anything.
    fn rotates(&self, _credentials: &Credentials) -> bool {
        false
    }

    /// The request for a token; nothing if the credentials are incomplete.
    ///
    /// # Errors
    /// Which credentials are missing.
    fn request(
        &self,
        endpoints: &Endpoints,
        credentials: &Credentials,
        grant: Grant,
    ) -> Result<HttpRequest, Vec<FieldError>>;

    /// Reads the answer.
    ///
    /// # Errors
    /// [`ChannelError::Revoked`] if the credentials do not work any more; transient ones as usual.
    fn answer(&self, response: &HttpResponse) -> Result<AccessToken, ChannelError>;
}

/// What every call to a channel is made with.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// On whose behalf.
    pub connection: &'a Connection,
    /// The access token.
    pub token: &'a AccessToken,
}

/// An operation of a channel with its own rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// Its name at the channel, such as `searchOrders`.
    pub name: &'static str,
    /// How long one token takes to come back.
    pub refill: Duration,
    /// How many tokens there can be.
    pub burst: u32,
}

/// An order as it came, with what has to be known to file it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawOrder {
    /// The channel's id.
    pub channel_order_id: ChannelOrderId,
    /// The channel's time of this state.
    pub updated_at: Timestamp,
    /// The marketplace it was sold on.
    pub marketplace: Option<String>,
    /// How to read `body`: which API it came from.
    pub format: String,
    /// The order's JSON as the channel sent it. It may hold personal data.
    pub body: Vec<u8>,
}

/// A part of a page that could not even be filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The order's id, if that could be read.
    pub channel_order_id: Option<ChannelOrderId>,
    /// What is wrong, without personal data.
    pub message: String,
}

/// An order that a page only names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The channel's id.
    pub channel_order_id: ChannelOrderId,
    /// The marketplace it was sold on.
    pub marketplace: Option<String>,
    /// The channel's time of its state, if the page tells it.
    pub updated_at: Option<Timestamp>,
}

/// One page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Orders with all that the rules need. They are kept as snapshots.
    pub orders: Vec<RawOrder>,
    /// Orders of which no more is known than where they were sold; each is looked up by its signal.
    pub listed: Vec<Listed>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// How to ask for the next page.
    pub next: Option<String>,
    /// Up to when this search was complete, as the channel says.
    pub until: Option<Timestamp>,
}

/// What to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search<'a> {
    /// Changed at or after this.
    pub from: Timestamp,
    /// The marketplaces, all of one account.
    pub marketplaces: &'a [String],
    /// The next page of a search begun before.
    pub page: Option<&'a str>,
}

/// The next step of looking at one order: some APIs take several calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this, and come again with the answer added.
    Ask(Operation, HttpRequest),
    /// Here it is.
    Have(RawOrder),
    /// The channel does not know it.
    NotFound,
}

/// How orders are looked for and read. All of it is pure: requests out, answers in.
pub trait Orders: Sync {
    /// The operation of a search, for its rate limit.
    fn search_operation(&self, connection: &Connection) -> Operation;

    /// A search for changed orders.
    fn search(&self, call: Call<'_>, search: &Search<'_>) -> HttpRequest;

    /// Reads a page.
    ///
    /// # Errors
    /// If the channel refused, or the page as a whole cannot be read.
    fn page(&self, connection: &Connection, response: &HttpResponse) -> Result<Page, ChannelError>;

    /// Reads a page of a search of which it has to be known what was searched for: some answers do not tell
    /// how to go on. [`Orders::page`] serves where they do.
    ///
    /// # Errors
    /// As [`Orders::page`].
    fn page_of(
        &self,
        connection: &Connection,
        _search: &Search<'_>,
        response: &HttpResponse,
    ) -> Result<Page, ChannelError> {
        self.page(connection, response)
    }

    /// The next step of looking at one order, given all answers so far.
    ///
    /// # Errors
    /// If the channel refused.
    fn look(
        &self,
        call: Call<'_>,
        id: &ChannelOrderId,
        answers: &[HttpResponse],
    ) -> Result<Step, ChannelError>;

    /// Reads an order as it came.
    ///
    /// # Errors
    /// What is wrong, in words without personal data.
    fn read(&self, format: &str, body: &[u8]) -> Result<ChannelOrder, MalformedOrder>;

    /// The rate that an answer tells, in millionths of a call a second, where it tells one; also a
    /// success may. (SPEC G-12)
    fn told_rate(&self, _response: &HttpResponse) -> Option<u64> {
        None
    }

    /// What an answer says is left, where the channel counts in points of its own. (SPEC G-12)
    fn told_budget(&self, _response: &HttpResponse) -> Option<Budget> {
        None
    }

    /// A search for the order of a number as people see it; [`Orders::page`] reads the answer. It may
    /// find others whose number is like it: each is looked at before it is taken for the one. Nothing
    /// where numbers cannot be searched for.
    fn find(&self, _call: Call<'_>, _order_no: &str) -> Option<(Operation, HttpRequest)> {
        None
    }
}

/// What a channel says is left of its rate, in points of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most there can be.
    pub maximum: u64,
    /// What is left.
    pub available: u64,
    /// What comes back in a second; not zero.
    pub restored_a_second: u64,
    /// What had to be there before the call was let in.
    pub requested: u64,
    /// What it really cost, if it was let in.
    pub actual: Option<u64>,
}

impl Budget {
    /// How long until the same call is let in. One dearer than the whole bucket waits for a full one.
    #[must_use]
    pub fn wait(&self) -> Duration {
        let missing = self.requested.min(self.maximum).saturating_sub(self.available);
        Duration::from_secs(missing.div_ceil(self.restored_a_second.max(1)))
    }
}

/// An order that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MalformedOrder {
    /// Where and what, without personal data.
    pub message: String,
}

/// What a channel told by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An order changed.
    Order {
        /// Whose account.
        account: String,
        /// The marketplace, if it says.
        marketplace: Option<String>,
        /// Which order.
        channel_order_id: ChannelOrderId,
    },
    /// Something that Weir has no use for; said in words.
    Other(String),
}

/// The next step of setting up notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscribeStep {
    /// Ask this, and come again with the answer added.
    Ask(Operation, Grant, HttpRequest),
    /// It is set up.
    Subscribed {
        /// The channel's id of the subscription.
        subscription: String,
    },
}

/// How a channel is made to tell of changes by itself, and how that is read.
pub trait Notifications: Sync {
    /// The next step, given all answers so far. Done twice it leaves one subscription.
    ///
    /// # Errors
    /// If the channel refused.
    fn subscribe(
        &self,
        connection: &Connection,
        token: &AccessToken,
        queue: &str,
        answers: &[HttpResponse],
    ) -> Result<SubscribeStep, ChannelError>;

    /// Reads a message of the queue.
    ///
    /// # Errors
    /// What is wrong, in words without personal data.
    fn read(&self, body: &[u8]) -> Result<Notice, MalformedOrder>;
}

/// Why a call to a channel did not give what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// Too many calls.
    #[error("the channel's rate limit is used up")]
    Throttled {
        /// When to come again, if it says.
        retry_after: Option<Duration>,
        /// Calls a second as its header says, in millionths.
        micro_rate: Option<u64>,
    },
    /// The access token has ended; another one will do.
    #[error("the access token has expired")]
    Expired,
    /// The credentials do not work any more.
    #[error("the channel refused the credentials: {0}")]
    Revoked(String),
    /// The credentials work and this is not allowed.
    #[error("the channel denies access: {0}")]
    Denied(String),
    /// The channel has trouble; later it will work.
    #[error("the channel has trouble: {0}")]
    Trouble(String),
    /// The page of a search is not there any more; the search begins again.
    #[error("the next page of the search has expired")]
    PageExpired,
    /// The request is wrong.
    #[error("the channel refused the request: {0}")]
    Refused(String),
    /// The answer cannot be read.
    #[error("the channel's answer cannot be read: {0}")]
    Unreadable(String),
}

/// An answer in which something is not as it must be.
pub(crate) fn unreadable(error: MalformedOrder) -> ChannelError {
    ChannelError::Unreadable(error.message)
}

impl ChannelError {
    /// Whether the same call may work later without anybody doing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Expired
            | Self::Trouble(_)
            | Self::PageExpired
            | Self::Unreadable(_) => true,
            Self::Revoked(_) | Self::Denied(_) | Self::Refused(_) => false,
        }
    }

    /// Whether a person has to do something on the connection first. (SPEC G-11)
    #[must_use]
    pub const fn needs_attention(&self) -> bool {
        match self {
            Self::Revoked(_) | Self::Denied(_) => true,
            Self::Throttled { .. }
            | Self::Expired
            | Self::Trouble(_)
            | Self::PageExpired
            | Self::Unreadable(_)
            | Self::Refused(_) => false,
        }
    }
}
