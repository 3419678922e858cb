//! What the other steps need, installed where it is missing.

use std::path::Path;

use anyhow::{Result, bail};

use super::deploy::NGINX;
use super::prometheus::PROMETHEUS;
use super::{cargo_deny, debian, python};
use crate::workspace::Workspace;

/// Installs what is missing.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    // Python's own packages can only be installed once Python is there.
    debian::install()?;
    python::install(workspace)?;
    PROMETHEUS.install(workspace)?;
    NGINX.install(workspace)?;
    cargo_deny::install(workspace)
}

/// An error that says what to do unless this program is there, as when a step runs alone.
pub(crate) fn require(program: &Path) -> Result<()> {
    if !program.exists() {
        let program = program.display();
        bail!("there is no {program}; `cargo xtask test --only tools` installs it");
    }
    Ok(())
}
