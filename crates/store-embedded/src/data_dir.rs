//! The data directory: whose it is, which format it has, who uses it.
//!
//! ```text
//! agon-data/
//!   LOCK      held while a process uses the directory; names it
//!   FORMAT    the version of everything below
//!   engine/   the storage engine's files
//!   keys.toml what `agon keys` keeps there; of no concern here
//! ```
//!
//! `FORMAT` says `4 creating` until the first batch is on disk, so that a crash during the very
//! first start is told from a store that has lost its files.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

const FORMAT: &str = "4";
const FORMAT_CREATING: &str = "4 creating";
/// What is still read: 1, before boards had seasons and players attributes; 2, before there were queues; 3,
/// before erasures took more than a batch. Who does not know of these would show what was erased.
const OLD_FORMATS: [&str; 3] = ["1", "2", "3"];
const OLD_FORMATS_CREATING: [&str; 3] = ["1 creating", "2 creating", "3 creating"];

/// A data directory that this process holds, until it is dropped.
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// What a data directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// No store as yet.
    Nothing,
    /// A store of this format.
    Store,
    /// A store of a format before.
    OldStore,
}

impl DataDir {
    /// Takes the directory for this process, creating it where it is missing.
    pub(crate) fn open(path: &Path) -> Result<(Self, Contents), OpenError> {
        fs::create_dir_all(path).map_err(OpenError::io("create", path))?;
        let has_format = path.join("FORMAT").exists();
        if !has_format && !is_vacant(path)? {
            return Err(OpenError::NotAStore(path.to_owned()));
        }
        let dir = DataDir {
            _lock: lock(path)?,
            path: path.to_owned(),
        };
        let contents = dir.contents()?;
        Ok((dir, contents))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn engine(&self) -> PathBuf {
        self.path.join("engine")
    }

    /// Clears what an unfinished first start left, and notes that one is under way.
    pub(crate) fn begin(&self) -> Result<(), OpenError> {
        self.write_format(FORMAT_CREATING)?;
        let engine = self.engine();
        match fs::remove_dir_all(&engine) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(OpenError::io("clear", engine)(e)),
            _ => Ok(()),
        }
    }

    /// Notes that the store is complete, and of this format from now on.
    pub(crate) fn finish(&self) -> Result<(), OpenError> {
        self.write_format(FORMAT)
    }

    pub(crate) fn damaged(&self, what: impl Into<String>) -> OpenError {
        OpenError::Damaged {
            dir: self.path.clone(),
            what: what.into(),
        }
    }

    fn contents(&self) -> Result<Contents, OpenError> {
        let path = self.path.join("FORMAT");
        let found = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Contents::Nothing),
            Err(e) => return Err(OpenError::io("read", path)(e)),
        };
        match found.trim() {
            FORMAT_CREATING => Ok(Contents::Nothing),
            text if OLD_FORMATS_CREATING.contains(&text) => Ok(Contents::Nothing),
            text if text != FORMAT && !OLD_FORMATS.contains(&text) => Err(self.strange(text)),
            _ if !self.engine().is_dir() => Err(self.damaged("the directory engine/ is missing")),
            FORMAT => Ok(Contents::Store),
            _ => Ok(Contents::OldStore),
        }
    }

    fn strange(&self, format: &str) -> OpenError {
        match format {
            "" => self.damaged("the file FORMAT is empty"),
            other => OpenError::Format {
                dir: self.path.clone(),
                found: other.to_owned(),
                expected: FORMAT,
            },
        }
    }

    /// Replaces the file in one step, on disk when it returns.
    fn write_format(&self, text: &str) -> Result<(), OpenError> {
        let path = self.path.join("FORMAT");
        let next = self.path.join("FORMAT.next");
        let write = || {
            let mut file = File::create(&next)?;
            writeln!(file, "{text}")?;
            file.sync_all()?;
            fs::rename(&next, &path)?;
            sync_dir(&self.path)
        };
        write().map_err(OpenError::io("write", &path))
    }
}

/// Makes renames, creations and removals in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Whether there is nothing of anybody's in the directory.
fn is_vacant(path: &Path) -> Result<bool, OpenError> {
    // Keys are made before there is a store, or else the first start would be open.
    let ours = [
        "LOCK",
        "FORMAT.next",
        "import.spool",
        "lost+found",
        "keys.toml",
        "keys.toml.lock",
        "keys.toml.next",
    ];
    let entries = fs::read_dir(path).map_err(OpenError::io("list", path))?;
    let mut names = entries.filter_map(Result::ok).map(|e| e.file_name());
    Ok(names.all(|name| ours.iter().any(|o| name.eq_ignore_ascii_case(o))))
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("LOCK");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let mut file = file.map_err(OpenError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).ok().map(|p| p.trim().to_owned());
            return Err(OpenError::InUse {
                dir: dir.to_owned(),
                holder: holder.filter(|p| !p.is_empty()),
            });
        }
        Err(TryLockError::Error(e)) => return Err(OpenError::io("lock", path)(e)),
    }
    // For whoever finds it locked; the lock itself is the operating system's and ends with us.
    let named = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    named.map_err(OpenError::io("write", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_directory_becomes_a_store_once_it_is_finished() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("deep/er");
        let open = || DataDir::open(&path).unwrap();
        let (dir, contents) = open();
        assert_eq!(contents, Contents::Nothing);
        dir.begin().unwrap();
        fs::create_dir(dir.engine()).unwrap();
        drop(dir);
        let (dir, contents) = open();
        assert_eq!(contents, Contents::Nothing, "an unfinished start is none");
        dir.finish().unwrap();
        drop(dir);
        assert_eq!(open().1, Contents::Store);
        for old in OLD_FORMATS {
            fs::write(path.join("FORMAT"), format!("{old}\n")).unwrap();
            assert_eq!(open().1, Contents::OldStore);
        }
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("thesis.txt"), "x").unwrap();
        assert!(matches!(
            DataDir::open(temp.path()),
            Err(OpenError::NotAStore(_))
        ));
        assert!(!temp.path().join("LOCK").exists(), "nothing is left behind");
    }

    #[test]
    fn refuses_other_formats_and_lost_files() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("FORMAT"), "5\n").unwrap();
        let refused = DataDir::open(temp.path()).err().unwrap();
        assert!(
            refused
                .to_string()
                .ends_with("has store format 5; this Agon reads format 4")
        );
        fs::write(temp.path().join("FORMAT"), "1\n").unwrap();
        let refused = DataDir::open(temp.path()).err().unwrap();
        assert!(
            refused
                .to_string()
                .ends_with("the directory engine/ is missing")
        );
    }

    #[test]
    fn one_holder_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let held = DataDir::open(temp.path()).unwrap();
        let refused = DataDir::open(temp.path()).err().unwrap().to_string();
        let id = std::process::id();
        assert!(
            refused.ends_with(&format!("(process id {id})")),
            "{refused}"
        );
        drop(held);
        assert!(DataDir::open(temp.path()).is_ok());
    }
}
