//! Every limit of the rules, with its unit and its reason.

use jiff::SignedDuration;

/// Touched items up to which an order commits in one transaction, [`ITEMS_BESIDES_STOCK`] among
/// them. DynamoDB allows 100 items; the rest is room to spare. (SPEC G-05)
pub const ITEMS_IN_ONE_COMMIT: usize = 80;

/// Items that a commit of an order touches besides its stock: the order, its observation, its
/// history and its outgoing messages.
pub const ITEMS_BESIDES_STOCK: usize = 6;

/// Touched items up to which a chunk of a big order commits: DynamoDB's 100, less the chunk's key,
/// the order's version and room to spare.
pub const ITEMS_IN_ONE_CHUNK: usize = 90;

/// The largest quantity of a row that is believed. Beyond it the sender is broken, and sums of such
/// quantities could not be held.
pub const UNITS_OF_A_ROW: i64 = 1_000_000_000;

/// The largest amount that is believed, in the currency's main unit, for the same reason.
pub const AMOUNT_OF_A_ROW: i64 = 1_000_000_000_000_000;

/// Rows of an order beyond which it waits as `order_too_large`. (SPEC G-05)
pub const ROWS_OF_AN_ORDER: usize = 1_000;

/// Rows whose stock moves in one chunk transaction of a big order, at most: each touches a stock item,
/// a movement for each batch, and serial numbers. Where those are many, a chunk has fewer rows.
pub const ROWS_IN_A_CHUNK: usize = 20;

/// How far a look at a channel's changes reaches back behind the cursor. (SPEC KF-01)
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// How far the first activation of a connection to a web shop reaches back. (SPEC KS-04)
pub const FIRST_BACKFILL: SignedDuration = SignedDuration::from_hours(24 * 14);

/// How far a channel's clock may be from ours where both tell the time of one thing. (RELIABILITY §4.1)
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How late an order may be delivered that is still believed to ship after a connection's first
/// activation: beyond that a change of it is taken for a later touch, and a backfill brings it. (SPEC KF-01)
pub const LATE_AT_MOST: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How long after delivery a buyer's personal data may be kept. (SPEC OP-05)
pub const PERSONAL_DATA_DAYS: i64 = 30;

/// Live batches that one variant may have at one location: they live in its stock item, which
/// DynamoDB limits to 400 KB.
pub const BATCHES_OF_A_STOCK_ITEM: usize = 2_000;

/// How often an observation that changes nothing touches its last-seen time. (SPEC G-03)
pub const LAST_SEEN_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Lines of one fulfillment request. Amazon takes no more in one. (API: createFulfillmentOrder)
pub const LINES_OF_A_REQUEST: usize = 100;

/// Units of one fulfillment request, for the same reason.
pub const UNITS_OF_A_REQUEST: i64 = 250;

/// Fulfillment requests that one order may be split into at once: 25,000 units. Beyond it a person
/// has to say what is meant; the number of a part also has room for no more than three digits.
pub const REQUESTS_OF_AN_ORDER: usize = 100;

/// How far apart two looks have to be that do not find a request, before it is believed that the
/// warehouse never got it: well above the time in which a request becomes visible. (RELIABILITY R3)
pub const REQUEST_VISIBLE_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// How long a request may be on its way to the warehouse before somebody asks what became of it: far
/// longer than a Lambda lives.
pub const SUBMITTING_AT_MOST: SignedDuration = SignedDuration::from_mins(20);

/// How long a feed may take until somebody asks for its requests one by one. Amazon's feeds have lain
/// in the queue for hours.
pub const FEED_AT_MOST: SignedDuration = SignedDuration::from_hours(6);

/// How long after it was accepted a request without a promised time may lie without a shipment. Standard
/// shipping is planned within a day, and leaves within days. (SPEC CS-10)
pub const UNSHIPPED_AT_MOST: SignedDuration = SignedDuration::from_hours(24 * 5);

/// How long after it shipped a parcel may be without a tracking number. (SPEC CS-10)
pub const UNTRACKED_AT_MOST: SignedDuration = SignedDuration::from_hours(48);

/// How long a parcel with a number may go without a scan of its carrier. (SPEC CS-10)
pub const UNSCANNED_AT_MOST: SignedDuration = SignedDuration::from_hours(72);

/// Per cent of a connection's SKUs that one report may take to zero without anybody asking. (SPEC FX-18)
pub const ZEROED_AT_MOST_PERCENT: usize = 30;

/// SKUs that one call to the inventory API may name. (SPEC FX-12)
pub const SKUS_OF_A_CALL: usize = 50;
