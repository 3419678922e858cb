//! The load tests, for a short while: Locust with users of all kinds, then the constant rate.
//!
//! That nothing fails and that every kind of request has been made is all that is asked for. Speed is
//! measured elsewhere.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::agon::{self, Agon};
use super::{python, tools};
use crate::process;
use crate::workspace::Workspace;

const FILE: &str = "load/locustfile.py";
const USERS: &str = "20";
const SPAWN_RATE: &str = "10";
const RUN_TIME: &str = "15s";

/// The rows of Locust's table that a run cannot do without.
const ROWS: [(&str, &str); 10] = [
    ("GET", "/leaderboard"),
    ("GET", "/leaderboard/{country}"),
    ("POST", "/score/submit"),
    ("GET", "/user/profile/{guid}"),
    ("GET", "/api/smart?timeout={ms}"),
    ("PUT", "/v1/players/{player}"),
    ("POST", "/v1/queues/{queue}/tickets"),
    (
        "GET",
        "/v1/queues/{queue}/tickets/{ticket}?wait=10s (time is waiting)",
    ),
    ("POST", "/v1/matches/{match}:accept"),
    ("POST", "/v1/matches/{match}/result"),
];

/// More, and ids have found their way into names.
const MOST_ROWS: usize = 24;

const RATES: [(&str, &str); 3] = [("submit", "500"), ("profile", "500"), ("smart", "20")];

/// On a machine that does other things as well, an end takes a while to come.
const LIMIT: Duration = Duration::from_secs(120);

/// Whether the load tests run, against a server as it comes.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let program = python::program(workspace, "locust");
    tools::require(&program)?;
    let build = ["build", "--package", "open-loop"];
    process::run(&mut workspace.cargo(&build))?;
    let dir = workspace.target("locust");
    fs::create_dir_all(&dir)?;
    let agon = Agon::serve(&agon::built(workspace)?, dir.join("agon.log"), &[])?;
    let found = load(workspace, &program, agon.address());
    if found.is_err() {
        println!("agon logged:\n{}", agon.log());
    }
    found?;
    agon.stop()?;
    nobody_there(workspace, &program)
}

fn load(workspace: &Workspace, program: &Path, address: SocketAddr) -> Result<()> {
    let report = workspace.target("locust/report.json");
    if report.exists() {
        // What an earlier run left would be taken for what this one makes.
        fs::remove_file(&report)?;
    }
    let mut locust = locust(workspace, program, address);
    locust.arg("--json-file").arg(report.with_extension(""));
    process::run_within(&mut locust, LIMIT)?;
    let text = fs::read_to_string(&report).context("Locust wrote no report")?;
    all_was_asked(&serde_json::from_str(&text)?)?;
    for (what, rate) in RATES {
        let mut open_loop = workspace.command(workspace.target("debug/open-loop"));
        open_loop.args([what, "--rate", rate, "--seconds", "2", "--players", "1000"]);
        let url = format!("http://{address}");
        process::run_within(
            open_loop.args(["--connections", "16", "--url", &url]),
            LIMIT,
        )?;
    }
    Ok(())
}

/// Ends with a failure if a single request has.
fn locust(workspace: &Workspace, program: &Path, address: SocketAddr) -> Command {
    let mut command = workspace.command(program);
    command.args(["--locustfile", FILE, "--headless", "--only-summary"]);
    command.args(["--users", USERS, "--spawn-rate", SPAWN_RATE]);
    command.args(["--run-time", RUN_TIME, "--exit-code-on-error", "1"]);
    command.args(["--host", &format!("http://{address}")]);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn all_was_asked(report: &Value) -> Result<()> {
    let rows = report.as_array().context("Locust's report is no list")?;
    for (method, name) in ROWS {
        let count = rows
            .iter()
            .filter(|row| row["method"] == method && row["name"] == name)
            .filter_map(|row| row["num_requests"].as_u64());
        ensure!(count.sum::<u64>() > 0, "no {method} {name} in the report");
    }
    let failed = rows.iter().filter_map(|row| row["num_failures"].as_u64());
    ensure!(failed.sum::<u64>() == 0, "requests failed: {report}");
    ensure!(rows.len() <= MOST_ROWS, "{} rows: {report}", rows.len());
    Ok(())
}

/// Where there is no server, a run has to say so and fail, rather than to count failures.
fn nobody_there(workspace: &Workspace, program: &Path) -> Result<()> {
    // Bound and let go, so that nothing listens there.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let output = locust(workspace, program, address).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || !said.contains("is Agon running there?") {
        bail!(
            "a run without a server ended with {}:\n{said}",
            output.status
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Vec<Value> {
        let row = |(method, name)| json!({"method": method, "name": name, "num_requests": 1, "num_failures": 0});
        ROWS.into_iter().map(row).collect()
    }

    #[test]
    fn a_report_has_every_row_and_no_failure() {
        assert!(all_was_asked(&report().into()).is_ok());
        let mut unasked = report();
        unasked[3]["num_requests"] = 0.into();
        let error = all_was_asked(&unasked.into()).unwrap_err();
        assert!(error.to_string().contains("/user/profile/{guid}"));
        let mut failed = report();
        failed[0]["num_failures"] = 1.into();
        assert!(all_was_asked(&failed.into()).is_err());
    }

    #[test]
    fn ids_in_names_are_noticed() {
        let mut rows = report();
        rows.extend((0..MOST_ROWS).map(|n| json!({"method": "GET", "name": format!("/{n}")})));
        assert!(all_was_asked(&rows.into()).is_err());
    }
}
