//! A sales order as the API shows it. What is unknown is null and never 0.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use weir_app::orders::OrderView;
use weir_domain::{
    channel_order::ChargeKind,
    customer::Address,
    manufacturing_order::ManufacturingOrder,
    money::Currency,
    sales_order::{Charge, Fulfillment, LeftOut, Row, SalesOrder, Source, Totals},
    stock::BatchTake,
};

use crate::api::shapes::{MoneyShape, money, rate, time};

/// A sales order.
#[derive(Serialize, ToSchema)]
#[schema(as = SalesOrder)]
pub(crate) struct OrderShape {
    id: String,
    order_no: String,
    /// `not_shipped`, `packed`, `partially_delivered` or `delivered`.
    status: &'static str,
    /// Of orders that are sent by multi-channel fulfilment; null for all others.
    fulfillment_state: Option<String>,
    /// The currency the buyer paid in; null if the channel gave no amount at all.
    currency: Option<&'static str>,
    totals: TotalsShape,
    /// The total in the organization's base currency; null with no rate.
    base_total: Option<MoneyShape>,
    /// Base money for one unit of the order's currency.
    exchange_rate: Option<String>,
    /// What somebody should know about it, such as `missing_tracking_data`.
    flags: Vec<&'static str>,
    /// The total that the channel gave.
    channel_total: Option<MoneyShape>,
    left_out: LeftOutShape,
    /// Null where nothing is known of the buyer.
    customer: Option<BuyerShape>,
    customer_ref: Option<String>,
    billing_address: Option<AddressShape>,
    shipping_address: Option<AddressShape>,
    order_created_date: String,
    delivery_date: Option<String>,
    /// Where it came from; null for one made in Weir.
    source: Option<SourceShape>,
    /// What shipping was charged; null if nothing was.
    shipping_fee: Option<ChargeShape>,
    /// Everything that was charged besides the goods, shipping too.
    charges: Vec<ChargeShape>,
    rows: Vec<RowShape>,
    fulfillments: Vec<FulfillmentShape>,
    /// Parcels of multi-channel fulfilment.
    shipments: Vec<String>,
    deleted_at: Option<String>,
    version: u64,
}

/// The sums of an order; a sum over an unknown part is null.
#[derive(Serialize, ToSchema)]
#[schema(as = Totals)]
struct TotalsShape {
    /// Rows before discount, net.
    subtotal: Option<MoneyShape>,
    /// Discounts of rows and charges, net.
    discount: Option<MoneyShape>,
    /// Shipping before discount, net.
    shipping: Option<MoneyShape>,
    /// Other charges before discount, net.
    other_charges: Option<MoneyShape>,
    /// Tax, as far as it is known; see the flag `tax_unknown`.
    tax: Option<MoneyShape>,
    total: Option<MoneyShape>,
}

/// Parts of the channel's total that are in no row and no charge: with them the two reconcile.
#[derive(Serialize, ToSchema)]
#[schema(as = LeftOut)]
struct LeftOutShape {
    /// Shipping, where the setting leaves it out.
    shipping: Option<MoneyShape>,
    cash_rounding: Option<MoneyShape>,
    /// What the channel charges more (negative: less) for rows that never change.
    not_applied: Option<MoneyShape>,
}

/// Who bought.
#[derive(Serialize, ToSchema)]
#[schema(as = Buyer)]
struct BuyerShape {
    /// Null for a buyer of a channel who is no customer of the merchant's.
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

/// A postal address; every part may be unknown.
#[derive(Serialize, ToSchema)]
#[schema(as = Address)]
struct AddressShape {
    name: Option<String>,
    company: Option<String>,
    address_line_1: Option<String>,
    address_line_2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// Where an order came from.
#[derive(Serialize, ToSchema)]
#[schema(as = Source)]
struct SourceShape {
    connection_id: String,
    channel: String,
    /// The channel's own plain id.
    channel_order_id: String,
}

/// A charge besides the goods, net of tax.
#[derive(Serialize, ToSchema)]
#[schema(as = Charge)]
struct ChargeShape {
    /// `shipping`, `gift_wrap`, `cash_on_delivery`, `tip` or `other`.
    kind: &'static str,
    /// Before discount.
    amount: Option<MoneyShape>,
    discount_amount: Option<MoneyShape>,
    /// Null is unknown.
    tax_amount: Option<MoneyShape>,
    /// After discount.
    net_amount: Option<MoneyShape>,
}

/// A row of an order. Amounts are for the whole row, net of tax.
#[derive(Serialize, ToSchema)]
#[schema(as = SalesOrderRow)]
struct RowShape {
    id: String,
    sku: String,
    /// The SKU as the channel spelled it, where that is another one.
    channel_sku: Option<String>,
    variant_id: String,
    name: String,
    quantity: i64,
    /// Net; may have more digits than the currency.
    price_per_unit: Option<MoneyShape>,
    /// Per cent.
    discount_percent: Option<String>,
    discount_amount: Option<MoneyShape>,
    /// Per cent; null is unknown.
    tax_rate: Option<String>,
    /// Null is unknown.
    tax_amount: Option<MoneyShape>,
    /// After discount.
    net_amount: Option<MoneyShape>,
    location_id: Option<String>,
    status: &'static str,
    delivered_quantity: i64,
    invoiced: bool,
    batch_transactions: Vec<BatchTransaction>,
    serial_numbers: Vec<String>,
    /// What else the channel told, such as serial numbers without a record.
    attributes: BTreeMap<String, String>,
    /// Null if none is made for it, or the one that was is not linked any more.
    manufacturing_order_id: Option<String>,
}

/// Units taken out of a batch.
#[derive(Serialize, ToSchema)]
struct BatchTransaction {
    batch_number: String,
    quantity: i64,
}

/// What was packed or delivered.
#[derive(Serialize, ToSchema)]
#[schema(as = Fulfillment)]
pub(crate) struct FulfillmentShape {
    id: String,
    /// `packed` or `delivered`.
    status: &'static str,
    rows: Vec<FulfillmentRowShape>,
    tracking: Option<TrackingShape>,
    /// When it shipped.
    shipped_at: String,
    created_at: String,
    /// Who made it: `weir` or `channel`.
    source: &'static str,
}

/// A row's part of a fulfillment.
#[derive(Serialize, ToSchema)]
#[schema(as = FulfillmentRow)]
struct FulfillmentRowShape {
    row_id: String,
    sku: Option<String>,
    quantity: i64,
    batch_transactions: Vec<BatchTransaction>,
    serial_numbers: Vec<String>,
}

/// A parcel's tracking.
#[derive(Serialize, ToSchema)]
#[schema(as = Tracking)]
struct TrackingShape {
    number: Option<String>,
    carrier: Option<String>,
    url: Option<String>,
}

/// The order with its people.
pub(super) fn shape(view: OrderView) -> OrderShape {
    let (order, person) = (&view.order, &view.person);
    let currency = order.currency;
    let buyer = match &view.customer {
        Some(customer) => Some(BuyerShape {
            id: Some(customer.id.to_string()),
            name: Some(customer.name.clone()),
            email: customer.email.clone(),
        }),
        None if person.name.is_none() && person.email.is_none() => None,
        None => Some(BuyerShape { id: None, name: person.name.clone(), email: person.email.clone() }),
    };
    OrderShape {
        id: order.id.to_string(),
        order_no: order.order_no.clone(),
        status: order.status.as_str(),
        fulfillment_state: None,
        currency: currency.map(Currency::code),
        totals: totals(&order.totals(), currency),
        base_total: order.base_total.map(MoneyShape::from),
        exchange_rate: order.exchange_rate.map(rate),
        flags: order.flags.iter().map(|flag| flag.as_str()).collect(),
        channel_total: order.channel_total.map(MoneyShape::from),
        left_out: left_out(order),
        customer: buyer,
        customer_ref: order.customer_ref.clone(),
        billing_address: person.billing.as_ref().map(address),
        shipping_address: person.shipping.as_ref().map(address),
        order_created_date: time(order.ordered_at),
        delivery_date: order.delivery_date.map(time),
        source: order.source.as_ref().map(source),
        shipping_fee: order
            .charges
            .iter()
            .find(|charge| charge.kind == ChargeKind::Shipping)
            .map(|shipping| charge(shipping, currency)),
        charges: order.charges.iter().map(|one| charge(one, currency)).collect(),
        rows: order.rows.iter().map(|one| row(one, order, &view.made)).collect(),
        fulfillments: order.fulfillments.iter().map(|one| fulfillment(one, order)).collect(),
        shipments: Vec::new(),
        deleted_at: order.deleted_at.map(time),
        version: view.version,
    }
}

fn left_out(order: &SalesOrder) -> LeftOutShape {
    let part = |part: LeftOut| money(order.left_out.get(&part).copied(), order.currency);
    LeftOutShape {
        shipping: part(LeftOut::Shipping),
        cash_rounding: part(LeftOut::CashRounding),
        not_applied: part(LeftOut::NotApplied),
    }
}

fn totals(totals: &Totals, currency: Option<Currency>) -> TotalsShape {
    TotalsShape {
        subtotal: money(totals.subtotal, currency),
        discount: money(Some(totals.discount), currency),
        shipping: money(Some(totals.shipping), currency),
        other_charges: money(Some(totals.other_charges), currency),
        tax: money(Some(totals.tax), currency),
        total: money(totals.total, currency),
    }
}

fn address(address: &Address) -> AddressShape {
    AddressShape {
        name: address.name.clone(),
        company: address.company.clone(),
        address_line_1: address.line_1.clone(),
        address_line_2: address.line_2.clone(),
        city: address.city.clone(),
        state: address.state.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
        phone: address.phone.clone(),
        email: address.email.clone(),
    }
}

fn source(source: &Source) -> SourceShape {
    SourceShape {
        connection_id: source.connection.to_string(),
        channel: source.channel.to_string(),
        channel_order_id: source.channel_order_id.to_string(),
    }
}

fn charge(charge: &Charge, currency: Option<Currency>) -> ChargeShape {
    ChargeShape {
        kind: charge.kind.as_str(),
        amount: money(Some(charge.amount), currency),
        discount_amount: money(Some(charge.discount), currency),
        tax_amount: money(charge.tax, currency),
        net_amount: money(Some(charge.amount - charge.discount), currency),
    }
}

fn row(row: &Row, order: &SalesOrder, made: &[ManufacturingOrder]) -> RowShape {
    let currency = order.currency;
    let amount = |amount: Option<Decimal>| money(amount, currency);
    let taken = || order.fulfillments.iter().flat_map(|one| &one.rows).filter(|part| part.row == row.id);
    RowShape {
        id: row.id.in_order(&order.id),
        sku: row.sku.to_string(),
        channel_sku: row.channel_sku.clone(),
        variant_id: row.variant.to_string(),
        name: row.name.clone(),
        quantity: row.quantity,
        price_per_unit: amount(row.price_per_unit),
        discount_percent: row.discount_percent().map(rate),
        discount_amount: amount(Some(row.discount)),
        tax_rate: row.tax_rate.map(rate),
        tax_amount: amount(row.tax),
        net_amount: amount(row.net()),
        location_id: row.location.as_ref().map(ToString::to_string),
        status: row.status.as_str(),
        delivered_quantity: row.delivered_quantity,
        invoiced: row.invoiced,
        batch_transactions: transactions(taken().flat_map(|part| &part.batches)),
        serial_numbers: taken().flat_map(|part| part.serial_numbers.iter().cloned()).collect(),
        attributes: row.attributes.clone(),
        manufacturing_order_id: made
            .iter()
            .find(|made| made.row.as_ref() == Some(&row.id))
            .map(|made| made.id.to_string()),
    }
}

/// What was taken of each batch, all parcels together.
fn transactions<'a>(takes: impl Iterator<Item = &'a BatchTake>) -> Vec<BatchTransaction> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for take in takes {
        *sums.entry(&take.number).or_default() += take.quantity;
    }
    sums.into_iter()
        .map(|(number, quantity)| BatchTransaction { batch_number: number.to_owned(), quantity })
        .collect()
}

/// A fulfillment of an order.
pub(super) fn fulfillment(fulfillment: &Fulfillment, order: &SalesOrder) -> FulfillmentShape {
    let skus: BTreeMap<_, _> = order.rows.iter().map(|row| (&row.id, &row.sku)).collect();
    let rows = fulfillment.rows.iter().map(|part| FulfillmentRowShape {
        row_id: part.row.in_order(&order.id),
        sku: skus.get(&part.row).map(ToString::to_string),
        quantity: part.quantity,
        batch_transactions: transactions(part.batches.iter()),
        serial_numbers: part.serial_numbers.clone(),
    });
    FulfillmentShape {
        id: fulfillment.id.to_string(),
        status: fulfillment.status.as_str(),
        rows: rows.collect(),
        tracking: fulfillment.tracking.as_ref().map(|tracking| TrackingShape {
            number: tracking.number.clone(),
            carrier: tracking.carrier.clone(),
            url: tracking.url.clone(),
        }),
        shipped_at: time(fulfillment.shipped_at),
        created_at: time(fulfillment.created_at),
        source: fulfillment.by.as_str(),
    }
}
