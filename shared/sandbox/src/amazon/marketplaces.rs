//! Amazon's marketplaces, as far as the sandbox knows them: ids, currencies, and whether prices
//! shown to a buyer include tax there.

/// A group of marketplaces with one host, one authorization and its own rate limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// `sellingpartnerapi-na`.
    NorthAmerica,
    /// `sellingpartnerapi-eu`.
    Europe,
    /// `sellingpartnerapi-fe`.
    FarEast,
}

impl Region {
    /// The region of a host name, if it says one.
    pub(super) fn of_address(address: &str) -> Option<Self> {
        let host = address.split_once("://").map_or(address, |(_, rest)| rest);
        let host = host.split(['/', '?', '#']).next().unwrap_or(host);
        [("api-na.", Self::NorthAmerica), ("api-eu.", Self::Europe), ("api-fe.", Self::FarEast)]
            .into_iter()
            .find_map(|(part, region)| host.contains(part).then_some(region))
    }
}

/// A marketplace.
#[derive(Debug, PartialEq, Eq)]
pub struct Marketplace {
    /// Amazon's id.
    pub id: &'static str,
    /// The shop's name.
    pub name: &'static str,
    /// Where it belongs.
    pub region: Region,
    /// ISO 3166-1.
    pub country: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// Digits after the point of the currency's smallest unit.
    pub digits: u32,
    /// Whether prices include tax.
    pub tax_included: bool,
    /// First part of an order id.
    pub(super) order_prefix: u16,
    /// A place to send orders to: city, state, postal code.
    pub(super) place: (&'static str, &'static str, &'static str),
}

/// United States.
pub static US: Marketplace = Marketplace {
    id: "ATVPDKIKX0DER",
    name: "Amazon.com",
    region: Region::NorthAmerica,
    country: "US",
    currency: "USD",
    digits: 2,
    tax_included: false,
    order_prefix: 113,
    place: ("Seattle", "WA", "98109"),
};
/// Canada.
pub static CA: Marketplace = Marketplace {
    id: "A2EUQ1WTGCTBG2",
    name: "Amazon.ca",
    region: Region::NorthAmerica,
    country: "CA",
    currency: "CAD",
    digits: 2,
    tax_included: false,
    order_prefix: 701,
    place: ("Toronto", "ON", "M5V 2T6"),
};
/// United Kingdom.
pub static UK: Marketplace = Marketplace {
    id: "A1F83G8C2ARO7P",
    name: "Amazon.co.uk",
    region: Region::Europe,
    country: "GB",
    currency: "GBP",
    digits: 2,
    tax_included: true,
    order_prefix: 202,
    place: ("Manchester", "England", "M1 2AB"),
};
/// Germany.
pub static DE: Marketplace = Marketplace {
    id: "A1PA6795UKMFR9",
    name: "Amazon.de",
    region: Region::Europe,
    country: "DE",
    currency: "EUR",
    digits: 2,
    tax_included: true,
    order_prefix: 303,
    place: ("Köln", "Nordrhein-Westfalen", "50667"),
};
/// France.
pub static FR: Marketplace = Marketplace {
    id: "A13V1IB3VIYZZH",
    name: "Amazon.fr",
    region: Region::Europe,
    country: "FR",
    currency: "EUR",
    digits: 2,
    tax_included: true,
    order_prefix: 402,
    place: ("Lyon", "", "69001"),
};
/// Japan.
pub static JP: Marketplace = Marketplace {
    id: "A1VC38T7YXB528",
    name: "Amazon.co.jp",
    region: Region::FarEast,
    country: "JP",
    currency: "JPY",
    digits: 0,
    tax_included: true,
    order_prefix: 249,
    place: ("横浜市", "神奈川県", "220-0012"),
};

impl Marketplace {
    /// Every marketplace that the sandbox knows.
    pub const ALL: [&'static Self; 6] = [&US, &CA, &UK, &DE, &FR, &JP];

    /// The marketplace of an id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|marketplace| marketplace.id == id)
    }
}
