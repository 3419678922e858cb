//! A small file that may change while the server runs.
//!
//! It is read as a whole and compared with what was there before: times of files are too coarse to tell two
//! changes in a row apart, and the file of a mounted secret has new ones without a change. What cannot be
//! read or understood is told once, and what was there before stays in force.

use std::io::Read;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::seen::{News, Seen};

/// No file that is watched has a reason to be larger.
const MAX_BYTES: u64 = 4 << 20;

/// A file, and what was last seen of it.
#[derive(Debug)]
pub(crate) struct Watched {
    path: PathBuf,
    /// What it is, for the log.
    what: &'static str,
    seen: Mutex<Seen>,
}

/// Why a file is of no use.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is not there.
    Missing,
    /// Anything else, in words.
    Other(String),
}

impl Watched {
    /// Reads the file for the first time; `None` instead of a value where it is not there.
    pub(crate) fn open<T>(
        path: &Path,
        what: &'static str,
        parse: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<(Self, Option<T>), String> {
        let mut seen = Seen::default();
        let value = match content(path) {
            Err(Fault::Missing) => None,
            content => match seen.take(content.map_err(Fault::reason), parse) {
                Some(News::Changed(value)) => Some(value),
                Some(News::Fault(reason)) => return Err(reason),
                Some(News::WellAgain) | None => None,
            },
        };
        let watched = Watched {
            path: path.to_owned(),
            what,
            seen: Mutex::new(seen),
        };
        Ok((watched, value))
    }

    /// Reads it again: its value, if it is another one now and is understood. Reads the disk.
    pub(crate) fn look<T>(&self, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> Option<T> {
        let mut seen = self.seen.lock();
        let content = match content(&self.path) {
            // It was never there, and is not missed.
            Err(Fault::Missing) if !seen.is_known() => return None,
            content => content.map_err(Fault::reason),
        };
        let (path, what) = (self.path.display(), self.what);
        match seen.take(content, parse)? {
            News::Changed(value) => {
                tracing::info!(%path, "the {what} has changed, and is in force");
                Some(value)
            }
            News::WellAgain => {
                tracing::info!(%path, "the {what} can be read again, unchanged");
                None
            }
            News::Fault(reason) => {
                tracing::error!(%path, reason, "the {what} cannot be used; what it said before stays in force");
                None
            }
        }
    }
}

impl Fault {
    fn reason(self) -> String {
        match self {
            Fault::Missing => "it is gone".to_owned(),
            Fault::Other(reason) => reason,
        }
    }
}

fn content(path: &Path) -> Result<Vec<u8>, Fault> {
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Other(error.to_string()),
    };
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(fault)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(fault)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(Fault::Other("it has more than 4 MiB".to_owned()));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &[u8]) -> Result<String, String> {
        let text = String::from_utf8_lossy(content).into_owned();
        if text.contains("bad") {
            return Err(format!("says {text}"));
        }
        Ok(text)
    }

    #[test]
    fn a_value_is_told_once_and_a_bad_one_never() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let (file, first) = Watched::open(&path, "file", parse).unwrap();
        assert_eq!(first.as_deref(), Some("one"));
        assert_eq!(file.look(parse), None);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(file.look(parse).as_deref(), Some("two"));
        assert_eq!(file.look(parse), None);
        std::fs::write(&path, "bad").unwrap();
        assert_eq!(file.look(parse), None);
        assert!(!file.seen.lock().is_well());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.look(parse), None);
        assert!(!file.seen.lock().is_well());
        std::fs::write(&path, "two").unwrap();
        assert_eq!(file.look(parse), None);
        assert!(file.seen.lock().is_well());
    }

    #[test]
    fn a_file_may_come_later_and_may_not_be_bad_at_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let (file, first) = Watched::open(&path, "file", parse).unwrap();
        assert_eq!((first, file.look(parse)), (None, None));
        assert!(file.seen.lock().is_well());
        std::fs::write(&path, "one").unwrap();
        assert_eq!(file.look(parse).as_deref(), Some("one"));
        std::fs::write(&path, "bad").unwrap();
        assert!(Watched::open(&path, "file", parse).is_err());
        assert!(Watched::open(dir.path(), "file", parse).is_err());
        std::fs::write(&path, vec![b'x'; MAX_BYTES as usize + 1]).unwrap();
        assert!(
            Watched::open(&path, "file", parse)
                .unwrap_err()
                .contains("4 MiB")
        );
    }
}
