//! The unit by `systemd-analyze`, and the user and the directory that go with it made in a root of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::manifests::{self, UNIT};
use super::{Skipped, is_there, scratch};
use crate::process;
use crate::workspace::Workspace;

const INSTALLED: &str = "/usr/local/bin/agon";

/// Tenths of what systemd calls exposure, of 100. More than it is means that a door has been opened.
const MOST_EXPOSED: &str = "--threshold=15";

/// Whether systemd would take all of it.
pub(super) fn check(workspace: &Workspace, binary: &Path) -> Result<Skipped> {
    if !is_there("systemd-analyze", "--version") {
        return Ok(vec!["no systemd to read agon.service".to_owned()]);
    }
    let dir = scratch(workspace, "systemd")?;
    let unit = dir.join("agon.service");
    let text = manifests::text(workspace, UNIT)?;
    ensure!(
        text.contains(INSTALLED),
        "{UNIT} does not start {INSTALLED}"
    );
    // The program has to be there for the unit to be right.
    fs::write(&unit, text.replace(INSTALLED, &binary.to_string_lossy()))?;
    let analyze = || workspace.command("systemd-analyze");
    verify(analyze().args(["verify", "--man=no"]).arg(&unit))?;
    let mut security = analyze();
    security.args(["security", "--offline=true", "--no-pager", MOST_EXPOSED]);
    process::output(security.arg(&unit)).context("agon.service is more exposed than it was")?;
    make(workspace, &dir.join("root"))
}

/// What is only warned of, such as a key that nobody knows, is a fault as well; other units' faults are none.
fn verify(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let ours = said.lines().any(|line| line.contains("agon.service"));
    ensure!(output.status.success() && !ours, "{UNIT}: {said}");
    Ok(())
}

/// What comes before the first start.
fn make(workspace: &Workspace, root: &Path) -> Result<Skipped> {
    if !process::is_root()? {
        return Ok(vec![
            "the user of agon.service is not made, for want of rights".to_owned(),
        ]);
    }
    let settings = root.join("etc/agon/agon.toml");
    fs::create_dir_all(root.join("etc/agon"))?;
    fs::write(&settings, "")?;
    let file = |name: &str| workspace.path("deploy/systemd").join(name);
    let root_option = format!("--root={}", root.display());
    let mut sysusers = workspace.command("systemd-sysusers");
    process::run(sysusers.arg(&root_option).arg(file("agon.sysusers")))?;
    let mut tmpfiles = workspace.command("systemd-tmpfiles");
    process::run(
        tmpfiles
            .args([&root_option, "--create"])
            .arg(file("agon.tmpfiles")),
    )?;
    let users = fs::read_to_string(root.join("etc/passwd"))?;
    let user = users.lines().find(|l| l.starts_with("agon:"));
    let user = user.context("there is no user agon")?;
    ensure!(user.ends_with("/nologin"), "somebody could log in: {user}");
    let mut stat = workspace.command("stat");
    let mode = process::output(stat.args(["--format", "%a"]).arg(&settings))?;
    ensure!(mode.trim() == "640", "the settings have mode {mode}");
    Ok(Vec::new())
}
