//! An order as BigCommerce has it now, in Weir's words.
//!
//! What BigCommerce's documents leave open, and what is taken here:
//! - Figures are for all units ever ordered, also after refunds; what refunds gave back is told by V3 and
//!   comes off. An edited order has its new figures.
//! - Which discounts are in the lines, whether a line's tax is before or after them, and whether the total
//!   holds fees, gift wrapping and store credit is shown by the total itself.
//! - A unit that was refunded and one that was shipped are two units: what is neither is open.
//! - A product without an id was typed in for this order, unless it is a gift certificate.
//! - `currency_code` is what prices were shown in; the buyer paid in `default_currency_code`.

mod parts;
mod line;
mod money;

use std::collections::BTreeSet;

use rust_decimal::{Decimal, RoundingStrategy};
use weir_domain::{
    channel_order::{
        ChannelLine, ChannelOrder, ChannelOrderState, FulfilledBy, SoldBy,
        shop::{
            DeliveryMethod, FulfillmentOrder, FulfillmentOrderLine, FulfillmentOrderState, ShopOrder, Stage,
        },
    },
    customer::{Address, Person},
    money::{Currency, Money},
};

use self::{
    line::Item,
    parts::{Consigned, Consignment, Kind},
};
use super::{
    orders::order_id,
    reading::{self, Reading, amount, required_time},
    status::{self, Beside, Meaning},
};
use crate::{
    channel::MalformedOrder,
    json::{self, Node, Object},
    money::payable,
};

/// What has to be asked for beside the order itself.
pub(super) struct Wanted {
    pub(super) products: bool,
    pub(super) addresses: bool,
    pub(super) coupons: bool,
    refunds: bool,
}

impl Wanted {
    /// What an order's first answer leaves open.
    pub(super) fn of(order: &str) -> Result<Self, MalformedOrder> {
        let document = json::parse(order)?;
        document.check_depth()?;
        let order = document.object()?;
        let consigned = parts::consigned(&order)?;
        let items = consigned.lines.iter().enumerate().map(|(index, sold)| line::refunded(sold.raw, index));
        let has_refunded = items.collect::<Result<Vec<_>, _>>()?.contains(&true);
        let status = order.get("status_id").quantity()?;
        let paid = order.get("payment_status").words()?.unwrap_or_default().to_ascii_lowercase();
        Ok(Self {
            products: !consigned.is_whole,
            addresses: !consigned.has_addresses,
            coupons: !amount(&order, "coupon_discount")?.unwrap_or_default().is_zero(),
            refunds: has_refunded || matches!(status, Some(4 | 14)) || paid.contains("refund"),
        })
    }

    /// Whether refunds are to be asked for, with the lines that came by themselves.
    pub(super) fn has_refunds(&self, products: &[&str]) -> Result<bool, MalformedOrder> {
        let mut is_wanted = self.refunds;
        for page in products {
            for (index, node) in json::parse(page)?.list()?.iter().enumerate() {
                is_wanted |= line::refunded(node.raw().unwrap_or("{}"), index)?;
            }
        }
        Ok(is_wanted)
    }
}

/// Reads an order as it was kept.
pub(super) fn read(body: &[u8]) -> Result<ChannelOrder, MalformedOrder> {
    let text = json::text_of(body);
    let document = json::parse(&text)?;
    document.check_depth()?;
    let kept = document.object()?;
    let order = kept.get("order").object()?;
    let mut reading = Reading::new();
    reading.currency = currency(&mut reading, &order)?;
    let consigned = parts::gathered(&mut reading, &kept, &order)?;
    let modified_at = required_time(&order.get("date_modified"))?;
    let (mut items, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, sold) in consigned.lines.iter().enumerate() {
        let item = line::read(&mut reading, sold, index, &consigned.consignments)?;
        // What is booked for one would be taken for the other's.
        if !seen.insert(item.line_id.clone()) {
            let node = json::piece(sold.raw, "products", index)?;
            return Err(node.malformed("has an id that was there before"));
        }
        items.push(item);
    }
    if items.is_empty() {
        reading.odd("the order has no lines".to_owned());
    }
    let beside = Beside {
        shipped_at: reading.lenient(reading::time(&order.get("date_shipped"))),
        modified_at,
        has_shipped_units: items.iter().any(|item| item.shipped > 0),
    };
    let meaning = meaning(&mut reading, &order, &beside)?;
    let includes_tax = money::includes_tax(&order, &items)?;
    let charged = money::charged(&mut reading, &kept, &order, &items, includes_tax)?;
    let lines: Vec<ChannelLine> =
        items.iter().zip(charged.lines).map(|(item, now)| item.line(&meaning, now)).collect();
    let total = charged.total.zip(reading.currency).map(|(total, currency)| Money::new(total, currency));
    let shop = ShopOrder {
        archived_at: (order.get("is_deleted").flag()? == Some(true)).then_some(modified_at),
        cancelled_at: meaning.is_cancelled.then_some(modified_at),
        payment: meaning.payment.clone(),
        total_in_shop_currency: in_shop_currency(&mut reading, &order, total)?,
        order_discount: charged.order_discount,
        fulfillment_orders: fulfillment_orders(&consigned, &items, &lines),
        shipping_method: consigned.consignments.iter().find_map(|part| part.method.clone()),
        sold_in: reading.lenient(order.get("order_source").words()),
        customer_id: reading.lenient(reading::id(&order.get("customer_id"))),
        stage: meaning.stage,
        delivered_by_default: true,
        ..ShopOrder::default()
    };
    let id = order.get("id");
    let id = order_id(&id.required()?).ok_or_else(|| id.malformed("is no order id"))?;
    Ok(ChannelOrder {
        order_no: id.to_string(),
        channel_order_id: id,
        created_at: required_time(&order.get("date_created"))?,
        updated_at: modified_at,
        state: meaning.state,
        fulfilled_by: FulfilledBy::Merchant,
        sold_by: SoldBy::Channel,
        request_number: None,
        marketplace: None,
        promised_by: None,
        prices_include_tax: includes_tax,
        total,
        lines,
        charges: charged.charges,
        person: person(&mut reading, &order, &consigned.consignments),
        customer_ref: None,
        currency: reading.currency,
        oddities: reading.oddities,
        shop,
    })
}

/// The currency that the buyer paid in. (SPEC KB-04, G-08)
fn currency(reading: &mut Reading, order: &Object<'_, '_>) -> Result<Option<Currency>, MalformedOrder> {
    let paid = order.get("default_currency_code");
    let shown = order.get("currency_code");
    let (node, code) = match (paid.words()?, shown.words()?) {
        (Some(code), _) => (paid, code),
        (None, Some(code)) => {
            reading
                .odd("the order does not tell the currency that was paid in; the shown one is taken".into());
            (shown, code)
        }
        (None, None) => return Ok(None),
    };
    payable(&code).map(Some).ok_or_else(|| node.malformed("is no currency that one can pay in"))
}

/// What the order's status says, by its id: its text is the merchant's.
fn meaning(
    reading: &mut Reading,
    order: &Object<'_, '_>,
    beside: &Beside,
) -> Result<Meaning, MalformedOrder> {
    let node = order.get("status_id");
    let status = node.quantity()?.ok_or_else(|| node.malformed("is missing"))?;
    if let Some(meaning) = status::meaning(status, beside) {
        return Ok(meaning);
    }
    let word = reading.unknown(&node, &status.to_string());
    Ok(Meaning {
        state: ChannelOrderState::Unknown(word),
        stage: Stage::Open,
        payment: None,
        is_cancelled: false,
        all_left: false,
    })
}

/// The total in the store's own currency, by the rate that the order itself has. (SPEC G-08)
fn in_shop_currency(
    reading: &mut Reading,
    order: &Object<'_, '_>,
    total: Option<Money>,
) -> Result<Option<Money>, MalformedOrder> {
    let code = order.get("store_default_currency_code");
    let (Some(total), Some(of_store)) = (total, code.words()?.and_then(|code| payable(&code))) else {
        return Ok(None);
    };
    if of_store == total.currency {
        return Ok(Some(total));
    }
    let node = order.get("store_default_to_transactional_exchange_rate");
    let Some(rate) = reading.lenient(rate(&node)) else { return Ok(None) };
    let amount = total.amount.checked_div(rate);
    Ok(amount.map(|amount| Money::new(of_store.round(amount), of_store)))
}

/// A rate has ten decimal places, which is more than an amount may have.
fn rate(node: &Node<'_, '_>) -> Result<Option<Decimal>, MalformedOrder> {
    const RATE_DIGITS: u32 = 12;
    let Some(text) = node.words()? else { return Ok(None) };
    let rate = Decimal::from_str_exact(&text).ok().filter(|rate| *rate > Decimal::ZERO);
    let rate = rate.ok_or_else(|| node.malformed("is no rate"))?;
    Ok(Some(rate.round_dp_with_strategy(RATE_DIGITS, RoundingStrategy::MidpointAwayFromZero)))
}

/// Where its units are to be fulfilled: one part for each address, pickup or download.
fn fulfillment_orders(
    consigned: &Consigned<'_>,
    items: &[Item],
    lines: &[ChannelLine],
) -> Vec<FulfillmentOrder> {
    let of_part = |(index, part): (usize, &Consignment)| {
        let own = items.iter().zip(lines).filter(|(item, _)| item.consignment == Some(index));
        let units: Vec<FulfillmentOrderLine> = own
            .map(|(item, line)| FulfillmentOrderLine {
                id: item.line_id.clone(),
                line_id: item.line_id.clone(),
                total: item.quantity,
                remaining: line.shop.open_quantity.unwrap_or_default(),
            })
            .collect();
        let is_open = units.iter().any(|units| units.remaining > 0);
        (!units.is_empty()).then(|| FulfillmentOrder {
            id: part.name(index),
            state: if is_open { FulfillmentOrderState::Open } else { FulfillmentOrderState::Closed },
            location: part.location.clone(),
            delivery: match part.kind {
                Kind::Shipping => DeliveryMethod::Shipping,
                Kind::PickUp => DeliveryMethod::PickUp,
                Kind::Download | Kind::Email => DeliveryMethod::Nothing,
            },
            holds: Vec::new(),
            lines: units,
        })
    };
    consigned.consignments.iter().enumerate().filter_map(of_part).collect()
}

/// The buyer: the name of the billing address, else of where it goes.
fn person(reading: &mut Reading, order: &Object<'_, '_>, consignments: &[Consignment]) -> Person {
    let billing = reading.lenient(reading::address(&order.get("billing_address")));
    let mut addresses = consignments.iter().filter_map(|part| part.address.as_ref());
    let shipping = addresses.next().cloned();
    let more = addresses.filter(|address| Some(*address) != shipping.as_ref()).count();
    if more > 0 {
        reading.odd(format!(
            "the order goes to {} addresses; the first is shown, and each row says which is its own",
            more + 1
        ));
    }
    let email = billing.as_ref().and_then(|address| address.email.clone());
    let email = email.or_else(|| shipping.as_ref().and_then(|address| address.email.clone()));
    let name = [&billing, &shipping].into_iter().flatten().find_map(Address::addressee);
    Person { name, email, billing, shipping }
}
