//! Rare situations, counted: one that no seed ever reached makes a run fail, so that green is never
//! green because nothing happened.

macro_rules! situations {
    ($($name:ident = $text:literal;)*) => {
        /// A situation that should be reached now and then.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is said by its text")]
        pub enum Situation { $($name,)* }

        impl Situation {
            /// Every situation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it is.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

situations! {
    UnknownButDone = "unknown outcome of a commit, and it was done";
    LateButDone = "a commit that was done after its answer";
    Zombie = "a batch was handed out again while its first copy still ran";
    ZombieEnded = "a zombie came back and ended its work";
    TwoBatches = "two batches of signals at work at the same time";
    TwoTicks = "two ticks at work at the same time";
    OneOrderTwice = "two signals of one order in hand at the same time";
    BatchRace = "two commits on one stock item, and the second was decided again";
    Parked = "a signal was parked";
    ParkedWoken = "a parked signal was woken by the sweeper and decided";
    DeadLetter = "a message became a dead letter";
    DeadLetterReplayed = "a dead letter was replayed";
    StreamGaveUp = "the stream gave up on an outgoing item";
    SweptOutgoing = "the sweeper sent an outgoing item that the stream had not";
    BigOrder = "a big order was booked chunk by chunk";
    BigOrderResumed = "a big order's booking was resumed after a crash";
    Unmatched = "an order waited for its SKU";
    UnmatchedCameIn = "an order that waited for its SKU came in by itself";
    LockedPeriod = "an order waited for the locked period";
    Malformed = "an order could not be read";
    MalformedHealed = "an order that could not be read came in later";
    NotOurs = "an order of somebody else's request was skipped";
    OwnRequest = "an order of our own request was skipped";
    DeletedStays = "a deleted order was seen again and stayed deleted";
    OlderState = "an older state met a newer one";
    NothingToChange = "a delivered order was edited at the channel, and stayed";
    NegativeStock = "more left than was on hand";
    MissingBatch = "batches did not cover an order";
    Revoked = "a connection needed attention";
    Reauthorized = "a connection that needed attention works again";
    Deactivated = "a connection was inactive while an order shipped";
    ManyPages = "a search had more than one page";
    Throttled = "Amazon said 429";
    OutOfTokens = "the bucket was empty before Amazon said so";
    Storm = "everything failed for hours";
    Forged = "a delivery to a webhook door was forged";
    Redacted = "a shop asked for a buyer's data to be erased";
    SubscriptionsLost = "a shop's subscriptions were lost";
    PushMade = "a fulfillment of ours was made at its shop";
    PushNothing = "a push found nothing to do";
    PushRefused = "a shop refused a fulfillment of ours";
    ProtectedStays = "what was packed or delivered was edited at its shop, and stayed";
    RowAddedAfterDelivery = "a shop added a row to a delivered order";
    CompletedHere = "an order that was delivered here was completed in its store";
    CompletedThere = "an order that its store completed was delivered here";
    LeftInStore = "a store's order was left as it was there";
    HooksSwitchedOff = "a store's hooks were switched off";
    Skewed = "the clocks of two processes differed by minutes";
}

/// How often each situation was reached.
#[derive(Clone, Debug)]
pub struct Sometimes {
    counts: Vec<u64>,
}

impl Default for Sometimes {
    fn default() -> Self {
        Self { counts: vec![0; Situation::ALL.len()] }
    }
}

impl Sometimes {
    /// It was reached.
    pub fn reach(&mut self, situation: Situation) {
        if let Some(count) = self.counts.get_mut(situation as usize) {
            *count += 1;
        }
    }

    /// How often.
    #[must_use]
    pub fn count(&self, situation: Situation) -> u64 {
        self.counts.get(situation as usize).copied().unwrap_or(0)
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// Those that were never reached.
    #[must_use]
    pub fn never(&self) -> Vec<Situation> {
        Situation::ALL.iter().copied().filter(|situation| self.count(*situation) == 0).collect()
    }
}
