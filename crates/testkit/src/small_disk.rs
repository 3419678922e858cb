//! A disk that is soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of 48 MiB in memory, unmounted with it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one. `None` where this system does not let us, after saying that the test is skipped.
    pub fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"])
            .arg(at)
            .output();
        if mount.is_ok_and(|m| m.status.success()) {
            return Some(SmallDisk(at.to_owned()));
        }
        println!("SKIPPED: this system does not let the test mount a small tmpfs");
        None
    }

    /// A path on it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes it ten times as large.
    pub fn grow(&self) {
        let mount = Command::new("mount")
            .args(["-o", "remount,size=480m"])
            .arg(&self.0)
            .status();
        assert!(mount.unwrap().success());
    }

    /// Takes room that can be given back by removing the file: so many MiB.
    pub fn ballast(&self, mib: usize) -> PathBuf {
        let path = self.path("ballast");
        std::fs::write(&path, vec![1; mib << 20]).unwrap();
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
