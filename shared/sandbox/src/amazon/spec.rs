//! What a test, a world or the demo says of sellers and orders. Amounts are whole numbers of the
//! currency's smallest unit (cents, yen), for a whole line unless they say otherwise.

use super::marketplaces::Marketplace;

/// A seller who authorized an application. The same seller may be registered again, with another
/// refresh token or application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerSpec {
    /// Amazon's id of the seller.
    pub seller_id: String,
    /// What the application was given.
    pub refresh_token: String,
    /// The application.
    pub client_id: String,
    /// Ids of the marketplaces the seller sells on.
    pub marketplaces: Vec<String>,
}

/// An order to be placed, and what it is at any time later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSpec {
    /// Its id; one is made if there is none.
    pub order_id: Option<String>,
    /// Where it was sold. A non-Amazon order bears the one it is shipped in.
    pub marketplace: &'static Marketplace,
    /// Who sold it.
    pub sold_on: SoldOn,
    /// Who ships it.
    pub fulfilled_by: FulfilledBy,
    /// Its first status.
    pub status: Status,
    /// Whether it is for a company.
    pub business: bool,
    /// What Amazon tells of the buyer.
    pub buyer: Option<BuyerSpec>,
    /// What Amazon tells of tax.
    pub tax: Tax,
    /// Whether the tax that a discount saves is shown on its own. Then the tax of the items is that
    /// before the discount.
    pub discount_tax: bool,
    /// Its lines.
    pub lines: Vec<LineSpec>,
    /// What is wrong with how it is written.
    pub quirks: Vec<Quirk>,
}

/// Who sold an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoldOn {
    /// Amazon.
    Amazon,
    /// Somebody else: Amazon was only asked to ship it (multi-channel fulfilment).
    NonAmazon {
        /// The number under which the seller asked.
        seller_order_id: Option<String>,
    },
}

/// Who ships an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FulfilledBy {
    /// Amazon (FBA).
    Amazon,
    /// The seller.
    Merchant,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A pre-order.
    PendingAvailability,
    /// Not paid yet. Amounts are not told.
    Pending,
    /// Paid, nothing shipped.
    Unshipped,
    /// Some has shipped.
    PartiallyShipped,
    /// All has shipped.
    Shipped,
    /// Cancelled.
    Cancelled,
    /// Amazon cannot ship it (non-Amazon orders only).
    Unfulfillable,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::PendingAvailability,
        Self::Pending,
        Self::Unshipped,
        Self::PartiallyShipped,
        Self::Shipped,
        Self::Cancelled,
        Self::Unfulfillable,
    ];

    /// The word of Orders 2026-01-01.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::PendingAvailability => "PENDING_AVAILABILITY",
            Self::Pending => "PENDING",
            Self::Unshipped => "UNSHIPPED",
            Self::PartiallyShipped => "PARTIALLY_SHIPPED",
            Self::Shipped => "SHIPPED",
            Self::Cancelled => "CANCELLED",
            Self::Unfulfillable => "UNFULFILLABLE",
        }
    }

    /// The word of Orders v0 and of notifications.
    #[must_use]
    pub const fn word_v0(self) -> &'static str {
        match self {
            Self::PendingAvailability => "PendingAvailability",
            Self::Pending => "Pending",
            Self::Unshipped => "Unshipped",
            Self::PartiallyShipped => "PartiallyShipped",
            Self::Shipped => "Shipped",
            Self::Cancelled => "Canceled",
            Self::Unfulfillable => "Unfulfillable",
        }
    }
}

/// What Amazon tells of an order's tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tax {
    /// Comes on top of the amounts: ITEM + SHIPPING + GIFT_WRAP − DISCOUNT + TAX is the total, as in
    /// Amazon's published example.
    Excluded,
    /// Is within the amounts, and told: the total is the same sum without TAX.
    Included,
    /// Is not told at all; the total is the sum without it.
    Hidden,
}

/// What Amazon tells of a buyer. Phone and e-mail are told for orders that the seller ships only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuyerSpec {
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// The buyer's own purchase order number.
    pub purchase_order: Option<String>,
    /// Street.
    pub line_1: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country, ISO 3166-1.
    pub country: Option<String>,
    /// Phone.
    pub phone: Option<String>,
}

impl BuyerSpec {
    /// What is left of the buyer of an FBA order: the place. (API-FACTS §1.3)
    #[must_use]
    pub fn place(marketplace: &Marketplace) -> Self {
        let (city, state, postal_code) = marketplace.place;
        Self {
            city: Some(city.to_owned()),
            state: (!state.is_empty()).then(|| state.to_owned()),
            postal_code: Some(postal_code.to_owned()),
            country: Some(marketplace.country.to_owned()),
            ..Self::default()
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSpec {
    /// The seller's SKU.
    pub sku: String,
    /// The title.
    pub title: String,
    /// Ordered units.
    pub quantity: u32,
    /// Price of one unit.
    pub unit_price: i64,
    /// Shipping charged for the line.
    pub shipping: i64,
    /// Gift wrap charged for the line.
    pub gift_wrap: i64,
    /// Discount on the items.
    pub discount: i64,
    /// Discount on shipping.
    pub shipping_discount: i64,
    /// Tax in hundredths of a per cent; none is an item without tax data.
    pub tax_rate: Option<u32>,
    /// Serial numbers; they are told once the line has shipped.
    pub serial_numbers: Vec<String>,
}

impl LineSpec {
    /// A line without extras.
    #[must_use]
    pub fn new(sku: &str, quantity: u32, unit_price: i64) -> Self {
        Self {
            sku: sku.to_owned(),
            title: format!("Product {sku}"),
            quantity,
            unit_price,
            shipping: 0,
            gift_wrap: 0,
            discount: 0,
            shipping_discount: 0,
            tax_rate: None,
            serial_numbers: Vec::new(),
        }
    }

    /// With tax, in hundredths of a per cent (1900 is 19 %).
    #[must_use]
    pub fn taxed(mut self, rate: u32) -> Self {
        self.tax_rate = Some(rate);
        self
    }

    /// With serial numbers.
    #[must_use]
    pub fn serials<'a>(mut self, numbers: impl IntoIterator<Item = &'a str>) -> Self {
        self.serial_numbers = numbers.into_iter().map(ToOwned::to_owned).collect();
        self
    }
}

impl OrderSpec {
    /// A paid FBA order with tax as its marketplace has it, of a buyer of whom the place is told.
    #[must_use]
    pub fn new(marketplace: &'static Marketplace, lines: Vec<LineSpec>) -> Self {
        Self {
            order_id: None,
            marketplace,
            sold_on: SoldOn::Amazon,
            fulfilled_by: FulfilledBy::Amazon,
            status: Status::Unshipped,
            business: false,
            buyer: Some(BuyerSpec::place(marketplace)),
            tax: if marketplace.tax_included { Tax::Included } else { Tax::Excluded },
            discount_tax: false,
            lines,
            quirks: Vec::new(),
        }
    }

    /// A non-Amazon order, with the number under which the seller asked for it.
    #[must_use]
    pub fn non_amazon(
        marketplace: &'static Marketplace,
        seller_order_id: Option<&str>,
        lines: Vec<LineSpec>,
    ) -> Self {
        let sold_on = SoldOn::NonAmazon { seller_order_id: seller_order_id.map(ToOwned::to_owned) };
        Self { sold_on, ..Self::new(marketplace, lines) }
    }

    /// With one more thing wrong.
    #[must_use]
    pub fn quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    pub(super) fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

/// Something wrong with how an order is written. `heal` takes them all away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// No money at all.
    NoMoney,
    /// The first line has no price; the order has its total.
    NoLinePrice,
    /// Quantities are strings and amounts are numbers.
    NumbersAsStrings,
    /// The amounts of the first line are no numbers ("12,34 EUR").
    BadMoney,
    /// The currency is a word that is no currency.
    BadCurrency,
    /// The order's total is one smallest unit above the sum of its parts.
    TotalOff,
    /// Discounts are negative.
    NegativeDiscount,
    /// The first line has a charge of a kind that is not documented.
    UnknownCharge,
    /// The status is a word that is not documented.
    UnknownStatus,
    /// Who ships it is a word that is not documented.
    UnknownFulfiller,
    /// Who sold it is a word that is not documented.
    UnknownSalesChannel,
    /// Words and fields that are not documented where they do no harm.
    UnknownExtras,
    /// No buyer and no recipient.
    NoBuyer,
    /// No marketplace.
    NoMarketplace,
    /// Optional fields are there, and null.
    Nulls,
    /// Titles with markup, quotes, emoji and control characters.
    OddText,
    /// The first line has no SKU.
    NoSku,
    /// The first line's quantity is negative.
    NegativeQuantity,
    /// The object ends after its times.
    Truncated,
    /// The items are an object instead of a list.
    ItemsNotAList,
    /// No time of the last update.
    NoUpdateTime,
    /// No id: nobody can tell which order it is.
    NoOrderId,
    /// The element of the list is a text instead of an object.
    NotAnObject,
}

impl Quirk {
    /// Every quirk.
    pub const ALL: [Self; 23] = [
        Self::NoMoney,
        Self::NoLinePrice,
        Self::NumbersAsStrings,
        Self::BadMoney,
        Self::BadCurrency,
        Self::TotalOff,
        Self::NegativeDiscount,
        Self::UnknownCharge,
        Self::UnknownStatus,
        Self::UnknownFulfiller,
        Self::UnknownSalesChannel,
        Self::UnknownExtras,
        Self::NoBuyer,
        Self::NoMarketplace,
        Self::Nulls,
        Self::OddText,
        Self::NoSku,
        Self::NegativeQuantity,
        Self::Truncated,
        Self::ItemsNotAList,
        Self::NoUpdateTime,
        Self::NoOrderId,
        Self::NotAnObject,
    ];
}
