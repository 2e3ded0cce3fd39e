//! Reads the checkout for the walls: its files, their lines without comments, and the names in them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What is not as it should be; all of it is said at once.
#[derive(Default)]
pub(super) struct Findings(BTreeSet<String>);

impl Findings {
    pub(super) fn add(&mut self, finding: String) {
        self.0.insert(finding);
    }

    pub(super) fn check(self) {
        let mut list = String::new();
        for finding in &self.0 {
            writeln!(list, "  {finding}").expect("writing to a string");
        }
        assert!(self.0.is_empty(), "{} findings:\n{list}", self.0.len());
    }
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the checkout")
}

pub(super) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("a path of the checkout").to_string_lossy().into_owned()
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

pub(super) fn numbered(path: &Path) -> impl Iterator<Item = (usize, String)> + use<> {
    let lines: Vec<String> = read(path).lines().map(str::to_owned).collect();
    lines.into_iter().enumerate().map(|(index, line)| (index + 1, line))
}

pub(super) fn entries(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let listed = fs::read_dir(&folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut found: Vec<PathBuf> = listed.map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| !file_name(path).starts_with('.'));
    found.sort();
    found
}

pub(super) fn folders(folder: &str) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// Where code is.
pub(super) const EVERYWHERE: &[&str] = &["shared", "functions", "infra", "tests"];

/// Every Rust file under a folder, in order.
pub(super) fn source_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() && file_name(&path) != "target" {
            found.extend(source_files(&relative(&path)));
        } else if file_name(&path).ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

pub(super) fn manifests() -> Vec<PathBuf> {
    let mut found = vec![root().join("Cargo.toml")];
    let mut pending: Vec<PathBuf> = EVERYWHERE.iter().map(|place| root().join(place)).collect();
    while let Some(folder) = pending.pop() {
        found.extend(Some(folder.join("Cargo.toml")).filter(|manifest| manifest.is_file()));
        pending.extend(folders(&relative(&folder)).into_iter().filter(|path| file_name(path) != "target"));
    }
    found
}

/// The lines of a file without their comments; without its tests if those may do what the code may not. A file named
/// `tests.rs` is tests from its first line.
pub(super) fn code_lines(file: &Path, tests_may: bool) -> Vec<(usize, String)> {
    if tests_may && (file_name(file) == "tests.rs" || relative(file).contains("/tests/")) {
        return Vec::new();
    }
    numbered(file)
        .take_while(|(_, line)| !(tests_may && line.trim() == "#[cfg(test)]"))
        .map(|(number, line)| (number, code_of(&line)))
        .collect()
}

/// A line without its comment.
pub(super) fn code_of(line: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let bytes = line.as_bytes();
    let character = |at: usize| at > 0 && bytes[at - 1] == b'\'' && bytes.get(at + 1) == Some(&b'\'');
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if !escaped && !character(at) => quoted = !quoted,
            b'/' if !quoted && bytes.get(at + 1) == Some(&b'/') => return line[..at].to_owned(),
            _ => {}
        }
        escaped = *byte == b'\\' && !escaped;
    }
    line.to_owned()
}

/// Whether a line of code holds the name as a whole word; `name*` stands for all that begin so.
pub(super) fn names(line: &str, name: &str) -> bool {
    let (name, open) = name.strip_suffix('*').map_or((name, false), |stem| (stem, true));
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(word);
        let after = line[at + name.len()..].chars().next().is_some_and(word);
        (!before || name.starts_with('"')) && (open || !after || name.ends_with(['"', '!']))
    })
}

/// The settings named in a line: `WEIR_` and what follows.
pub(super) fn settings(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("WEIR_") {
        let name: String = line[at..]
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
            .collect();
        found.push(name);
    }
    found
}
