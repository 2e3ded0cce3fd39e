//! Where the parts of a report are put aside on a disk: for the benchmark and the tests, since a channel's room
//! touches none.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use weir_channels::amazon::reports::fold::Aside;

/// A folder of its own for the parts of one report; it is gone when this is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder that does not exist yet, below one that does (in a Lambda `/tmp`).
    ///
    /// # Errors
    /// If it cannot be made, or is there already: then it belongs to somebody else.
    pub(crate) fn new(path: impl AsRef<Path>) -> io::Result<Self> {
        std::fs::create_dir(path.as_ref())?;
        Ok(Self(path.as_ref().to_owned()))
    }

    fn part(&self, part: usize) -> PathBuf {
        self.0.join(format!("part-{part}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be taken away now is taken away with the machine.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Aside for Folder {
    type Writer = File;
    type Reader = File;

    fn begin(&mut self, part: usize) -> io::Result<File> {
        File::create_new(self.part(part))
    }

    fn open(&mut self, part: usize) -> io::Result<File> {
        File::open(self.part(part))
    }

    fn done(&mut self, part: usize) -> io::Result<()> {
        std::fs::remove_file(self.part(part))
    }
}
