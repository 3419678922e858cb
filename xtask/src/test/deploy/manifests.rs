//! The files of deployments as data.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace::Workspace;

pub(super) const COMPOSE: &str = "deploy/compose.yml";
pub(super) const STACK: &str = "deploy/stack.yml";
pub(super) const COMPOSE_CLUSTER: &str = "deploy/compose.cluster.yml";
pub(super) const STACK_CLUSTER: &str = "deploy/stack.cluster.yml";
pub(super) const NGINX: &str = "deploy/nginx.conf";
pub(super) const REDIS_CONF: &str = "deploy/redis/redis.conf";
pub(super) const KUBERNETES: &str = "deploy/kubernetes";
pub(super) const KUBERNETES_CLUSTER: &str = "deploy/kubernetes-cluster";
pub(super) const UNIT: &str = "deploy/systemd/agon.service";
pub(super) const DOCKERFILE: &str = "Dockerfile";

/// What is merged into a mapping may have something merged into it itself, and so on, this deep.
const MERGES: usize = 3;

/// A text below the root.
pub(super) fn text(workspace: &Workspace, path: &str) -> Result<String> {
    fs::read_to_string(workspace.path(path)).with_context(|| format!("cannot read {path}"))
}

/// The one document of a YAML file, with what is merged into mappings in its place.
pub(super) fn yaml(workspace: &Workspace, path: &str) -> Result<Value> {
    let text = text(workspace, path)?;
    let read = || -> Result<Value> {
        let mut value: yaml_serde::Value = yaml_serde::from_str(&text)?;
        for _ in 0..MERGES {
            value.apply_merge()?;
        }
        Ok(serde_json::to_value(value)?)
    };
    read().with_context(|| format!("{path} is not understood"))
}

/// The files of objects for Kubernetes: all there are but the list of them.
pub(super) fn kubernetes_files(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace.path(KUBERNETES))? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|e| e == "yaml");
        if is_yaml && !path.ends_with("kustomization.yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The pod of the StatefulSet, and the set itself.
pub(super) fn stateful_set(workspace: &Workspace) -> Result<Value> {
    yaml(workspace, &format!("{KUBERNETES}/statefulset.yaml"))
}

/// The instructions of the Dockerfile with this name, continued lines joined, without the name.
pub(super) fn instructions(workspace: &Workspace, name: &str) -> Result<Vec<String>> {
    let text = text(workspace, DOCKERFILE)?;
    let lines = text.lines().filter(|l| !l.trim_start().starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let named = joined.lines().filter_map(|l| l.strip_prefix(name));
    let rests = named.filter(|rest| rest.starts_with(' '));
    Ok(rests.map(|rest| rest.trim().to_owned()).collect())
}

/// A text in a file for compose or Swarm where nobody has said anything: `${NAME:-default}` is the default.
pub(super) fn with_defaults(value: &Value) -> Result<String> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no text"))?;
    let mut parts = text.split("${");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (variable, rest) = part.split_once('}').context("no end of a variable")?;
        let (_, default) = variable
            .split_once(":-")
            .with_context(|| format!("{variable} has no default"))?;
        whole.push_str(default);
        whole.push_str(rest);
    }
    Ok(whole)
}

/// The value of a key in a systemd unit.
pub(super) fn unit_value(workspace: &Workspace, key: &str) -> Result<String> {
    let text = text(workspace, UNIT)?;
    let mut values = text
        .lines()
        .filter_map(|l| l.strip_prefix(key)?.strip_prefix('='));
    let value = values
        .next()
        .with_context(|| format!("{UNIT} has no {key}"))?;
    Ok(value.to_owned())
}

/// The value of a setting of Redis.
pub(super) fn redis_setting(workspace: &Workspace, name: &str) -> Result<String> {
    let text = text(workspace, REDIS_CONF)?;
    let mut values = text
        .lines()
        .filter_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
    let value = values
        .next()
        .with_context(|| format!("{REDIS_CONF} has no {name}"))?;
    Ok(value.to_owned())
}

/// A size such as `512mb` or `1G`.
pub(super) fn bytes(text: &str) -> Result<u64> {
    let lower = text.to_ascii_lowercase();
    let number = lower
        .trim_end_matches('b')
        .trim_end_matches(['k', 'm', 'g']);
    let shift = match lower.trim_end_matches('b').chars().last() {
        Some('k') => 10,
        Some('m') => 20,
        Some('g') => 30,
        _ => 0,
    };
    let number: u64 = number
        .parse()
        .with_context(|| format!("{text} is no size"))?;
    Ok(number << shift)
}

/// A duration such as `45s`.
pub(super) fn duration(value: &Value) -> Result<Duration> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no duration"))?;
    humantime::parse_duration(text).with_context(|| format!("{text} is no duration"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_has_said_has_its_default() {
        let text = |text: &str| with_defaults(&json!(text));
        assert_eq!(text("on").unwrap(), "on");
        assert_eq!(text("a ${B:-c}d ${E:-}.").unwrap(), "a cd .");
        text("${IMAGE:?which}").unwrap_err();
        text("${B:-c").unwrap_err();
        with_defaults(&json!(true)).unwrap_err();
    }

    #[test]
    fn sizes_are_in_powers_of_two() {
        assert_eq!(bytes("768mb").unwrap(), 768 << 20);
        assert_eq!(bytes("2G").unwrap(), 2 << 30);
        assert_eq!(bytes("12").unwrap(), 12);
        bytes("m").unwrap_err();
    }
}
