//! Realistic bugs, for the bug bench of the simulation: it switches on one at a time and must catch
//! each. A product build has none of them: without the feature `planted` the answer is always no.

macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// A planted bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug { $($(#[$doc])* $name,)* }

        impl Bug {
            /// Every bug.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

bugs! {
    /// The cursor moves before the orders of the page are signalled.
    CursorBeforeSignal = "cursor-before-signal";
    /// The search begins exactly at the cursor.
    NoOverlap = "no-overlap";
    /// Only the first page of a search is taken.
    FirstPageOnly = "first-page-only";
    /// Order and stock are two transactions.
    SplitTransaction = "split-transaction";
    /// The account of an order is written before the order.
    SeenBeforeWork = "seen-before-work";
    /// A deleted order is forgotten.
    NoTombstone = "no-tombstone";
    /// An older state overwrites a newer one.
    StaleOverwrite = "stale-overwrite";
    /// The dispatcher removes before it sends.
    RemoveBeforeSend = "remove-before-send";
    /// Nothing is ever swept.
    NoSweeper = "no-sweeper";
    /// Orders that were sold elsewhere are imported.
    ImportsOwnRequests = "imports-own-requests";
    /// A refused commit is taken for a done one.
    ConflictIsSuccess = "conflict-is-success";
    /// An unmatched SKU leaves its row out.
    HalfImport = "half-import";
    /// What a delivery brings in mind is taken for the state of now.
    PayloadTrusted = "payload-trusted";
    /// A delivery that nothing shows the channel to have signed is let in.
    SignatureNotChecked = "signature-not-checked";
    /// Subscriptions that the channel lost are not put back.
    WebhooksNotPutBack = "webhooks-not-put-back";
    /// A fulfillment is brought to its shop without looking first.
    PushBlind = "push-blind";
    /// After a lost answer it is made again at once.
    PushAgain = "push-again";
    /// Several bring it there at once.
    PushUnfenced = "push-unfenced";
    /// What Weir made at the shop is taken for the shop's own.
    EchoNotRecognised = "echo-not-recognised";
    /// A fulfillment of which not all matches is applied as far as it does.
    FulfillmentInPart = "fulfillment-in-part";
    /// What was packed or delivered follows the shop.
    ProtectedRowChanges = "protected-row-changes";
    /// A discount is kept as its percentage alone.
    DiscountByPercent = "discount-by-percent";
    /// A buyer who wants to be forgotten is not.
    RedactionForgotten = "redaction-forgotten";
    /// An order that is in says for ever that it waits.
    WaitsForEver = "waits-for-ever";
    /// An order that was called off in its store is completed there all the same.
    CompletesCalledOff = "completes-called-off";
    /// A part that is delivered completes the whole order in its store.
    CompletesInPart = "completes-in-part";
    /// After a lost answer an order is completed again at once.
    CompletesAgain = "completes-again";
    /// What its store completed stays open here.
    CompletionUnheard = "completion-unheard";
    /// What its store shipped counts as completed.
    ShippedDelivers = "shipped-delivers";
    /// Units that were refunded are shipped all the same.
    RefundIgnored = "refund-ignored";
    /// The first activation ends with its first page.
    OnePageOfOpen = "one-page-of-open";
    /// What waits for its payment comes in at once.
    UnpaidComesIn = "unpaid-comes-in";
}

#[cfg(feature = "planted")]
mod switch {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Bug;

    static PLANTED: AtomicUsize = AtomicUsize::new(usize::MAX);

    /// Switches a bug on, and every other one off.
    pub fn plant(bug: Option<Bug>) {
        let position = bug.and_then(|bug| Bug::ALL.iter().position(|other| *other == bug));
        PLANTED.store(position.unwrap_or(usize::MAX), Ordering::SeqCst);
    }

    pub(crate) fn is(bug: Bug) -> bool {
        Bug::ALL.get(PLANTED.load(Ordering::SeqCst)) == Some(&bug)
    }
}

#[cfg(feature = "planted")]
pub use switch::plant;

#[cfg(feature = "planted")]
pub(crate) use switch::is;

/// Whether a bug is switched on. Never, in this build.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_bug: Bug) -> bool {
    false
}
