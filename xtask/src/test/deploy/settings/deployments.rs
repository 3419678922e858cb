//! The deployments as their files have them, as far as settings go.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{KEYS_FILE, PASSWORD, PASSWORD_FILE};
use crate::test::deploy::manifests::{
    self, COMPOSE, COMPOSE_CLUSTER, KUBERNETES, KUBERNETES_CLUSTER, STACK, STACK_CLUSTER,
};
use crate::workspace::Workspace;

/// What whoever deploys says, or mounts.
const SECRET: [&str; 3] = [KEYS_FILE, PASSWORD, PASSWORD_FILE];

/// A way to run Agon, as far as settings go.
pub(super) struct Deployment {
    pub(super) name: &'static str,
    pub(super) variables: Vec<(String, String)>,
    pub(super) file: Option<PathBuf>,
    /// How long it may take to stop.
    pub(super) grace: Duration,
    /// Whether the settings of the image hold as well.
    pub(super) in_container: bool,
    /// Where the proxy in front of it is; nowhere, and there is none.
    pub(super) proxies: Vec<String>,
    /// Whether everybody may do everything.
    pub(super) open: bool,
    /// Whether the store is a Redis Cluster, which others share.
    pub(super) shared: bool,
}

/// All of them.
pub(super) fn deployments(workspace: &Workspace) -> Result<Vec<Deployment>> {
    let compose = manifests::yaml(workspace, COMPOSE)?;
    let stack = manifests::yaml(workspace, STACK)?;
    let pod = &manifests::stateful_set(workspace)?["spec"]["template"]["spec"];
    let seconds = pod["terminationGracePeriodSeconds"].as_u64();
    let edge = manifests::with_defaults(&stack["networks"]["edge"]["ipam"]["config"][0]["subnet"])
        .context("the network of the proxy")?;
    let unit_grace = manifests::unit_value(workspace, "TimeoutStopSec")?;
    let mut deployments = clusters(workspace)?;
    deployments.extend([
        Deployment {
            name: "compose",
            variables: variables(&compose["services"]["agon"]["environment"])?,
            file: None,
            grace: manifests::duration(&compose["services"]["agon"]["stop_grace_period"])?,
            in_container: true,
            proxies: Vec::new(),
            open: true,
            shared: false,
        },
        Deployment {
            name: "stack",
            variables: variables(&stack["services"]["agon"]["environment"])?,
            file: Some(workspace.path("agon.example.toml")),
            grace: manifests::duration(&stack["services"]["agon"]["stop_grace_period"])?,
            in_container: true,
            proxies: vec![edge],
            open: false,
            shared: false,
        },
        Deployment {
            name: "kubernetes",
            variables: Vec::new(),
            file: Some(workspace.path(KUBERNETES).join("agon.toml")),
            grace: Duration::from_secs(seconds.context("no terminationGracePeriodSeconds")?),
            in_container: true,
            // Pods of most clusters.
            proxies: vec!["10.0.0.0/8".to_owned()],
            open: false,
            shared: false,
        },
        Deployment {
            name: "systemd",
            variables: Vec::new(),
            file: Some(workspace.path("deploy/systemd/agon.toml")),
            grace: Duration::from_secs(unit_grace.parse()?),
            in_container: false,
            proxies: vec!["127.0.0.1/32".to_owned(), "::1/128".to_owned()],
            open: false,
            shared: false,
        },
    ]);
    Ok(deployments)
}

/// Those of several nodes.
fn clusters(workspace: &Workspace) -> Result<Vec<Deployment>> {
    let compose = manifests::yaml(workspace, COMPOSE_CLUSTER)?;
    let stack = manifests::yaml(workspace, STACK_CLUSTER)?;
    let (node, task) = (&compose["services"]["agon-1"], &stack["services"]["agon"]);
    let pod = &manifests::stateful_set(workspace)?["spec"]["template"]["spec"];
    let seconds = pod["terminationGracePeriodSeconds"].as_u64();
    let proxy = &compose["services"]["nginx"]["networks"]["front"]["ipv4_address"];
    let edge = &stack["networks"]["edge"]["ipam"]["config"][0]["subnet"];
    Ok(vec![
        Deployment {
            name: "compose.cluster",
            variables: variables(&node["environment"])?,
            file: None,
            grace: manifests::duration(&node["stop_grace_period"])?,
            in_container: true,
            proxies: vec![format!("{}/32", manifests::with_defaults(proxy)?)],
            open: true,
            shared: true,
        },
        Deployment {
            name: "stack.cluster",
            variables: variables(&task["environment"])?,
            file: None,
            grace: manifests::duration(&task["stop_grace_period"])?,
            in_container: true,
            proxies: vec![manifests::with_defaults(edge)?],
            open: false,
            shared: true,
        },
        Deployment {
            name: "kubernetes-cluster",
            variables: Vec::new(),
            file: Some(workspace.path(KUBERNETES_CLUSTER).join("agon.toml")),
            grace: Duration::from_secs(seconds.context("no terminationGracePeriodSeconds")?),
            in_container: true,
            proxies: vec!["10.0.0.0/8".to_owned()],
            open: false,
            shared: true,
        },
    ])
}

fn variables(environment: &Value) -> Result<Vec<(String, String)>> {
    let mapping = environment.as_object().context("no environment")?;
    let pair = |(name, value): (&String, &Value)| {
        let value = manifests::with_defaults(value).with_context(|| name.clone());
        Ok((name.clone(), value?))
    };
    let said = mapping
        .iter()
        .filter(|(name, _)| !SECRET.contains(&name.as_str()));
    said.map(pair).collect()
}
