//! Turns the room that the engine reserves in its journal into blocks that are really there.
//!
//! The engine sets a new journal to its full size and leaves it a hole. Each commit then makes the
//! file system allocate blocks, convert them when they are written, and log both, before the sync
//! returns: more work than the data itself. Writing zeros over the hole ahead of the commits does
//! that work once for thousands of them, and a sync has nothing but data to write.
//!
//! Reading a hole gives zeros, so nothing changes but the speed. Zeros go into holes within the
//! file's size alone: never over data, and never past the end, where a journal that was opened again
//! is appended to. The one thread that commits does this between two commits, so that nobody else
//! writes to the journal meanwhile. Any failure is left to the commits to find.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{SeekFrom, seek};

/// Room made at a time.
const STEP_BYTES: usize = 4 << 20;
/// Room that is left when more is made.
const LOW_BYTES: u64 = 512 << 10;

pub(crate) struct JournalRoom {
    dir: PathBuf,
    /// The number of the journal that is written to.
    number: u64,
    /// Where the next journal will be.
    next: PathBuf,
    /// Bytes that may be committed before it is time to look again.
    left: u64,
}

impl JournalRoom {
    pub(crate) fn new(dir: &Path) -> Self {
        // Where the directory cannot be read, the first commit will say so.
        let number = newest(dir).unwrap_or(0);
        JournalRoom {
            dir: dir.to_owned(),
            number,
            next: journal(dir, number + 1),
            left: 0,
        }
    }

    /// Makes room for a commit of about so many bytes, and for those after it.
    pub(crate) fn prepare(&mut self, bytes: u64) {
        if self.left > bytes + LOW_BYTES && !self.next.exists() {
            self.left -= bytes;
            return;
        }
        // Whatever happens, do not look again at once: without room it only takes longer.
        self.left = STEP_BYTES as u64;
        if let Err(error) = self.make_room() {
            tracing::debug!(%error, "no room made in the journal");
        }
    }

    fn make_room(&mut self) -> io::Result<()> {
        if self.next.exists() {
            self.number = newest(&self.dir)?;
            self.next = journal(&self.dir, self.number + 1);
        }
        let journal = journal(&self.dir, self.number);
        let file = File::options().write(true).open(journal)?;
        let size = file.metadata()?.len();
        let hole = seek(&file, SeekFrom::Hole(0))?;
        let room = size.saturating_sub(hole).min(STEP_BYTES as u64) as usize;
        file.write_all_at(&vec![0; room], hole)
    }
}

fn journal(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number}.jnl"))
}

/// The highest number of a journal in the directory.
fn newest(dir: &Path) -> io::Result<u64> {
    let names = fs::read_dir(dir)?
        .filter_map(Result::ok)
        .map(|e| e.file_name());
    let numbers = names.filter_map(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
    Ok(numbers.max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_holes_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let journal = temp.path().join("7.jnl");
        let file = File::create(&journal).unwrap();
        file.write_all_at(&[1; 5000], 0).unwrap();
        file.set_len(64 << 20).unwrap();
        let before = fs::read(&journal).unwrap();
        JournalRoom::new(temp.path()).prepare(1);
        assert!(fs::read(&journal).unwrap() == before);
        let hole = seek(&file, SeekFrom::Hole(0)).unwrap();
        assert!(hole >= STEP_BYTES as u64, "the hole begins at {hole}");
    }

    #[test]
    fn does_not_lengthen_a_journal_that_is_appended_to() {
        let temp = tempfile::tempdir().unwrap();
        let journal = temp.path().join("3.jnl");
        fs::write(&journal, [1; 5000]).unwrap();
        JournalRoom::new(temp.path()).prepare(1);
        assert_eq!(fs::metadata(&journal).unwrap().len(), 5000);
    }

    #[test]
    fn follows_the_engine_to_its_next_journal() {
        let temp = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            File::create(temp.path().join(name))
                .unwrap()
                .set_len(8 << 20)
        };
        make("0.jnl").unwrap();
        let mut room = JournalRoom::new(temp.path());
        room.prepare(1);
        assert_eq!(room.number, 0);
        make("1.jnl").unwrap();
        room.prepare(1);
        assert_eq!(room.number, 1);
    }
}
