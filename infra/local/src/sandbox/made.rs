//! What the hub made in a sandboxed channel, one line each in a file of the data folder: shops make their own
//! orders anew at each start, and this again with them. No order is kept here, and nobody's data but the
//! parcels' numbers.

use std::{
    marker::PhantomData,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{StartError, file};

/// The file of one channel.
pub(super) struct MadeFile<Made> {
    path: PathBuf,
    lines: PhantomData<Made>,
}

impl<Made: Serialize + DeserializeOwned> MadeFile<Made> {
    /// A file of the data folder, and what was made, the first first. A line that was cut off by a sudden
    /// end was answered to nobody.
    pub(super) fn open(data: &Path, name: &str) -> Result<(Self, Vec<Made>), StartError> {
        let path = data.join(name);
        let text = file::read(&path)?.unwrap_or_default();
        let made = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok((Self { path, lines: PhantomData }, made))
    }

    /// Lets go of all but these, whose orders are still there.
    pub(super) fn keep(&self, made: &[Made]) -> Result<(), StartError> {
        let lines: Vec<String> = made.iter().map(|made| self.line(made)).collect::<Result<_, _>>()?;
        file::write(&self.path, &lines.concat())
    }

    /// Adds what was made just now. What cannot be stored is said, and the shop goes on.
    pub(super) fn add(&self, made: Vec<Made>) {
        for made in made {
            if let Err(error) = self.line(&made).and_then(|line| file::append(&self.path, &line)) {
                tracing::warn!(%error, "the sandbox cannot store what was made in it");
            }
        }
    }

    fn line(&self, made: &Made) -> Result<String, StartError> {
        let text = serde_json::to_string(made);
        text.map(|text| text + "\n")
            .map_err(|error| StartError::Folder { path: self.path.clone(), reason: error.to_string() })
    }
}
