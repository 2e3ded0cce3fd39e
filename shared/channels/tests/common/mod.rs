//! Golden cases of every channel: an order's answer in a file, and a `.snap` beside it with all that must
//! come of it. Every figure in a `.snap` was compared with its case by hand.

use std::{fs, path::PathBuf};

fn folder(channel: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(channel)
}

/// What a case is read from.
pub(crate) fn body(channel: &str, case: &str) -> Vec<u8> {
    fs::read(folder(channel).join(format!("{case}.json"))).unwrap()
}

/// Holds what came of a case, as plain text, against its expectation.
pub(crate) fn compare(channel: &str, case: &str, rendered: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder(channel));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(case, rendered));
}

/// Whether each file of a channel is a case of its list.
pub(crate) fn all_are_listed(channel: &str, listed: &[&str]) {
    let mut found: Vec<String> = fs::read_dir(folder(channel))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
        .collect();
    let mut listed = listed.to_vec();
    found.sort();
    listed.sort_unstable();
    assert_eq!(found, listed);
}

/// A test for each case, and the list of them all.
macro_rules! cases {
    ($($(#[$meta:meta])* $name:ident = $case:literal;)*) => {
        $(
            $(#[$meta])*
            #[test]
            fn $name() {
                check($case);
            }
        )*

        /// The cases of this list.
        const LISTED: &[&str] = &[$($case),*];
    };
}
pub(crate) use cases;
