//! What a change of settings would do, as the API shows it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use weir_app::connections::{Difference, Preview, Word};

use crate::api::shapes::time;

/// What a change of settings would do.
#[derive(Serialize, ToSchema)]
#[schema(as = SettingsPreview)]
pub(crate) struct PreviewShape {
    /// All in a sentence or two, such as "47 more orders would import; stock unaffected."
    message: String,
    /// The outcomes since then were looked at.
    since: String,
    /// Orders that were decided again.
    decided: usize,
    /// Orders that could not be: what the channel showed of them is not kept any more.
    not_decided: usize,
    /// Whether all outcomes since then were looked at.
    complete: bool,
    /// Orders by what becomes of them under the settings as they are.
    before: Vec<CountShape>,
    /// The same under the settings as they would be.
    after: Vec<CountShape>,
    /// What would be different.
    changes: Vec<DifferenceShape>,
    stock: StockShape,
}

/// Orders with the same outcome.
#[derive(Serialize, ToSchema)]
#[schema(as = OutcomeCount)]
struct CountShape {
    kind: &'static str,
    code: &'static str,
    orders: usize,
}

/// Orders to which the same would happen.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewDifference)]
struct DifferenceShape {
    before: WordShape,
    after: WordShape,
    orders: usize,
    /// The numbers of some of them.
    sample: Vec<String>,
}

/// What becomes of an order, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = OutcomeWord)]
struct WordShape {
    kind: &'static str,
    code: &'static str,
    message: &'static str,
}

/// Units that would come, or go where it is less than zero.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewStock)]
struct StockShape {
    on_hand: i64,
    reserved: i64,
}

fn word((kind, code): Word) -> WordShape {
    WordShape { kind: kind.as_str(), code: code.as_str(), message: code.sentence() }
}

fn counts(counts: &BTreeMap<Word, usize>) -> Vec<CountShape> {
    let shape = |(&(kind, code), &orders): (&Word, &usize)| CountShape {
        kind: kind.as_str(),
        code: code.as_str(),
        orders,
    };
    counts.iter().map(shape).collect()
}

/// What a change of settings would do.
pub(super) fn shape(preview: &Preview) -> PreviewShape {
    let difference = |found: &Difference| DifferenceShape {
        before: word(found.now),
        after: word(found.then),
        orders: found.orders,
        sample: found.sample.clone(),
    };
    PreviewShape {
        message: preview.sentence(),
        since: time(preview.since),
        decided: preview.decided,
        not_decided: preview.undecided,
        complete: preview.is_complete,
        before: counts(&preview.now),
        after: counts(&preview.then),
        changes: preview.differences.iter().map(difference).collect(),
        stock: StockShape { on_hand: preview.on_hand, reserved: preview.held },
    }
}
