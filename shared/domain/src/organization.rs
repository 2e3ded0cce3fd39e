//! One merchant, and what holds for all of its orders.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;

use crate::{
    ids::OrganizationId,
    money::{Currency, Money},
};

/// A merchant.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// How people call it.
    pub name: String,
    /// The currency of its books.
    pub base_currency: Currency,
    /// Its IANA time zone, such as `Europe/Tallinn`. Only business days use it. (SPEC G-07)
    pub time_zone: TimeZoneName,
    /// Days from an order's creation to its delivery date, where the product has none of its own.
    pub default_delivery_days: u16,
    /// Nothing on or before this business day changes any more. (SPEC G-09)
    pub inventory_lock_date: Option<Date>,
    /// Base money for one unit of a currency. (SPEC G-08)
    pub exchange_rates: BTreeMap<Currency, Decimal>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The name of a time zone that exists in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZoneName(String);

/// A name that no time zone has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an IANA time zone; write one such as \"Europe/Tallinn\"")]
pub struct InvalidTimeZone(String);

impl TimeZoneName {
    /// Universal time, which every database has.
    #[must_use]
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// If the database has no zone of that name.
    pub fn parse(name: &str) -> Result<Self, InvalidTimeZone> {
        TimeZone::get(name).map_err(|_| InvalidTimeZone(name.to_owned()))?;
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone itself.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        // The name was found when it was parsed; UTC stands in only if the database shrank since.
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl Organization {
    /// The business day on which something happened.
    #[must_use]
    pub fn business_day(&self, at: Timestamp) -> Date {
        at.to_zoned_datetime(self.time_zone.zone()).date()
    }

    /// Whether a business day lies in the locked period. (SPEC G-09)
    #[must_use]
    pub fn is_locked(&self, at: Timestamp) -> bool {
        self.inventory_lock_date.is_some_and(|lock| self.business_day(at) <= lock)
    }

    /// Base money for one unit of a currency: 1 for the base currency itself, `None` if unknown.
    #[must_use]
    pub fn rate(&self, currency: Currency) -> Option<Decimal> {
        if currency == self.base_currency {
            return Some(Decimal::ONE);
        }
        self.exchange_rates.get(&currency).copied()
    }

    /// An amount in the base currency, rounded to its smallest unit; `None` with no rate. (SPEC G-08)
    #[must_use]
    pub fn in_base(&self, money: Money) -> Option<Money> {
        let rate = self.rate(money.currency)?;
        Some(Money::new(self.base_currency.round(money.amount * rate), self.base_currency))
    }
}
