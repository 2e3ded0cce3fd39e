//! Orders of all kinds whose lives are made up: whatever happened to one, it is read as it is, its parts
//! make up its total, and no unit is lost or shipped twice.

use super::{readers::check, *};
use crate::{
    Dice,
    shopify::{
        Delivery, EUR, Edit, FulfillmentOrderStatus, JPY, KWD, Parcel, PaymentSpec, ProductSpec, RefundSpec,
        Restock, ReturnStatus, ShippingSpec, TruthOrder,
    },
};

/// Lives that are made up.
const LIVES: u64 = 400;

fn pick<T: Copy>(dice: &mut Dice, of: &[T]) -> T {
    of[usize::try_from(dice.below(of.len() as u64)).unwrap()]
}

fn below(dice: &mut Dice, bound: u64) -> i64 {
    i64::try_from(dice.below(bound)).unwrap()
}

fn line(dice: &mut Dice, number: u64) -> LineSpec {
    let price = pick(dice, &[0, 99, 333, 1_000, 1_999, 12_345]);
    let mut line = LineSpec::new(&format!("S{}", dice.below(4)), 1 + below(dice, 4), price);
    for tax in 0..dice.below(3) {
        line = line.taxed(&format!("T{tax}"), pick(dice, &[0, 125, 700, 825, 1_900]));
    }
    if dice.hits(300) {
        // What is given back is worth something: otherwise nothing shows that there was a refund.
        let most = u64::try_from(line.unit_price * line.quantity / 2).unwrap() + 1;
        line.discount = below(dice, most);
    }
    line.location = usize::try_from(dice.below(2)).unwrap();
    line.requires_shipping = !dice.hits(150);
    if dice.hits(150) {
        line.product = pick(dice, &[ProductSpec::Custom, ProductSpec::Deleted]);
    }
    if dice.hits(100) {
        line.sku = None;
    }
    line.title = format!("Line {number}");
    line
}

fn order(dice: &mut Dice) -> OrderSpec {
    let lines: Vec<LineSpec> = (0..1 + dice.below(4)).map(|number| line(dice, number)).collect();
    let goods: i64 = lines.iter().map(|line| line.unit_price * line.quantity - line.discount).sum();
    let mut spec = OrderSpec::new(lines);
    if dice.hits(300) {
        spec.discount = below(dice, u64::try_from(goods / 2).unwrap() + 1);
    }
    if dice.hits(500) {
        let mut shipping = ShippingSpec::new(pick(dice, &[0, 1, 490, 999]));
        shipping.discount = below(dice, u64::try_from(shipping.price).unwrap() + 1);
        shipping.tax = dice.hits(500).then(|| ("T".to_owned(), 1_900));
        spec.shipping = Some(shipping);
    }
    (spec.currency, spec.rate) =
        pick(dice, &[(None, 1_000_000), (Some(EUR), 1_083_217), (Some(JPY), 6_500), (Some(KWD), 3_250_000)]);
    spec.tip = pick(dice, &[0, 0, 0, 150]);
    spec.payment =
        pick(dice, &[PaymentSpec::Paid, PaymentSpec::Paid, PaymentSpec::Pending, PaymentSpec::Authorized]);
    spec.delivery = pick(dice, &[Delivery::Shipping, Delivery::Shipping, Delivery::PickUp, Delivery::Retail]);
    spec
}

/// Something that may be impossible; then nothing happens.
fn step(shopify: &mut Shopify, dice: &mut Dice, id: u64, now: Now) -> bool {
    let truth = shopify.order(id).unwrap().clone();
    let place = usize::try_from(dice.below(truth.lines.len() as u64)).unwrap();
    if truth.lines[place].is_tip {
        return false;
    }
    let part = usize::try_from(dice.below(truth.fulfillment_orders.len().max(1) as u64)).unwrap();
    let units = 1 + below(dice, 3);
    match dice.below(16) {
        0 => shopify.pay(id, now),
        1 => shopify.hold(id, part, "OTHER", None, now),
        2 => shopify.release(id, part, now),
        3 => shopify.fulfill(id, Some(Parcel::new("UPS", "1Z")), now),
        4 | 5 => shopify.fulfill_units(id, place, units, None, now),
        6 => {
            let made = truth.fulfillments.first().map_or(0, |one| one.id);
            shopify.cancel_fulfillment(id, made, now)
        }
        7 => shopify.move_to(id, part, usize::try_from(dice.below(2)).unwrap(), now),
        8 => shopify.split(id, part, place, units, now),
        9 => shopify.merge(id, part, usize::try_from(dice.below(3)).unwrap(), now),
        10 => shopify.edit(id, &[Edit::SetQuantity(place, below(dice, 5))], now),
        11 => {
            let more = line(dice, 9);
            shopify.edit(id, &[Edit::Add(more)], now)
        }
        12 | 13 => {
            let restock = pick(dice, &[Restock::Nothing, Restock::Cancel, Restock::Return]);
            let spec = RefundSpec {
                lines: vec![(place, units, restock)],
                shipping: pick(dice, &[0, 0, 100]),
                correction: pick(dice, &[0, 0, 0, 7]),
                return_id: None,
            };
            shopify.refund(id, &spec, now)
        }
        14 => match shopify.open_return(id, &[(place, units)], now) {
            Some(back) if dice.hits(500) => shopify.process_return(id, back, now),
            Some(back) => shopify.set_return(id, back, ReturnStatus::Cancelled, now),
            None => false,
        },
        // A tip that is given back is told by Shopify as if it were still there.
        _ => dice.hits(300) && truth.spec.tip == 0 && shopify.cancel(id, now),
    }
}

/// What holds of every order.
fn hold(name: &str, truth: &TruthOrder) {
    assert!(truth.refunded <= truth.paid, "{name}");
    for (place, line) in truth.lines.iter().enumerate() {
        assert!((0..=line.ordered).contains(&line.current), "{name}");
        assert!(truth.shipped(place) <= line.ordered, "{name}");
        assert!(line.discount() >= 0 && line.net() >= 0, "{name}");
        let parts = truth.fulfillment_orders.iter().flat_map(|part| &part.lines);
        let parts: Vec<_> = parts.filter(|part| part.line == place).collect();
        assert!(parts.iter().all(|part| (0..=part.total).contains(&part.remaining)), "{name}");
        let open: i64 = parts.iter().map(|part| part.remaining).sum();
        assert!(open + truth.shipped(place) <= line.ordered, "{name}");
    }
    for part in &truth.fulfillment_orders {
        let is_over =
            matches!(part.status, FulfillmentOrderStatus::Closed | FulfillmentOrderStatus::Cancelled);
        let open: i64 = part.lines.iter().map(|line| line.remaining).sum();
        assert_eq!(is_over, open == 0, "{name}: {part:?}");
    }
}

#[test]
fn whatever_happened_to_an_order_it_is_read_as_it_is() {
    let (mut taken, mut told) = (0, 0);
    for seed in 0..LIVES {
        let mut dice = Dice::new(seed);
        let shop = ShopSpec { taxes_included: dice.hits(500), ..ShopSpec::new(SHOP).location("Downtown") };
        let mut shopify = with(shop);
        shopify.subscribe(SHOP, APP, &weir_channels::shopify::SUBSCRIBED_TOPICS, "https://weir.example/");
        let id = place(&mut shopify, order(&mut dice), at(0));
        for number in 1..=dice.below(9) {
            let now = at(60 * i64::try_from(number).unwrap());
            let before = shopify.order(id).unwrap().clone();
            if step(&mut shopify, &mut dice, id, now) {
                taken += 1;
            } else {
                assert_eq!(shopify.order(id).unwrap().lines, before.lines, "seed {seed}");
            }
            hold(&format!("seed {seed}"), shopify.order(id).unwrap());
        }
        let order = read(&mut shopify, id, at(6_000));
        let truth = shopify.order(id).unwrap().clone();
        check(&format!("seed {seed}"), &truth, |place| shopify.location_id(SHOP, place).unwrap(), &order);
        told += shopify.take_webhooks(at(6_000)).len();
    }
    println!("{LIVES} lives, {taken} things that happened, {told} webhooks");
    assert!(taken > 600 && told > 2_000, "{taken} {told}");
}
