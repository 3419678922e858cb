//! Tells a journal that was torn by a crash from one that is damaged.
//!
//! When the engine replays its journal and meets something that it cannot read, it takes that for
//! the torn end of the last batch, cuts the file there, and goes on. Usually it is. But a bad
//! sector in the middle looks the same, and then everything after it, acknowledged and on disk,
//! would be cut off in silence.
//!
//! Each batch carries a position record with the number of its commit, behind bytes that occur
//! nowhere else. Each batch is synced before the next is begun, so a crash can tear the last one
//! alone. Hence the rule: the raw journal may show at most one commit more than the engine
//! recovered. The journals are copied before the engine may touch them, and put back where the
//! rule is broken, so that whoever repairs the store finds it as it was.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::codec::POSITION_MAGIC;
use crate::data_dir::{DataDir, sync_dir};
use crate::error::OpenError;

const MARK_BYTES: usize = POSITION_MAGIC.len() + size_of::<u64>();
const READ_BYTES: usize = 1 << 20;
const COPY_BYTES: usize = 64 << 10;

pub(crate) struct JournalGuard {
    engine: PathBuf,
    copies: PathBuf,
    /// The newest commit that the journals show, and the file that shows it.
    newest: Option<(u64, PathBuf)>,
}

impl JournalGuard {
    /// Takes stock of the journals and copies them, before the engine opens them.
    pub(crate) fn before_open(dir: &DataDir) -> Result<Self, OpenError> {
        let guard = JournalGuard {
            engine: dir.engine(),
            copies: dir.path().join("journals-before-open"),
            newest: None,
        };
        let kept = guard.prepare().and_then(|()| guard.newest_commit());
        let newest = kept.map_err(OpenError::io("copy the journals of", &guard.engine))?;
        Ok(JournalGuard { newest, ..guard })
    }

    /// Compares with what the engine recovered. `Err` tells what is damaged; the journals are then
    /// as they were before, for which the engine must have been closed.
    pub(crate) fn after_open(self, recovered: u64, close: impl FnOnce()) -> Result<(), String> {
        match &self.newest {
            Some((newest, file)) if *newest > recovered + 1 => {
                let damage = format!(
                    "the journal {} holds commits up to {newest}, but is readable up to {recovered} alone",
                    file.display()
                );
                close();
                match self.put_back() {
                    Ok(()) => Err(damage),
                    Err(e) => Err(format!(
                        "{damage}; its copy in {} could not be put back: {e}",
                        self.copies.display()
                    )),
                }
            }
            _ => {
                // A leftover copy is put back at the next start, which is harmless only before
                // new commits: so it must go now.
                fs::remove_dir_all(&self.copies).map_err(|e| {
                    format!(
                        "the copies in {} cannot be removed: {e}",
                        self.copies.display()
                    )
                })
            }
        }
    }

    fn prepare(&self) -> io::Result<()> {
        if self.copies.is_dir() {
            // The last start got as far as copying, but not as far as comparing.
            self.put_back()?;
        }
        let unfinished = self.copies.with_extension("next");
        if unfinished.is_dir() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir(&unfinished)?;
        for journal in journals(&self.engine)? {
            copy(&journal, &unfinished)?;
        }
        sync_dir(&unfinished)?;
        fs::rename(&unfinished, &self.copies)
    }

    fn put_back(&self) -> io::Result<()> {
        for journal in journals(&self.copies)? {
            copy(&journal, &self.engine)?;
        }
        sync_dir(&self.engine)?;
        fs::remove_dir_all(&self.copies)
    }

    fn newest_commit(&self) -> io::Result<Option<(u64, PathBuf)>> {
        let mut newest = None;
        for journal in journals(&self.engine)? {
            if let Some(commit) = newest_commit_in(&journal)? {
                newest = newest.max(Some((commit, journal)));
            }
        }
        Ok(newest)
    }
}

fn journals(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    let paths = entries.into_iter().map(|e| e.path());
    Ok(paths
        .filter(|p| p.extension().is_some_and(|e| e == "jnl"))
        .collect())
}

/// Copies a file into a directory, on disk when it returns. Zeros become holes: most of a young
/// journal is room that the engine has reserved.
fn copy(file: &Path, to: &Path) -> io::Result<()> {
    let Some(name) = file.file_name() else {
        return Ok(());
    };
    let source = File::open(file)?;
    let mut copy = File::create(to.join(name))?;
    let mut chunk = Vec::with_capacity(COPY_BYTES);
    while (&source).take(COPY_BYTES as u64).read_to_end(&mut chunk)? > 0 {
        if chunk.iter().all(|byte| *byte == 0) {
            copy.seek(SeekFrom::Current(chunk.len() as i64))?;
        } else {
            copy.write_all(&chunk)?;
        }
        chunk.clear();
    }
    copy.set_len(source.metadata()?.len())?;
    copy.sync_all()
}

/// The highest commit number behind the magic bytes, wherever in the file they are.
fn newest_commit_in(path: &Path) -> io::Result<Option<u64>> {
    let file = File::open(path)?;
    let finder = memmem::Finder::new(&POSITION_MAGIC);
    let mut newest = None;
    let mut window = Vec::with_capacity(READ_BYTES + MARK_BYTES);
    while (&file).take(READ_BYTES as u64).read_to_end(&mut window)? > 0 {
        for at in finder.find_iter(&window) {
            let number = window[at..].first_chunk::<MARK_BYTES>();
            let number = number.and_then(|mark| mark.last_chunk::<8>());
            newest = newest.max(number.map(|n| u64::from_be_bytes(*n)));
        }
        // A mark may lie across two reads; seeing one twice does no harm.
        let keep = window.len().min(MARK_BYTES - 1);
        window.drain(..window.len() - keep);
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_equal_with_holes_or_without() {
        let temp = tempfile::tempdir().unwrap();
        let (from, to) = (temp.path().join("0.jnl"), temp.path().join("copies"));
        fs::create_dir(&to).unwrap();
        for (zeros, ones) in [
            (0, 0),
            (COPY_BYTES * 3, 0),
            (COPY_BYTES * 2 + 5, 7),
            (1, COPY_BYTES),
        ] {
            let bytes = [vec![1; ones], vec![0; zeros], vec![1; ones], vec![0; zeros]].concat();
            fs::write(&from, &bytes).unwrap();
            copy(&from, &to).unwrap();
            assert!(
                fs::read(to.join("0.jnl")).unwrap() == bytes,
                "{zeros} zeros, {ones} ones"
            );
        }
    }

    #[test]
    fn finds_marks_across_the_borders_of_reads() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("0.jnl");
        for shift in 0..MARK_BYTES + 2 {
            let mut bytes = vec![7; READ_BYTES - shift];
            bytes.extend(POSITION_MAGIC);
            bytes.extend(40_u64.to_be_bytes());
            bytes.extend([7; 100]);
            fs::write(&path, &bytes).unwrap();
            assert_eq!(newest_commit_in(&path).unwrap(), Some(40), "shift {shift}");
            fs::write(&path, &bytes[..READ_BYTES - shift + MARK_BYTES - 1]).unwrap();
            assert_eq!(
                newest_commit_in(&path).unwrap(),
                None,
                "cut mark, shift {shift}"
            );
        }
    }
}
