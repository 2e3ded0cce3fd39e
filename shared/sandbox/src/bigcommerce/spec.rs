//! What is ordered in a store, and how the store is set up. Amounts are in the smallest unit of the currency
//! that is paid in, as the store enters its prices: with tax or without.

/// A store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSpec {
    /// Its hash.
    pub hash: String,
    /// Its name.
    pub name: String,
    /// The token of its application.
    pub access_token: String,
    /// What its hooks are signed with; not signed at all if empty.
    pub client_secret: String,
    /// Its own currency, and how many digits that has after the point.
    pub currency: (&'static str, u32),
    /// Whether its prices are entered with tax.
    pub prices_include_tax: bool,
    /// The names of its locations; the first has id 1.
    pub locations: Vec<String>,
    /// Calls that a window of 30 seconds grants.
    pub quota: u32,
}

impl StoreSpec {
    /// A store in dollars, whose prices are without tax, on the smallest plan.
    #[must_use]
    pub fn new(hash: &str, access_token: &str, client_secret: &str) -> Self {
        Self {
            hash: hash.to_owned(),
            name: format!("Store {hash}"),
            access_token: access_token.to_owned(),
            client_secret: client_secret.to_owned(),
            currency: ("USD", 2),
            prices_include_tax: false,
            locations: vec!["Main".to_owned()],
            quota: 150,
        }
    }
}

/// What a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// A product of the catalogue.
    Physical,
    /// One that is downloaded.
    Digital,
    /// One that was typed in for the order.
    Custom,
    /// A gift certificate.
    GiftCertificate,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSpec {
    /// Its SKU; may be empty.
    pub sku: String,
    /// Its title.
    pub name: String,
    /// What it is of.
    pub kind: ProductKind,
    /// Units.
    pub quantity: i64,
    /// The price of one.
    pub price: i64,
    /// Its tax, in hundredths of a per cent.
    pub tax: i64,
    /// What is off the line itself.
    pub discount: i64,
    /// What was chosen, by name and value.
    pub options: Vec<(String, String)>,
    /// Which of the order's addresses it goes to.
    pub address: usize,
}

impl LineSpec {
    /// Some units of a product, without tax.
    #[must_use]
    pub fn new(sku: &str, quantity: i64, price: i64) -> Self {
        Self {
            sku: sku.to_owned(),
            name: if sku.is_empty() { "A thing".to_owned() } else { sku.to_owned() },
            kind: ProductKind::Physical,
            quantity,
            price,
            tax: 0,
            discount: 0,
            options: Vec::new(),
            address: 0,
        }
    }

    /// With a tax, in hundredths of a per cent.
    #[must_use]
    pub fn taxed(self, tax: i64) -> Self {
        Self { tax, ..self }
    }
}

/// A coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponSpec {
    /// What the buyer typed.
    pub code: String,
    /// What it takes off.
    pub amount: i64,
    /// Whether it is for shipping alone.
    pub is_for_shipping: bool,
}

/// A buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuyerSpec {
    /// The id of his account; guests have none.
    pub customer: Option<u64>,
    /// First and last name.
    pub name: (String, String),
    /// His address of e-mail.
    pub email: String,
    /// Street and number, one for each address that goods go to.
    pub streets: Vec<String>,
}

impl Default for BuyerSpec {
    fn default() -> Self {
        Self {
            customer: None,
            name: ("Jane".to_owned(), "Roe".to_owned()),
            email: "jane@example.com".to_owned(),
            streets: vec!["1 High Street".to_owned()],
        }
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSpec {
    /// Its lines.
    pub lines: Vec<LineSpec>,
    /// The status it comes with.
    pub status: i64,
    /// Who buys.
    pub buyer: BuyerSpec,
    /// What shipping costs, and its tax in hundredths of a per cent.
    pub shipping: (i64, i64),
    /// What handling costs, without tax.
    pub handling: i64,
    /// What gift wrapping costs, without tax.
    pub wrapping: i64,
    /// A fee, without tax.
    pub fee: i64,
    /// What is off the order as a whole.
    pub discount: i64,
    /// Coupons.
    pub coupons: Vec<CouponSpec>,
    /// What was paid with store credit.
    pub store_credit: i64,
    /// The currency that is paid in, its digits after the point, and how many of it one of the store's own
    /// buys, in millionths; the store's own if `None`.
    pub paid_in: Option<(&'static str, u32, i64)>,
    /// The location where it is picked up, by its id; shipped if `None`.
    pub pickup: Option<u64>,
    /// Whether the store tells discounts at the lines, or of the order alone.
    pub spreads_discounts: bool,
}

impl OrderSpec {
    /// A paid order that is shipped for nothing.
    #[must_use]
    pub fn new(lines: Vec<LineSpec>) -> Self {
        Self {
            lines,
            status: super::status::AWAITING_FULFILLMENT,
            buyer: BuyerSpec::default(),
            shipping: (0, 0),
            handling: 0,
            wrapping: 0,
            fee: 0,
            discount: 0,
            coupons: Vec::new(),
            store_credit: 0,
            paid_in: None,
            pickup: None,
            spreads_discounts: true,
        }
    }
}
