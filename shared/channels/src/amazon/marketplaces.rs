//! Amazon's marketplaces: where each is served, and whether its prices include tax.

/// Where a marketplace's API is served. A seller has one account, one token and one set of rate
/// limits in each region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    /// North America, and Brazil.
    NorthAmerica,
    /// Europe, the Middle East, Africa and India.
    Europe,
    /// The Far East and Australia.
    FarEast,
}

impl Region {
    /// Amazon's word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NorthAmerica => "na",
            Self::Europe => "eu",
            Self::FarEast => "fe",
        }
    }

    /// The address of its API. Source: developer-docs.amazon.com/sp-api/docs/sp-api-endpoints.
    pub(super) const fn host(self) -> &'static str {
        match self {
            Self::NorthAmerica => "https://sellingpartnerapi-na.amazon.com",
            Self::Europe => "https://sellingpartnerapi-eu.amazon.com",
            Self::FarEast => "https://sellingpartnerapi-fe.amazon.com",
        }
    }
}

/// A marketplace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marketplace {
    /// Amazon's id.
    pub(super) id: &'static str,
    /// ISO 3166-1 alpha-2.
    pub(super) country: &'static str,
    /// How people call it.
    pub(super) name: &'static str,
    /// Where it is served.
    pub(super) region: Region,
    /// What its buyers pay in.
    pub(super) currency: &'static str,
    /// Whether the prices that buyers see, and so the amounts of its orders, include tax.
    pub(super) prices_include_tax: bool,
}

/// Every marketplace that the Selling Partner API serves.
///
/// Ids, countries and regions: developer-docs.amazon.com/sp-api/docs/marketplace-ids and
/// …/sp-api-endpoints. Whether prices include tax is written in no API document. It follows the law
/// on displayed prices: sales tax is added at checkout in the USA and Canada, and consumers elsewhere
/// are shown prices with VAT, GST or consumption tax (for v0 confirmed by
/// selling-partner-api-models#4858: "it is the total including tax"). (SPEC KF-06)
pub(super) const MARKETPLACES: &[Marketplace] = &[
    added("ATVPDKIKX0DER", "US", "Amazon.com", Region::NorthAmerica, "USD"),
    added("A2EUQ1WTGCTBG2", "CA", "Amazon.ca", Region::NorthAmerica, "CAD"),
    included("A1AM78C64UM0Y8", "MX", "Amazon.com.mx", Region::NorthAmerica, "MXN"),
    included("A2Q3Y263D00KWC", "BR", "Amazon.com.br", Region::NorthAmerica, "BRL"),
    included("A1F83G8C2ARO7P", "GB", "Amazon.co.uk", Region::Europe, "GBP"),
    included("A1PA6795UKMFR9", "DE", "Amazon.de", Region::Europe, "EUR"),
    included("A13V1IB3VIYZZH", "FR", "Amazon.fr", Region::Europe, "EUR"),
    included("APJ6JRA9NG5V4", "IT", "Amazon.it", Region::Europe, "EUR"),
    included("A1RKKUPIHCS9HS", "ES", "Amazon.es", Region::Europe, "EUR"),
    included("A1805IZSGTT6HS", "NL", "Amazon.nl", Region::Europe, "EUR"),
    included("AMEN7PMS3EDWL", "BE", "Amazon.com.be", Region::Europe, "EUR"),
    included("A28R8C7NBKEWEA", "IE", "Amazon.ie", Region::Europe, "EUR"),
    included("A2NODRKZP88ZB9", "SE", "Amazon.se", Region::Europe, "SEK"),
    included("A1C3SOZRARQ6R3", "PL", "Amazon.pl", Region::Europe, "PLN"),
    included("A33AVAJ2PDY3EV", "TR", "Amazon.com.tr", Region::Europe, "TRY"),
    included("A2VIGQ35RCS4UG", "AE", "Amazon.ae", Region::Europe, "AED"),
    included("A17E79C6D8DWNP", "SA", "Amazon.sa", Region::Europe, "SAR"),
    included("ARBP9OOSHTCHU", "EG", "Amazon.eg", Region::Europe, "EGP"),
    included("AE08WJ6YKNBMC", "ZA", "Amazon.co.za", Region::Europe, "ZAR"),
    included("A21TJRUUN4KGV", "IN", "Amazon.in", Region::Europe, "INR"),
    included("A1VC38T7YXB528", "JP", "Amazon.co.jp", Region::FarEast, "JPY"),
    included("A39IBJ37TRP1C6", "AU", "Amazon.com.au", Region::FarEast, "AUD"),
    included("A19VAU5U5O7RUS", "SG", "Amazon.sg", Region::FarEast, "SGD"),
];

/// A marketplace that adds tax at checkout.
const fn added(
    id: &'static str,
    country: &'static str,
    name: &'static str,
    region: Region,
    currency: &'static str,
) -> Marketplace {
    Marketplace { id, country, name, region, currency, prices_include_tax: false }
}

/// A marketplace whose prices include tax.
const fn included(
    id: &'static str,
    country: &'static str,
    name: &'static str,
    region: Region,
    currency: &'static str,
) -> Marketplace {
    Marketplace { id, country, name, region, currency, prices_include_tax: true }
}

/// The marketplace of an id.
pub(super) fn find(id: &str) -> Option<&'static Marketplace> {
    MARKETPLACES.iter().find(|marketplace| marketplace.id == id)
}
