//! What can be asked of a channel's account itself: whose it is and what may be done there (the test
//! of a connection), and the locations that a connection maps to Weir's.

use crate::{
    channel::{Call, ChannelError, Operation},
    http::{HttpRequest, HttpResponse},
};

/// What can be asked of an account.
pub trait Store: Sync {
    /// Asks whose account the credentials open.
    fn about(&self, call: Call<'_>) -> (Operation, HttpRequest);

    /// Reads the answer. It is for the caller to compare the account with the connection's.
    ///
    /// # Errors
    /// If the channel refused.
    fn read_about(&self, response: &HttpResponse) -> Result<StoreInfo, ChannelError>;

    /// Asks for a page of the locations.
    fn locations(&self, call: Call<'_>, page: Option<&str>) -> (Operation, HttpRequest);

    /// Reads a page of the locations.
    ///
    /// # Errors
    /// If the channel refused.
    fn read_locations(&self, response: &HttpResponse) -> Result<StoreLocations, ChannelError>;
}

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// The account, as a connection spells it.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The currency it keeps its books in (ISO 4217).
    pub currency: Option<String>,
    /// Its IANA time zone.
    pub time_zone: Option<String>,
    /// What the application needs and may not do there; empty if all is well.
    pub missing_permissions: Vec<String>,
}

/// A location at the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLocation {
    /// The channel's id.
    pub id: String,
    /// How people call it.
    pub name: String,
    /// Whether anything can ship from there now.
    pub is_active: bool,
}

/// A page of locations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLocations {
    /// The locations.
    pub locations: Vec<StoreLocation>,
    /// How to ask for the next page.
    pub next: Option<String>,
}
