//! What happens to orders: placed, shipped, cancelled, edited. Each change is seen by `getOrder` at
//! once, by the lists when they get to it, and by subscribers as a notice.

use jiff::{SignedDuration, Timestamp};

use super::{
    Amazon, Now,
    json::whole_seconds,
    position,
    spec::{OrderSpec, SoldOn, Status},
    truth::{OrderState, TruthOrder},
};

impl Amazon {
    /// Places an order and says its id. An id that exists already is left as it is.
    pub fn place_order(&mut self, seller_id: &str, spec: OrderSpec, now: Now) -> String {
        let id = spec.order_id.clone().unwrap_or_else(|| self.order_id(&spec));
        if self.by_id.contains_key(&id) {
            return id;
        }
        let shipped = vec![0; spec.lines.len()];
        let created_at = whole_seconds(now.wall);
        let state = OrderState { status: spec.status, updated_at: created_at, spec, shipped };
        let place = position(self.orders.len());
        self.by_id.insert(id.clone(), place);
        let seller_id = seller_id.to_owned();
        self.orders.push(TruthOrder {
            id: id.clone(),
            seller_id,
            created_at,
            state,
            listed: None,
            listed_at: None,
        });
        self.show(place, None, now);
        self.tell(place, now);
        id
    }

    /// Pays a pending order.
    pub fn release(&mut self, order_id: &str, now: Now) -> bool {
        self.change(order_id, now, |state| {
            let pending = matches!(state.status, Status::Pending | Status::PendingAvailability);
            if pending {
                state.status = Status::Unshipped;
            }
            pending
        })
    }

    /// Ships what has not shipped.
    pub fn ship(&mut self, order_id: &str, now: Now) -> bool {
        self.change(order_id, now, |state| {
            let open = is_open(state.status);
            if open {
                state.shipped = state.spec.lines.iter().map(|line| line.quantity).collect();
                state.status = Status::Shipped;
            }
            open
        })
    }

    /// Ships some units of one line.
    pub fn ship_partially(&mut self, order_id: &str, line: usize, units: u32, now: Now) -> bool {
        self.change(order_id, now, |state| {
            let ordered = state.spec.lines.get(line).map(|line| line.quantity);
            let (Some(ordered), Some(shipped), true) =
                (ordered, state.shipped.get_mut(line), is_open(state.status))
            else {
                return false;
            };
            *shipped = ordered.min(*shipped + units);
            let all =
                state.spec.lines.iter().zip(&state.shipped).all(|(line, shipped)| line.quantity == *shipped);
            state.status = if all { Status::Shipped } else { Status::PartiallyShipped };
            true
        })
    }

    /// Cancels an order of which nothing has shipped.
    pub fn cancel(&mut self, order_id: &str, now: Now) -> bool {
        self.change(order_id, now, |state| {
            let open =
                matches!(state.status, Status::PendingAvailability | Status::Pending | Status::Unshipped);
            if open {
                state.status = Status::Cancelled;
            }
            open
        })
    }

    /// Finds that a non-Amazon order cannot be shipped.
    pub fn fail(&mut self, order_id: &str, now: Now) -> bool {
        self.change(order_id, now, |state| {
            let open = state.status == Status::Unshipped && state.spec.sold_on != SoldOn::Amazon;
            if open {
                state.status = Status::Unfulfillable;
            }
            open
        })
    }

    /// Changes anything: quantities, serial numbers that come late, a price, a buyer. The status
    /// follows from the quantities; no notice is sent unless it changes.
    pub fn edit(&mut self, order_id: &str, now: Now, edit: impl FnOnce(&mut OrderSpec)) -> bool {
        self.change(order_id, now, |state| {
            edit(&mut state.spec);
            state.shipped.resize(state.spec.lines.len(), 0);
            for (line, shipped) in state.spec.lines.iter().zip(&mut state.shipped) {
                *shipped = line.quantity.min(*shipped);
            }
            let some = state.shipped.iter().any(|shipped| *shipped > 0);
            let all =
                state.spec.lines.iter().zip(&state.shipped).all(|(line, shipped)| line.quantity == *shipped);
            if some && is_shipping(state.status) {
                state.status = if all { Status::Shipped } else { Status::PartiallyShipped };
            }
            true
        })
    }

    /// Amazon touches the order: its last update is now, and nothing else changes.
    pub fn touch(&mut self, order_id: &str, now: Now) -> bool {
        self.change(order_id, now, |_| true)
    }

    /// The order is written as it should be from now on.
    pub fn heal(&mut self, order_id: &str, now: Now) -> bool {
        self.change(order_id, now, |state| {
            state.spec.quirks.clear();
            true
        })
    }

    /// Every order that is not written as it should be is, and the lists show everything.
    pub fn heal_all(&mut self, now: Now) {
        let odd = self.orders.iter().filter(|order| !order.state.spec.quirks.is_empty());
        let odd: Vec<String> = odd.map(|order| order.id.clone()).collect();
        for id in odd {
            self.heal(&id, now);
        }
        self.catch_up(Timestamp::MAX);
    }

    fn change(&mut self, order_id: &str, now: Now, change: impl FnOnce(&mut OrderState) -> bool) -> bool {
        let Some(place) = self.by_id.get(order_id).copied() else { return false };
        let Some(order) = self.orders.get_mut(place as usize) else { return false };
        let before = self.faults.list_lag.gt(&0).then(|| order.listed_state().clone());
        let status = order.state.status;
        if !change(&mut order.state) {
            return false;
        }
        // A change is never older than the one before it, whatever the caller's clock says.
        order.state.updated_at = order.state.updated_at.max(whole_seconds(now.wall));
        let tells = order.state.status != status;
        self.show(place, before, now);
        if tells {
            self.tell(place, now);
        }
        true
    }

    /// Shows an order's new state in the lists, or leaves them behind for a while.
    fn show(&mut self, place: u32, before: Option<OrderState>, now: Now) {
        self.late.retain(|(_, order)| *order != place);
        if !self.dice.hits(self.faults.list_lag) {
            self.show_now(place);
            return;
        }
        let lag = 1 + self.dice.below(self.faults.list_lag_seconds.into());
        let lag = SignedDuration::from_secs(i64::try_from(lag).unwrap_or(0));
        let stale = self.dice.hits(self.faults.stale_in_list);
        let Some(order) = self.orders.get_mut(place as usize) else { return };
        match before.filter(|_| stale && order.listed_at.is_some()) {
            Some(before) => order.listed = Some(Box::new(before)),
            None => self.hide(place),
        }
        self.late.insert((now.wall + lag, place));
    }

    fn hide(&mut self, place: u32) {
        let Some(order) = self.orders.get_mut(place as usize) else { return };
        let (listed_at, seller_id) = (order.listed_at.take(), order.seller_id.clone());
        order.listed = None;
        if let (Some(at), Some(seller)) = (listed_at, self.seller(&seller_id)) {
            self.index.remove(&(seller, at, place));
        }
    }

    fn show_now(&mut self, place: u32) {
        self.hide(place);
        let Some(order) = self.orders.get_mut(place as usize) else { return };
        let updated_at = order.state.updated_at;
        order.listed_at = Some(updated_at);
        let seller_id = order.seller_id.clone();
        if let Some(seller) = self.seller(&seller_id) {
            self.index.insert((seller, updated_at, place));
        }
    }

    /// The lists get to what they were late with.
    pub(super) fn catch_up(&mut self, until: Timestamp) {
        while let Some((due, place)) = self.late.first().copied().filter(|(due, _)| *due <= until) {
            self.late.remove(&(due, place));
            self.show_now(place);
        }
    }

    fn tell(&mut self, place: u32, now: Now) {
        let Some(order) = self.orders.get(place as usize) else { return };
        let Some(seller) = self.seller(&order.seller_id) else { return };
        if self.notifications.hears(seller) {
            let id = format!("{:016x}", self.dice.next());
            self.notifications.tell(order, seller, &id, now, &self.faults, &mut self.dice);
        }
    }

    fn order_id(&mut self, spec: &OrderSpec) -> String {
        self.made += 1;
        let looks = crate::dice::mix(self.made) % 10_000_000;
        match spec.sold_on {
            SoldOn::Amazon => format!("{}-{looks:07}-{:07}", spec.marketplace.order_prefix, self.made),
            SoldOn::NonAmazon { .. } => format!("S01-{looks:07}-{:07}", self.made),
        }
    }
}

const fn is_open(status: Status) -> bool {
    matches!(status, Status::Unshipped | Status::PartiallyShipped)
}

const fn is_shipping(status: Status) -> bool {
    matches!(status, Status::Unshipped | Status::PartiallyShipped | Status::Shipped)
}
