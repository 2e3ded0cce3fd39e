//! What comes back: refunds of goods, shipping and more, and returns on their way.

use super::{
    Now, Shopify,
    changes::{take_out, whole_seconds},
    money::part,
    payloads::Event,
    truth::{PaymentState, Restock, ReturnStatus, TruthOrder, TruthRefund, TruthReturn, TruthReturnLine},
};

/// Why goods come back here.
const REASON: &str = "size-too-small";

/// What is given back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundSpec {
    /// Lines by their place, units, and what becomes of the goods.
    pub lines: Vec<(usize, i64, Restock)>,
    /// What of the shipping; its tax comes on top where prices have none.
    pub shipping: i64,
    /// What is given back beyond that, for nothing that was bought.
    pub correction: i64,
    /// The return it belongs to.
    pub return_id: Option<u64>,
}

impl Shopify {
    /// Gives back. Goods that were not shipped are not shipped any more if they are cancelled.
    pub fn refund(&mut self, order: u64, spec: &RefundSpec, now: Now) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            let id = refund(order, spec, at)?;
            Some(vec![Event::Refund(id)])
        })
    }

    /// The buyer asks to send shipped goods back: lines by their place, and units. Says the return's id.
    pub fn request_return(&mut self, order: u64, lines: &[(usize, i64)], now: Now) -> Option<u64> {
        self.make_return(order, lines, ReturnStatus::Requested, now)
    }

    /// The merchant opens a return that nobody has to agree to.
    pub fn open_return(&mut self, order: u64, lines: &[(usize, i64)], now: Now) -> Option<u64> {
        self.make_return(order, lines, ReturnStatus::Open, now)
    }

    /// A return goes on: agreed to, refused, taken back, over, or open again.
    pub fn set_return(&mut self, order: u64, id: u64, status: ReturnStatus, now: Now) -> bool {
        self.change(order, now, |order| {
            let one = order.returns.iter_mut().find(|one| one.id == id)?;
            let topic = match (one.status, status) {
                (ReturnStatus::Requested, ReturnStatus::Open) => "RETURNS_APPROVE",
                (ReturnStatus::Closed, ReturnStatus::Open) => "RETURNS_REOPEN",
                (ReturnStatus::Requested, ReturnStatus::Declined) => "RETURNS_DECLINE",
                (ReturnStatus::Requested | ReturnStatus::Open, ReturnStatus::Cancelled) => "RETURNS_CANCEL",
                (ReturnStatus::Open, ReturnStatus::Closed) => "RETURNS_CLOSE",
                (_, _) => return None,
            };
            one.status = status;
            Some(vec![Event::Return(topic, id)])
        })
    }

    /// The goods of an open return are back: their money is given back, and the return is over.
    pub fn process_return(&mut self, order: u64, id: u64, now: Now) -> bool {
        let at = whole_seconds(now.wall);
        self.change(order, now, |order| {
            let one = order.returns.iter_mut().find(|one| one.id == id)?;
            if one.status != ReturnStatus::Open {
                return None;
            }
            one.status = ReturnStatus::Closed;
            let lines = one.lines.iter().map(|line| (line.line, line.quantity, Restock::Return)).collect();
            let spec = RefundSpec { lines, return_id: Some(id), ..RefundSpec::default() };
            let refund = refund(order, &spec, at)?;
            Some(vec![
                Event::Return("RETURNS_PROCESS", id),
                Event::Refund(refund),
                Event::Return("RETURNS_CLOSE", id),
            ])
        })
    }

    fn make_return(
        &mut self,
        order: u64,
        lines: &[(usize, i64)],
        status: ReturnStatus,
        now: Now,
    ) -> Option<u64> {
        let at = whole_seconds(now.wall);
        let mut made = None;
        self.change(order, now, |order| {
            let mut returned = Vec::new();
            for (line, units) in lines {
                let of = order.fulfillments.iter().filter(|one| !one.is_cancelled);
                let of =
                    of.flat_map(|one| &one.lines).find(|one| one.line == *line && one.quantity >= *units)?;
                let of = of.id;
                returned.push(TruthReturnLine {
                    id: order.part_id(),
                    of,
                    line: *line,
                    quantity: *units,
                    reason: REASON,
                });
            }
            let id = order.part_id();
            let name = format!("{}-R{}", order.name, order.returns.len() + 1);
            order.returns.push(TruthReturn { id, name, status, created_at: at, lines: returned });
            made = Some(id);
            let topic = if status == ReturnStatus::Requested { "RETURNS_REQUEST" } else { "RETURNS_APPROVE" };
            Some(vec![Event::Return(topic, id)])
        });
        made
    }
}

fn refund(order: &mut TruthOrder, spec: &RefundSpec, at: jiff::Timestamp) -> Option<u64> {
    let (shipping, tax) = order.shipping_now();
    if order.payment != PaymentState::Charged || spec.shipping > shipping {
        return None;
    }
    let shipping = (spec.shipping, part(tax, spec.shipping, shipping));
    let made = take_out(order, &spec.lines, shipping, at)?;
    let amount = made.amount + spec.correction;
    order.refunded = (order.refunded + amount).min(order.paid);
    let id = made.id;
    order.refunds.push(TruthRefund {
        return_id: spec.return_id,
        correction: spec.correction,
        amount,
        ..made
    });
    Some(id)
}
