//! Small files of the data folder: read whole, and written so that after a sudden end either the old
//! or the new text is there. What stands in them lives elsewhere.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Write as _},
    path::Path,
};

use crate::StartError;

/// The text of a file; `None` if there is no such file or it is no text.
pub(crate) fn read(path: &Path) -> Result<Option<String>, StartError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refuse(path, &error)),
    }
}

/// Replaces a file, readable by its owner only.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), StartError> {
    let beside = path.with_extension("new");
    let written = private(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| refuse(path, &error))
}

/// Adds to a file, readable by its owner only. After a sudden end the last line may be cut off.
pub(crate) fn append(path: &Path, text: &str) -> Result<(), StartError> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| refuse(path, &error))
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn refuse(path: &Path, error: &std::io::Error) -> StartError {
    StartError::Folder { path: path.to_owned(), reason: error.to_string() }
}
