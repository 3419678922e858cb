//! A running server against its own API description.
//!
//! Schemathesis reads the description, sends requests that keep to it and requests that do not, and
//! compares every reply with it. What it finds is a fault of the server or of the description. It does so
//! twice: with a server that is open, and with one that needs a key, which it has. Then it also leaves the key
//! away and sends others, which must not work.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::agon::{self, Agon};
use super::{python, tools};
use crate::process;
use crate::workspace::Workspace;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection";

/// The same with a key, and that there is no way without.
const CHECKS_WITH_KEY: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,ignored_auth";

/// `stateful` is left out: it follows links between operations, and the description has none.
const PHASES: &str = "examples,coverage,fuzzing";

/// What is an error of the server elsewhere is a right answer where an upstream has failed or is late.
/// Left out are what it cannot write, lines of JSON, and what it cannot read, streams that end late or
/// never; both have tests of their own. A reply that may keep a client waiting for a minute is not
/// waited for that long.
const SETTINGS: &str = r#"
[[operations]]
include-path = "/v1/boards/{board}/scores:batch"
enabled = false

[[operations]]
include-path = "/v1/boards/{board}/events"
enabled = false

[[operations]]
include-path = "/v1/queues/{queue}/tickets/{ticket}/events"
enabled = false

[[operations]]
include-path = "/v1/queues/{queue}/tickets/{ticket}"
parameters = { "query.wait" = "5ms" }

[[operations]]
include-tag = "upstreams"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "502", "504"]
"#;

/// What is tested is not patience.
const FAST: [&str; 2] = ["--latency", "uniform:0..2"];
/// A server without keys takes requests without one, which its description calls wrong; so none is left out
/// on purpose, nor made up.
const SETTINGS_WITHOUT_KEY: &str = "[generation]\nwith-security-parameters = false\n";

/// For each operation and phase. With these all of it takes a minute or two.
const MAX_EXAMPLES: &str = "100";

/// What differs with a key is the same for all examples of an operation.
const MAX_EXAMPLES_WITH_KEY: &str = "10";

/// Any; that it is always the same makes a failure one that can be seen again.
const SEED: &str = "20251121";

const REQUEST_TIMEOUT_SECONDS: &str = "60";

/// On a machine that does other things as well it takes several times as long.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Whether the server does what its description says.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let program = python::program(workspace, "schemathesis");
    tools::require(&program)?;
    let binary = agon::built(workspace)?;
    let dir = workspace.target("schemathesis");
    fs::create_dir_all(&dir)?;
    let practice = Agon::practice(&binary, dir.join("practice.log"), &FAST)?;
    let settings = [agon::upstream("DEFAULT", practice.address())];
    let agon = Agon::serve(&binary, dir.join("agon.log"), &settings)?;
    compare(&program, &dir, agon, None)?;
    let (agon, key) = Agon::serve_with_key(&binary, dir.join("agon.log"), &settings)?;
    compare(&program, &dir, agon, Some(&key))?;
    practice.stop()
}

/// Compares a server, with a key where it needs one, and stops it.
fn compare(program: &Path, dir: &Path, agon: Agon, key: Option<&str>) -> Result<()> {
    let of_run = key.map_or(SETTINGS_WITHOUT_KEY, |_| "");
    fs::write(dir.join("schemathesis.toml"), format!("{of_run}{SETTINGS}"))?;
    let url = format!("http://{}/openapi.json", agon.address());
    let found = process::run_within(&mut schemathesis(program, dir, &url, key), LIMIT);
    if found.is_err() {
        println!("agon logged:\n{}", agon.log());
    }
    found?;
    agon.stop()
}

/// Runs in `dir`, where no settings but ours and no examples of other runs are found.
fn schemathesis(program: &Path, dir: &Path, url: &str, key: Option<&str>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).args(["run", url]);
    let (checks, examples) = match key {
        None => (CHECKS, MAX_EXAMPLES),
        Some(_) => (CHECKS_WITH_KEY, MAX_EXAMPLES_WITH_KEY),
    };
    if let Some(key) = key {
        // One of a server that is gone in a few minutes: that it is shown does no harm.
        command.args(["--header", &format!("Authorization: Bearer {key}")]);
    }
    command.args(["--checks", checks, "--phases", PHASES]);
    command.args(["--max-examples", examples, "--seed", SEED]);
    command.args(["--request-timeout", REQUEST_TIMEOUT_SECONDS]);
    command.args(["--generation-database", "none", "--no-color"]);
    // All failures at once, rather than one a run.
    command.arg("--continue-on-failure");
    command
}
