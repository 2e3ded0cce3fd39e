//! The names of things. An id is parsed once at the edge and never glued together elsewhere.

use std::fmt;

/// A text that is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{found}\" is not a valid {kind}: {why}")]
pub struct InvalidId {
    kind: &'static str,
    found: String,
    why: &'static str,
}

fn check(kind: &'static str, text: &str, max: usize) -> Result<(), InvalidId> {
    let why = if text.is_empty() {
        "it is empty"
    } else if text.len() > max {
        "it is too long"
    } else if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        "only letters, digits, \"-\", \"_\" and \".\" may stand in it"
    } else {
        return Ok(());
    };
    Err(InvalidId { kind, found: text.chars().take(120).collect(), why })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind made by Weir begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id made of Weir's prefix and a token (letters and digits).
            #[must_use]
            pub fn from_token(token: &str) -> Self {
                Self(format!("{}{token}", Self::PREFIX))
            }

            /// Reads an id.
            ///
            /// # Errors
            /// If it is empty, longer than 100 bytes, or has other characters than letters,
            /// digits, `-`, `_` and `.`.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                check(stringify!($name), text, 100)?;
                Ok(Self(text.to_owned()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    )*};
}

ids! {
    /// One merchant. Everything belongs to exactly one.
    OrganizationId = "org_";
    /// One activated store, or one Amazon seller and marketplace.
    ConnectionId = "con_";
    /// Where stock is.
    LocationId = "loc_";
    /// What is sold and stocked.
    VariantId = "var_";
    /// Who buys.
    CustomerId = "cus_";
    /// A sales order. Of an imported one it is made of its source (see [`SalesOrderId::for_source`]).
    SalesOrderId = "so_";
    /// A row of a sales order, unique within it.
    RowId = "row_";
    /// A fulfillment of a sales order, unique within it.
    FulfillmentId = "ful_";
    /// A manufacturing order.
    ManufacturingOrderId = "mo_";
    /// A return order.
    SalesReturnId = "ret_";
    /// A request to the channel's warehouse to ship rows of an order; made of its number.
    FulfillmentRequestId = "fr_";
    /// A parcel, or what stands for it until it is known.
    ShipmentId = "shp_";
    /// A stock adjustment.
    AdjustmentId = "adj_";
    /// A signal: "look at order X of connection C".
    SignalId = "sig_";
    /// A run of a job of a connection.
    RunId = "run_";
    /// A buyer's request to know what is held about him.
    DataRequestId = "drq_";
    /// The account at a channel whose token, rate limit and search several connections share.
    AccountId = "acc_";
    /// The name of a channel, such as `amazon`.
    ChannelName = "";
    /// The channel's own id of an order (Amazon order id, Shopify's numeric id).
    ChannelOrderId = "";
}

impl RowId {
    /// The row's id as people and programs outside read it: with its order's, because a row's own is
    /// unique in its order alone.
    #[must_use]
    pub fn in_order(&self, order: &SalesOrderId) -> String {
        format!("{order}~{self}")
    }

    /// Reads what [`RowId::in_order`] wrote.
    ///
    /// # Errors
    /// If it names no order, or either id cannot be one.
    pub fn parse_in_order(text: &str) -> Result<(SalesOrderId, Self), InvalidId> {
        let Some((order, row)) = text.rsplit_once('~') else {
            let found = text.chars().take(120).collect();
            return Err(InvalidId { kind: "RowId", found, why: "it names no order" });
        };
        Ok((SalesOrderId::parse_any(order)?, Self::parse(row)?))
    }
}

impl SalesOrderId {
    /// The id of the order that this source has, for ever: a second import meets the same key.
    /// SPEC: KS-26 (the hidden source id prevents duplicates).
    #[must_use]
    pub fn for_source(connection: &ConnectionId, order: &ChannelOrderId) -> Self {
        Self(format!("{connection}~{order}"))
    }

    /// Reads a sales order's id, also one made of a source.
    ///
    /// # Errors
    /// As [`SalesOrderId::parse`].
    pub fn parse_any(text: &str) -> Result<Self, InvalidId> {
        match text.split_once('~') {
            Some((connection, order)) => {
                Ok(Self::for_source(&ConnectionId::parse(connection)?, &ChannelOrderId::parse(order)?))
            }
            None => Self::parse(text),
        }
    }

    /// The connection and the channel's order id of an imported order; `None` for one made in Weir.
    #[must_use]
    pub fn source(&self) -> Option<(ConnectionId, ChannelOrderId)> {
        let (connection, order) = self.0.split_once('~')?;
        Some((ConnectionId(connection.to_owned()), ChannelOrderId(order.to_owned())))
    }
}
