//! What is set on a connection, by the list that its channel gives. (SPEC KS-10 to KS-17, KF-05)

use std::collections::BTreeSet;

use weir_channels::{
    Channel,
    channel::{FieldError, SettingError, SettingValue, Settings},
};
use weir_domain::{connection::ConnectionSettings, outcome::ReasonCode};

use crate::people::Refusal;

/// Settings by their names.
#[must_use]
pub fn settings<const N: usize>(given: [(&str, SettingValue); N]) -> Settings {
    given.into_iter().map(|(name, value)| (name.to_owned(), Some(value))).collect()
}

/// Sets what was given. Returns what is wrong with it.
///
/// # Errors
/// If one of them is not available yet.
pub(super) fn set(
    channel: &Channel,
    settings: &mut ConnectionSettings,
    given: &Settings,
) -> Result<Vec<FieldError>, Refusal> {
    let mut errors = Vec::new();
    for (name, value) in given {
        let path = format!("settings.{name}");
        if channel.setup.settings_to_come().contains(&name.as_str()) {
            return Err(Refusal::not_available_yet(&path));
        }
        let Some(setting) = channel.setup.settings().iter().find(|setting| setting.name == name) else {
            errors.push(FieldError { path, message: unknown(channel) });
            continue;
        };
        match setting.set(settings, value.as_ref()) {
            Ok(()) => {}
            Err(error @ SettingError::Wrong(_)) => {
                errors.push(FieldError { path, message: error.to_string() });
            }
            Err(SettingError::NotBuilt(why)) => {
                let fields = vec![FieldError { path, message: why.to_owned() }];
                return Err(Refusal::Invalid { code: Refusal::NOT_AVAILABLE_YET, fields });
            }
        }
    }
    Ok(errors)
}

fn unknown(channel: &Channel) -> String {
    let names: Vec<&str> = channel.setup.settings().iter().map(|setting| setting.name).collect();
    format!("A connection to {} has no such setting. There are {}.", channel.name, names.join(", "))
}

/// What orders may wait for that the change lets in.
pub(super) fn lets_in(
    channel: &Channel,
    before: &ConnectionSettings,
    after: &ConnectionSettings,
) -> BTreeSet<ReasonCode> {
    let settings = channel.setup.settings().iter();
    settings
        .filter(|setting| setting.read(before) != setting.read(after))
        .filter_map(|setting| setting.lets_in)
        .collect()
}
