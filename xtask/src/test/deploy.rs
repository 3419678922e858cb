//! The image and the files of deployments: whether they fit each other and Agon, what their own tools say of
//! them, and an image that is built and run.
//!
//! Nothing is pulled, so the image is the one around a binary that is here (`prebuilt` in the Dockerfile); the stage
//! that compiles is only looked at. What needs a program that this machine lacks is skipped, and the summary says so.

mod cluster;
mod facts;
mod image;
mod lint;
mod manifests;
mod settings;
mod systemd;
mod terraform;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Note, agon};
use crate::process;
use crate::workspace::Workspace;
pub(crate) use cluster::NGINX;

/// What was not checked, and why.
type Skipped = Vec<String>;

/// Checks all of it that can be checked here.
pub(crate) fn check(workspace: &Workspace) -> Result<Note> {
    let binary = agon::built(workspace)?;
    facts::check(workspace)?;
    settings::check(workspace, &binary)?;
    let mut skipped = lint::check(workspace)?;
    skipped.extend(systemd::check(workspace, &binary)?);
    skipped.extend(terraform::check(workspace)?);
    skipped.extend(cluster::check(workspace, &binary)?);
    skipped.extend(image::check(workspace, &binary)?);
    skipped.iter().for_each(|s| println!("skipped: {s}"));
    Ok((!skipped.is_empty()).then(|| format!("skipped: {}", skipped.join("; "))))
}

/// An empty directory of this step's own in the build directory.
fn scratch(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let dir = workspace.target("deploy").join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

fn is_there(program: &str, argument: &str) -> bool {
    process::succeeds(Command::new(program).arg(argument))
}
