//! What a run costs the machine: disk blocks, bytes written, memory.
//!
//! Where the system does not offer a figure it is left out of the table
//! rather than guessed.

use std::fs::{self, Metadata};
use std::path::Path;

use anyhow::Result;

/// Bytes this process (all threads) has handed to the system's write calls.
/// None of the engines writes through a memory map, so nothing is missed.
pub fn bytes_written() -> Option<u64> {
    field("/proc/self/io", "wchar:")
}

/// Bytes of page cache this process has made dirty. The system counts whole
/// folios, which can be 2 MiB each: small writes into the middle of a large
/// file look far more expensive here than they are for the disk.
pub fn bytes_dirtied() -> Option<u64> {
    field("/proc/self/io", "write_bytes:")
}

/// The most memory this process has held, mapped files included.
pub fn peak_memory() -> Option<u64> {
    field("/proc/self/status", "VmHWM:").map(|kib| kib * 1024)
}

/// Memory this process holds now that is not backed by a file.
pub fn private_memory() -> Option<u64> {
    field("/proc/self/status", "RssAnon:").map(|kib| kib * 1024)
}

/// Memory of another process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What it holds now that is not backed by a file.
    pub held: u64,
    /// The most that it has held, mapped files included.
    pub peak: u64,
}

/// Of the process of this id.
pub fn memory_of(process: u32) -> Result<Memory> {
    let file = format!("/proc/{process}/status");
    let bytes = |name| field(&file, name).map(|kib| kib * 1024);
    let missing = || anyhow::anyhow!("the system does not tell the memory of a process");
    Ok(Memory {
        held: bytes("RssAnon:").ok_or_else(missing)?,
        peak: bytes("VmHWM:").ok_or_else(missing)?,
    })
}

fn field(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Blocks allocated to everything below `dir`. Engines reserve sparse space,
/// so the apparent sizes of files would say little.
pub fn disk_bytes(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for item in fs::read_dir(dir)? {
        let item = item?;
        let metadata = item.metadata()?;
        total += allocated(&metadata);
        if metadata.is_dir() {
            total += disk_bytes(&item.path())?;
        }
    }
    Ok(total)
}

#[cfg(unix)]
fn allocated(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn allocated(metadata: &Metadata) -> u64 {
    metadata.len()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn sparse_space_is_not_counted_and_nested_files_are() {
        let dir = tempfile::tempdir().unwrap();
        let hole = File::create(dir.path().join("hole")).unwrap();
        hole.set_len(1 << 30).unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        let mut full = File::create(dir.path().join("sub/full")).unwrap();
        full.write_all(&vec![7; 1 << 20]).unwrap();
        full.sync_all().unwrap();
        let bytes = disk_bytes(dir.path()).unwrap();
        assert!((1 << 20..1 << 22).contains(&bytes), "{bytes}");
    }
}
