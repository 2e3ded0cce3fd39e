//! What the hub made in the sandboxed web shop, one line each in a file of the data folder: the shop makes
//! its own orders anew at each start, and these fulfillments again with them. No order is kept here, and
//! nobody's data but the parcels' numbers.

use std::path::{Path, PathBuf};

use weir_sandbox::shopify::Made;

use crate::{StartError, file};

/// The file's name inside the data folder.
const FILE: &str = "sandbox-made.jsonl";

/// The file.
pub(super) struct MadeFile {
    path: PathBuf,
}

impl MadeFile {
    /// The file of a data folder, and what was made, the first first. A line that was cut off by a sudden
    /// end was answered to nobody.
    pub(super) fn open(data: &Path) -> Result<(Self, Vec<Made>), StartError> {
        let path = data.join(FILE);
        let text = file::read(&path)?.unwrap_or_default();
        let made = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok((Self { path }, made))
    }

    /// Lets go of all but these, whose orders are still there.
    pub(super) fn keep(&self, made: &[Made]) -> Result<(), StartError> {
        let lines: Vec<String> = made.iter().map(|made| self.line(made)).collect::<Result<_, _>>()?;
        file::write(&self.path, &lines.concat())
    }

    /// Adds one.
    pub(super) fn add(&self, made: &Made) -> Result<(), StartError> {
        file::append(&self.path, &self.line(made)?)
    }

    fn line(&self, made: &Made) -> Result<String, StartError> {
        let text = serde_json::to_string(made);
        text.map(|text| text + "\n")
            .map_err(|error| StartError::Folder { path: self.path.clone(), reason: error.to_string() })
    }
}
