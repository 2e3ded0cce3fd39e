//! What holds for every case that can be thought up.

use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::{
    chunks::{carry_out, tracking},
    scene::{Scene, batch, charge, currency, fba, imported, key, line, serial, shipped, with_serials},
};
use crate::{
    Decimal,
    channel_order::{ChannelLine, ChannelOrder, ChargeKind},
    decide::{Changes, booking},
    money::{Currency, Money, allocate},
    outcome::{OutcomeKind, ReasonCode},
    sales_order::{Booking, Flag},
    stock::{SerialState, StockItem},
    variant::Tracking,
};

fn any_currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["JPY", "USD", "KWD"]).prop_map(currency)
}

/// Whole smallest units as an amount of a currency.
fn minor(units: i64, currency: Currency) -> Decimal {
    Decimal::new(units, currency.minor_digits())
}

/// A line's money in smallest units: amount, discount within it, tax due, and the tax that the discount saved.
fn line_money() -> impl Strategy<Value = (i64, i64, Option<i64>, Option<i64>)> {
    (0..1_000_000_i64).prop_flat_map(|amount| {
        (Just(amount), 0..=amount).prop_flat_map(|(amount, discount)| {
            let due = option::of(0..=(amount - discount));
            (Just(amount), Just(discount), due, option::of(0..=discount / 2))
        })
    })
}

fn order_of(currency: Currency, includes: bool, lines: Vec<ChannelLine>) -> ChannelOrder {
    ChannelOrder { currency: Some(currency), prices_include_tax: includes, ..shipped(lines) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    // SPEC: KS-25, G-06
    #[test]
    fn parts_make_the_whole(
        currency in any_currency(),
        whole in -10_000_000..10_000_000_i64,
        weights in prop::collection::vec(0..1_000_000_i64, 1..40),
    ) {
        let (whole, unit) = (minor(whole, currency), minor(1, currency));
        let weights: Vec<Decimal> = weights.into_iter().map(|weight| minor(weight, currency)).collect();
        let parts = allocate(whole, &weights, currency);
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(parts.iter().sum::<Decimal>(), whole);
        let sum: Decimal = weights.iter().sum();
        for (part, weight) in parts.iter().zip(&weights) {
            prop_assert_eq!(currency.round(*part), *part);
            if !sum.is_zero() {
                prop_assert!((part - whole * weight / sum).abs() < unit);
            }
        }
    }

    // SPEC: G-10, I10, I11
    #[test]
    fn batches_leave_in_order_and_never_below_zero(
        held in prop::collection::vec((1..28_u8, 1..50_i64), 0..12),
        unbatched in 0..20_i64,
        takes in prop::collection::vec(1..60_i64, 1..8),
    ) {
        let batches: Vec<_> = held.iter().enumerate().map(|(n, (day, q))| batch(&n.to_string(), *day, *q)).collect();
        let in_batches: i64 = batches.iter().map(|batch| batch.quantity).sum();
        let before = batches.clone();
        let mut item = StockItem { on_hand: in_batches + unbatched, batches, ..StockItem::empty(key("B")) };
        let mut taken_of = std::collections::BTreeMap::<String, i64>::new();
        let mut without = 0;
        for units in takes {
            let oldest_left: i64 = item.batches.iter().map(|batch| batch.quantity).sum();
            let taken = item.take(units);
            let covered: i64 = taken.iter().map(|take| take.quantity).sum();
            prop_assert_eq!(covered, units.min(oldest_left));
            without += units - covered;
            for take in taken {
                prop_assert!(take.quantity > 0);
                *taken_of.entry(take.number).or_default() += take.quantity;
            }
            prop_assert!(item.batches.iter().all(|batch| batch.quantity > 0));
            let left: i64 = item.batches.iter().map(|batch| batch.quantity).sum();
            prop_assert_eq!(item.on_hand, left + unbatched - without);
            // First in, first out: nothing of a younger batch is gone while an older one has units.
            for (old, young) in before.iter().flat_map(|old| before.iter().map(move |young| (old, young))) {
                let gone = |batch: &crate::stock::Batch| taken_of.get(&batch.number).copied().unwrap_or(0);
                if (old.received_at, &old.number) < (young.received_at, &young.number) && gone(young) > 0 {
                    prop_assert_eq!(gone(old), old.quantity);
                }
            }
        }
    }

    // SPEC: G-06, I42, KF-06 (what the channel charged, to the smallest unit, in every currency)
    #[test]
    fn the_total_is_what_the_channel_charged(
        currency in any_currency(),
        includes in any::<bool>(),
        lines in prop::collection::vec((line_money(), 1..9_i64), 1..12),
        charges in prop::collection::vec((prop::sample::select(ChargeKind::ALL.to_vec()), line_money()), 0..6),
    ) {
        let (mut charged, mut tax_unknown) = (Decimal::ZERO, false);
        let money = |units: i64| minor(units, currency);
        let lines = lines.iter().enumerate().map(|(index, ((amount, discount, due, saved), quantity))| {
            charged += money(amount - discount);
            if !includes {
                charged += money(due.unwrap_or(0));
            }
            tax_unknown |= due.is_none();
            ChannelLine {
                line_id: index.to_string(),
                amount: Some(money(*amount)),
                discount: money(*discount),
                tax: due.map(|due| money(due + saved.unwrap_or(0))),
                discount_tax: saved.map(money),
                ..line("A", *quantity)
            }
        });
        let lines: Vec<ChannelLine> = lines.collect();
        let charges = charges.into_iter().map(|(kind, (amount, discount, due, _))| {
            charged += money(amount - discount);
            if !includes {
                charged += money(due.unwrap_or(0));
            }
            tax_unknown |= due.is_none() && amount != discount;
            let mut charge = charge(kind, "0", "0", None);
            (charge.amount, charge.discount, charge.tax) = (money(amount), money(discount), due.map(money));
            charge
        });
        let charges = charges.collect();
        let total = Some(Money::new(charged, currency));
        let order = ChannelOrder { charges, total, ..order_of(currency, includes, lines) };
        let decision = Scene::new().decide(&order);
        let imported = imported(&decision);
        prop_assert_eq!(imported.totals().total, Some(charged));
        prop_assert!(!imported.flags.contains(&Flag::TotalDiffers));
        prop_assert_eq!(imported.flags.contains(&Flag::TaxUnknown), tax_unknown);
        for row in &imported.rows {
            let (amount, price) = (row.amount.unwrap(), row.price_per_unit.unwrap());
            prop_assert!(price.scale() <= 10);
            prop_assert_eq!(currency.round(price * Decimal::from(row.quantity)), amount);
            for part in [amount, row.discount, row.tax.unwrap_or_default()] {
                prop_assert_eq!(currency.round(part), part);
            }
            prop_assert!(row.discount >= Decimal::ZERO);
        }
    }
}

/// Lines of three variants with all kinds of tracking, some with serial numbers.
fn lines() -> impl Strategy<Value = Vec<ChannelLine>> {
    let numbers = prop::collection::vec(prop::sample::select(vec!["1", "2", "3", "4", "5", "X"]), 0..4);
    let one = (prop::sample::select(vec!["A", "B", "S"]), 1..6_i64, numbers);
    prop::collection::vec(one, 1..70).prop_map(|lines| {
        let made = lines.into_iter().enumerate().map(|(index, (sku, quantity, numbers))| {
            with_serials(ChannelLine { line_id: index.to_string(), ..line(sku, quantity) }, &numbers)
        });
        made.collect()
    })
}

fn stocked(batches: &[(u8, i64)]) -> Scene {
    let batches = batches.iter().enumerate().map(|(n, (day, q))| batch(&n.to_string(), *day, *q)).collect();
    let mut scene = Scene::new().with_batches("B", batches).with("S", Tracking::Serial, 5);
    for number in ["1", "2", "3", "4", "5"] {
        scene = scene.with_serial(serial("S", number, SerialState::InStock(fba())));
    }
    scene.with_serial(serial("A", "1", SerialState::InStock(fba())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    // SPEC: G-02 (twice is once)
    #[test]
    fn deciding_twice_changes_nothing_more(lines in lines(), batches in prop::collection::vec((1..28_u8, 1..9_i64), 0..9)) {
        let mut scene = stocked(&batches);
        let order = shipped(lines);
        let first = scene.commit(&order);
        prop_assert_eq!(first.outcome.kind, OutcomeKind::Imported);
        if imported(&first).booking == Booking::Complete {
            let (known, stock) = (scene.order.clone(), scene.stock.clone());
            let second = scene.commit(&order);
            prop_assert_eq!(second.outcome.reason.code, ReasonCode::NothingChanged);
            prop_assert_eq!(second.changes, Changes::default());
            prop_assert_eq!((scene.order, scene.stock), (known, stock));
        }
    }

    // SPEC: G-05, I9, I12, I15 (chunk by chunk is at once, whatever the stock)
    #[test]
    fn chunks_are_the_whole(lines in lines(), batches in prop::collection::vec((1..28_u8, 1..9_i64), 0..9)) {
        let scene = stocked(&batches);
        let decision = scene.decide(&shipped(lines));
        // The plan is the order before its booking, also of one that was booked at once.
        let mut plan = imported(&decision).clone();
        if plan.booking == Booking::Complete {
            plan.rows.iter_mut().for_each(|row| row.attributes.clear());
            plan.flags.clear();
        }
        let rows = plan.fulfillments[0].rows.clone();
        let whole = booking::book(&plan, &rows, &scene.stock, &tracking(&scene));
        let chunks = booking::chunks(rows.len(), crate::limits::ROWS_IN_A_CHUNK);
        plan.booking = Booking::Committing { chunks };
        let (parts, stock) = carry_out(&scene, &plan, chunks);
        prop_assert_eq!(booking::finish(&plan, &parts), booking::finish(&plan, std::slice::from_ref(&whole)));
        let movements: Vec<_> = parts.iter().flat_map(|part| part.movements.clone()).collect();
        prop_assert_eq!(&movements, &whole.movements);
        let mut at_once = scene.stock.clone();
        at_once.absorb(&whole.items, &whole.serials);
        prop_assert_eq!(&stock, &at_once);

        for (key, item) in &stock.items {
            let before = scene.stock.item(key).on_hand;
            let moved: i64 = movements.iter().filter(|m| m.key == *key).map(|m| m.quantity).sum();
            prop_assert_eq!(item.on_hand, before + moved);
        }
        let mut causes: Vec<_> = movements.iter().map(|movement| &movement.cause).collect();
        let numbers = |sku: &str| movements.iter().filter(|m| m.sku.as_str() == sku).flat_map(|m| m.serial_numbers.clone()).collect::<Vec<_>>();
        for sku in ["A", "B", "S"] {
            let mut used = numbers(sku);
            let all = used.len();
            used.sort();
            used.dedup();
            prop_assert_eq!(used.len(), all, "a serial number left twice");
        }
        let all = causes.len();
        causes.sort();
        causes.dedup();
        prop_assert_eq!(causes.len(), all);
        for movement in &movements {
            prop_assert!(movement.quantity < 0);
            prop_assert!(movement.serial_numbers.len() as i64 <= -movement.quantity);
        }
    }
}
