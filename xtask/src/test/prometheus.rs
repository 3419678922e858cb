//! Rules and dashboards with the real Prometheus: what is checked by reading them, and what can be told only by
//! watching an Agon under load.
//!
//! Grafana is not run: it is no Debian package. What it would ask is asked instead, and the shape of its files is
//! checked; both are in `deploy/tests`.

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::agon::{self, Agon};
use super::unpacked::Unpacked;
use super::{python, tools};
use crate::process;
use crate::workspace::Workspace;
use server::Prometheus;

/// Debian's own.
pub(crate) const PROMETHEUS: Unpacked = Unpacked {
    package: "prometheus",
    place: "usr/bin",
    programs: &["prometheus", "promtool"],
    asked: "--version",
};

const SHIPPED: &str = "deploy/prometheus";
const TESTS: &str = "deploy/tests";

/// A fast upstream, and one that needs hedges: they hide nearly all of its faults.
const DEFAULT: [&str; 2] = ["--latency", "uniform:0..2"];
const FLAKY: [&str; 8] = [
    "--latency",
    "uniform:1..30",
    "--errors",
    "0.1",
    "--invalid",
    "0.05",
    "--silent",
    "0.05",
];
const FLAKY_DELAY: &str = "20ms";
/// More than is needed, so that no alert has a reason to begin.
const FLAKY_BUDGET: &str = "2.0";

/// The tests wait no longer than half of this for what they need.
const LIMIT: Duration = Duration::from_secs(4 * 60);

/// Whether rules and dashboards do what they are for.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let prometheus = PROMETHEUS.program(workspace, "prometheus");
    let python = python::program(workspace, "python");
    for program in [&prometheus, &python] {
        tools::require(program)?;
    }
    promtool(workspace)?;
    process::run(&mut tests(workspace, &["test_rules", "test_dashboards"]))?;
    live(workspace, &prometheus)
}

fn promtool(workspace: &Workspace) -> Result<()> {
    let promtool = || workspace.command(PROMETHEUS.program(workspace, "promtool"));
    let config = format!("{SHIPPED}/prometheus.yml");
    process::run(promtool().args(["check", "config", &config]))?;
    let with_key = server::with_key(&workspace.path(SHIPPED))?;
    let with_key = with_key.path().join("prometheus.yml");
    process::run(promtool().args(["check", "config"]).arg(with_key))?;
    let rules = yaml_files(&workspace.path(SHIPPED).join("rules"))?;
    let lint = ["check", "rules", "--lint=all", "--lint-fatal"];
    process::run(promtool().args(lint).args(rules))?;
    let cases = yaml_files(&workspace.path(SHIPPED).join("tests"))?;
    process::run(promtool().args(["test", "rules"]).args(cases))
}

fn yaml_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "yml"));
    files.sort();
    Ok(files)
}

/// An Agon with two upstreams, and a Prometheus that watches it; both end with this.
fn live(workspace: &Workspace, prometheus: &Path) -> Result<()> {
    let binary = agon::built(workspace)?;
    let dir = workspace.target("prometheus");
    fs::create_dir_all(&dir)?;
    let default = Agon::practice(&binary, dir.join("default.log"), &DEFAULT)?;
    let flaky = Agon::practice(&binary, dir.join("flaky.log"), &FLAKY)?;
    let settings = [
        agon::upstream("DEFAULT", default.address()),
        agon::upstream("FLAKY", flaky.address()),
        ("AGON_UPSTREAMS__FLAKY__DELAY".into(), FLAKY_DELAY.into()),
        ("AGON_UPSTREAMS__FLAKY__BUDGET".into(), FLAKY_BUDGET.into()),
    ];
    let agon = Agon::serve(&binary, dir.join("agon.log"), &settings)?;
    let shipped = workspace.path(SHIPPED);
    let log = dir.join("prometheus.log");
    let prometheus = Prometheus::start(prometheus, &shipped, agon.address(), log)?;
    let mut tests = tests(workspace, &["test_live"]);
    tests.env("AGON_URL", format!("http://{}", agon.address()));
    tests.env("PROMETHEUS_URL", format!("http://{}", prometheus.address()));
    let found = process::run_within(&mut tests, LIMIT);
    if found.is_err() {
        println!("agon logged:\n{}", agon.log());
        println!("prometheus logged:\n{}", prometheus.log());
    }
    found?;
    agon.stop()?;
    flaky.stop()?;
    default.stop()
}

fn tests(workspace: &Workspace, modules: &[&str]) -> Command {
    let mut command = workspace.command(python::program(workspace, "python"));
    command.current_dir(workspace.path(TESTS));
    // No compiled files in the source tree, and no proxy on the way to this machine.
    command.arg("-B").env("no_proxy", "127.0.0.1");
    command.args(["-m", "unittest"]).args(modules);
    command
}
