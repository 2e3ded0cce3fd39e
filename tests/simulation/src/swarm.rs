//! What a seed's world is like: which kinds of faults exist in it at all, how often each happens, and
//! when a storm blows. Worlds that differ in kind find more than one world in which all happens.

use jiff::SignedDuration;
use weir_sandbox::{
    amazon::{Dice, Faults},
    bigcommerce, shopify,
};

use crate::{
    gate::{Mode, Source},
    places::beginning,
    script::Script,
    world::Setup,
};

/// How often a fault happens, in 100,000 effects: never, 0.1 %, 1.5 %, 20 %.
const RATES: [u32; 4] = [0, 100, 1_500, 20_000];

/// The setup of a seed.
#[must_use]
pub fn setup(seed: u64, traced: bool) -> Setup {
    let mut dice = Dice::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED);
    let rates = Mode::ALL.map(|_| rate(&mut dice));
    let has_storm = dice.below(16) == 0;
    let (mut storm, mut faults_end) = (None, SignedDuration::ZERO);
    if has_storm {
        let from = SignedDuration::from_secs(i64::try_from(dice.below(2400)).unwrap_or(0));
        let lasts = SignedDuration::from_mins(60 + i64::try_from(dice.below(5 * 60)).unwrap_or(0));
        storm = Some((beginning() + from, beginning() + from + lasts));
        faults_end = from + lasts;
    }
    let skew = if dice.below(3) == 0 { SignedDuration::from_mins(5) } else { SignedDuration::ZERO };
    let doubled_messages = [0, 0, 50, 100][pick(&mut dice, 4)];
    let odd_ticks = [(0, 0), (0, 0), (100, 100), (400, 200)][pick(&mut dice, 4)];
    Setup {
        script: Script::from_seed(seed),
        seed,
        amazon: amazon(&mut dice),
        shopify: shopify(&mut Dice::new(seed ^ 0x0540_7FAB)),
        bigcommerce: bigcommerce(&mut Dice::new(seed ^ 0xB16C_7FAB)),
        shuffled: true,
        skew,
        doubled_messages,
        odd_ticks,
        sweep_minutes: 1,
        traced,
        has_storm,
        faults_end,
        source: Source::Chance { rates, storm },
    }
}

/// Most faults do not exist in a world; the frequent ones are rare, or nothing else would be seen.
fn rate(dice: &mut Dice) -> u32 {
    match dice.below(24) {
        0..12 => RATES[0],
        12..17 => RATES[1],
        17..23 => RATES[2],
        _ => RATES[3],
    }
}

/// Each of a bad day's faults, or not.
fn amazon(dice: &mut Dice) -> Faults {
    let (bad, none) = (Faults::BAD_DAY, Faults::NONE);
    if dice.below(4) == 0 {
        return none;
    }
    let mut one = |bad: u16, none: u16| if dice.below(2) == 0 { bad } else { none };
    Faults {
        server_errors: one(bad.server_errors, none.server_errors),
        lost_answers: one(bad.lost_answers, none.lost_answers),
        cut_bodies: one(bad.cut_bodies, none.cut_bodies),
        token_errors: one(bad.token_errors, none.token_errors),
        throttled: one(bad.throttled, none.throttled),
        missing_rate_headers: one(bad.missing_rate_headers, none.missing_rate_headers),
        limit_percent: one(50, none.limit_percent),
        expired_tokens: one(bad.expired_tokens, none.expired_tokens),
        list_lag: one(bad.list_lag, none.list_lag),
        list_lag_seconds: bad.list_lag_seconds,
        stale_in_list: one(bad.stale_in_list, none.stale_in_list),
        short_pages: one(bad.short_pages, none.short_pages),
        shuffled_pages: one(bad.shuffled_pages, none.shuffled_pages),
        expired_pages: one(bad.expired_pages, none.expired_pages),
        // In a third of the worlds no notice ever comes: the poll alone has to do.
        lost_notices: [0, bad.lost_notices, 1000][pick(dice, 3)],
        doubled_notices: bad.doubled_notices,
        late_notices: bad.late_notices,
        late_notice_seconds: bad.late_notice_seconds,
        shuffled_notices: bad.shuffled_notices,
    }
}

/// Each of a bad day's faults at Shopify, or not. Every hold is a change: one that is not, and of which no
/// delivery tells, nobody could know of.
fn shopify(dice: &mut Dice) -> shopify::Faults {
    let (bad, none) = (shopify::Faults::BAD_DAY, shopify::Faults::NONE);
    if dice.below(4) == 0 {
        return none;
    }
    let mut one = |bad: u16| if dice.below(2) == 0 { bad } else { 0 };
    shopify::Faults {
        server_errors: one(bad.server_errors),
        lost_answers: one(bad.lost_answers),
        cut_bodies: one(bad.cut_bodies),
        token_errors: one(bad.token_errors),
        lost_tokens: one(bad.lost_tokens),
        throttled: one(bad.throttled),
        partial_errors: one(bad.partial_errors),
        expired_tokens: one(bad.expired_tokens),
        list_lag: one(bad.list_lag),
        list_lag_seconds: bad.list_lag_seconds,
        quiet_holds: none.quiet_holds,
        doubled_webhooks: one(bad.doubled_webhooks),
        resent_webhooks: one(bad.resent_webhooks),
        late_webhooks: one(bad.late_webhooks),
        late_webhook_seconds: bad.late_webhook_seconds,
        stale_webhooks: one(bad.stale_webhooks),
        shuffled_webhooks: bad.shuffled_webhooks,
        // In a third of the worlds no delivery ever comes: the search alone has to do.
        lost_webhooks: [0, bad.lost_webhooks, 1000][pick(dice, 3)],
    }
}

/// Each of a bad day's faults at BigCommerce, or not.
fn bigcommerce(dice: &mut Dice) -> bigcommerce::Faults {
    let bad = bigcommerce::Faults::BAD_DAY;
    if dice.below(4) == 0 {
        return bigcommerce::Faults::NONE;
    }
    let mut one = |bad: u16| if dice.below(2) == 0 { bad } else { 0 };
    bigcommerce::Faults {
        server_errors: one(bad.server_errors),
        lost_answers: one(bad.lost_answers),
        cut_bodies: one(bad.cut_bodies),
        xml_answers: one(bad.xml_answers),
        html_pages: one(bad.html_pages),
        throttled: one(bad.throttled),
        overloaded: one(bad.overloaded),
        links_alone: one(bad.links_alone),
        doubled_webhooks: one(bad.doubled_webhooks),
        late_webhooks: one(bad.late_webhooks),
        late_webhook_seconds: bad.late_webhook_seconds,
        shuffled_webhooks: bad.shuffled_webhooks,
        // In a third of the worlds no delivery ever comes: the search alone has to do.
        lost_webhooks: [0, bad.lost_webhooks, 1000][pick(dice, 3)],
    }
}

fn pick(dice: &mut Dice, of: u64) -> usize {
    usize::try_from(dice.below(of)).unwrap_or(0)
}
