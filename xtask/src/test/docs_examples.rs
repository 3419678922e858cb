//! The guides: every link between them leads somewhere, and their examples are run.
//!
//! What is run, in the documents below, each against a server of its own, from top to bottom:
//!
//! - in a block `console`, the lines after `$ `, by the shell; what stands below each has to be what it
//!   prints;
//! - a block `sh run`, `python run` or `js run`, as a whole; if a block `text` follows, that is what it has
//!   to print.
//!
//! `localhost:8000` and `127.0.0.1:8000` become the server's address, `cargo run --release --` becomes the
//! program that was built. What differs from run to run may: see `expected.rs`.

mod blocks;
mod expected;
mod links;
mod runner;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::runner::Runner;
use super::agon::{self, Agon};
use super::{python, tools};
use crate::workspace::Workspace;

/// `docs/matchmaking.md` is not among them: its simulation takes minutes in a build for tests, and has tests
/// of its own.
const DOCUMENTS: [&str; 4] = [
    "README.md",
    "docs/api.md",
    "docs/operating.md",
    "docs/capacity.md",
];

/// Directories that hold nothing of ours.
const NOT_OURS: [&str; 3] = ["target", "node_modules", "agon-data"];

/// Whether links lead somewhere and examples do what they say.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let root = workspace.path("");
    let faults = links::faults(&root, &documents(&root)?)?;
    if !faults.is_empty() {
        bail!("links that lead nowhere:\n{}", faults.join("\n"));
    }
    let python = python::program(workspace, "python");
    tools::require(&python)?;
    for document in DOCUMENTS {
        let text = fs::read_to_string(workspace.path(document));
        let text = text.with_context(|| format!("cannot read {document}"))?;
        run(workspace, document, &text)?;
    }
    Ok(())
}

fn run(workspace: &Workspace, document: &str, text: &str) -> Result<()> {
    let examples = blocks::examples(text);
    let dir = workspace.target("docs-examples");
    fs::create_dir_all(&dir)?;
    let log = dir.join(format!("{}.log", document.replace('/', "-")));
    let agon = Agon::serve(&agon::built(workspace)?, log, &[])?;
    let programs = [workspace.target("debug"), workspace.path(".venv/bin")];
    let mut runner = Runner::new(&programs, agon.address(), agon.data_dir())?;
    for example in &examples {
        let ran = runner.run(example);
        if ran.is_err() {
            println!("agon logged:\n{}", agon.log());
        }
        ran.with_context(|| format!("{document}, line {}", example.line))?;
    }
    println!("{document}: {} examples", examples.len());
    agon.stop()
}

/// Every document of the project, hidden directories left out.
fn documents(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || NOT_OURS.contains(&name.as_ref()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            found.extend(documents(&path)?);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    Ok(found)
}
