//! Where the workspace is and where it builds; every command is started from here.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace and its build directory, both absolute.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo, which knows about `CARGO_TARGET_DIR` and the like.
    pub(crate) fn find() -> Result<Self> {
        let metadata = metadata(&["--no-deps"])?;
        let path = |key: &str| {
            let text = metadata[key].as_str();
            text.map(PathBuf::from)
                .with_context(|| format!("cargo metadata has no {key}"))
        };
        Ok(Workspace {
            root: path("workspace_root")?,
            target: path("target_directory")?,
        })
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path below the build directory.
    pub(crate) fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// A command that runs at the root.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.root);
        command
    }

    /// Cargo with these arguments, at the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = self.command("cargo");
        // A relative directory would mean another one at the root than where xtask was started.
        cargo.args(arguments).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }
}

/// What `cargo metadata` says with these arguments.
pub(crate) fn metadata(arguments: &[&str]) -> Result<Value> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1"]);
    let json = process::output(cargo.args(arguments))?;
    serde_json::from_str(&json).context("cargo metadata printed no JSON")
}
