//! Python programs of the versions in `requirements.txt`, in a virtual environment at the root.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

const ENVIRONMENT: &str = ".venv";

/// A copy of the requirements that are installed, written last: without it, or with another text,
/// the environment is half made or out of date, and made anew.
const STAMP: &str = ".venv/installed-requirements.txt";

/// What the tests need, and what the load test has its users install.
const REQUIREMENTS: [&str; 2] = ["xtask/requirements.txt", "load/requirements.txt"];

/// Where an installed program is.
pub(crate) fn program(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.path(ENVIRONMENT).join("bin").join(name)
}

/// Makes the environment unless it is there with these requirements.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let mut wanted = String::new();
    for file in REQUIREMENTS {
        let text = fs::read_to_string(workspace.path(file));
        wanted += &text.with_context(|| format!("cannot read {file}"))?;
    }
    if fs::read_to_string(workspace.path(STAMP)).is_ok_and(|found| found == wanted) {
        println!("the Python packages are there");
        return Ok(());
    }
    let mut python = workspace.command("python3");
    process::run(python.args(["-m", "venv", "--clear", ENVIRONMENT]))?;
    let mut pip = workspace.command(program(workspace, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    for file in REQUIREMENTS {
        pip.args(["--requirement", file]);
    }
    process::run(&mut pip)?;
    fs::write(workspace.path(STAMP), wanted).context("cannot write the stamp into .venv")
}
