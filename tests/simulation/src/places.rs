//! Who and what is in every world: two organizations, two sellers, four connections, a catalogue.

use weir_channels::channel::{Credentials, Secret};
use weir_domain::{
    Timestamp,
    ids::{ChannelName, ConnectionId, LocationId, OrganizationId, VariantId},
};

/// A connection: three are of one organization and seller, the fourth is somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Shares account, search and location with [`Place::Ca`].
    Us,
    /// As [`Place::Us`].
    Ca,
    /// The same seller in another region.
    De,
    /// Another organization.
    Uk,
}

/// The seller of the first organization.
pub const SELLER_A: &str = "A3TH9S8BH6GOGM";
/// The seller of the second.
pub const SELLER_B: &str = "A1B2C3D4E5F6G7";
/// The application.
pub const CLIENT_ID: &str = "amzn1.application-oa2-client.sim";
/// Where Amazon sends notices.
pub const QUEUE_ARN: &str = "arn:aws:sqs:eu-west-1:000000000000:notifications-amazon";

/// Words that must never be in a log, a message, an event, an error or an address: people and secrets
/// of Amazon, then those of web shops and the tokens that Shopify gives, then secrets of outlets.
pub const CANARIES: [&str; 17] = [
    "Canary Buyerson",
    "Canary Street 17",
    "Canary Holdings",
    "canary-client-secret",
    "Atzr|canary-refresh-a",
    "Atzr|canary-refresh-b",
    "Canary Shopper",
    "canary@shop.example",
    "Canary Lane 5",
    "canary-secret-mugs",
    "canary-secret-hats",
    "shprt_canary-hats",
    "shpat_",
    "canarytokenbags",
    "canarytokenbelts",
    "canarysecretbags",
    "canarysecretbelts",
];

impl Place {
    /// All connections.
    pub const ALL: [Self; 4] = [Self::Us, Self::Ca, Self::De, Self::Uk];

    /// A word for ids and traces.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Ca => "ca",
            Self::De => "de",
            Self::Uk => "uk",
        }
    }

    /// Its connection.
    #[must_use]
    pub fn connection(self) -> ConnectionId {
        ConnectionId::from_token(self.word())
    }

    /// The place of a connection.
    #[must_use]
    pub fn of(connection: &ConnectionId) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.connection() == *connection)
    }

    /// Whose it is.
    #[must_use]
    pub fn organization(self) -> OrganizationId {
        match self {
            Self::Us | Self::Ca | Self::De => OrganizationId::from_token("a"),
            Self::Uk => OrganizationId::from_token("b"),
        }
    }

    /// The seller at Amazon.
    #[must_use]
    pub const fn seller(self) -> &'static str {
        match self {
            Self::Us | Self::Ca | Self::De => SELLER_A,
            Self::Uk => SELLER_B,
        }
    }

    /// Where its stock is; two share one.
    #[must_use]
    pub fn location(self) -> LocationId {
        LocationId::from_token(match self {
            Self::Us | Self::Ca => "fba_na",
            Self::De => "fba_eu",
            Self::Uk => "fba_uk",
        })
    }

    /// Its credentials.
    #[must_use]
    pub fn credentials(self) -> Credentials {
        let refresh = if self.seller() == SELLER_A { CANARIES[4] } else { CANARIES[5] };
        [("client_id", CLIENT_ID), ("client_secret", CANARIES[3]), ("refresh_token", refresh)]
            .into_iter()
            .map(|(name, secret)| (name.to_owned(), Secret::new(secret)))
            .collect()
    }
}

/// The first channel.
#[must_use]
pub fn amazon() -> ChannelName {
    ChannelName::parse(weir_channels::CHANNELS[0].name)
        .unwrap_or_else(|_| unreachable!("a channel's name is a name"))
}

/// The variant of a SKU: an id without odd characters.
#[must_use]
pub fn variant_id(sku: &str) -> VariantId {
    let plain: String = sku.bytes().map(|byte| format!("{byte:02x}")).collect();
    VariantId::from_token(&plain)
}

/// When every world begins: half an hour before midnight in New York, so that a business day ends in it.
#[must_use]
pub fn beginning() -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_795_494_600)
}
