//! cargo-deny of one version, in the build directory, so that it neither meets nor replaces one
//! that the machine has.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";

/// Where it is once it is installed.
pub(crate) fn program(workspace: &Workspace) -> PathBuf {
    workspace.target("tools/bin/cargo-deny")
}

/// Builds it unless this version is there. Takes some minutes.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    if is_installed(workspace) {
        println!("cargo-deny {VERSION} is there");
        return Ok(());
    }
    let install = ["install", "cargo-deny", "--version", VERSION, "--locked"];
    let mut cargo = workspace.cargo(&install);
    cargo.arg("--root").arg(workspace.target("tools"));
    // Without a directory of its own cargo builds in a temporary one, and clears it away.
    process::run(cargo.env_remove("CARGO_TARGET_DIR"))
}

fn is_installed(workspace: &Workspace) -> bool {
    let version = process::output(workspace.command(program(workspace)).arg("--version"));
    version.is_ok_and(|v| v.split_whitespace().nth(1) == Some(VERSION))
}
