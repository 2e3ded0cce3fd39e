//! Who buys, and the personal data of one order, which lives apart from its figures. (SPEC OP-05)

use jiff::Timestamp;

use crate::ids::CustomerId;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// The id.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The person of one order. Kept in an item of its own that expires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The buyer's name.
    pub name: Option<String>,
    /// The buyer's e-mail address.
    pub email: Option<String>,
    /// Bill to.
    pub billing: Option<Address>,
    /// Ship to.
    pub shipping: Option<Address>,
}

impl Person {
    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Address {
    /// Who gets what is sent there: a person, else a company.
    #[must_use]
    pub fn addressee(&self) -> Option<String> {
        self.name.clone().or_else(|| self.company.clone())
    }
}

/// A postal address; every part may be unknown. (SPEC KF-15)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Who lives there.
    pub name: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// First line.
    pub line_1: Option<String>,
    /// Second line, with any third joined to it.
    pub line_2: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The state or region.
    pub state: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// The telephone.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
}
