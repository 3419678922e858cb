//! Prometheus as Debian has it, unpacked into the build directory and not installed: the package would start a
//! service, which nobody has asked for and which the tests could be mistaken about.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::super::debian;
use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "prometheus";
const DIRECTORY: &str = "tools/prometheus";
const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

/// Where a program is once it is unpacked; or the machine's own, where that has both.
pub(super) fn program(workspace: &Workspace, name: &str) -> PathBuf {
    let ours = workspace.target(DIRECTORY).join("usr/bin").join(name);
    if ours.exists() {
        return ours;
    }
    of_machine(name).unwrap_or(ours)
}

/// Unpacks it unless it is there.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    if PROGRAMS.iter().all(|p| works(program(workspace, p))) {
        println!("Prometheus is there");
        return Ok(());
    }
    let dir = workspace.target(DIRECTORY);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    debian::unpack(PACKAGE, &dir)
}

fn works(program: PathBuf) -> bool {
    process::succeeds(Command::new(program).arg("--version"))
}

fn of_machine(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|dir| dir.join(name));
    places.find(|place| place.is_file())
}
