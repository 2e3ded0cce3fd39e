//! What can be set on a connection, as values: each channel lists its settings with their words, their
//! defaults and what they mean, so that the API, the pages and the flows know them by no other way.

use std::collections::BTreeMap;

use weir_domain::{connection::ConnectionSettings, outcome::ReasonCode};

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// On or off.
    Switch(bool),
    /// One of its words.
    Word(String),
    /// Something that no setting can be; said in words by who read it.
    Other,
}

impl From<bool> for SettingValue {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

impl From<&str> for SettingValue {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// Settings by their names; `None` is the default again.
pub type Settings = BTreeMap<String, Option<SettingValue>>;

/// Which values a setting has. The default comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// On or off.
    Switch {
        /// Whether it is on by default.
        default: bool,
    },
    /// One of some words, the default first.
    Words(&'static [&'static str]),
}

/// One setting.
pub struct Setting {
    /// Its name in the API.
    pub name: &'static str,
    /// Its name on a page.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub explains: &'static str,
    /// Its values.
    pub kind: SettingKind,
    /// What an order waits for that a change of it can let in.
    pub lets_in: Option<ReasonCode>,
    /// Why it cannot be changed from its default yet, in a sentence.
    pub not_built: Option<&'static str>,
    /// How it is read and written.
    pub place: Place,
}

/// Where the value of a setting lies.
pub struct Place {
    /// Reads it.
    pub read: fn(&ConnectionSettings) -> SettingValue,
    /// Writes it. A value that the setting cannot have was refused before.
    pub write: fn(&mut ConnectionSettings, &SettingValue),
}

/// Why a value was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is none of the setting's values.
    #[error("{0}")]
    Wrong(WrongValue),
    /// A later version brings it.
    #[error("{0}")]
    NotBuilt(&'static str),
}

/// What values there are instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongValue(SettingKind);

impl std::fmt::Display for WrongValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            SettingKind::Switch { .. } => f.write_str("Give true or false."),
            SettingKind::Words(words) => write!(f, "Use \"{}\".", words.join("\" or \"")),
        }
    }
}

impl Setting {
    /// The value by default.
    #[must_use]
    pub fn default(&self) -> SettingValue {
        match self.kind {
            SettingKind::Switch { default } => SettingValue::Switch(default),
            SettingKind::Words(words) => {
                SettingValue::Word(words.first().copied().unwrap_or_default().to_owned())
            }
        }
    }

    /// The value as it is set.
    #[must_use]
    pub fn read(&self, settings: &ConnectionSettings) -> SettingValue {
        (self.place.read)(settings)
    }

    /// Sets it; `None` is the default.
    ///
    /// # Errors
    /// If it cannot have that value, or not yet.
    pub fn set(
        &self,
        settings: &mut ConnectionSettings,
        value: Option<&SettingValue>,
    ) -> Result<(), SettingError> {
        let default = self.default();
        let value = value.unwrap_or(&default);
        let fits = match (self.kind, value) {
            (SettingKind::Switch { .. }, SettingValue::Switch(_)) => true,
            (SettingKind::Words(words), SettingValue::Word(word)) => words.contains(&word.as_str()),
            (SettingKind::Switch { .. } | SettingKind::Words(_), _) => false,
        };
        if !fits {
            return Err(SettingError::Wrong(WrongValue(self.kind)));
        }
        match self.not_built.filter(|_| *value != default) {
            Some(why) => Err(SettingError::NotBuilt(why)),
            None => {
                (self.place.write)(settings, value);
                Ok(())
            }
        }
    }
}

/// Whether aliases decide what a channel's SKU means; any channel's connection can have them. (SPEC KF-05)
pub const SKU_ALIASING: Setting = Setting {
    name: "sku_aliasing",
    label: "SKU aliases",
    explains: "SKUs of the channel that have an alias mean the variant it names. The first alias turns it on.",
    kind: SettingKind::Switch { default: false },
    lets_in: Some(ReasonCode::SkuNotMatched),
    not_built: None,
    place: Place {
        read: |settings| SettingValue::Switch(settings.sku_aliasing),
        write: |settings, value| settings.sku_aliasing = is_on(value),
    },
};

/// What a channel's set-up lists that has no setting of its own.
pub(crate) static OF_EVERY_CHANNEL: &[Setting] = &[SKU_ALIASING];

/// Whether a switch is on.
pub(crate) fn is_on(value: &SettingValue) -> bool {
    *value == SettingValue::Switch(true)
}

/// The word of a setting.
pub(crate) fn word(value: &SettingValue) -> &str {
    match value {
        SettingValue::Word(word) => word,
        SettingValue::Switch(_) | SettingValue::Other => "",
    }
}

/// As what a custom line that needs no shipping is made, as the API spells it; the default first.
pub(crate) static LINE_KINDS: &[&str] = &["service", "product"];

/// Why quantities do not go to a shop. (SPEC FX-16)
pub(crate) const NO_PUSH: &str = "Quantities are not sent to the shop yet: what is on hand here is not written there. Leave it \
                       false, and keep the shop's own quantities up to date by other means.";

/// A switch of a shop: its name in the API, its place, its default, and what is said of it.
macro_rules! switch {
    ($name:literal, $field:ident, $default:literal, $label:literal, $explains:literal, $lets_in:expr, $not_built:expr) => {
        $crate::settings::Setting {
            name: $name,
            label: $label,
            explains: $explains,
            kind: $crate::settings::SettingKind::Switch { default: $default },
            lets_in: $lets_in,
            not_built: $not_built,
            place: $crate::settings::Place {
                read: |settings| $crate::settings::SettingValue::Switch(settings.shop.$field),
                write: |settings, value| settings.shop.$field = $crate::settings::is_on(value),
            },
        }
    };
}
pub(crate) use switch;
