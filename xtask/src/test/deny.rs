//! What `deny.toml` asks of dependencies.
//!
//! Known faults are looked up in a database that is fetched each time. Where it cannot be fetched
//! that part is skipped, and the summary says so.

use std::time::Duration;

use anyhow::Result;

use super::{Note, cargo_deny, tools};
use crate::process;
use crate::workspace::Workspace;

/// The database is small; a network that drops packets would keep the fetch waiting far longer.
const FETCH_LIMIT: Duration = Duration::from_secs(90);

const WHEEL: &str = "python/Cargo.toml";

const SKIPPED: &str = "skipped: the advisory database cannot be fetched here";

/// Checks all of it that can be checked here.
pub(crate) fn check(workspace: &Workspace) -> Result<Note> {
    let program = cargo_deny::program(workspace);
    tools::require(&program)?;
    let deny = |arguments: &[&str]| {
        let mut command = workspace.command(&program);
        command.args(arguments);
        command
    };
    process::run(&mut deny(&["check", "bans", "licenses", "sources"]))?;
    // Fewer crates have fewer licences, which is no fault here.
    let wheel = [
        "--manifest-path",
        WHEEL,
        "--config",
        "deny.toml",
        "check",
        "--allow",
        "license-not-encountered",
        "bans",
        "licenses",
        "sources",
    ];
    process::run(&mut deny(&wheel))?;
    if let Err(error) = process::run_within(&mut deny(&["fetch", "db"]), FETCH_LIMIT) {
        println!("{error:#}");
        println!("advisories {SKIPPED}");
        return Ok(Some(format!("advisories {SKIPPED}")));
    }
    process::run(&mut deny(&["check", "--disable-fetch", "advisories"]))?;
    Ok(None)
}
