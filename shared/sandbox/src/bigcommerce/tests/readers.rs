//! Orders of the sandbox, read by the channel's folder: what was charged, what stands and what is open is
//! what it truly is, whichever way the store enters its prices.

use rust_decimal::Decimal;
use weir_domain::{
    channel_order::{
        ChannelOrder,
        shop::{DeliveryMethod, PaymentState, Stage},
    },
    money::Money,
};

use super::{at, look, mugs, new, read, with};
use crate::{
    Dice,
    bigcommerce::{
        BigCommerce, BuyerSpec, CouponSpec, LineSpec, OrderSpec, ProductKind, StoreSpec, status,
        tests::{SECRET, STORE, TOKEN},
    },
};

/// What an order's parts add up to.
fn sum(order: &ChannelOrder) -> Decimal {
    let added = |tax: Option<Decimal>| if order.prices_include_tax { Decimal::ZERO } else { tax.unwrap() };
    let lines = order.lines.iter().map(|line| line.amount.unwrap() - line.discount + added(line.tax));
    let charges = order.charges.iter().map(|charge| charge.amount - charge.discount + added(charge.tax));
    lines.chain(charges).sum::<Decimal>() - order.shop.order_discount
}

fn check(shop: &mut BigCommerce, id: u64) -> ChannelOrder {
    let order = read(shop, id, at(60));
    let truth = shop.order(STORE, id).unwrap();
    let digits = order.currency.unwrap().minor_digits();
    assert_eq!(order.total.unwrap().amount, Decimal::new(truth.total(), digits), "{truth:?}");
    assert_eq!(sum(&order), order.total.unwrap().amount, "{truth:?}\n{order:?}");
    let taxes = order.lines.iter().map(|line| line.tax.unwrap());
    assert!(
        taxes.chain(order.charges.iter().filter_map(|charge| charge.tax)).all(|tax| tax >= Decimal::ZERO)
    );
    let all_left = matches!(truth.status, status::SHIPPED | status::COMPLETED) || truth.shipped_at.is_some();
    assert_eq!(order.lines.len(), truth.lines.len());
    for of_truth in &truth.lines {
        let line = order.lines.iter().find(|line| line.line_id == of_truth.id.to_string()).unwrap();
        assert_eq!(line.quantity, of_truth.spec.quantity - of_truth.refunded);
        assert_eq!(line.shop.open_quantity, Some(if all_left { 0 } else { of_truth.open() }));
    }
    order
}

#[test]
fn a_plain_order_takes_one_call() {
    // SPEC: KB-05
    let mut shop = new();
    let id = shop.place_order(STORE, mugs(2), at(0)).unwrap();
    assert_eq!(look(&mut shop, id, at(1)).1, 1);
    let order = check(&mut shop, id);
    assert_eq!(order.order_no, id.to_string());
    assert_eq!((order.created_at, order.updated_at), (at(0).wall, at(0).wall));
    assert_eq!(order.person.name.as_deref(), Some("Jane Roe"));
    assert_eq!(order.shop.payment, Some(PaymentState::Paid));
    assert_eq!(order.shop.stage, Stage::Open);
    let line = &order.lines[0];
    assert_eq!((line.sku.as_deref(), line.quantity), (Some("MUG"), 2));
    assert_eq!(line.amount.unwrap().to_string(), "25.00");
    assert_eq!(line.tax.unwrap().to_string(), "2.06");
}

#[test]
fn any_order_is_read_as_what_it_comes_to() {
    // SPEC: KB-04, KB-05, G-06
    for seed in 0..400_u64 {
        let mut dice = Dice::new(seed);
        let mut store = StoreSpec::new(STORE, TOKEN, SECRET);
        store.prices_include_tax = dice.hits(500);
        let mut shop = with(store);
        shop.faults.links_alone = u16::try_from(dice.below(2) * 1_000).unwrap();
        let spec = random(&mut dice);
        let id = shop.place_order(STORE, spec, at(0)).unwrap();
        check(&mut shop, id);
        if dice.hits(400) {
            shop.refund(STORE, id, &[(0, 1)], 0, at(20));
            check(&mut shop, id);
        }
        if dice.hits(400) {
            shop.ship(STORE, id, 0, 1, at(30));
            check(&mut shop, id);
        }
        if dice.hits(300) {
            shop.set_status(STORE, id, status::COMPLETED, at(40));
            let order = check(&mut shop, id);
            assert!(matches!(order.shop.stage, Stage::Completed { .. }), "seed {seed}");
        }
    }
}

fn random(dice: &mut Dice) -> OrderSpec {
    let amount = |dice: &mut Dice, most: u64| i64::try_from(dice.below(most)).unwrap();
    let rates = [0, 700, 825, 1_900, 2_375];
    let rate = rates[usize::try_from(dice.below(5)).unwrap()];
    let mut lines = Vec::new();
    for number in 0..=dice.below(4) {
        let price = 2_000 + amount(dice, 9_000);
        let mut line = LineSpec::new(&format!("SKU-{number}"), 1 + amount(dice, 4), price).taxed(rate);
        line.discount = if dice.hits(300) { amount(dice, 300) } else { 0 };
        if number > 0 && dice.hits(250) {
            let kinds = [ProductKind::Custom, ProductKind::Digital, ProductKind::GiftCertificate];
            line.kind = kinds[usize::try_from(dice.below(3)).unwrap()];
        }
        lines.push(line);
    }
    let mut spec = OrderSpec::new(lines);
    spec.shipping = if dice.hits(500) { (100 + amount(dice, 900), rate) } else { (0, 0) };
    spec.handling = if dice.hits(200) { amount(dice, 300) } else { 0 };
    spec.wrapping = if dice.hits(200) { amount(dice, 300) } else { 0 };
    spec.fee = if dice.hits(200) { amount(dice, 300) } else { 0 };
    spec.discount = if dice.hits(400) { amount(dice, 500) } else { 0 };
    spec.store_credit = if dice.hits(200) { amount(dice, 500) } else { 0 };
    if dice.hits(300) {
        let code = "TEN".to_owned();
        spec.coupons.push(CouponSpec {
            code,
            amount: 1 + amount(dice, 300),
            is_for_shipping: dice.hits(300),
        });
    }
    spec
}

#[test]
fn a_coupon_for_shipping_comes_off_shipping() {
    // SPEC: KB-05
    let mut shop = new();
    let coupon = CouponSpec { code: "FREE".to_owned(), amount: 500, is_for_shipping: true };
    let spec = OrderSpec { shipping: (900, 0), coupons: vec![coupon], ..mugs(1) };
    let id = shop.place_order(STORE, spec, at(0)).unwrap();
    assert_eq!(look(&mut shop, id, at(1)).1, 2);
    let order = check(&mut shop, id);
    assert_eq!(order.shop.order_discount, Decimal::ZERO);
    let charge = &order.charges[0];
    assert_eq!(
        (charge.amount.to_string(), charge.discount.to_string()),
        ("9.00".to_owned(), "5.00".to_owned())
    );
}

#[test]
fn a_discount_of_the_order_alone_is_told_as_such() {
    // SPEC: KB-05
    let mut shop = new();
    let spec = OrderSpec { discount: 300, spreads_discounts: false, ..mugs(2) };
    let id = shop.place_order(STORE, spec, at(0)).unwrap();
    let order = check(&mut shop, id);
    assert_eq!(order.shop.order_discount + order.lines[0].discount, Decimal::new(300, 2));
}

#[test]
fn a_foreign_currency_comes_with_the_orders_own_rate() {
    // SPEC: KB-04, G-08
    let mut shop = new();
    let spec = OrderSpec {
        paid_in: Some(("JPY", 0, 150_000_000)),
        ..OrderSpec::new(vec![LineSpec::new("A", 1, 3_000)])
    };
    let id = shop.place_order(STORE, spec, at(0)).unwrap();
    let order = check(&mut shop, id);
    assert_eq!(order.total.unwrap().to_string(), "3000 JPY");
    assert_eq!(
        order.shop.total_in_shop_currency.map(|total: Money| total.to_string()).as_deref(),
        Some("20.00 USD")
    );
}

#[test]
fn the_status_counts_by_its_id_and_never_by_its_name() {
    // SPEC: KB-02, KB-03
    let mut shop = new();
    let id = shop.place_order(STORE, mugs(1), at(0)).unwrap();
    shop.rename_status(STORE, status::AWAITING_FULFILLMENT, "Completed");
    assert_eq!(read(&mut shop, id, at(1)).shop.stage, Stage::Open);
    let expected = [
        (status::INCOMPLETE, Stage::Incomplete),
        (status::PENDING, Stage::Pending),
        (status::DECLINED, Stage::Declined),
        (status::MANUAL_VERIFICATION, Stage::ManualVerification),
        (status::DISPUTED, Stage::Disputed),
        (status::SHIPPED, Stage::Shipped),
        (status::AWAITING_PICKUP, Stage::Open),
        (status::AWAITING_SHIPMENT, Stage::Open),
    ];
    for (status, stage) in expected {
        shop.set_status(STORE, id, status, at(2));
        assert_eq!(read(&mut shop, id, at(3)).shop.stage, stage, "{status}");
    }
    shop.set_status(STORE, id, status::CANCELLED, at(4));
    assert_eq!(read(&mut shop, id, at(5)).shop.cancelled_at, Some(at(4).wall));
    shop.archive(STORE, id, at(6));
    assert_eq!(read(&mut shop, id, at(7)).shop.archived_at, Some(at(6).wall));
}

#[test]
fn goods_go_to_several_addresses_or_are_picked_up() {
    // SPEC: KB-02, KB-05
    let mut shop = new();
    let mut spec = mugs(1);
    spec.lines.push(LineSpec { address: 1, ..LineSpec::new("CUP", 1, 900) });
    spec.buyer = BuyerSpec { streets: vec!["1 High Street".into(), "2 Low Street".into()], ..spec.buyer };
    let id = shop.place_order(STORE, spec, at(0)).unwrap();
    for links_alone in [0, 1_000] {
        shop.faults.links_alone = links_alone;
        let order = read(&mut shop, id, at(1));
        let places: Vec<_> =
            order.lines.iter().map(|line| line.shop.properties.last().cloned().unwrap().1).collect();
        assert_eq!(places, ["1 of 2", "2 of 2"]);
        assert_eq!(order.shop.fulfillment_orders.len(), 2);
        assert_eq!(order.person.shipping.unwrap().line_1.as_deref(), Some("1 High Street"));
    }
    shop.faults.links_alone = 0;
    let id = shop.place_order(STORE, OrderSpec { pickup: Some(1), ..mugs(1) }, at(0)).unwrap();
    let order = read(&mut shop, id, at(1));
    let part = &order.shop.fulfillment_orders[0];
    assert_eq!((part.location.as_deref(), &part.delivery), (Some("1"), &DeliveryMethod::PickUp));
}

#[test]
fn custom_items_and_products_that_are_gone_are_told_apart() {
    // SPEC: KB-06
    let mut shop = new();
    let typed = LineSpec { kind: ProductKind::Custom, ..LineSpec::new("", 1, 500) };
    let gift = LineSpec { kind: ProductKind::GiftCertificate, ..LineSpec::new("", 1, 2_000) };
    let id = shop
        .place_order(STORE, OrderSpec::new(vec![LineSpec::new("MUG", 1, 900), typed, gift]), at(0))
        .unwrap();
    shop.delete_product(STORE, "MUG");
    let order = read(&mut shop, id, at(1));
    let told: Vec<_> = order.lines.iter().map(|line| (line.shop.is_custom, line.shop.is_gift_card)).collect();
    assert_eq!(told, [(false, false), (true, false), (false, true)]);
}
