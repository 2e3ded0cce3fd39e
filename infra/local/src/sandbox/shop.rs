//! When the demo's shop was open, at Amazon as on the web, kept in the data folder: the sandbox makes all
//! of its orders anew out of it at each start. While this process rests the shop is closed, so that no flood of orders waits
//! at the next start; a short pause is no pause. No order and nobody's data is kept here.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use weir_domain::Timestamp;
use weir_sandbox::amazon::{Amazon, Demo, Now, SellerSpec};

use crate::{StartError, file};

/// The file's name inside the data folder.
const FILE: &str = "sandbox.json";

/// What the demo's orders follow from, besides the time at which it opened.
pub(super) const SEED: u64 = 20_260_101;

/// How far ahead the shop's hours are written: what it did before a sudden end lies within them.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// How long the hours may be behind before they are written again.
const WRITE_EVERY: SignedDuration = SignedDuration::from_secs(20);

/// A pause up to this long is none: the shop was open meanwhile, and its orders come in after it.
const SHORT: SignedDuration = SignedDuration::from_mins(10);

/// How long before its next start a shop that rested opens again, so that there is something to find in
/// Amazon's searchable past. Shorter than [`SHORT`]: hours never overlap.
const BEFORE: SignedDuration = SignedDuration::from_mins(6);

/// Stretches of open hours that are made anew at a start; the hub has long had the orders of older ones.
const REMEMBERED: usize = 6;

/// The shop's hours.
pub(super) struct Shop {
    path: PathBuf,
    kept: Kept,
    /// The port of this run.
    port: u16,
}

/// The file. Times are milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Kept {
    v: u32,
    port: u16,
    seeded: bool,
    /// Whether its web shop was made known to Weir, too: younger than the first such files.
    #[serde(default)]
    web_seeded: bool,
    /// Whether its stores were, which are younger still.
    #[serde(default)]
    stores_seeded: bool,
    opened: i64,
    hours: Vec<Hours>,
    /// What the web shop delivers, each topic with its address.
    #[serde(default)]
    subscriptions: Vec<(String, String)>,
}

/// What of the demo was made known to Weir.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seeded {
    /// The merchant, with the goods and the connections to Amazon.
    pub(crate) merchant: bool,
    /// The web shop, with what ships from the merchant's own places.
    pub(crate) web_shop: bool,
    /// The stores.
    pub(crate) stores: bool,
}

/// A stretch of time in which the shop was open.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Hours {
    /// The opening that the demo's orders are counted from: the first one, moved on by all pauses since.
    counted_from: i64,
    from: i64,
    until: i64,
}

impl Hours {
    /// The opening that the demo's orders are counted from.
    pub(super) fn counted_from(&self) -> Timestamp {
        time(self.counted_from)
    }

    /// When it opened.
    pub(super) fn from(&self) -> Timestamp {
        time(self.from)
    }

    /// When it closed, or will if this process ends now.
    pub(super) fn until(&self) -> Timestamp {
        time(self.until)
    }
}

/// The version of the file that this build writes and reads.
const VERSION: u32 = 1;

impl Shop {
    /// The shop of a data folder, open now.
    pub(super) fn open(data: &Path, now: Timestamp) -> Result<Self, StartError> {
        let path = data.join(FILE);
        let kept = file::read(&path)?.and_then(|text| {
            let kept = serde_json::from_str(&text).ok().filter(|kept: &Kept| kept.v == VERSION && !kept.hours.is_empty());
            if kept.is_none() {
                tracing::warn!(file = %path.display(), "what the sandbox remembers cannot be read; it opens anew");
            }
            kept
        });
        let kept = kept.unwrap_or_else(|| Kept::new(now));
        let mut shop = Self { path, kept, port: 0 };
        shop.kept.open(now);
        Ok(shop)
    }

    /// Whether a data folder has one.
    pub(super) fn is_kept(data: &Path) -> bool {
        data.join(FILE).exists()
    }

    /// The port that connections know; 0 if there is none.
    pub(super) const fn port(&self) -> u16 {
        self.kept.port
    }

    /// It opens on a port. From here on the file is there; it names the port once connections do.
    pub(super) fn opens(&mut self, port: u16) -> Result<(), StartError> {
        self.port = port;
        self.write()
    }

    /// What of it was made known to Weir.
    pub(super) const fn is_seeded(&self) -> Seeded {
        Seeded { merchant: self.kept.seeded, web_shop: self.kept.web_seeded, stores: self.kept.stores_seeded }
    }

    /// Remembers that its merchant was made in Weir, with connections to this run's port.
    pub(super) fn is_seeded_now(&mut self) -> Result<(), StartError> {
        (self.kept.seeded, self.kept.web_seeded, self.kept.stores_seeded) = (true, true, true);
        self.kept.port = self.port;
        self.write()
    }

    /// When it opened for the first time.
    pub(super) fn opened(&self) -> Timestamp {
        time(self.kept.opened)
    }

    /// Writes that it is still open, now and then.
    pub(super) fn stays_open(&mut self, now: Timestamp) -> Result<(), StartError> {
        let Some(hours) = self.kept.hours.last_mut() else { return Ok(()) };
        let now = now.as_millisecond();
        if hours.until - now > (AHEAD - WRITE_EVERY).as_secs() * 1000 {
            return Ok(());
        }
        hours.until = now + AHEAD.as_secs() * 1000;
        self.write()
    }

    /// What the web shop delivers, each topic with its address.
    pub(super) fn subscriptions(&self) -> &[(String, String)] {
        &self.kept.subscriptions
    }

    /// Remembers what the web shop delivers, if that has changed.
    pub(super) fn is_subscribed(&mut self, subscriptions: Vec<(String, String)>) -> Result<(), StartError> {
        if self.kept.subscriptions == subscriptions {
            return Ok(());
        }
        self.kept.subscriptions = subscriptions;
        self.write()
    }

    /// The hours that are made anew at a start.
    pub(super) fn remembered(&self) -> impl Iterator<Item = &Hours> {
        let skipped = self.kept.hours.len().saturating_sub(REMEMBERED);
        self.kept.hours.iter().skip(skipped)
    }

    /// Amazon with everything that happened while the shop was open, and the demo that goes on.
    pub(super) fn stock(&self, now: Now) -> (Amazon, Demo) {
        // The seed makes Amazon's tokens; those of an earlier life mean nothing any more.
        let mut amazon = Amazon::new(now.wall.as_millisecond().unsigned_abs());
        register(&mut amazon);
        let mut demo = Demo::new(SEED, self.opened());
        for hours in self.remembered() {
            demo = Demo::new(SEED, hours.counted_from());
            let until = Now { wall: hours.until().min(now.wall), ..now };
            if hours.from == self.kept.opened {
                demo.install(&mut amazon, until);
            } else {
                // What it is counted on from has happened in other hours.
                demo.install(&mut Amazon::new(0), Now { wall: hours.from(), ..now });
                demo.tick(&mut amazon, until);
            }
        }
        (amazon, demo)
    }

    fn write(&self) -> Result<(), StartError> {
        let text = serde_json::to_string(&self.kept)
            .map_err(|error| StartError::Folder { path: self.path.clone(), reason: error.to_string() })?;
        file::write(&self.path, &text)
    }
}

impl Kept {
    fn new(now: Timestamp) -> Self {
        let now = now.as_millisecond();
        let hours = Hours { counted_from: now, from: now, until: now };
        Self {
            v: VERSION,
            port: 0,
            seeded: false,
            web_seeded: false,
            stores_seeded: false,
            opened: now,
            hours: vec![hours],
            subscriptions: Vec::new(),
        }
    }

    /// Opens now: what was open until a moment ago stays open, else new hours begin.
    fn open(&mut self, now: Timestamp) {
        let now = now.as_millisecond();
        let Some(last) = self.hours.last_mut() else { return };
        if now - last.until > SHORT.as_secs() * 1000 {
            let from = now - BEFORE.as_secs() * 1000;
            let counted_from = last.counted_from + (from - last.until);
            let until = now + AHEAD.as_secs() * 1000;
            self.hours.push(Hours { counted_from, from, until });
        } else {
            last.until = last.until.max(now + AHEAD.as_secs() * 1000);
        }
    }
}

fn register(amazon: &mut Amazon) {
    amazon.register_app(Demo::CLIENT_ID, Demo::CLIENT_SECRET);
    for at in &Demo::MARKETPLACES {
        amazon.register_seller(SellerSpec {
            seller_id: at.seller_id.to_owned(),
            refresh_token: at.refresh_token.to_owned(),
            client_id: Demo::CLIENT_ID.to_owned(),
            marketplaces: vec![at.marketplace.id.to_owned()],
        });
    }
}

/// The file holds what a clock said; a number beyond all times stands for the first of them.
fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use weir_sandbox::amazon::TruthOrder;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("weir-shop-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap()
    }

    /// A run from one minute to another that ends suddenly. Answers all that Amazon knows then.
    fn run(folder: &Folder, from: i64, to: i64) -> BTreeMap<String, TruthOrder> {
        let mut shop = Shop::open(&folder.0, at(from)).unwrap();
        shop.opens(4_000).unwrap();
        let (mut amazon, mut demo) = shop.stock(Now::at(at(from)));
        for second in 60 * from..=60 * to {
            let now = at(0) + SignedDuration::from_secs(second);
            shop.stays_open(now).unwrap();
            demo.tick(&mut amazon, Now::at(now));
        }
        let all = Demo::MARKETPLACES.iter().flat_map(|at| amazon.truth(at.seller_id));
        all.map(|order| (order.id.clone(), order.clone())).collect()
    }

    #[test]
    fn after_a_short_pause_all_orders_are_the_same_and_those_of_the_pause_are_there_too() {
        let folder = Folder::new("short");
        let before = run(&folder, 0, 5);
        let after = run(&folder, 9, 10);
        assert!(before.len() > 100);
        for (id, order) in &before {
            let later = &after[id];
            assert_eq!((later.created_at, &later.state.spec), (order.created_at, &order.state.spec));
        }
        let in_the_pause = |order: &&TruthOrder| order.created_at > at(5) && order.created_at < at(9);
        assert!(after.values().filter(in_the_pause).count() > 60);
    }

    #[test]
    fn in_a_long_pause_the_shop_is_closed_and_nothing_is_used_twice() {
        let folder = Folder::new("long");
        let before = run(&folder, 0, 30);
        run(&folder, 600, 605);
        let after = run(&folder, 3_000, 3_003);
        assert!(before.keys().all(|id| after.contains_key(id)), "what was sold stays sold");

        let minutes = |order: &TruthOrder| (order.created_at.as_second() - at(0).as_second()) / 60;
        let closed: Vec<i64> = after
            .values()
            .map(minutes)
            .filter(|minute| !matches!(minute, -12..=31 | 594..=606 | 2_994..=3_003))
            .collect();
        assert_eq!(closed, [0; 0], "orders while it was closed");
        assert!(
            after.values().filter(|order| minutes(order) >= 2_994).count() > 100,
            "some are there at once"
        );

        let mut serials = BTreeSet::new();
        for number in
            after.values().flat_map(|order| &order.state.spec.lines).flat_map(|line| &line.serial_numbers)
        {
            assert!(serials.insert(number.clone()), "{number} was sold twice");
        }
        assert!(serials.len() > 20);
    }

    #[test]
    fn what_cannot_be_read_is_begun_anew() {
        let folder = Folder::new("torn");
        std::fs::write(folder.0.join(FILE), "{\"v\":1,\"po").unwrap();
        assert!(run(&folder, 0, 1).len() > 40);
        let shop = Shop::open(&folder.0, at(2)).unwrap();
        assert_eq!((shop.opened(), shop.port(), shop.is_seeded()), (at(0), 0, Seeded::default()));
    }
}
