//! What a test, a world or the demo says of shops and orders. Amounts are whole numbers of the smallest
//! unit of what the buyer pays in, for a whole line unless they say otherwise.

use jiff::Timestamp;

use super::money::{Currency, USD};

/// A shop, as it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopSpec {
    /// Its own domain, `….myshopify.com`.
    pub domain: String,
    /// What it counts in.
    pub currency: Currency,
    /// Whether its prices include tax.
    pub taxes_included: bool,
    /// Its locations; lines name them by their place in this list.
    pub locations: Vec<LocationSpec>,
    /// Points that come back in a second; twenty times as many fit. (API-FACTS §2)
    pub points_a_second: u32,
    /// Whether applications are told who the buyer is.
    pub tells_buyers: bool,
}

/// A location of a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationSpec {
    /// Its name.
    pub name: String,
    /// Whether goods still leave from it.
    pub is_active: bool,
}

impl ShopSpec {
    /// A shop on the smallest plan that counts in dollars, without tax in its prices, with one location.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            currency: USD,
            taxes_included: false,
            locations: vec![LocationSpec::new("Warehouse")],
            points_a_second: 100,
            tells_buyers: true,
        }
    }

    /// With one more location.
    #[must_use]
    pub fn location(mut self, name: &str) -> Self {
        self.locations.push(LocationSpec::new(name));
        self
    }
}

impl LocationSpec {
    /// A location that is in use.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), is_active: true }
    }
}

/// What an application may do in a shop. Without a scope Shopify withholds what it opens.
pub const ALL_SCOPES: [&str; 5] = [
    "read_orders",
    "write_merchant_managed_fulfillment_orders",
    "read_locations",
    "read_products",
    "read_returns",
];

/// An order to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSpec {
    /// Its id; one is made if there is none. Ids above 2^53 are ids as well. Its parts have ids made of
    /// its last twelve digits, in which no two orders may be alike.
    pub order_id: Option<u64>,
    /// The number that people see; one is made if there is none.
    pub name: Option<String>,
    /// What the buyer pays in; the shop's own if there is none.
    pub currency: Option<Currency>,
    /// What one of the buyer's is worth in the shop's, in millionths.
    pub rate: i64,
    /// Its lines.
    pub lines: Vec<LineSpec>,
    /// What is off the whole order, shared out over the lines.
    pub discount: i64,
    /// Shipping.
    pub shipping: Option<ShippingSpec>,
    /// A tip: Shopify tells it as a sum and as a line.
    pub tip: i64,
    /// Duties, on top of the prices.
    pub duties: i64,
    /// Fees besides.
    pub fees: i64,
    /// What cash made more (or less, below zero) of the total.
    pub cash_rounding: i64,
    /// How it is paid.
    pub payment: PaymentSpec,
    /// How goods get to the buyer.
    pub delivery: Delivery,
    /// When it is to be shipped, if that is later than at once.
    pub fulfill_at: Option<Timestamp>,
    /// Whether it is a trial.
    pub is_test: bool,
    /// Where it was sold.
    pub source: String,
    /// The buyer's own purchase order number.
    pub purchase_order: Option<String>,
    /// What it is marked with.
    pub tags: Vec<String>,
    /// The buyer.
    pub buyer: Option<BuyerSpec>,
}

impl OrderSpec {
    /// A paid order to be shipped, without anything besides, by a buyer with a name.
    #[must_use]
    pub fn new(lines: Vec<LineSpec>) -> Self {
        Self {
            order_id: None,
            name: None,
            currency: None,
            rate: 1_000_000,
            lines,
            discount: 0,
            shipping: None,
            tip: 0,
            duties: 0,
            fees: 0,
            cash_rounding: 0,
            payment: PaymentSpec::Paid,
            delivery: Delivery::Shipping,
            fulfill_at: None,
            is_test: false,
            source: "web".to_owned(),
            purchase_order: None,
            tags: Vec::new(),
            buyer: Some(BuyerSpec::default()),
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSpec {
    /// The SKU; many products have none.
    pub sku: Option<String>,
    /// The title.
    pub title: String,
    /// Ordered units.
    pub quantity: i64,
    /// The price of one unit.
    pub unit_price: i64,
    /// What is off the line.
    pub discount: i64,
    /// Its taxes, each with its rate in hundredths of a per cent.
    pub taxes: Vec<(String, i64)>,
    /// Where it leaves from: a place in the shop's list of locations.
    pub location: usize,
    /// Whether it has to be shipped.
    pub requires_shipping: bool,
    /// Whether it is a gift card.
    pub is_gift_card: bool,
    /// What it is of.
    pub product: ProductSpec,
    /// What the buyer wrote or chose.
    pub properties: Vec<(String, String)>,
}

/// What a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductSpec {
    /// A product of the shop.
    Known,
    /// Typed in for this order: Shopify tells neither product nor variant nor vendor.
    Custom,
    /// A product that was deleted since: Shopify tells its vendor alone.
    Deleted,
}

impl LineSpec {
    /// A line of a product, without extras.
    #[must_use]
    pub fn new(sku: &str, quantity: i64, unit_price: i64) -> Self {
        Self {
            sku: (!sku.is_empty()).then(|| sku.to_owned()),
            title: format!("Product {sku}").trim_end().to_owned(),
            quantity,
            unit_price,
            discount: 0,
            taxes: Vec::new(),
            location: 0,
            requires_shipping: true,
            is_gift_card: false,
            product: ProductSpec::Known,
            properties: Vec::new(),
        }
    }

    /// With one more tax, in hundredths of a per cent (1900 is 19 %).
    #[must_use]
    pub fn taxed(mut self, title: &str, rate: i64) -> Self {
        self.taxes.push((title.to_owned(), rate));
        self
    }

    /// With something off.
    #[must_use]
    pub fn discounted(mut self, discount: i64) -> Self {
        self.discount = discount;
        self
    }

    /// From another location.
    #[must_use]
    pub fn from_location(mut self, location: usize) -> Self {
        self.location = location;
        self
    }
}

/// Shipping of a whole order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingSpec {
    /// Its name.
    pub title: String,
    /// Its price before discount.
    pub price: i64,
    /// What is off.
    pub discount: i64,
    /// Its tax in hundredths of a per cent, if it is taxed.
    pub tax: Option<(String, i64)>,
}

impl ShippingSpec {
    /// Shipping at a price, without discount and tax.
    #[must_use]
    pub fn new(price: i64) -> Self {
        Self { title: "Standard".to_owned(), price, discount: 0, tax: None }
    }
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentSpec {
    /// At once.
    Paid,
    /// Later.
    Pending,
    /// Reserved on the buyer's card.
    Authorized,
    /// A part at once.
    Partly(i64),
}

/// How goods get to the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A carrier brings them.
    Shipping,
    /// The buyer fetches them at the location.
    PickUp,
    /// The buyer fetches them where a carrier leaves them.
    PickupPoint,
    /// The merchant brings them.
    Local,
    /// They were handed over at the till, and are fulfilled as the order is placed.
    Retail,
}

impl Delivery {
    /// The word of `DeliveryMethodType`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Shipping => "SHIPPING",
            Self::PickUp => "PICK_UP",
            Self::PickupPoint => "PICKUP_POINT",
            Self::Local => "LOCAL",
            Self::Retail => "RETAIL",
        }
    }
}

/// A buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerSpec {
    /// The shop's id of the customer; none for one who is no customer.
    pub customer: Option<u64>,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street.
    pub line_1: String,
    /// City.
    pub city: String,
    /// State, as its code.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// Country, ISO 3166-1.
    pub country: String,
}

impl Default for BuyerSpec {
    fn default() -> Self {
        Self {
            customer: Some(7_100_000_000_001),
            name: "Robin Example".to_owned(),
            email: Some("robin@example.com".to_owned()),
            company: None,
            line_1: "1 Main Street".to_owned(),
            city: "Portland".to_owned(),
            state: Some("OR".to_owned()),
            postal_code: "97205".to_owned(),
            country: "US".to_owned(),
        }
    }
}
