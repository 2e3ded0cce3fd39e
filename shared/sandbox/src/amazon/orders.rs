//! An order in the words of Orders 2026-01-01, with the parts that were asked for and no others.

use jiff::{SignedDuration, Timestamp};

use super::{
    json::Json,
    money::{self, Names},
    query::{BadInput, Query},
    spec::{FulfilledBy, OrderSpec, Quirk, SoldOn, Status},
    truth::{LineAmounts, OrderState, TruthOrder},
};

/// The datasets that a caller asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Included(u16);

const DATASETS: [&str; 11] = [
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
];

impl Included {
    const BUYER: Self = Self(1);
    const RECIPIENT: Self = Self(1 << 1);
    const PROCEEDS: Self = Self(1 << 2);
    const PROMOTION: Self = Self(1 << 4);
    const CANCELLATION: Self = Self(1 << 5);
    const FULFILLMENT: Self = Self(1 << 6);
    const TAX: Self = Self(1 << 8);
    const PAYMENT: Self = Self(1 << 9);

    pub(super) fn of(query: &Query) -> Result<Self, BadInput> {
        let mut bits = 0;
        for word in query.list("includedData") {
            let found = DATASETS.iter().position(|dataset| *dataset == word);
            bits |=
                1 << found.ok_or_else(|| BadInput::new("includedData has a value that is not allowed"))?;
        }
        Ok(Self(bits))
    }

    const fn has(self, dataset: Self) -> bool {
        self.0 & dataset.0 != 0
    }
}

/// Writes one order.
pub(super) fn write(json: &mut Json, order: &TruthOrder, state: &OrderState, included: Included) {
    if state.spec.is(Quirk::NotAnObject) {
        json.text(&order.id);
        return;
    }
    json.object(|json| {
        if !state.spec.is(Quirk::NoOrderId) {
            json.field_text("orderId", &order.id);
        }
        aliases(json, &state.spec);
        json.field_time("createdTime", order.created_at);
        if !state.spec.is(Quirk::NoUpdateTime) {
            json.field_time("lastUpdatedTime", state.updated_at);
        }
        if !state.spec.is(Quirk::Truncated) {
            body(json, order, state, included);
        }
    });
}

fn body(json: &mut Json, order: &TruthOrder, state: &OrderState, included: Included) {
    let spec = &state.spec;
    if spec.business || spec.is(Quirk::UnknownExtras) {
        let program = if spec.business { "AMAZON_BUSINESS" } else { "AMAZON_MOON_DELIVERY" };
        json.field_array("programs", |json| json.text(program));
    }
    if spec.is(Quirk::Nulls) {
        json.field_raw("associatedOrders", "null");
        json.field_raw("packages", "null");
    }
    if spec.is(Quirk::UnknownExtras) {
        json.field_raw("orderSentiment", "{\"mood\":[1,2.5,{\"deep\":null}]}");
    }
    sales_channel(json, spec);
    person(json, spec, included);
    if included.has(Included::PROCEEDS) && state.tells_money() {
        proceeds(json, state);
    }
    if included.has(Included::PAYMENT) && state.tells_money() {
        payment(json, state);
    }
    if included.has(Included::FULFILLMENT) {
        fulfillment(json, order.created_at, state);
    }
    if spec.is(Quirk::ItemsNotAList) {
        json.field_object("orderItems", |_| {});
    } else {
        json.field_array("orderItems", |json| {
            for line in 0..spec.lines.len() {
                item(json, &order.id, state, line, included);
            }
        });
    }
}

fn aliases(json: &mut Json, spec: &OrderSpec) {
    match &spec.sold_on {
        SoldOn::NonAmazon { seller_order_id: Some(number) } => json.field_array("orderAliases", |json| {
            json.object(|json| {
                json.field_text("aliasId", number);
                json.field_text("aliasType", "SELLER_ORDER_ID");
            });
        }),
        SoldOn::NonAmazon { seller_order_id: None } | SoldOn::Amazon => {
            if spec.is(Quirk::Nulls) {
                json.field_raw("orderAliases", "null");
            }
        }
    }
}

fn sales_channel(json: &mut Json, spec: &OrderSpec) {
    json.field_object("salesChannel", |json| {
        let name = match &spec.sold_on {
            _ if spec.is(Quirk::UnknownSalesChannel) => "AMAZON_ELSEWHERE",
            SoldOn::Amazon => "AMAZON",
            SoldOn::NonAmazon { .. } => "NON_AMAZON",
        };
        json.field_text("channelName", name);
        if !spec.is(Quirk::NoMarketplace) {
            json.field_text("marketplaceId", spec.marketplace.id);
            json.field_text("marketplaceName", spec.marketplace.name);
        }
    });
}

fn person(json: &mut Json, spec: &OrderSpec, included: Included) {
    let Some(buyer) = spec.buyer.as_ref().filter(|_| !spec.is(Quirk::NoBuyer)) else { return };
    let by_merchant = spec.fulfilled_by == FulfilledBy::Merchant;
    let text = |json: &mut Json, key: &str, value: Option<&String>| match value {
        Some(value) => json.field_text(key, value),
        None if spec.is(Quirk::Nulls) => json.field_raw(key, "null"),
        None => {}
    };
    if included.has(Included::BUYER) {
        json.field_object("buyer", |json| {
            text(json, "buyerName", buyer.name.as_ref());
            text(json, "buyerEmail", buyer.email.as_ref().filter(|_| by_merchant));
            text(json, "buyerCompanyName", buyer.company.as_ref());
            text(json, "buyerPurchaseOrderNumber", buyer.purchase_order.as_ref());
        });
    }
    if included.has(Included::RECIPIENT) {
        json.field_object("recipient", |json| {
            json.field_object("deliveryAddress", |json| {
                text(json, "name", buyer.name.as_ref());
                text(json, "companyName", buyer.company.as_ref());
                text(json, "addressLine1", buyer.line_1.as_ref());
                text(json, "city", buyer.city.as_ref());
                text(json, "stateOrRegion", buyer.state.as_ref());
                text(json, "postalCode", buyer.postal_code.as_ref());
                text(json, "countryCode", buyer.country.as_ref());
                text(json, "phone", buyer.phone.as_ref().filter(|_| by_merchant));
            });
        });
    }
}

/// The kinds of amounts, in the order Amazon's example has them.
fn parts(amounts: &LineAmounts, spec: &OrderSpec) -> [(&'static str, Option<i64>); 6] {
    let some = |amount: i64| (amount != 0).then_some(amount);
    let off = amounts.discount + amounts.shipping_discount;
    [
        ("ITEM", Some(amounts.item)),
        ("SHIPPING", some(amounts.shipping)),
        ("GIFT_WRAP", some(amounts.gift_wrap)),
        ("ECO_CONTRIBUTION", some(amounts.extra)),
        ("TAX", amounts.tax.map(|tax| tax.sum())),
        ("DISCOUNT", some(signed(off, spec))),
    ]
}

/// Discounts are told as what is taken off; or with their sign, by a quirk.
fn signed(off: i64, spec: &OrderSpec) -> i64 {
    if spec.is(Quirk::NegativeDiscount) { -off } else { off }
}

fn proceeds(json: &mut Json, state: &OrderState) {
    let spec = &state.spec;
    let mut sums: [(&str, Option<i64>); 6] = [("", None); 6];
    for line in 0..spec.lines.len() {
        for (sum, (kind, amount)) in sums.iter_mut().zip(parts(&state.amounts(line), spec)) {
            sum.0 = kind;
            sum.1 = match (sum.1, amount) {
                (Some(sum), Some(amount)) => Some(sum + amount),
                (sum, amount) => sum.or(amount),
            };
        }
    }
    let total = state.minor_total() + i64::from(spec.is(Quirk::TotalOff));
    json.field_object("proceeds", |json| {
        money::field(json, Names::New, "grandTotal", total, spec);
        json.field_array("breakdowns", |json| {
            for (kind, amount) in sums {
                let Some(amount) = amount else { continue };
                json.object(|json| {
                    json.field_text("type", kind);
                    money::field(json, Names::New, "subtotal", amount, spec);
                });
            }
        });
    });
}

fn payment(json: &mut Json, state: &OrderState) {
    json.field_object("payment", |json| {
        json.field_array("paymentExecutions", |json| {
            json.object(|json| {
                json.field_text("paymentMethod", "CreditCard");
                money::field(json, Names::New, "paymentAmount", state.minor_total(), &state.spec);
            });
        });
    });
}

fn fulfillment(json: &mut Json, created: Timestamp, state: &OrderState) {
    let spec = &state.spec;
    let days = |days: i64| created + SignedDuration::from_hours(24 * days);
    json.field_object("fulfillment", |json| {
        let status = if spec.is(Quirk::UnknownStatus) { "SHIPPED_TO_ORBIT" } else { state.status.word() };
        json.field_text("fulfillmentStatus", status);
        let by = match spec.fulfilled_by {
            _ if spec.is(Quirk::UnknownFulfiller) => "ROBOT",
            FulfilledBy::Amazon => "AMAZON",
            FulfilledBy::Merchant => "MERCHANT",
        };
        json.field_text("fulfilledBy", by);
        let level = if spec.is(Quirk::UnknownExtras) { "TELEPORT" } else { "STANDARD" };
        json.field_text("fulfillmentServiceLevel", level);
        for (window, from, to) in [("shipByWindow", 0, 1), ("deliverByWindow", 2, 4)] {
            json.field_object(window, |json| {
                json.field_time("earliestDateTime", days(from));
                json.field_time("latestDateTime", days(to));
            });
        }
    });
}

fn item(json: &mut Json, order_id: &str, state: &OrderState, line: usize, included: Included) {
    let spec = &state.spec;
    let Some(ordered) = spec.lines.get(line) else { return };
    let shipped = state.shipped.get(line).copied().unwrap_or(0);
    let first = line == 0;
    let quantity =
        i64::from(ordered.quantity) * if first && spec.is(Quirk::NegativeQuantity) { -1 } else { 1 };
    let money =
        included.has(Included::PROCEEDS) && state.tells_money() && !(first && spec.is(Quirk::NoLinePrice));
    json.object(|json| {
        json.field_text("orderItemId", &item_id(order_id, line));
        number(json, "quantityOrdered", quantity, spec);
        json.field_object("product", |json| {
            json.field_text("asin", &asin(&ordered.sku));
            if spec.is(Quirk::OddText) {
                json.field_text("title", &odd_text(&ordered.title));
            } else {
                json.field_text("title", &ordered.title);
            }
            if !(first && spec.is(Quirk::NoSku)) {
                json.field_text("sellerSku", &ordered.sku);
            }
            json.field_object("condition", |json| {
                json.field_text("conditionType", "NEW");
                json.field_text("conditionSubtype", "NEW");
            });
            if money {
                json.field_object("price", |json| {
                    money::line_field(json, Names::New, "unitPrice", ordered.unit_price, line, spec);
                });
            }
            if shipped > 0 && !ordered.serial_numbers.is_empty() {
                json.field_array("serialNumbers", |json| {
                    ordered.serial_numbers.iter().for_each(|number| json.text(number));
                });
            }
        });
        if money {
            item_proceeds(json, &state.amounts(line), line, spec);
        }
        if included.has(Included::PROMOTION) && ordered.discount + ordered.shipping_discount != 0 {
            json.field_raw("promotion", "{\"breakdowns\":[{\"promotionId\":\"WEIR-SPRING-SALE\"}]}");
        }
        if included.has(Included::CANCELLATION) && state.status == Status::Cancelled {
            json.field_raw(
                "cancellation",
                "{\"cancellationExecution\":{\"cancelledBy\":\"BUYER\",\"cancelReason\":\"NO_LONGER_NEEDED\"}}",
            );
        }
        if included.has(Included::FULFILLMENT) {
            json.field_object("fulfillment", |json| {
                number(json, "quantityFulfilled", shipped.into(), spec);
                number(json, "quantityUnfulfilled", i64::from(ordered.quantity) - i64::from(shipped), spec);
                if ordered.gift_wrap != 0 {
                    json.field_raw("packing", "{\"giftOption\":{\"giftWrapLevel\":\"PREMIUM\"}}");
                }
            });
        }
        if included.has(Included::TAX) && spec.tax == super::Tax::Excluded && ordered.tax_rate.is_some() {
            json.field_raw("tax", TAX_COLLECTION);
        }
    });
}

const TAX_COLLECTION: &str = "{\"taxCollections\":[{\"model\":\"MARKETPLACE_FACILITATOR\",\
                              \"responsibleParty\":\"Amazon Services, Inc.\"}]}";

fn item_proceeds(json: &mut Json, amounts: &LineAmounts, line: usize, spec: &OrderSpec) {
    json.field_object("proceeds", |json| {
        money::line_field(json, Names::New, "proceedsTotal", amounts.total, line, spec);
        json.field_array("breakdowns", |json| {
            for (kind, amount) in parts(amounts, spec) {
                let Some(amount) = amount else { continue };
                json.object(|json| {
                    json.field_text("type", kind);
                    money::line_field(json, Names::New, "subtotal", amount, line, spec);
                    detail(json, kind, amounts, line, spec);
                });
            }
        });
    });
}

/// What TAX and DISCOUNT are made of; other kinds have no further parts.
fn detail(json: &mut Json, kind: &str, amounts: &LineAmounts, line: usize, spec: &OrderSpec) {
    let some = |amount: i64| (amount != 0).then_some(amount);
    let details: [(&str, Option<i64>); 4] = match (kind, amounts.tax) {
        ("TAX", Some(tax)) => [
            ("ITEM", Some(tax.item)),
            ("SHIPPING", some(tax.shipping)),
            ("GIFT_WRAP", some(tax.gift_wrap)),
            ("DISCOUNT", tax.saved.map(|(item, shipping)| signed(item + shipping, spec))),
        ],
        ("DISCOUNT", _) => [
            ("ITEM", some(signed(amounts.discount, spec))),
            ("SHIPPING", some(signed(amounts.shipping_discount, spec))),
            ("", None),
            ("", None),
        ],
        (_, _) => return,
    };
    json.field_array("detailedBreakdowns", |json| {
        for (subtype, amount) in details {
            let Some(amount) = amount else { continue };
            json.object(|json| {
                json.field_text("subtype", subtype);
                money::line_field(json, Names::New, "value", amount, line, spec);
            });
        }
    });
}

/// Writes a quantity; as a string, by a quirk.
pub(super) fn number(json: &mut Json, key: &str, number: i64, spec: &OrderSpec) {
    if spec.is(Quirk::NumbersAsStrings) {
        json.field_text(key, &number.to_string());
    } else {
        json.field_number(key, number);
    }
}

/// The id of an order's line: 14 digits, as Amazon's.
pub(super) fn item_id(order_id: &str, line: usize) -> String {
    let digits: u64 = order_id
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |sum, digit| sum.wrapping_mul(31).wrapping_add(u64::from(digit)));
    format!("{:09}{:05}", digits % 1_000_000_000, line + 1)
}

/// A product number made from the SKU.
pub(super) fn asin(sku: &str) -> String {
    let sum = sku.bytes().fold(7_u64, |sum, byte| crate::dice::mix(sum ^ u64::from(byte)));
    format!("B0{:08}", sum % 100_000_000)
}

/// What a careless or hostile seller calls a product.
pub(super) fn odd_text(title: &str) -> String {
    format!("<img src=x onerror=alert(1)> =1+1 \"{title}\" \\ ' 🎁\u{7}\u{0}\u{202e}\r\n")
}
