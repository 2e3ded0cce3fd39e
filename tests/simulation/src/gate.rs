//! The gate as a fault injector: it counts every effect, and does to it what a plan says or what
//! chance gives. Where a fault would break a port's promise it is not legal and never happens.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::SignedDuration;
use weir_app::gate::{Class, Fault, Gate, Pass, Site};
use weir_domain::Timestamp;
use weir_sandbox::{
    amazon::Dice,
    fake::{FakeClock, FakeLedger, FakeQueue, FakeTransport, Remote, Twist},
};

use crate::executor::{TaskId, Turn, lock};

/// What the gate can do to one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The process ends before it.
    CrashBefore,
    /// The process ends after it.
    CrashAfter,
    /// Refused for its rate.
    Throttled,
    /// Refused in trouble.
    Trouble,
    /// Refused by a condition.
    Conflict,
    /// Refused by an access token that has ended.
    Expired,
    /// Done, and the answer is lost.
    Unknown,
    /// Done later than its answer, which said that nothing is known.
    Late,
    /// Done twice.
    Twice,
    /// Answered with what was there some time ago.
    Stale,
    /// A list that ends early, or an answer that is cut off.
    Short,
    /// Whoever makes it stands still first; long enough, it comes back as a zombie.
    StallBefore,
    /// Whoever made it stands still after it.
    StallAfter,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 13] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Throttled,
        Self::Trouble,
        Self::Conflict,
        Self::Expired,
        Self::Unknown,
        Self::Late,
        Self::Twice,
        Self::Stale,
        Self::Short,
        Self::StallBefore,
        Self::StallAfter,
    ];

    /// Whether it can happen at a site without breaking a promise of a port.
    #[must_use]
    pub fn is_legal(self, site: Site) -> bool {
        let class = site.class();
        let is_remote = matches!(class, Class::RemoteRead | Class::RemoteWrite);
        match self {
            Self::CrashBefore
            | Self::CrashAfter
            | Self::Throttled
            | Self::Trouble
            | Self::Unknown
            | Self::StallBefore
            | Self::StallAfter => true,
            Self::Conflict => class == Class::LocalWrite,
            // The token service gives access tokens, it takes none.
            Self::Expired => is_remote && site != Site::AccessToken,
            Self::Late | Self::Twice => {
                // A second question is a second call that the bucket knows nothing of, and no client makes
                // something twice by itself.
                matches!(class, Class::LocalWrite | Class::Send | Class::RemoteWrite)
                    && !(self == Self::Late && matches!(site, Site::PersonSecret | Site::TokenKeep))
                    && !(self == Self::Twice && site == Site::PushMake)
            }
            Self::Stale => lists(site) || matches!(site, Site::ImportLook | Site::SubscribeRead),
            Self::Short => lists(site) || is_remote,
        }
    }
}

/// Sites that read lists: those alone may lag.
const fn lists(site: Site) -> bool {
    matches!(site, Site::PollRead | Site::SweepRead | Site::RecheckRead | Site::NoticeRead | Site::PersonRead)
}

/// Where faults come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Nowhere.
    None,
    /// The effects of these numbers.
    At {
        /// What is done to them.
        faults: BTreeMap<u64, Mode>,
        /// How long somebody stands still, if not as chance gives it.
        stall: Option<SignedDuration>,
    },
    /// Chance: how often each mode happens, in 100,000 effects.
    Chance {
        /// The rates, in the order of [`Mode::ALL`].
        rates: [u32; Mode::ALL.len()],
        /// While it lasts, nine of ten effects fail.
        storm: Option<(Timestamp, Timestamp)>,
    },
}

/// How often each mode happened at each site, and how often nothing did.
#[derive(Clone)]
pub struct Coverage {
    counts: Vec<[u64; Mode::ALL.len() + 1]>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self { counts: vec![[0; Mode::ALL.len() + 1]; Site::ALL.len()] }
    }
}

impl Coverage {
    fn note(&mut self, site: Site, mode: Option<Mode>) {
        if let Some(counts) = self.counts.get_mut(site as usize) {
            counts[mode.map_or(Mode::ALL.len(), |mode| mode as usize)] += 1;
        }
    }

    /// How often a mode happened at a site; without one, how often the site was passed unharmed.
    #[must_use]
    pub fn count(&self, site: Site, mode: Option<Mode>) -> u64 {
        let counts = self.counts.get(site as usize);
        counts.map_or(0, |counts| counts[mode.map_or(Mode::ALL.len(), |mode| mode as usize)])
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine += theirs;
            }
        }
    }

    /// The legal pairs of site and mode, and those of them that never happened.
    #[must_use]
    pub fn missing(&self) -> (usize, Vec<(Site, Mode)>) {
        let pairs = Site::ALL.iter().flat_map(|site| Mode::ALL.iter().map(|mode| (*site, *mode)));
        let legal: Vec<_> = pairs.filter(|(site, mode)| mode.is_legal(*site)).collect();
        let total = legal.len();
        (total, legal.into_iter().filter(|(site, mode)| self.count(*site, Some(*mode)) == 0).collect())
    }
}

/// One effect that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its number.
    pub number: u64,
    /// The task that made it.
    pub task: TaskId,
    /// Where.
    pub site: Site,
    /// What was done to it.
    pub mode: Option<Mode>,
    /// When.
    pub at: Timestamp,
}

/// The gate.
pub struct Injector {
    turn: Arc<Turn>,
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    transport: Arc<FakeTransport>,
    /// Whether effects count, and whether faults happen to them.
    counts: AtomicBool,
    harms: AtomicBool,
    state: Mutex<State>,
}

struct State {
    source: Source,
    seed: u64,
    number: u64,
    after: BTreeMap<TaskId, Mode>,
    coverage: Coverage,
    passed: Vec<Passed>,
}

/// How long somebody stands still: longer than the queue hides a message, so that it is handed out
/// again meanwhile.
const ZOMBIE: SignedDuration = SignedDuration::from_mins(7);

/// How long a call that makes something at a shop is on its way at most.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(50);

impl Injector {
    /// A gate with faults from a source. At first it counts nothing and harms nobody.
    #[must_use]
    pub fn new(
        turn: Arc<Turn>,
        clock: Arc<FakeClock>,
        ledger: Arc<FakeLedger>,
        queue: Arc<FakeQueue>,
        transport: Arc<FakeTransport>,
        source: Source,
        seed: u64,
    ) -> Self {
        let state = State {
            source,
            seed,
            number: 0,
            after: BTreeMap::new(),
            coverage: Coverage::default(),
            passed: Vec::new(),
        };
        Self {
            turn,
            clock,
            ledger,
            queue,
            transport,
            counts: AtomicBool::new(false),
            harms: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    /// From now on effects count, and faults happen.
    pub fn begin(&self) {
        self.counts.store(true, Ordering::Relaxed);
        self.harms.store(true, Ordering::Relaxed);
    }

    /// From now on no faults happen.
    pub fn calm(&self) {
        self.harms.store(false, Ordering::Relaxed);
    }

    /// How many effects were counted.
    #[must_use]
    pub fn number(&self) -> u64 {
        lock(&self.state).number
    }

    /// The counted effects after the first so many.
    #[must_use]
    pub fn passed_since(&self, seen: usize) -> Vec<Passed> {
        lock(&self.state).passed.get(seen..).unwrap_or_default().to_vec()
    }

    /// What happened where.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        lock(&self.state).coverage.clone()
    }

    /// The faults that happened, by the number of their effect.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<u64, Mode> {
        lock(&self.state).passed.iter().filter_map(|passed| Some((passed.number, passed.mode?))).collect()
    }

    /// How long something takes: as the plan says, or as chance gives it.
    fn wait(&self, noise: u64) -> SignedDuration {
        match &lock(&self.state).source {
            Source::At { stall: Some(stall), .. } => *stall,
            Source::At { stall: None, .. } | Source::None | Source::Chance { .. } => wait(noise),
        }
    }

    /// The same before an effect. What is to be made at a shop is never so long on its way: the client
    /// gives it up after its time limit, and its function ends soon after.
    fn wait_at(&self, site: Site, noise: u64) -> SignedDuration {
        let wait = self.wait(noise);
        if site == Site::PushMake { wait.min(ON_ITS_WAY) } else { wait }
    }

    fn decide(&self, site: Site) -> (Option<Mode>, [u64; 2]) {
        if !self.counts.load(Ordering::Relaxed) {
            return (None, [0; 2]);
        }
        let now = self.clock.true_now();
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        let number = state.number;
        state.number += 1;
        // What chance gives to an effect follows from the seed and its number alone: a list of the
        // faults that happened, replayed, makes the same world.
        let mut dice = Dice::new(state.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let noise = [dice.next() >> 8, dice.next() >> 8];
        let mode = match &state.source {
            _ if !self.harms.load(Ordering::Relaxed) => None,
            Source::None => None,
            Source::At { faults, .. } => faults.get(&number).copied().filter(|mode| mode.is_legal(site)),
            Source::Chance { rates, storm } => {
                let in_storm = storm.is_some_and(|(from, to)| from <= now && now < to);
                if in_storm && dice.below(10) < 9 {
                    Some(if dice.below(4) == 0 { Mode::Unknown } else { Mode::Trouble })
                } else {
                    by_chance(site, rates, &mut dice)
                }
            }
        };
        let task = self.turn.task();
        state.coverage.note(site, mode);
        state.passed.push(Passed { number, task, site, mode, at: now });
        (mode, noise)
    }

    fn twist(&self, twist: Twist) {
        self.ledger.twist(twist);
        self.queue.twist(twist);
        self.transport.twist(twist);
    }

    async fn sleep(&self, wait: SignedDuration) {
        let now = self.clock.true_now();
        let until = now.saturating_add(wait).unwrap_or(now);
        self.turn.sleep_until(until, || self.clock.true_now()).await;
    }
}

fn by_chance(site: Site, rates: &[u32; Mode::ALL.len()], dice: &mut Dice) -> Option<Mode> {
    let mut drawn = dice.below(100_000);
    for (mode, rate) in Mode::ALL.into_iter().zip(rates) {
        let rate = u64::from(*rate);
        if rate == 0 || !mode.is_legal(site) {
            continue;
        }
        if drawn < rate {
            return Some(mode);
        }
        drawn -= rate;
    }
    None
}

/// How long something takes: seconds as a rule, sometimes longer than a message stays hidden.
fn wait(noise: u64) -> SignedDuration {
    if noise.is_multiple_of(3) {
        return ZOMBIE.saturating_add(SignedDuration::from_secs(i64::try_from(noise / 3 % 600).unwrap_or(0)));
    }
    SignedDuration::from_secs(1 + i64::try_from(noise % 50).unwrap_or(0))
}

#[async_trait]
impl Gate for Injector {
    async fn enter(&self, site: Site) -> Result<Pass, Fault> {
        self.turn.give_way().await;
        let (mode, noise) = self.decide(site);
        let Some(mode) = mode else { return Ok(Pass::Once) };
        let is_remote = matches!(site.class(), Class::RemoteRead | Class::RemoteWrite);
        match mode {
            Mode::CrashBefore => return self.turn.crash().await,
            Mode::Throttled if is_remote => self.twist(remote(Remote::Throttled)),
            Mode::Trouble if is_remote && noise[0].is_multiple_of(2) => self.twist(remote(Remote::Trouble)),
            Mode::Expired => self.twist(remote(Remote::Expired)),
            Mode::Short if is_remote => self.twist(remote(Remote::Cut)),
            Mode::Throttled => return Err(Fault::Throttled),
            Mode::Trouble => return Err(Fault::Trouble),
            Mode::Conflict => return Err(Fault::Conflict),
            Mode::CrashAfter | Mode::Unknown | Mode::StallAfter => {
                lock(&self.state).after.insert(self.turn.task(), mode);
            }
            Mode::Late => self.twist(Twist { late: Some(self.wait_at(site, noise[0])), ..Twist::default() }),
            Mode::Twice => {
                self.twist(Twist { repeated: true, ..Twist::default() });
                return Ok(Pass::Twice);
            }
            Mode::Stale => {
                let stale = SignedDuration::from_secs(1 + i64::try_from(noise[0] % 300).unwrap_or(0));
                self.twist(Twist { stale: Some(stale), ..Twist::default() });
            }
            Mode::Short => self.twist(Twist { short_page: true, ..Twist::default() }),
            Mode::StallBefore => self.sleep(self.wait_at(site, noise[1])).await,
        }
        Ok(Pass::Once)
    }

    async fn leave(&self, _site: Site) -> Result<(), Fault> {
        self.twist(Twist::default());
        let after = lock(&self.state).after.remove(&self.turn.task());
        match after {
            Some(Mode::CrashAfter) => self.turn.crash().await,
            Some(Mode::Unknown) => Err(Fault::Unknown),
            Some(Mode::StallAfter) => {
                let number = self.number();
                self.sleep(self.wait(number)).await;
                Ok(())
            }
            Some(
                Mode::CrashBefore
                | Mode::Throttled
                | Mode::Trouble
                | Mode::Conflict
                | Mode::Expired
                | Mode::Late
                | Mode::Twice
                | Mode::Stale
                | Mode::Short
                | Mode::StallBefore,
            )
            | None => Ok(()),
        }
    }
}

fn remote(remote: Remote) -> Twist {
    Twist { remote: Some(remote), ..Twist::default() }
}
