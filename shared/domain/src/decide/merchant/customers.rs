//! The customer of an order: one of that name, or a new one. (SPEC KS-21)

use jiff::Timestamp;

use crate::{
    channel_order::ChannelOrder,
    customer::{Address, Customer, Person},
    decide::State,
    ids::CustomerId,
};

/// Whose an order is.
pub(super) enum Buyer {
    /// The channel told no name and no address: nobody is made up.
    Nobody,
    /// One who is known.
    Known(CustomerId),
    /// One who is made.
    New(Customer),
}

/// Finds the buyer among the customers of that name. Two of one name with different e-mail addresses are
/// two customers; one whose address is not known may be either. (SPEC KS-21)
pub(super) fn buyer(state: &State<'_>, order: &ChannelOrder, now: Timestamp) -> Buyer {
    let Some(name) = name(&order.person) else { return Buyer::Nobody };
    let email = order.person.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
    let of_name = || state.customers.iter().filter(|customer| customer.name.trim() == name);
    let same = |known: &Customer| match (known.email.as_deref(), email) {
        (Some(known), Some(email)) => known.trim().eq_ignore_ascii_case(email),
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    let may_be = |known: &&Customer| known.email.is_none() || email.is_none();
    let found = of_name().find(|known| same(known)).or_else(|| of_name().find(may_be));
    if let Some(known) = found {
        return Buyer::Known(known.id.clone());
    }
    let token = format!("{}-{}", state.connection.id, order.channel_order_id);
    Buyer::New(Customer {
        id: CustomerId::from_token(&token),
        name: name.to_owned(),
        email: email.map(str::to_owned),
        created_at: now,
    })
}

/// The name under which the customer is looked for: the buyer's, else that of the addresses.
#[must_use]
pub fn name(person: &Person) -> Option<&str> {
    fn of(address: &Address) -> Option<&str> {
        filled(address.name.as_deref()).or_else(|| filled(address.company.as_deref()))
    }
    filled(person.name.as_deref())
        .or_else(|| person.billing.as_ref().and_then(of))
        .or_else(|| person.shipping.as_ref().and_then(of))
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
