//! What a channel is that ships from its own warehouse for others: how requests reach it, how its stock and its
//! shipments are told. Requests out, answers in, nothing that waits; the flows come to these capabilities of a
//! channel once they use them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_domain::{
    Timestamp,
    customer::Address,
    fulfillment_request::{RequestNumber, RequestRow, ShippingSpeed, WarehouseState},
    money::Currency,
    shipment::Parcel,
};

use crate::{
    channel::{Call, ChannelError, MalformedOrder, Operation},
    http::{HttpRequest, HttpResponse},
};

/// The warehouse of a channel.
pub struct Warehouse {
    /// One call for one request, answered at once. (SPEC FX-25 "direct")
    pub requests: &'static dyn Requests,
    /// Many requests in one document, answered later. (SPEC FX-25 "feed")
    pub feeds: &'static dyn Feeds,
    /// Its reports. (SPEC FX-10, FX-30)
    pub reports: &'static dyn Reports,
    /// Its stock, a few SKUs at a time. (SPEC FX-12)
    pub inventory: &'static dyn Inventory,
    /// What it tells by itself.
    pub notices: &'static dyn Notices,
}

/// A request as it goes to the warehouse. It holds personal data, and is never stored.
#[derive(Clone, Copy, Debug)]
pub struct ToShip<'a> {
    /// Its number: the same one, sent again, is the same order there. (SPEC FX-22)
    pub number: &'a RequestNumber,
    /// The number that the buyer knows, for the slip in the parcel.
    pub order_no: &'a str,
    /// When the buyer ordered.
    pub ordered_at: Timestamp,
    /// How fast.
    pub speed: ShippingSpeed,
    /// Where to; it was checked. (SPEC FX-24)
    pub ship_to: &'a Address,
    /// What.
    pub rows: &'a [RequestRow],
}

/// What the warehouse answered to a request that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// It took it.
    Accepted,
    /// It has it, and says later what it thinks of it.
    Later,
    /// It refused it, in these words. It may know the number all the same, from an earlier call.
    Rejected(String),
    /// Nobody knows. The warehouse is asked for the number before anything is sent again. (SPEC FX-25)
    Unknown(String),
}

/// What the warehouse says of a request that it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How far it is.
    pub state: WarehouseState,
    /// Units that shipped or are about to, by the ids of the request's rows.
    pub units: BTreeMap<String, i64>,
    /// The parcels that left, to be shown. They are booked from the reports alone, whose lines have identities
    /// that a look does not tell: booked from both, a unit could leave twice.
    pub parcels: Vec<Parcel>,
    /// When it is to arrive.
    pub promised_by: Option<Timestamp>,
    /// Since when that is so.
    pub at: Timestamp,
}

/// What asking for a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It is known.
    Seen(Box<Seen>),
    /// The warehouse does not know the number.
    NotFound,
}

/// What calling off came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalledOff {
    /// The warehouse has taken note; what came of it is seen when it is asked for.
    Asked,
    /// It does not allow it, in these words.
    Refused(String),
}

/// What shipping would cost and when it would arrive, at one speed. (SPEC CS-05)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The speed; a word that Weir does not know as it is.
    pub speed: String,
    /// Whether all of it can be shipped so.
    pub is_fulfillable: bool,
    /// Fees by name; none where the warehouse gives none.
    pub fees: Vec<Fee>,
    /// The earliest arrival of any parcel.
    pub earliest_arrival: Option<Timestamp>,
    /// The latest arrival of any parcel.
    pub latest_arrival: Option<Timestamp>,
    /// What cannot be shipped, and why.
    pub unfulfillable: Vec<UnfulfillableUnits>,
}

/// A fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The warehouse's name for it.
    pub name: String,
    /// How much.
    pub amount: Decimal,
    /// In what.
    pub currency: Option<Currency>,
}

/// Units that cannot be shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfulfillableUnits {
    /// The SKU as the warehouse knows it; none if it is about the whole.
    pub sku: Option<String>,
    /// Units.
    pub quantity: Option<i64>,
    /// Why, in the warehouse's words.
    pub reason: String,
}

impl Preview {
    /// All fees together; `None` if the warehouse gives none, or in several currencies.
    #[must_use]
    pub fn total_fee(&self) -> Option<(Decimal, Currency)> {
        let currency = self.fees.first()?.currency?;
        let is_same = |fee: &Fee| fee.currency == Some(currency);
        self.fees.iter().all(is_same).then(|| (self.fees.iter().map(|fee| fee.amount).sum(), currency))
    }
}

/// One call for one request.
pub trait Requests: Sync {
    /// Hands a request over.
    fn create(&self, call: Call<'_>, request: &ToShip<'_>) -> (Operation, HttpRequest);

    /// What came of it. `None` is an answer that never came.
    ///
    /// # Errors
    /// What can be tried again without asking: too many calls, an ended token, refused credentials.
    fn created(&self, response: Option<&HttpResponse>) -> Result<Handed, ChannelError>;

    /// Asks for a request by its number.
    fn look(&self, call: Call<'_>, number: &RequestNumber) -> (Operation, HttpRequest);

    /// What the warehouse says of it.
    ///
    /// # Errors
    /// If it refused to say, or cannot be understood.
    fn looked(&self, response: &HttpResponse) -> Result<Looked, ChannelError>;

    /// Calls a request off.
    fn cancel(&self, call: Call<'_>, number: &RequestNumber) -> (Operation, HttpRequest);

    /// What came of that.
    ///
    /// # Errors
    /// What can be tried again.
    fn cancelled(&self, response: &HttpResponse) -> Result<CalledOff, ChannelError>;

    /// Asks what shipping would cost. Nothing is shipped.
    fn preview(&self, call: Call<'_>, request: &ToShip<'_>) -> (Operation, HttpRequest);

    /// What it would cost, one for each speed.
    ///
    /// # Errors
    /// If it refused to say, or cannot be understood.
    fn previewed(&self, response: &HttpResponse) -> Result<Vec<Preview>, ChannelError>;
}

/// Many requests in one document.
pub trait Feeds: Sync {
    /// The document that hands requests over; message `n`, counted from 1, is request `n - 1`.
    fn document(&self, call: Call<'_>, requests: &[ToShip<'_>]) -> FeedDocument;

    /// The document that calls requests off, with the ids of their rows.
    fn cancellation(&self, call: Call<'_>, requests: &[(&RequestNumber, &[RequestRow])]) -> FeedDocument;

    /// Asks for a place to put a document.
    fn place(&self, call: Call<'_>, document: &FeedDocument) -> (Operation, HttpRequest);

    /// The place.
    ///
    /// # Errors
    /// If there is none, or it lies where no document of the channel does.
    fn placed(&self, call: Call<'_>, response: &HttpResponse) -> Result<FeedPlace, ChannelError>;

    /// Puts the document there.
    fn upload(&self, place: &FeedPlace, document: &FeedDocument) -> HttpRequest;

    /// Has the document processed.
    fn submit(&self, call: Call<'_>, place: &FeedPlace, document: &FeedDocument) -> (Operation, HttpRequest);

    /// The feed's id.
    ///
    /// # Errors
    /// As usual. Where the answer was lost, nobody knows whether there is a feed.
    fn submitted(&self, response: &HttpResponse) -> Result<String, ChannelError>;

    /// Asks how far a feed is.
    fn look(&self, call: Call<'_>, feed: &str) -> (Operation, HttpRequest);

    /// How far it is.
    ///
    /// # Errors
    /// As usual.
    fn looked(&self, response: &HttpResponse) -> Result<FeedState, ChannelError>;

    /// Asks where the processing report lies.
    fn result(&self, call: Call<'_>, document: &str) -> (Operation, HttpRequest);

    /// Where the processing report lies, for some minutes.
    ///
    /// # Errors
    /// If it lies where no document of the channel does.
    fn result_placed(&self, call: Call<'_>, response: &HttpResponse) -> Result<ReportPlace, ChannelError>;

    /// Reads a processing report (inflated): what became of each message, by its number.
    ///
    /// # Errors
    /// If it is none: then nobody knows what became of any.
    fn outcomes(&self, report: &[u8], messages: usize) -> Result<FeedOutcomes, MalformedOrder>;
}

/// A document of requests. It holds personal data, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedDocument {
    /// What kind of feed it makes.
    pub kind: &'static str,
    /// Its content type: the same to the byte when a place is asked for and when it is put there.
    pub content_type: &'static str,
    /// The document.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for FeedDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.kind, self.body.len())
    }
}

/// Where a document goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// The document's id.
    pub document: String,
    /// Where it is put, within minutes. Whoever has it may write there.
    pub url: crate::channel::Secret,
}

/// How far a feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedState {
    /// It is being processed.
    Working,
    /// It was processed; its report lies there. What became of each message is in it alone.
    Done {
        /// The report's document; none if the channel made none, and then nobody knows.
        report: Option<String>,
    },
    /// Some, none or all of it was done: nobody knows. (SPEC FX-25)
    Unknown,
}

/// What became of a feed's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedOutcomes {
    /// Of each message, from the first on.
    pub messages: Vec<Handed>,
}

/// Reports of the warehouse.
pub trait Reports: Sync {
    /// Asks for a report of the connection's marketplace, over a time if it is about one.
    fn request(
        &self,
        call: Call<'_>,
        report: ReportKind,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> (Operation, HttpRequest);

    /// The report's id.
    ///
    /// # Errors
    /// As usual.
    fn requested(&self, response: &HttpResponse) -> Result<String, ChannelError>;

    /// Asks how far a report is.
    fn look(&self, call: Call<'_>, report: &str) -> (Operation, HttpRequest);

    /// How far it is.
    ///
    /// # Errors
    /// As usual.
    fn looked(&self, response: &HttpResponse) -> Result<ReportState, ChannelError>;

    /// Asks where a report's document lies.
    fn place(&self, call: Call<'_>, document: &str) -> (Operation, HttpRequest);

    /// Where it lies, for some minutes. The document is fetched from there without any token.
    ///
    /// # Errors
    /// If it lies where no document of the channel does.
    fn placed(&self, call: Call<'_>, response: &HttpResponse) -> Result<ReportPlace, ChannelError>;
}

/// The reports that Weir asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportKind {
    /// All listings. (SPEC FX-10)
    Listings,
    /// The warehouse's stock. (SPEC FX-10)
    Inventory,
    /// What the warehouse shipped. (SPEC FX-30)
    Shipments,
}

/// How far a report is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// It is being made.
    Working,
    /// It lies there.
    Done {
        /// Its document.
        document: String,
    },
    /// It was called off, or there is nothing to report. (SPEC FX-18, FX-36)
    Cancelled,
    /// The channel could not make it.
    Fatal,
}

/// Where a report lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPlace {
    /// The address. Whoever has it may read the report.
    pub url: crate::channel::Secret,
    /// Whether it is compressed.
    pub is_gzip: bool,
}

/// The stock of a few SKUs.
pub trait Inventory: Sync {
    /// Asks for the stock of SKUs, at most [`weir_domain::limits::SKUS_OF_A_CALL`]; `page` asks for more of the
    /// same.
    fn ask(&self, call: Call<'_>, skus: &[String], page: Option<&str>) -> (Operation, HttpRequest);

    /// Units that can be sold of each, and how to ask for more.
    ///
    /// # Errors
    /// As usual.
    fn answer(&self, response: &HttpResponse) -> Result<InventoryPage, ChannelError>;
}

/// A page of the stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryPage {
    /// Units that can be sold, by SKU.
    pub quantities: BTreeMap<String, i64>,
    /// The next page, which has to be asked for within seconds.
    pub next: Option<String>,
}

/// What the warehouse tells by itself.
pub trait Notices: Sync {
    /// Reads a message of the channel's queue; `None` if it is about something else.
    ///
    /// # Errors
    /// What is wrong, in words without personal data.
    fn read(&self, body: &[u8]) -> Result<Option<WarehouseNotice>, MalformedOrder>;
}

/// Something that the warehouse tells. It is a hint to look, and never the truth itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarehouseNotice {
    /// Whose account; none where it is not told.
    pub account: Option<String>,
    /// The message's id: it may come again.
    pub id: Option<String>,
    /// When it happened there.
    pub at: Option<Timestamp>,
    /// What.
    pub about: NoticeAbout,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeAbout {
    /// A feed was processed.
    Feed {
        /// Which.
        feed: String,
        /// How far it is.
        state: FeedState,
    },
    /// A report was made.
    Report {
        /// Which.
        report: String,
        /// How far it is.
        state: ReportState,
    },
    /// A request went on.
    Request {
        /// Its number, as the warehouse spells it; whose else it may be is not known here.
        number: String,
        /// How far it is.
        state: WarehouseState,
    },
}
