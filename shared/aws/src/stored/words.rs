//! What shapes are made of: values that are stored as one text, and fields that are left out where they
//! are as usual.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_app::ports::ledger::Scope;
use weir_domain::{
    Decimal, Timestamp,
    channel_order::ChargeKind,
    ids::{
        AccountId, AdjustmentId, ChannelName, ChannelOrderId, ConnectionId, CustomerId, FulfillmentId,
        LocationId, ManufacturingOrderId, OrganizationId, RowId, RunId, SalesOrderId, SalesReturnId,
        SignalId, VariantId,
    },
    location::LocationKind,
    manufacturing_order::ManufacturingStatus,
    money::{Currency, Money},
    organization::TimeZoneName,
    outcome::{OutcomeKind, ReasonCode},
    run::{Job, RunState},
    sales_order::{Flag, FulfillmentBy, FulfillmentStatus, LeftOut, OrderStatus},
    sales_return::ReturnStatus,
    variant::{Sku, Tracking, VariantKind},
};

/// A value that is stored as one text.
pub(super) trait Word: Sized {
    fn write(&self) -> Cow<'_, str>;
    fn read(text: &str) -> Option<Self>;
}

/// A [`Word`] as serde has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct W<T>(pub(super) T);

impl<T: Word> Serialize for W<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.write())
    }
}

impl<'de, T: Word> Deserialize<'de> for W<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::read(&text).map(Self).ok_or_else(|| serde::de::Error::custom("unknown word"))
    }
}

pub(super) fn w<T: Clone>(value: &Option<T>) -> Option<W<T>> {
    value.clone().map(W)
}

pub(super) fn unw<T>(value: Option<W<T>>) -> Option<T> {
    value.map(|W(value)| value)
}

macro_rules! words {
    // What reads with `FromStr` and writes with `Display`.
    (text: $($type:ty),* $(,)?) => {$(
        impl Word for $type {
            fn write(&self) -> Cow<'_, str> { Cow::Owned(self.to_string()) }
            fn read(text: &str) -> Option<Self> { text.parse().ok() }
        }
    )*};
    // The enums, by the words of the API.
    (enums: $($type:ty),* $(,)?) => {$(
        impl Word for $type {
            fn write(&self) -> Cow<'_, str> { Cow::Borrowed(self.as_str()) }
            fn read(text: &str) -> Option<Self> { Self::parse(text) }
        }
    )*};
}

words!(text: Timestamp, Decimal, Date, AccountId, AdjustmentId, ChannelName, ChannelOrderId, ConnectionId, CustomerId,
    FulfillmentId, LocationId, ManufacturingOrderId, OrganizationId, RowId, RunId, SalesReturnId, SignalId, VariantId);
words!(enums: ChargeKind, Flag, Job, LeftOut, LocationKind, ManufacturingStatus, OrderStatus, OutcomeKind, ReasonCode,
    ReturnStatus, RunState, Scope, Tracking, VariantKind);

impl Word for SalesOrderId {
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
    fn read(text: &str) -> Option<Self> {
        Self::parse_any(text).ok()
    }
}

impl Word for Sku {
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Word for Currency {
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.code())
    }
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Word for TimeZoneName {
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Word for FulfillmentStatus {
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
    fn read(text: &str) -> Option<Self> {
        [Self::Packed, Self::Delivered].into_iter().find(|status| status.as_str() == text)
    }
}

impl Word for FulfillmentBy {
    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
    fn read(text: &str) -> Option<Self> {
        [Self::Weir, Self::Channel].into_iter().find(|by| by.as_str() == text)
    }
}

/// An amount, with its currency where that is not the order's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Amount {
    amount: Decimal,
    currency: Option<Currency>,
}

impl Amount {
    pub(super) fn of(money: Money, usual: Option<Currency>) -> Self {
        Self { amount: money.amount, currency: (usual != Some(money.currency)).then_some(money.currency) }
    }

    pub(super) fn money(self, usual: Option<Currency>) -> Option<Money> {
        Some(Money::new(self.amount, self.currency.or(usual)?))
    }
}

impl Word for Amount {
    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(match self.currency {
            Some(currency) => format!("{} {currency}", self.amount),
            None => self.amount.to_string(),
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (amount, currency) = match text.split_once(' ') {
            Some((amount, currency)) => (amount, Some(Currency::parse(currency).ok()?)),
            None => (text, None),
        };
        Some(Self { amount: amount.parse().ok()?, currency })
    }
}

/// Bytes, as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Word for Bytes {
    fn write(&self) -> Cow<'_, str> {
        Cow::Owned(BASE64.encode(&self.0))
    }
    fn read(text: &str) -> Option<Self> {
        BASE64.decode(text).ok().map(Self)
    }
}

/// A value that is left out where it is as usual, and is written, be it `null`, where it is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Usual<T> {
    #[default]
    AsUsual,
    Other(Option<T>),
}

impl<T: PartialEq> Usual<T> {
    pub(super) fn of(value: Option<T>, usual: &Option<T>) -> Self {
        if value == *usual { Self::AsUsual } else { Self::Other(value) }
    }

    pub(super) fn or(self, usual: Option<T>) -> Option<T> {
        match self {
            Self::AsUsual => usual,
            Self::Other(value) => value,
        }
    }
}

impl<T: Serialize> Serialize for Usual<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // Never written: a field as usual is left out.
            Self::AsUsual => serializer.serialize_none(),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Usual<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(Self::Other)
    }
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A decimal with the same digits after the point: equal in sums and as text.
pub(super) fn same(a: Decimal, b: Decimal) -> bool {
    a == b && a.scale() == b.scale()
}

/// A shape: each field with its name in the body. `maybe` fields are left out when they are empty.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $short:literal $($maybe:ident)?;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub(super) struct $name {
            $(
                #[serde(rename = $short)]
                $(#[serde(default, skip_serializing_if = "is_default")] #[doc = stringify!($maybe)])?
                pub(super) $field: $type,
            )*
        }
    };
}

pub(super) use shape;
