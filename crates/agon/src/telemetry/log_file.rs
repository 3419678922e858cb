//! `api.log`: a file a day, and a link to that of today.
//!
//! A thread of its own writes it, so that a slow disk keeps no request waiting. If it cannot follow, lines are
//! left out rather than memory filled: 128,000 may wait.

use std::path::Path;

use anyhow::Context;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};

const NAME: &str = "api.log";

/// Opens the file of today in a directory, which is made if it is missing, and removes those of more than
/// `keep_days` days, now and at each midnight (UTC).
pub(super) fn open(dir: &Path, keep_days: usize) -> anyhow::Result<(NonBlocking, WorkerGuard)> {
    std::fs::create_dir_all(dir)?;
    // The library takes away a link of that name, but fails on a file without saying why.
    let link = dir.join(NAME);
    let there = link.symlink_metadata();
    if there.is_ok_and(|m| !m.file_type().is_symlink()) {
        anyhow::bail!("{} is no link; move it away", link.display());
    }
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(NAME)
        .latest_symlink(NAME)
        .max_log_files(keep_days)
        .build(dir)
        .context("cannot open the file of today")?;
    Ok(tracing_appender::non_blocking(file))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_link_leads_to_what_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("logs");
        let (mut file, guard) = open(&dir, 2).unwrap();
        file.write_all(b"a line\n").unwrap();
        drop(guard);
        assert_eq!(std::fs::read_to_string(dir.join(NAME)).unwrap(), "a line\n");
        // Opened again, it goes on.
        let (mut file, guard) = open(&dir, 2).unwrap();
        file.write_all(b"another\n").unwrap();
        drop(guard);
        let text = std::fs::read_to_string(dir.join(NAME)).unwrap();
        assert_eq!(text, "a line\nanother\n");
    }

    #[test]
    fn old_files_go() {
        let dir = tempfile::tempdir().unwrap();
        for day in 1..=5 {
            let name = format!("{NAME}.2026-01-0{day}");
            std::fs::write(dir.path().join(name), "old").unwrap();
        }
        drop(open(dir.path(), 3).unwrap());
        let names = std::fs::read_dir(dir.path()).unwrap();
        let dated = names.filter(|n| n.as_ref().unwrap().file_type().unwrap().is_file());
        assert_eq!(dated.count(), 3);
    }

    #[test]
    fn a_file_in_the_way_of_the_link_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "mine").unwrap();
        let error = open(dir.path(), 3).map(drop).unwrap_err().to_string();
        assert!(error.contains("is no link"), "{error}");
        let text = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(text, "mine");
    }
}
