//! What the sandbox answers is read by Weir's own channel into the order that was meant: a table over
//! specs and what happened to them.

use rust_decimal::Decimal;
use weir_domain::channel_order::{
    ChannelOrder, ChannelOrderState, ChargeKind,
    shop::{
        ChannelFulfillmentState, ChannelReturnState, DeliveryMethod, FulfillmentOrderState,
        PaymentState as Payment,
    },
};

use super::*;
use crate::shopify::{
    BuyerSpec, Delivery, EUR, Edit, FulfillmentOrderStatus, JPY, KWD, Parcel, PaymentSpec, PaymentState,
    ProductSpec, RefundSpec, Restock, ReturnStatus, ShippingSpec, TruthOrder,
};

/// The order that was read is the order that is true.
pub(super) fn check(name: &str, truth: &TruthOrder, location: impl Fn(usize) -> u64, order: &ChannelOrder) {
    let amount = |minor: i64| Decimal::new(minor, truth.digits());
    let shop = &order.shop;
    assert_eq!(order.order_no, truth.name, "{name}");
    assert_eq!((order.created_at, order.updated_at), (truth.created_at, truth.updated_at), "{name}");
    assert_eq!(order.currency.unwrap().to_string(), truth.currency(), "{name}");
    assert_eq!(order.total.unwrap().amount, amount(truth.total()), "{name}");
    assert_eq!(shop.cancelled_at, truth.cancelled_at, "{name}");
    assert_eq!(shop.archived_at, truth.archived_at, "{name}");
    assert_eq!((shop.is_test, shop.is_draft), (truth.spec.is_test, false), "{name}");
    assert_eq!((&shop.tags, &order.customer_ref), (&truth.spec.tags, &truth.spec.purchase_order), "{name}");
    let shipping = truth.spec.shipping.as_ref().map(|shipping| shipping.title.clone());
    assert_eq!(shop.shipping_method, shipping, "{name}");
    assert_eq!(order.person.name, truth.spec.buyer.as_ref().map(|buyer| buyer.name.clone()), "{name}");
    let lines: Vec<_> = truth.lines.iter().enumerate().filter(|(_, line)| !line.is_tip).collect();
    assert_eq!(order.lines.len(), lines.len(), "{name}");
    for (read, (place, line)) in order.lines.iter().zip(lines) {
        assert_eq!(read.line_id, line.id.to_string(), "{name}");
        assert_eq!((&read.sku, &read.name), (&line.spec.sku, &line.spec.title), "{name}");
        assert_eq!(read.quantity, line.current, "{name}");
        assert_eq!(read.shipped_quantity, Some(truth.shipped(place)), "{name}");
        assert_eq!(read.amount, Some(amount(line.spec.unit_price * line.current)), "{name}");
        assert_eq!(read.discount, amount(line.discount()), "{name}");
        assert_eq!(read.tax, Some(amount(line.tax())), "{name}");
        let parts = truth.fulfillment_orders.iter().flat_map(|part| &part.lines);
        let open = parts.filter(|known| known.line == place).map(|known| known.remaining).sum();
        let of_shop = &read.shop;
        assert_eq!(of_shop.open_quantity, Some(open), "{name}");
        assert_eq!(of_shop.variant_id.is_some(), line.spec.product == ProductSpec::Known, "{name}");
        assert_eq!(of_shop.is_custom, line.spec.product == ProductSpec::Custom, "{name}");
        assert_eq!(of_shop.requires_shipping, line.spec.requires_shipping, "{name}");
        assert_eq!(of_shop.is_gift_card, line.spec.is_gift_card, "{name}");
        assert_eq!(of_shop.properties, line.spec.properties, "{name}");
    }
    check_parts(name, truth, location, order);
    // The parts make up the whole, to the smallest unit. SPEC: G-06
    let tax = |tax: Option<Decimal>| {
        if order.prices_include_tax { Decimal::ZERO } else { tax.unwrap_or_default() }
    };
    let goods: Decimal =
        order.lines.iter().map(|line| line.amount.unwrap() - line.discount + tax(line.tax)).sum();
    let charges: Decimal =
        order.charges.iter().map(|charge| charge.amount - charge.discount + tax(charge.tax)).sum();
    assert_eq!(goods + charges, amount(truth.total()), "{name}");
    assert!(order.oddities.is_empty(), "{name}: {:?}", order.oddities);
}

fn check_parts(name: &str, truth: &TruthOrder, location: impl Fn(usize) -> u64, order: &ChannelOrder) {
    let shop = &order.shop;
    let line_id = |place: usize| truth.lines[place].id.to_string();
    assert_eq!(shop.fulfillment_orders.len(), truth.fulfillment_orders.len(), "{name}");
    for (read, part) in shop.fulfillment_orders.iter().zip(&truth.fulfillment_orders) {
        let state = match part.status {
            FulfillmentOrderStatus::Open => FulfillmentOrderState::Open,
            FulfillmentOrderStatus::InProgress => FulfillmentOrderState::InProgress,
            FulfillmentOrderStatus::Scheduled => FulfillmentOrderState::Scheduled,
            FulfillmentOrderStatus::OnHold => FulfillmentOrderState::OnHold,
            FulfillmentOrderStatus::Incomplete => FulfillmentOrderState::Incomplete,
            FulfillmentOrderStatus::Closed => FulfillmentOrderState::Closed,
            FulfillmentOrderStatus::Cancelled => FulfillmentOrderState::Cancelled,
        };
        assert_eq!((&read.id, &read.state), (&part.id.to_string(), &state), "{name}");
        assert_eq!(read.location, Some(location(part.location).to_string()), "{name}");
        let held = part.holds.iter().map(|hold| hold.reason.clone());
        assert!(held.eq(read.holds.iter().map(|hold| hold.reason.clone())), "{name}");
        let lines = part.lines.iter();
        let lines = lines.map(|line| (line.id.to_string(), line_id(line.line), line.total, line.remaining));
        let read = read.lines.iter();
        let read = read.map(|line| (line.id.clone(), line.line_id.clone(), line.total, line.remaining));
        assert!(read.eq(lines), "{name}");
    }
    assert_eq!(shop.fulfillments.len(), truth.fulfillments.len(), "{name}");
    for (read, one) in shop.fulfillments.iter().zip(&truth.fulfillments) {
        assert_eq!(read.id, one.id.to_string(), "{name}");
        assert_eq!(read.state == ChannelFulfillmentState::Cancelled, one.is_cancelled, "{name}");
        let parts = one.fulfillment_orders.iter().map(u64::to_string);
        assert!(read.fulfillment_orders.iter().cloned().eq(parts), "{name}");
        let lines = one.lines.iter().map(|line| (line_id(line.line), line.quantity));
        let read_lines = read.lines.iter().map(|line| (line.line_id.clone(), line.quantity));
        assert!(read_lines.eq(lines), "{name}");
        let numbers = read.tracking.iter().map(|parcel| parcel.number.clone());
        assert!(numbers.eq(one.tracking.iter().map(|parcel| parcel.number.clone())), "{name}");
    }
    assert_eq!(shop.returns.len(), truth.returns.len(), "{name}");
    for (read, one) in shop.returns.iter().zip(&truth.returns) {
        let state = match one.status {
            ReturnStatus::Requested => ChannelReturnState::Requested,
            ReturnStatus::Open => ChannelReturnState::Open,
            ReturnStatus::Closed => ChannelReturnState::Closed,
            ReturnStatus::Declined => ChannelReturnState::Declined,
            ReturnStatus::Cancelled => ChannelReturnState::Cancelled,
        };
        assert_eq!((&read.id, &read.state), (&one.id.to_string(), &state), "{name}");
        assert_eq!(read.number, one.name, "{name}");
        let lines = one.lines.iter().map(|line| (line_id(line.line), line.quantity));
        assert!(read.lines.iter().map(|line| (line.line_id.clone(), line.quantity)).eq(lines), "{name}");
    }
}

/// What happens to an order after it was placed.
type Life = fn(&mut Shopify, u64);

fn nothing(_: &mut Shopify, _: u64) {}

/// A case: its name, its order, its life, and what is read in the end: how it is paid, how far it is,
/// and its total in the smallest unit, calculated by hand.
struct Case {
    name: &'static str,
    spec: OrderSpec,
    life: Life,
    payment: Payment,
    state: ChannelOrderState,
    total: i64,
}

fn case(name: &'static str, spec: OrderSpec, life: Life, payment: Payment, total: i64) -> Case {
    Case { name, spec, life, payment, state: ChannelOrderState::Unshipped, total }
}

impl Case {
    fn state(mut self, state: ChannelOrderState) -> Self {
        self.state = state;
        self
    }
}

fn mugs_and_tea() -> OrderSpec {
    OrderSpec::new(vec![
        LineSpec::new("MUG", 3, 1_333).taxed("State", 625).taxed("City", 200).discounted(100),
        LineSpec::new("TEA", 2, 500).from_location(1),
    ])
}

/// Prices without tax. SPEC: KS-20 to KS-25, G-06
fn priced() -> Vec<Case> {
    let shipped_to = |line: LineSpec| OrderSpec::new(vec![line]);
    vec![
        case("plain", simple(), nothing, Payment::Paid, 2_700),
        // 3 × 13.33 − 1.00 = 38.99, with taxes of 2.44 and 0.78, and 10.00.
        case("two taxes and two places", mugs_and_tea(), nothing, Payment::Paid, 5_221),
        // 33.33 less 10.00 shared out: 19.995 of 29.995 …, taxes on what is left.
        case(
            "a discount on the whole order",
            OrderSpec {
                discount: 1_000,
                ..OrderSpec::new(vec![
                    LineSpec::new("A", 1, 2_000).taxed("VAT", 1_000),
                    LineSpec::new("B", 1, 1_000),
                ])
            },
            nothing,
            Payment::Paid,
            // A: 20.00 − 6.67 = 13.33, 1.33 of tax. B: 10.00 − 3.33 = 6.67.
            2_133,
        ),
        case(
            "shipping with discount and tax",
            OrderSpec {
                shipping: Some(ShippingSpec {
                    discount: 200,
                    tax: Some(("VAT".to_owned(), 1_000)),
                    ..ShippingSpec::new(700)
                }),
                ..simple()
            },
            nothing,
            Payment::Paid,
            2_700 + 550,
        ),
        case("free", shipped_to(LineSpec::new("FREE", 1, 0)), nothing, Payment::Paid, 0),
        case(
            "tip, duties and fees",
            OrderSpec { tip: 300, duties: 410, fees: 90, ..simple() },
            nothing,
            Payment::Paid,
            3_500,
        ),
        case(
            "in yen",
            OrderSpec { currency: Some(JPY), rate: 6_500, ..shipped_to(LineSpec::new("A", 3, 1_980)) },
            nothing,
            Payment::Paid,
            5_940,
        ),
        case(
            "in dinars",
            OrderSpec { currency: Some(KWD), rate: 3_250_000, ..shipped_to(LineSpec::new("A", 3, 1_255)) },
            nothing,
            Payment::Paid,
            3_765,
        ),
        case(
            "in euros",
            OrderSpec {
                currency: Some(EUR),
                rate: 1_083_217,
                ..shipped_to(LineSpec::new("A", 1, 999).taxed("VAT", 1_900))
            },
            nothing,
            Payment::Paid,
            999 + 190,
        ),
        case(
            "custom lines, without SKU, and a gift card",
            OrderSpec::new(vec![
                LineSpec { product: ProductSpec::Custom, ..LineSpec::new("", 1, 60) },
                LineSpec { product: ProductSpec::Deleted, ..LineSpec::new("OLD", 1, 40) },
                LineSpec { requires_shipping: false, ..LineSpec::new("", 2, 1_000) },
                LineSpec { is_gift_card: true, requires_shipping: false, ..LineSpec::new("GIFT", 1, 5_000) },
                LineSpec {
                    properties: vec![("Engraving".to_owned(), "To \"R\" ❤".to_owned())],
                    ..LineSpec::new("PEN", 1, 400)
                },
            ]),
            nothing,
            Payment::Paid,
            7_500,
        ),
        case(
            "with an id above 2^53",
            OrderSpec { order_id: Some(9_007_199_254_740_993), ..simple() },
            nothing,
            Payment::Paid,
            2_700,
        ),
        case(
            "the same SKU on two lines, a trial with a purchase order",
            OrderSpec {
                is_test: true,
                purchase_order: Some("PO-7".to_owned()),
                tags: vec!["rush".to_owned(), "gift, wrapped".to_owned()],
                ..OrderSpec::new(vec![LineSpec::new("A", 1, 100), LineSpec::new("A", 2, 90)])
            },
            nothing,
            Payment::Paid,
            280,
        ),
        case("by nobody", OrderSpec { buyer: None, ..simple() }, nothing, Payment::Paid, 2_700),
        case(
            "by a company that is no customer",
            OrderSpec {
                buyer: Some(BuyerSpec {
                    customer: None,
                    company: Some("Example Inc.".to_owned()),
                    ..BuyerSpec::default()
                }),
                ..simple()
            },
            nothing,
            Payment::Paid,
            2_700,
        ),
        case("of 250 lines", long(), nothing, Payment::Paid, 250 * 101),
    ]
}

fn long() -> OrderSpec {
    let line = |number: i64| {
        let location = usize::try_from(number % 2).unwrap();
        LineSpec::new(&format!("L{number}"), 1, 101).from_location(location)
    };
    OrderSpec::new((0..250).map(line).collect())
}

/// How orders are paid. SPEC: KS-02
fn paid() -> Vec<Case> {
    let by = |payment: PaymentSpec| OrderSpec { payment, ..simple() };
    let later: Life = |shopify, id| assert!(shopify.pay(id, at(60)));
    let voided: Life = |shopify, id| assert!(shopify.end_payment(id, PaymentState::Voided, at(60)));
    let expired: Life = |shopify, id| assert!(shopify.end_payment(id, PaymentState::Expired, at(60)));
    let refunded: Life = |shopify, id| {
        let all = RefundSpec { lines: vec![(0, 2, Restock::Cancel)], ..RefundSpec::default() };
        assert!(shopify.refund(id, &all, at(60)));
    };
    vec![
        case("pending", by(PaymentSpec::Pending), nothing, Payment::Pending, 2_700),
        case("authorized", by(PaymentSpec::Authorized), nothing, Payment::Authorized, 2_700),
        case("paid in part", by(PaymentSpec::Partly(700)), nothing, Payment::PartiallyPaid, 2_700),
        case("paid later", by(PaymentSpec::Pending), later, Payment::Paid, 2_700),
        case("voided", by(PaymentSpec::Authorized), voided, Payment::Voided, 2_700),
        case("expired", by(PaymentSpec::Pending), expired, Payment::Expired, 2_700),
        case("refunded", simple(), refunded, Payment::Refunded, 0),
    ]
}

/// What happens to orders. SPEC: KS-03, KS-05, KS-06, KS-16, KS-30 to KS-34, KS-40, KS-42, KS-45
fn lived() -> Vec<Case> {
    let held: Life = |shopify, id| {
        assert!(shopify.hold(id, 0, "INVENTORY_OUT_OF_STOCK", Some("Back on Monday"), at(60)));
    };
    let released: Life = |shopify, id| {
        assert!(shopify.hold(id, 1, "OTHER", None, at(60)));
        assert!(shopify.release(id, 1, at(90)));
    };
    let cancelled: Life = |shopify, id| assert!(shopify.cancel(id, at(60)));
    let archived: Life = |shopify, id| assert!(shopify.archive(id, true, at(60)));
    let shipped: Life = |shopify, id| assert!(shopify.fulfill(id, Some(Parcel::new("UPS", "1Z9")), at(60)));
    let in_part: Life = |shopify, id| {
        assert!(shopify.fulfill_units(id, 0, 1, Some(Parcel::new("UPS", "1Z1")), at(60)));
        assert!(shopify.fulfill_units(id, 0, 1, None, at(70)));
    };
    let taken_back: Life = |shopify, id| {
        assert!(shopify.fulfill_units(id, 0, 2, None, at(60)));
        let fulfillment = shopify.order(id).unwrap().fulfillments[0].id;
        assert!(shopify.cancel_fulfillment(id, fulfillment, at(70)));
    };
    let edited: Life = |shopify, id| {
        let more = LineSpec::new("NEW", 2, 250).taxed("State", 625);
        let edits = [Edit::SetQuantity(0, 2), Edit::SetQuantity(1, 3), Edit::Add(more)];
        assert!(shopify.edit(id, &edits, at(60)));
    };
    let grown: Life = |shopify, id| {
        assert!(shopify.edit(id, &[Edit::Add(LineSpec::new("NEW", 1, 250))], at(60)));
    };
    let grown_and_paid: Life = |shopify, id| {
        assert!(shopify.edit(id, &[Edit::Add(LineSpec::new("NEW", 1, 250))], at(60)));
        assert!(shopify.pay(id, at(70)));
    };
    let removed: Life = |shopify, id| assert!(shopify.edit(id, &[Edit::SetQuantity(1, 0)], at(60)));
    let refunded: Life = |shopify, id| {
        let one = RefundSpec { lines: vec![(0, 1, Restock::Cancel)], ..RefundSpec::default() };
        assert!(shopify.refund(id, &one, at(60)));
    };
    let with_shipping: Life = |shopify, id| {
        let some = RefundSpec {
            lines: vec![(0, 1, Restock::Nothing)],
            shipping: 250,
            correction: 33,
            return_id: None,
        };
        assert!(shopify.refund(id, &some, at(60)));
    };
    let returned: Life = |shopify, id| {
        assert!(shopify.fulfill(id, None, at(60)));
        let back = shopify.request_return(id, &[(0, 2)], at(100)).unwrap();
        assert!(shopify.set_return(id, back, ReturnStatus::Open, at(110)));
        assert!(shopify.process_return(id, back, at(120)));
    };
    let asked: Life = |shopify, id| {
        assert!(shopify.fulfill(id, None, at(60)));
        assert!(shopify.request_return(id, &[(0, 1)], at(100)).is_some());
    };
    let moved: Life = |shopify, id| {
        assert!(shopify.move_to(id, 0, 1, at(60)));
        assert!(shopify.split(id, 1, 1, 1, at(70)));
    };
    let shipping = || OrderSpec {
        shipping: Some(ShippingSpec { tax: Some(("VAT".to_owned(), 1_000)), ..ShippingSpec::new(500) }),
        ..simple()
    };
    let by = |delivery: Delivery| OrderSpec { delivery, ..simple() };
    use ChannelOrderState::{Cancelled, PartiallyShipped, Shipped};
    vec![
        case("held", mugs_and_tea(), held, Payment::Paid, 5_221),
        case("held and released", mugs_and_tea(), released, Payment::Paid, 5_221),
        case("cancelled", shipping(), cancelled, Payment::Refunded, 0).state(Cancelled),
        case("archived", simple(), archived, Payment::Paid, 2_700),
        case("shipped", mugs_and_tea(), shipped, Payment::Paid, 5_221).state(Shipped),
        case("shipped in part", mugs_and_tea(), in_part, Payment::Paid, 5_221).state(PartiallyShipped),
        case("a fulfillment taken back", mugs_and_tea(), taken_back, Payment::Paid, 5_221),
        // A third of 38.99 and of its taxes go; a third unit of tea and the new line come.
        case("edited", mugs_and_tea(), edited, Payment::Paid, 5_221 - 1_300 - 81 - 26 + 500 + 500 + 31),
        case("grown, and not paid", simple(), grown, Payment::PartiallyPaid, 2_950),
        case("grown and paid", simple(), grown_and_paid, Payment::Paid, 2_950),
        case("a line removed", mugs_and_tea(), removed, Payment::Paid, 4_221),
        case("refunded in part", mugs_and_tea(), refunded, Payment::PartiallyRefunded, 5_221 - 1_407),
        case("shipping refunded", shipping(), with_shipping, Payment::PartiallyRefunded, 1_350 + 275),
        case("returned", simple(), returned, Payment::Refunded, 0).state(Shipped),
        case("a return asked for", simple(), asked, Payment::Paid, 2_700).state(Shipped),
        case("moved and split", mugs_and_tea(), moved, Payment::Paid, 5_221),
        case("to be picked up", by(Delivery::PickUp), nothing, Payment::Paid, 2_700),
        case("picked up", by(Delivery::PickUp), shipped, Payment::Paid, 2_700).state(Shipped),
        case("sold at the till", by(Delivery::Retail), nothing, Payment::Paid, 2_700).state(Shipped),
        case(
            "to be shipped later",
            OrderSpec { fulfill_at: Some(at(86_400).wall), ..simple() },
            nothing,
            Payment::Paid,
            2_700,
        ),
        case(
            "cancelled before it was paid",
            OrderSpec { payment: PaymentSpec::Pending, ..simple() },
            cancelled,
            Payment::Voided,
            0,
        )
        .state(Cancelled),
    ]
}

fn run(shop: &ShopSpec, cases: Vec<Case>) {
    for Case { name, spec, life, payment, state, total } in cases {
        let mut shopify = with(shop.clone());
        let id = place(&mut shopify, spec, at(0));
        life(&mut shopify, id);
        let order = read(&mut shopify, id, at(600));
        let truth = shopify.order(id).unwrap();
        check(name, truth, |place| shopify.location_id(SHOP, place).unwrap(), &order);
        assert_eq!(truth.total(), total, "{name}");
        assert_eq!(order.shop.payment, Some(payment), "{name}");
        assert_eq!(order.state, state, "{name}");
    }
}

#[test]
fn what_was_meant_is_read_of_prices_without_tax() {
    run(&ShopSpec::new(SHOP).location("Downtown"), priced());
}

#[test]
fn what_was_meant_is_read_of_payments() {
    run(&ShopSpec::new(SHOP).location("Downtown"), paid());
}

#[test]
fn what_was_meant_is_read_of_what_happened() {
    run(&ShopSpec::new(SHOP).location("Downtown"), lived());
}

#[test]
fn what_was_meant_is_read_of_prices_with_tax() {
    let shop = ShopSpec { taxes_included: true, ..ShopSpec::new(SHOP).location("Downtown") };
    let taxed = |line: LineSpec| OrderSpec {
        shipping: Some(ShippingSpec { tax: Some(("USt".to_owned(), 1_900)), ..ShippingSpec::new(490) }),
        ..OrderSpec::new(vec![line.taxed("USt", 1_900), LineSpec::new("TEE", 2, 333).taxed("USt", 700)])
    };
    let refunded: Life = |shopify, id| {
        let some = RefundSpec {
            lines: vec![(0, 1, Restock::Cancel), (1, 1, Restock::Cancel)],
            shipping: 100,
            ..RefundSpec::default()
        };
        assert!(shopify.refund(id, &some, at(60)));
    };
    let edited: Life = |shopify, id| assert!(shopify.edit(id, &[Edit::SetQuantity(0, 1)], at(60)));
    let tassen = || taxed(LineSpec::new("TASSE", 3, 1_199).discounted(500));
    let whole = 3 * 1_199 - 500 + 666 + 490;
    run(
        &shop,
        vec![
            case("with tax", tassen(), nothing, Payment::Paid, whole),
            // A third of 5.00 goes with the first of three.
            case(
                "refunded",
                tassen(),
                refunded,
                Payment::PartiallyRefunded,
                whole - (1_199 - 167) - 333 - 100,
            ),
            case("edited", tassen(), edited, Payment::Paid, whole - (2 * 1_199 - 333)),
        ],
    );
}

#[test]
fn what_is_charged_besides_the_goods_is_told_apart() {
    let mut shopify = new();
    let spec = OrderSpec {
        tip: 300,
        duties: 410,
        fees: 90,
        cash_rounding: -2,
        shipping: Some(ShippingSpec { discount: 200, ..ShippingSpec::new(700) }),
        delivery: Delivery::Local,
        ..simple()
    };
    let id = place(&mut shopify, spec, at(0));
    let order = read(&mut shopify, id, at(1));
    let charge = |kind: ChargeKind| -> Vec<(Decimal, Decimal)> {
        let charges = order.charges.iter().filter(|charge| charge.kind == kind);
        charges.map(|charge| (charge.amount, charge.discount)).collect()
    };
    let cents = |minor: i64| Decimal::new(minor, 2);
    assert_eq!(charge(ChargeKind::Shipping), [(cents(700), cents(200))]);
    assert_eq!(charge(ChargeKind::Tip), [(cents(300), cents(0))]);
    assert_eq!(charge(ChargeKind::Other), [(cents(410), cents(0)), (cents(90), cents(0))]);
    // The total does not hold it.
    assert_eq!(order.shop.cash_rounding, cents(0));
    assert_eq!(order.shop.fulfillment_orders[0].delivery, DeliveryMethod::Local);
}

#[test]
fn a_buyer_who_is_withheld_stops_no_order() {
    let mut shopify = with(ShopSpec { tells_buyers: false, ..ShopSpec::new(SHOP) });
    let id = place(&mut shopify, simple(), at(0));
    let order = read(&mut shopify, id, at(1));
    assert_eq!((order.person.name, order.person.email, order.person.shipping), (None, None, None));
    assert_eq!(order.lines.len(), 1);
    assert_eq!(order.oddities.len(), 4, "{:?}", order.oddities);
}

#[test]
fn what_a_scope_opens_is_withheld_without_it() {
    let mut shopify = new();
    let id = place(&mut shopify, simple(), at(0));
    assert!(shopify.fulfill(id, None, at(10)));
    assert!(shopify.request_return(id, &[(0, 1)], at(20)).is_some());
    let without =
        |scope: &str| -> Vec<&str> { ALL_SCOPES.into_iter().filter(|given| *given != scope).collect() };
    shopify.install(SHOP, APP, &without("read_returns"));
    let order = read(&mut shopify, id, at(40));
    assert!(order.shop.returns.is_empty());
    assert!(order.oddities.iter().any(|oddity| oddity.contains("returnStatus")));
    shopify.install(SHOP, APP, &without("write_merchant_managed_fulfillment_orders"));
    assert!(matches!(look(&mut shopify, id, at(60)).0, Err(ChannelError::Denied(_))));
}
