//! Settings of deployments, as Agon itself reads them.
//!
//! Each deployment's variables and file go through `agon check-config`: a setting that has another name by now is
//! refused there. Who stops Agon has to wait for longer than it may take. And where a proxy is in front, Agon has to
//! trust its word on the clients' addresses, or all clients would be one.

mod deployments;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::deployments::{Deployment, deployments};
use super::manifests;
use super::scratch;
use crate::process;
use crate::workspace::Workspace;

const KEYS_FILE: &str = "AGON_ACCESS__KEYS_FILE";
const PASSWORD: &str = "AGON_STORE__PASSWORD";
const PASSWORD_FILE: &str = "AGON_STORE__PASSWORD_FILE";
const DATA_DIR: &str = "/var/lib/agon/store";

/// For closing the store after the last request has ended.
const SPARE: Duration = Duration::from_secs(5);

/// Whether Agon takes the settings of each deployment, and each deployment fits them.
pub(super) fn check(workspace: &Workspace, binary: &Path) -> Result<()> {
    let keys = keys(workspace, binary)?;
    let password = scratch(workspace, "password")?.join("password");
    fs::write(&password, "any")?;
    for mut deployment in deployments(workspace)? {
        let name = deployment.name;
        if !deployment.open {
            // In place of the file that is mounted; it has to be there, and has to be what makes a public address
            // a safe one.
            let is_open = |(name, _): &(String, String)| name.ends_with("INSECURE_OPEN");
            ensure!(!deployment.variables.iter().any(is_open), "{name} is open");
            let keys = keys.to_string_lossy().into_owned();
            deployment.variables.push((KEYS_FILE.to_owned(), keys));
        }
        if deployment.shared {
            let password = password.to_string_lossy().into_owned();
            let variable = (PASSWORD_FILE.to_owned(), password);
            deployment.variables.push(variable);
        }
        check_one(workspace, binary, deployment).with_context(|| format!("deployment {name}"))?;
    }
    for variable in mentioned(workspace)? {
        is_known(binary, &variable)?;
    }
    Ok(())
}

/// A file with one key.
fn keys(workspace: &Workspace, binary: &Path) -> Result<PathBuf> {
    let dir = scratch(workspace, "keys")?;
    let mut create = Command::new(binary);
    create.args([
        "keys",
        "create",
        "--name",
        "test",
        "--scope",
        "admin",
        "--data-dir",
    ]);
    process::output(create.arg(&dir).env_clear())?;
    Ok(dir.join("keys.toml"))
}

/// Those that the image sets.
pub(super) fn image_variables(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let lines = manifests::instructions(workspace, "ENV")?.join(" ");
    let pairs = lines.split_whitespace().filter_map(|w| w.split_once('='));
    let ours = pairs.filter(|(name, _)| name.starts_with("AGON_"));
    Ok(ours.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
}

fn check_one(workspace: &Workspace, binary: &Path, deployment: Deployment) -> Result<()> {
    let mut command = Command::new(binary);
    command.arg("check-config").env_clear();
    if deployment.in_container {
        command.envs(image_variables(workspace)?);
    }
    if let Some(file) = &deployment.file {
        command.arg("--config").arg(file);
    }
    let text = process::output(command.envs(deployment.variables))?;
    let settings: Value = toml::from_str(&text)?;
    let server = &settings["server"];
    let longest = manifests::duration(&server["drain_delay"])?
        + manifests::duration(&server["drain_timeout"])?;
    ensure!(
        deployment.grace >= longest + SPARE,
        "stopping may take {longest:?} and {SPARE:?} more, and is given {:?}",
        deployment.grace
    );
    let listen = server["listen"].as_str().unwrap_or_default();
    let expected = if deployment.in_container {
        "0.0.0.0:8000"
    } else {
        "127.0.0.1:8000"
    };
    ensure!(
        listen == expected,
        "listens on {listen} instead of {expected}"
    );
    let is_open = server["insecure_open"] == true;
    ensure!(deployment.open || !is_open, "everybody is let in");
    trusts(server, &deployment.proxies)?;
    let store = &settings["store"];
    let (key, beginning) = match deployment.shared {
        true => ("url", "redis-cluster://"),
        false => ("data_dir", DATA_DIR),
    };
    let place = store[key].as_str().unwrap_or_default();
    ensure!(place.starts_with(beginning), "the data is in {store}");
    Ok(())
}

/// Nobody's word is taken who is not meant to be a proxy, and the proxy's is.
fn trusts(server: &Value, proxies: &[String]) -> Result<()> {
    let listed = server["trusted_proxies"].as_array();
    let listed: Vec<&str> = listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for proxy in proxies {
        ensure!(
            listed.contains(&proxy.as_str()),
            "the proxy in front is in {proxy}, and trusted_proxies is {listed:?}"
        );
    }
    ensure!(
        !proxies.is_empty() || listed.is_empty(),
        "there is no proxy, and trusted_proxies is {listed:?}"
    );
    Ok(())
}

/// All variables for settings that are spoken of in files of deployments.
fn mentioned(workspace: &Workspace) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![
        workspace.path("deploy"),
        workspace.path(manifests::DOCKERFILE),
    ];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                waiting.push(entry?.path());
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.extend(variables_in(&text));
        }
    }
    ensure!(
        !found.is_empty(),
        "no variable is found at all, so they are not looked for right"
    );
    Ok(found)
}

fn variables_in(text: &str) -> impl Iterator<Item = String> + '_ {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(move |c| !is_part(c));
    let ours = words.filter(|w| w.starts_with("AGON_") && w.contains("__"));
    ours.map(str::to_owned)
}

/// Another setting's value is refused as well, but not as a setting that nobody knows.
fn is_known(binary: &Path, variable: &str) -> Result<()> {
    let mut command = Command::new(binary);
    command.arg("check-config").env_clear().env(variable, "?");
    let output = command.output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("unknown field") {
        bail!("{variable} is spoken of in deploy, and Agon does not know it: {complaint}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_wherever_they_stand() {
        let text =
            "a AGON_SERVER__LISTEN=1, `AGON_STORE__DATA_DIR` AGON_PORT XAGON_A__B\nAGON_A__B";
        let found: Vec<String> = variables_in(text).collect();
        assert_eq!(
            found,
            ["AGON_SERVER__LISTEN", "AGON_STORE__DATA_DIR", "AGON_A__B"]
        );
    }
}
