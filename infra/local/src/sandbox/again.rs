//! Sandboxed shops that are made anew at each start, out of the hours in which they were open and of what the
//! hub made in them. How a channel behaves lives in `shared/sandbox`.

use weir_domain::Timestamp;
use weir_sandbox::Now;

use super::shop::Shop;

/// A channel's sandbox, and the demo that goes on in it.
pub(super) trait Again {
    /// Something that the hub made.
    type Made: Clone;

    /// When it was made.
    fn made_at(made: &Self::Made) -> Timestamp;

    /// What was open closes, and new hours begin at a time, with the opening that orders are counted from.
    /// Nothing came before the first hours.
    fn begin(&mut self, counted_from: Timestamp, from: Option<Timestamp>, now: Now);

    /// What should happen until now happens.
    fn tick(&mut self, now: Now);

    /// Makes again what the hub made; whether that is still possible.
    fn make_again(&mut self, made: &Self::Made) -> bool;
}

/// Has everything happen that happened while the shop was open. Gives what of the hub's could be made again.
pub(super) fn stock<S: Again>(sandbox: &mut S, shop: &Shop, made: &[S::Made], now: Now) -> Vec<S::Made> {
    let mut kept = Vec::new();
    let mut made = made.iter().peekable();
    for hours in shop.remembered() {
        let from = Some(hours.from()).filter(|from| *from > shop.opened());
        sandbox.begin(hours.counted_from(), from, now);
        let until = hours.until().min(now.wall);
        while let Some(one) = made.next_if(|one| S::made_at(one) <= until) {
            sandbox.tick(Now { wall: S::made_at(one), ..now });
            if sandbox.make_again(one) {
                kept.push(one.clone());
            }
        }
        sandbox.tick(Now { wall: until, ..now });
    }
    kept
}
