//! BigCommerce's order statuses, by their ids: what they are called is the merchant's to change. (SPEC
//! KB-02, KB-03; API-FACTS §3)

use weir_domain::{
    Timestamp,
    channel_order::{
        ChannelOrderState,
        shop::{PaymentState, Stage},
    },
};

/// The id of the status that says that all of an order is done. (SPEC KB-10)
pub(super) const COMPLETED: i64 = 10;

/// The statuses of an order of which something may still be wanted: what a first activation looks for.
/// (SPEC KB-01)
pub(super) const OPEN: [i64; 8] = [11, 9, 8, 3, 14, 7, 12, 13];

/// What a status says of an order.
pub(super) struct Meaning {
    pub(super) state: ChannelOrderState,
    pub(super) stage: Stage,
    pub(super) payment: Option<PaymentState>,
    pub(super) is_cancelled: bool,
    /// Whether every unit of it left, whatever is said of the single ones.
    pub(super) all_left: bool,
}

/// What the order itself says beside its status.
pub(super) struct Beside {
    /// When all of it was shipped.
    pub(super) shipped_at: Option<Timestamp>,
    /// Its last change.
    pub(super) modified_at: Timestamp,
    /// Whether any unit of it was shipped.
    pub(super) has_shipped_units: bool,
}

/// What a status means; nothing for one that Weir does not know.
pub(super) fn meaning(status: i64, beside: &Beside) -> Option<Meaning> {
    use ChannelOrderState as State;
    use PaymentState as Payment;
    let shipped = match (beside.shipped_at.is_some(), beside.has_shipped_units) {
        (true, _) => State::Shipped,
        (false, true) => State::PartiallyShipped,
        (false, false) => State::Unshipped,
    };
    // A refund replaces the status that said that all had left.
    let after_refund = if beside.shipped_at.is_some() { Stage::Shipped } else { Stage::Open };
    let (state, stage, payment) = match status {
        0 => (State::Pending, Stage::Incomplete, Some(Payment::Pending)),
        1 => (State::Pending, Stage::Pending, Some(Payment::Pending)),
        2 => (State::Shipped, Stage::Shipped, Some(Payment::Paid)),
        3 => (State::PartiallyShipped, Stage::Open, Some(Payment::Paid)),
        4 => (shipped, after_refund, Some(Payment::Refunded)),
        5 => (State::Cancelled, Stage::Open, None),
        6 => (State::Cancelled, Stage::Declined, None),
        7 => (State::Unshipped, Stage::Open, Some(Payment::Pending)),
        8 | 9 | 11 => (shipped, Stage::Open, Some(Payment::Paid)),
        COMPLETED => {
            let at = beside.shipped_at.unwrap_or(beside.modified_at);
            (State::Shipped, Stage::Completed { at }, Some(Payment::Paid))
        }
        12 => (State::Pending, Stage::ManualVerification, Some(Payment::Authorized)),
        13 => (shipped, Stage::Disputed, Some(Payment::Paid)),
        14 => (shipped, after_refund, Some(Payment::PartiallyRefunded)),
        _ => return None,
    };
    let all_left = matches!(stage, Stage::Shipped | Stage::Completed { .. });
    Some(Meaning { state, stage, payment, is_cancelled: status == 5, all_left })
}
