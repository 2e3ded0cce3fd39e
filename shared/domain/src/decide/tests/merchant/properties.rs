//! What holds for every history that can be thought up: of a shop, of the people here, and of signals
//! that come twice, late and in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::{
    super::scene::{self, at, currency},
    shop::{MAIN, NOW, SECOND, Weir, row_id},
};
use crate::{
    Decimal,
    channel_order::{
        ChannelCharge, ChannelLine, ChannelOrder, ChargeKind,
        shop::{ChannelFulfillmentState, ChannelReturnState, PaymentState, ShopLine},
    },
    decide::{Changes, push},
    manufacturing_order::ManufacturingStatus,
    money::{Currency, Money},
    outcome::OutcomeKind,
    sales_order::{Flag, FulfillmentBy, FulfillmentStatus, OrderStatus, Row, SalesOrder},
    stock::StockItem,
};

const SKUS: [&str; 4] = ["A", "B", "C", "NEW"];

/// Something that happens. Numbers are taken as far as they fit.
#[derive(Clone, Copy, Debug)]
enum Act {
    Edit(usize, i64),
    Add(usize, i64),
    Fulfil(usize, i64, usize, i64),
    RefundShipped(usize),
    CancelFulfilment(usize),
    Price(usize, i64),
    Move(usize, bool),
    Return(usize, i64),
    Archive,
    Cancel,
    /// People here.
    Pack(usize, i64, bool),
    Invoice(usize),
    Make(usize, u8),
    DeliverPacked,
}

fn sku() -> impl Strategy<Value = usize> {
    0..SKUS.len()
}

/// What a shop does that has one outcome, whichever of its states are seen.
fn settled_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (sku(), 0..6_i64).prop_map(|(sku, open)| Act::Edit(sku, open)),
        2 => (sku(), 1..5_i64).prop_map(|(sku, units)| Act::Add(sku, units)),
        4 => (sku(), 1..4_i64, sku(), 0..3_i64).prop_map(|(a, m, b, n)| Act::Fulfil(a, m, b, n)),
        1 => sku().prop_map(Act::RefundShipped),
        1 => (sku(), 1..20_i64).prop_map(|(sku, price)| Act::Price(sku, price)),
        1 => (sku(), any::<bool>()).prop_map(|(sku, second)| Act::Move(sku, second)),
        1 => (sku(), 1..3_i64).prop_map(|(sku, units)| Act::Return(sku, units)),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => settled_act(),
        1 => sku().prop_map(Act::CancelFulfilment),
        1 => Just(Act::Archive),
        1 => Just(Act::Cancel),
        3 => (sku(), 1..4_i64, any::<bool>()).prop_map(|(sku, units, packed)| Act::Pack(sku, units, packed)),
        1 => sku().prop_map(Act::Invoice),
        2 => (sku(), 0..3_u8).prop_map(|(sku, status)| Act::Make(sku, status)),
        1 => Just(Act::DeliverPacked),
    ]
}

impl Act {
    /// Lets it happen at the shop, if it can. Whether it is of the shop at all.
    fn at_shop(self, weir: &mut Weir, number: usize) -> bool {
        let shop = &mut weir.shop;
        let name = |sku: usize| SKUS[sku];
        let is_in =
            |shop: &super::shop::Shop, sku: usize| shop.lines.iter().any(|line| line.sku == name(sku));
        let is_untouched = |shop: &super::shop::Shop, sku: usize| {
            let id = format!("L-{}", name(sku));
            !shop.order.shop.fulfillments.iter().flat_map(|made| &made.lines).any(|units| units.line_id == id)
        };
        match self {
            // A line of which all was fulfilled is not edited any more: more of it comes as another line.
            Self::Edit(sku, open) if is_in(shop, sku) => {
                let line = shop.lines.iter().find(|line| line.sku == name(sku)).unwrap();
                if is_untouched(shop, sku) || shop.open(line) > 0 {
                    shop.edit(name(sku), open);
                }
            }
            Self::Add(sku, units) if !is_in(shop, sku) => shop.add(name(sku), units),
            Self::Fulfil(a, m, b, n) => {
                let mut units = BTreeMap::new();
                for (sku, wanted) in [(a, m), (b, n)] {
                    let open =
                        shop.lines.iter().find(|line| line.sku == name(sku)).map(|line| shop.open(line));
                    let units: &mut i64 = units.entry(name(sku)).or_insert(0);
                    *units = (*units + wanted).min(open.unwrap_or(0));
                }
                let units: Vec<(&str, i64)> = units.into_iter().filter(|(_, units)| *units > 0).collect();
                if let Some((first, _)) = units.first() {
                    let place = shop.lines.iter().find(|line| line.sku == *first).unwrap().place.clone();
                    shop.fulfil_from(&format!("f{number}"), &units, &place, None);
                }
            }
            Self::RefundShipped(sku) if is_in(shop, sku) => {
                let line = shop.lines.iter().find(|line| line.sku == name(sku)).unwrap();
                let fulfilled = line.ordered - line.removed - shop.open(line);
                if line.refunded + 1 < fulfilled {
                    shop.refund_shipped(name(sku), 1);
                }
            }
            Self::CancelFulfilment(nth) => {
                if let Some(made) = shop.order.shop.fulfillments.get(nth) {
                    let id = made.id.clone();
                    shop.cancel_fulfilment(&id);
                }
            }
            Self::Price(sku, price) if is_in(shop, sku) && is_untouched(shop, sku) => {
                weir.happen(&super::shop::Did::Price(SKUS[sku], price));
            }
            Self::Move(sku, second) if is_in(shop, sku) && is_untouched(shop, sku) => {
                let place = if second { SECOND } else { MAIN };
                weir.happen(&super::shop::Did::Move(SKUS[sku], place));
            }
            Self::Return(sku, units) if is_in(shop, sku) && !is_untouched(shop, sku) => {
                let units = vec![(SKUS[sku], units)].leak();
                weir.happen(&super::shop::Did::Return("R1", ChannelReturnState::Open, units));
            }
            Self::Archive => {
                weir.happen(&super::shop::Did::Archive);
            }
            Self::Cancel => {
                weir.happen(&super::shop::Did::Cancel);
            }
            Self::Edit(..)
            | Self::Add(..)
            | Self::RefundShipped(_)
            | Self::Price(..)
            | Self::Move(..)
            | Self::Return(..) => {}
            Self::Pack(..) | Self::Invoice(_) | Self::Make(..) | Self::DeliverPacked => return false,
        }
        true
    }

    /// Lets it happen here, if it can.
    fn here(self, weir: &mut Weir, number: usize) {
        let Some(order) = weir.scene.order.clone().filter(SalesOrder::is_visible) else { return };
        let row = |sku: usize| order.rows.iter().find(|row| row.id == row_id(SKUS[sku]));
        match self {
            Self::Pack(sku, units, is_packed) => {
                let open = row(sku).map_or(0, |row| order.open(row));
                if open > 0 {
                    let status =
                        if is_packed { FulfillmentStatus::Packed } else { FulfillmentStatus::Delivered };
                    weir.handle(&format!("w{number}"), status, &[(SKUS[sku], units.min(open))], None);
                }
            }
            Self::Invoice(sku) if row(sku).is_some() => weir.invoice(&[SKUS[sku]]),
            Self::Make(sku, status) => {
                let id = row_id(SKUS[sku]);
                let is_made = weir.manufacturing.values().any(|made| made.row.as_ref() == Some(&id));
                let is_named =
                    weir.manufacturing.keys().any(|made| made.as_str() == format!("mo_{}", SKUS[sku]));
                if row(sku).is_some() && !is_made && !is_named {
                    weir.make(SKUS[sku], ManufacturingStatus::ALL[usize::from(status)]);
                }
            }
            Self::DeliverPacked => {
                let packed = order.fulfillments.iter().find(|made| made.status == FulfillmentStatus::Packed);
                if let Some(packed) = packed {
                    let changes = crate::decide::fulfill::deliver_packed(&order, &packed.id).unwrap();
                    weir.store(&changes);
                }
            }
            _ => {}
        }
    }
}

fn weir() -> Weir {
    let mut weir = Weir::new(&[("A", 3), ("B", 2)]);
    weir.scene.connection.settings.shop.bring_returns = true;
    weir
}

/// All states of an order to which these things happen.
fn states(acts: &[Act], ending: Option<Act>) -> Vec<ChannelOrder> {
    let mut weir = weir();
    let mut states = vec![weir.shop.state()];
    for (number, act) in acts.iter().chain(&ending).enumerate() {
        act.at_shop(&mut weir, number);
        states.push(weir.shop.state());
    }
    states
}

/// What there is in the end, whichever way it came about.
#[derive(Debug, PartialEq)]
struct End {
    told: String,
    rows: Vec<Row>,
    charges: Decimal,
    left_out: Vec<Decimal>,
    fulfillments: BTreeMap<String, Vec<(String, i64)>>,
    stock: BTreeMap<String, (i64, i64)>,
    made: String,
    returns: Vec<(String, Vec<i64>)>,
}

fn end(weir: &Weir) -> End {
    let order = weir.scene.order.clone().filter(SalesOrder::is_visible);
    let rows = order.as_ref().map(|order| order.rows.clone()).unwrap_or_default();
    let fulfillments = order.iter().flat_map(|order| &order.fulfillments).map(|made| {
        let mut units: Vec<(String, i64)> =
            made.rows.iter().map(|part| (part.row.to_string(), part.quantity)).collect();
        units.sort();
        (made.id.to_string(), units)
    });
    let stock = weir.scene.stock.items.values();
    // A place that was touched and given back is as one that never was.
    let stock = stock.filter(|item| item.on_hand != 0 || item.reserved != 0);
    let told = |item: &StockItem| {
        (format!("{} {}", item.key.location, item.key.variant), (item.on_hand, item.reserved))
    };
    End {
        told: weir.told(),
        charges: order.iter().flat_map(|order| &order.charges).map(|charge| charge.amount).sum(),
        left_out: order.iter().flat_map(|order| order.left_out.values().copied()).collect(),
        fulfillments: fulfillments.collect(),
        stock: stock.map(told).collect(),
        made: weir.made(),
        returns: weir
            .returns
            .iter()
            .map(|made| (made.number.clone(), made.rows.iter().map(|row| row.quantity).collect()))
            .collect(),
        rows,
    }
}

/// Everything that was stored of the order.
fn stored(weir: &Weir) -> (Option<SalesOrder>, Vec<StockItem>, usize, String, usize) {
    let items = weir.scene.stock.items.values().cloned().collect();
    (weir.scene.order.clone(), items, weir.ledger.len(), weir.made(), weir.returns.len())
}

/// The order's total as it is rebuilt is the channel's. (SPEC G-06)
fn reconciles(order: &SalesOrder) -> bool {
    let left_out: Decimal = order.left_out.values().sum();
    order.totals().total.map(|total| total + left_out) == order.channel_total.map(|total| total.amount)
}

fn is_protected(order: &SalesOrder, row: &Row) -> bool {
    let handled = order.handled(&row.id);
    row.invoiced || (handled > 0 && handled >= row.quantity)
}

fn is_same(before: &Row, after: &Row) -> bool {
    let Row { id, quantity, amount, discount, tax, location, variant, invoiced, .. } = before;
    (id, quantity, amount, discount, tax, location, variant, invoiced)
        == (
            &after.id,
            &after.quantity,
            &after.amount,
            &after.discount,
            &after.tax,
            &after.location,
            &after.variant,
            &after.invoiced,
        )
}

/// What no look may do, whatever happened. (SPEC KS-33, KS-35, KS-42; I4, I6, I7)
fn nothing_is_undone(before: &SalesOrder, weir: &Weir) {
    let after = weir.order();
    if after.deleted_at.is_some() {
        let is_free = before.fulfillments.is_empty() && !before.has_invoice();
        assert!(before.deleted_at.is_some() || is_free, "deleted what was handled or invoiced");
        return;
    }
    assert!(before.deleted_at.is_none(), "came back by itself");
    for row in &before.rows {
        let now = after.rows.iter().find(|now| now.id == row.id);
        if is_protected(before, row) {
            assert!(now.is_some_and(|now| is_same(row, now)), "{row:?} became {now:?}");
        }
        if before.handled(&row.id) > 0 {
            assert!(now.is_some_and(|now| now.quantity >= before.handled(&row.id)), "{row:?} became {now:?}");
        }
        assert!(after.delivered(&row.id) >= before.delivered(&row.id));
        assert!(after.handled(&row.id) >= before.handled(&row.id));
    }
    for (made, now) in before.fulfillments.iter().zip(&after.fulfillments) {
        assert_eq!((&made.id, &made.rows, &made.tracking), (&now.id, &now.rows, &now.tracking));
        assert!(now.status == FulfillmentStatus::Delivered || made.status == now.status);
    }
    let known: BTreeSet<_> = before.rows.iter().map(|row| &row.id).collect();
    let is_added = after.rows.iter().any(|row| !known.contains(&row.id));
    if before.status == OrderStatus::Delivered && !is_added {
        assert_eq!(after.status, OrderStatus::Delivered);
    }
}

/// What is true at any time. (SPEC G-06, CS-02; I9, I13, I15)
fn books_are_right(weir: &Weir) {
    super::shop::reservations_hold(weir);
    for (key, item) in &weir.scene.stock.items {
        let moved: i64 =
            weir.ledger.iter().filter(|moved| moved.key == *key).map(|moved| moved.quantity).sum();
        let opening = if ["var_a", "var_b", "var_c"].contains(&key.variant.as_str()) { 100 } else { 0 };
        assert_eq!(item.on_hand, opening + moved, "{key:?}");
    }
    let Some(order) = &weir.scene.order else { return };
    let left: i64 = order
        .fulfillments
        .iter()
        .filter(|made| made.moves_stock)
        .flat_map(|made| &made.rows)
        .map(|part| part.quantity)
        .sum();
    let moved: i64 = weir.ledger.iter().map(|moved| moved.quantity).sum();
    assert_eq!(-moved, left, "what left and what moved");
    for row in &order.rows {
        assert!(order.handled(&row.id) <= row.quantity, "{row:?}");
    }
    if order.deleted_at.is_none() && weir.scene.connection.settings.shop.bring_order_changes {
        assert!(reconciles(order), "{:?} of {:?}", order.totals(), order.channel_total);
        assert!(!order.flags.contains(&Flag::TotalDiffers));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, failure_persistence: None, ..ProptestConfig::default() })]

    // SPEC: G-02, I32 (a shuffled, doubled, delayed delivery ends as the straight one)
    #[test]
    fn any_delivery_of_a_history_ends_as_the_straight_one(
        acts in prop::collection::vec(settled_act(), 0..14),
        ending in option::of(prop_oneof![Just(Act::Cancel), Just(Act::Archive)]),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        last in 0..4_usize,
    ) {
        let states = states(&acts, ending);
        let mut straight = weir();
        states.iter().for_each(|state| {
            straight.see(state);
        });
        // The order is first seen as it was made: what is fulfilled before that, moves no stock (KS-03).
        let mut shuffled = weir();
        shuffled.see(&states[0]);
        for index in &order {
            shuffled.see(index.get(&states));
            books_are_right(&shuffled);
        }
        let newest = states.last().unwrap();
        shuffled.see(newest);
        // And then the late ones.
        for index in order.iter().take(last) {
            shuffled.see(index.get(&states));
        }
        shuffled.see(newest);
        prop_assert_eq!(end(&shuffled), end(&straight));
    }

    // SPEC: G-02 (whatever comes first: older states than the newest one seen leave no trace)
    #[test]
    fn older_states_leave_no_trace(
        acts in prop::collection::vec(any_act(), 0..14),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
    ) {
        let states = states(&acts, None);
        let (mut all, mut newest_only) = (weir(), weir());
        let mut newest = None;
        for state in order.iter().map(|index| index.get(&states)) {
            all.see(state);
            if newest.is_none_or(|newest| state.updated_at >= newest) {
                newest = Some(state.updated_at);
                newest_only.see(state);
            }
        }
        prop_assert_eq!(stored(&all), stored(&newest_only));
        prop_assert_eq!(all.scene.observation, newest_only.scene.observation);
    }

    // SPEC: G-02, KS-33, KS-35, KS-40, KS-42, G-06 (with people at work here, and states doubled and stale)
    #[test]
    fn what_happened_physically_never_changes(
        acts in prop::collection::vec((any_act(), any::<bool>(), option::of(any::<prop::sample::Index>())), 1..24),
        (changes, places, syncs) in prop_oneof![2 => Just((true, true, true)), 1 => any::<(bool, bool, bool)>()],
    ) {
        let (mut plain, mut disturbed) = (weir(), weir());
        for weir in [&mut plain, &mut disturbed] {
            let settings = &mut weir.scene.connection.settings.shop;
            settings.bring_order_changes = changes;
            settings.bring_location_updates = places;
            settings.sync_fulfillment_status = syncs;
        }
        let mut states = vec![plain.shop.state()];
        plain.look();
        disturbed.look();
        for (number, (act, looks, stale)) in acts.iter().enumerate() {
            for weir in [&mut plain, &mut disturbed] {
                if !act.at_shop(weir, number) {
                    act.here(weir, number);
                }
            }
            states.push(plain.shop.state());
            if *looks {
                let before = plain.order().clone();
                plain.look();
                nothing_is_undone(&before, &plain);
                books_are_right(&plain);
                disturbed.look();
                disturbed.look();
            }
            if let Some(index) = stale {
                // Only what was looked at before can be stale.
                let known = disturbed.scene.observation.as_ref().and_then(|seen| seen.channel_updated_at);
                let state = index.get(&states);
                if known.is_some_and(|known| state.updated_at < known) {
                    let decision = disturbed.see(state);
                    prop_assert_eq!(decision.changes, Changes::default());
                }
            }
            prop_assert_eq!(stored(&plain), stored(&disturbed));
        }
        plain.look();
        let again = plain.look();
        prop_assert_eq!(again.changes, Changes::default());
        prop_assert!(!matches!(again.outcome.kind, OutcomeKind::Updated | OutcomeKind::Imported));
    }

    // SPEC: KS-41, KS-46, I25 (pushed once, also where the answer was lost; never more than there is)
    #[test]
    fn what_is_handled_here_reaches_the_shop_once(
        acts in prop::collection::vec((any_act(), any::<bool>()), 1..16),
        lost in prop::collection::vec(any::<bool>(), 16),
    ) {
        let mut weir = weir();
        weir.look();
        for (number, (act, looks)) in acts.iter().enumerate() {
            if matches!(act, Act::CancelFulfilment(_) | Act::Cancel | Act::Archive) {
                continue;
            }
            if !act.at_shop(&mut weir, number) {
                act.here(&mut weir, number);
            }
            if *looks {
                weir.look();
            }
        }
        let ours: Vec<_> = weir
            .order()
            .fulfillments
            .iter()
            .filter(|made| made.by == FulfillmentBy::Weir)
            .map(|made| made.id.clone())
            .collect();
        for (number, id) in ours.iter().enumerate() {
            let plan = push::plan(weir.order(), id, &weir.shop.state(), &weir.scene.connection).unwrap();
            weir.scene.order = Some(plan.order.clone());
            for (part, call) in plan.calls.iter().enumerate() {
                let mut units: BTreeMap<String, i64> = BTreeMap::new();
                for of_call in call.parts.iter().flat_map(push::PushPart::units) {
                    let sku = of_call.line.trim_start_matches("F-").to_owned();
                    *units.entry(sku).or_insert(0) += of_call.quantity;
                }
                for (sku, wanted) in &units {
                    let line = weir.shop.lines.iter().find(|line| line.sku == *sku).unwrap();
                    prop_assert!(*wanted > 0 && *wanted <= weir.shop.open(line));
                }
                let units: Vec<(&str, i64)> = units.iter().map(|(sku, units)| (sku.as_str(), *units)).collect();
                let channel_id = format!("p{number}-{part}");
                weir.shop.fulfil_from(&channel_id, &units, call.location.as_deref().unwrap_or(MAIN), None);
                if !lost[(number + part) % lost.len()] {
                    weir.scene.order = Some(push::record(weir.order(), id, call, &channel_id));
                }
            }
            // The push comes a second time, before or after the shop's echo was heard.
            let again = push::plan(weir.order(), id, &weir.shop.state(), &weir.scene.connection).unwrap();
            prop_assert_eq!(again.calls, vec![]);
        }
        let before = weir.order().clone();
        weir.look();
        nothing_is_undone(&before, &weir);
        books_are_right(&weir);
        for id in &ours {
            let again = push::plan(weir.order(), id, &weir.shop.state(), &weir.scene.connection).unwrap();
            prop_assert_eq!(again.calls, vec![]);
        }
        let fulfilled: i64 = weir
            .shop
            .order
            .shop
            .fulfillments
            .iter()
            .filter(|made| made.state == ChannelFulfillmentState::Success)
            .flat_map(|made| &made.lines)
            .map(|units| units.quantity)
            .sum();
        let there: i64 = weir.shop.lines.iter().map(|line| line.ordered - line.removed).sum();
        prop_assert!(fulfilled <= there);
    }
}

fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["JPY", "USD", "KWD"]).prop_map(currency)
}

fn minor(units: i64, currency: Currency) -> Decimal {
    Decimal::new(units, currency.minor_digits())
}

/// A line's money in smallest units: amount, discount within it and tax due.
fn line_money() -> impl Strategy<Value = (i64, i64, i64)> {
    (0..1_000_000_i64).prop_flat_map(|amount| {
        (Just(amount), 0..=amount)
            .prop_flat_map(|(amount, discount)| (Just(amount), Just(discount), 0..=(amount - discount) / 2))
    })
}

/// An order's money in smallest units.
#[derive(Clone, Debug)]
struct Bill {
    lines: Vec<((i64, i64, i64), i64)>,
    charges: Vec<(ChargeKind, (i64, i64, i64))>,
    /// Of what is left to pay for the lines, in per mille.
    order_discount: i64,
    cash_rounding: i64,
}

fn bill(lines: std::ops::Range<usize>) -> impl Strategy<Value = Bill> {
    let charge = (prop::sample::select(ChargeKind::ALL.to_vec()), line_money());
    let lines = prop::collection::vec((line_money(), 1..9_i64), lines);
    (lines, prop::collection::vec(charge, 0..4), 0..500_i64, -5..5_i64).prop_map(
        |(lines, charges, order_discount, cash_rounding)| Bill {
            lines,
            charges,
            order_discount,
            cash_rounding,
        },
    )
}

/// The order of a bill at a minute, and what was charged in all.
fn billed(bill: &Bill, currency: Currency, includes: bool, minute: i64) -> ChannelOrder {
    let money = |units: i64| minor(units, currency);
    let mut charged = 0;
    let mut add = |(amount, discount, tax): (i64, i64, i64)| {
        charged += amount - discount + if includes { 0 } else { tax };
    };
    let line = |(index, ((amount, discount, tax), units)): (usize, &((i64, i64, i64), i64))| {
        add((*amount, *discount, *tax));
        ChannelLine {
            line_id: index.to_string(),
            amount: Some(money(*amount)),
            discount: money(*discount),
            tax: Some(money(*tax)),
            shipped_quantity: Some(0),
            shop: ShopLine { open_quantity: Some(*units), ..ShopLine::default() },
            ..scene::line("A", *units)
        }
    };
    let lines: Vec<ChannelLine> = bill.lines.iter().enumerate().map(line).collect();
    let charge = |(kind, (amount, discount, tax)): &(ChargeKind, (i64, i64, i64))| {
        add((*amount, *discount, *tax));
        ChannelCharge {
            kind: *kind,
            amount: money(*amount),
            discount: money(*discount),
            tax: Some(money(*tax)),
        }
    };
    let charges = bill.charges.iter().map(charge).collect();
    let left: i64 = bill.lines.iter().map(|((amount, discount, tax), _)| amount - discount - tax).sum();
    let order_discount = left * bill.order_discount / 1_000;
    let mut order = weir().shop.state();
    order.updated_at = order.created_at.checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
    order.shop.fulfillment_orders.clear();
    order.shop.order_discount = money(order_discount);
    order.shop.cash_rounding = money(bill.cash_rounding);
    let total = Money::new(money(charged - order_discount + bill.cash_rounding), currency);
    ChannelOrder {
        currency: Some(currency),
        prices_include_tax: includes,
        lines,
        charges,
        total: Some(total),
        ..order
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    // SPEC: G-06, KS-12, KS-23, KS-25, I42 (to the smallest unit, in every currency, also after changes)
    #[test]
    fn the_total_is_the_shops(
        currency in any_currency(),
        includes in any::<bool>(),
        fee_line in any::<bool>(),
        first in bill(1..8),
        second in bill(1..8),
        invoiced in prop::collection::vec(any::<bool>(), 8),
        packed in any::<bool>(),
    ) {
        let mut weir = weir();
        weir.scene.connection.settings.shop.shipping_cost_as_fee_line = fee_line;
        weir.see(&billed(&first, currency, includes, 0));
        let order = weir.order().clone();
        prop_assert!(reconciles(&order), "{:?} {:?} of {:?}", order.totals(), order.left_out, order.channel_total);
        prop_assert!(!order.flags.contains(&Flag::TotalDiffers));
        for row in &order.rows {
            let (amount, price) = (row.amount.unwrap(), row.price_per_unit.unwrap());
            prop_assert_eq!(currency.round(price * Decimal::from(row.quantity)), amount);
            for part in [amount, row.discount, row.tax.unwrap()] {
                prop_assert_eq!(currency.round(part), part);
            }
        }
        if !includes {
            let given: i64 = first.lines.iter().map(|((_, discount, _), _)| discount).sum();
            let left: i64 = first.lines.iter().map(|((amount, discount, tax), _)| amount - discount - tax).sum();
            let discounts: Decimal = order.rows.iter().map(|row| row.discount).sum();
            prop_assert_eq!(discounts, minor(given + left * first.order_discount / 1_000, currency));
        }
        // Some rows are settled here, then all of the bill changes at the shop.
        let rows: BTreeSet<_> =
            order.rows.iter().zip(&invoiced).filter(|(_, invoiced)| **invoiced).map(|(row, _)| row.id.clone()).collect();
        if !rows.is_empty() {
            weir.scene.order = Some(crate::decide::persons::invoice(&order, &rows).unwrap());
        }
        if packed {
            let row = &order.rows[0];
            weir.pack_row("w1", &row.id, row.quantity);
        }
        let before = weir.order().clone();
        weir.see(&billed(&second, currency, includes, 5));
        nothing_is_undone(&before, &weir);
        let order = weir.order();
        prop_assert!(reconciles(order), "{:?} {:?} of {:?}", order.totals(), order.left_out, order.channel_total);
        prop_assert!(!order.flags.contains(&Flag::TotalDiffers));
    }
}

// The states of a history differ in their times: what is older can be told.
#[test]
fn each_state_is_later_than_the_one_before() {
    let acts = [Act::Edit(0, 5), Act::Add(2, 1), Act::Fulfil(0, 1, 1, 1), Act::Cancel];
    let states = states(&acts, None);
    assert!(states.windows(2).all(|pair| pair[0].updated_at < pair[1].updated_at));
    assert!(states.iter().all(|state| state.updated_at < at(NOW)));
    assert_eq!(states[0].shop.payment, Some(PaymentState::Paid));
}
