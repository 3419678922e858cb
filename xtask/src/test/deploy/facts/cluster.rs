//! What the files for several nodes say has to be the same: names of nodes, addresses, the Redis that they share.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{asks_what_runs, harmless, is_mounted_from_here, strings};
use crate::test::deploy::manifests::{self, COMPOSE_CLUSTER, NGINX, REDIS_CONF, STACK_CLUSTER};
use crate::workspace::Workspace;

const REDIS_NODES: usize = 6;
/// Runs to its end, so there is no health to look after.
const CREATE: &str = "redis-create";

/// Whether they agree.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let compose = manifests::yaml(workspace, COMPOSE_CLUSTER)?;
    let stack = manifests::yaml(workspace, STACK_CLUSTER)?;
    for (name, file) in [(COMPOSE_CLUSTER, &compose), (STACK_CLUSTER, &stack)] {
        let services = file["services"].as_object().context("no services")?;
        for (service, said) in services {
            is_harmless(service, said).with_context(|| format!("{name}: {service}"))?;
        }
        redis(workspace, file).context(name)?;
        same_images(&compose, file).context(name)?;
    }
    of_one_machine(workspace, &compose).context(COMPOSE_CLUSTER)?;
    of_a_swarm(workspace, &stack).context(STACK_CLUSTER)
}

fn is_harmless(name: &str, service: &Value) -> Result<()> {
    let mut looked_after = service.clone();
    if name == CREATE {
        ensure!(
            service["healthcheck"]["disable"] == true,
            "it ends, and would be taken for ill"
        );
        looked_after["healthcheck"] = json!({"test": []});
    }
    harmless(&looked_after)?;
    if name.starts_with("agon") {
        asks_what_runs(service)?;
    }
    let published = !service["ports"].is_null();
    ensure!(
        published == (name == "nginx"),
        "ports: {}",
        service["ports"]
    );
    Ok(())
}

/// The nodes of Redis: each with a name, a volume and room of its own, all in the list of whoever makes them a cluster.
fn redis(workspace: &Workspace, file: &Value) -> Result<()> {
    let services = &file["services"];
    let names: Vec<String> = (1..=REDIS_NODES).map(|n| format!("redis-{n}")).collect();
    let listed: Vec<&str> = strings(&services[CREATE]["command"]).collect();
    ensure!(listed == names, "{CREATE} is told of {listed:?}");
    let promised = manifests::redis_setting(workspace, "appendfsync")?;
    let bytes = manifests::bytes(&manifests::redis_setting(workspace, "maxmemory")?)?;
    for name in &names {
        let service = &services[name];
        ensure!(
            service["environment"]["REDIS_NODE"] == *name,
            "{name} has another name"
        );
        let data = format!("{name}:/data");
        ensure!(
            strings(&service["volumes"]).any(|v| v == data),
            "{name} has no volume of its own"
        );
        ensure!(file["volumes"].get(name).is_some(), "no volume {name}");
        let limit = &service["deploy"]["resources"]["limits"]["memory"];
        let limit = manifests::bytes(limit.as_str().unwrap_or_default())?;
        ensure!(
            limit * 3 >= bytes * 4,
            "{name} has {limit} bytes for {REDIS_CONF}'s {bytes}"
        );
    }
    for (name, service) in services.as_object().into_iter().flatten() {
        let Some(said) = service["environment"].get("AGON_STORE__DURABILITY") else {
            ensure!(
                !name.starts_with("agon"),
                "{name} promises nothing of its store"
            );
            continue;
        };
        ensure!(
            *said == promised,
            "{name} promises {said}, and {REDIS_CONF} keeps {promised}"
        );
    }
    Ok(())
}

/// nginx and Redis are of the same versions wherever they are.
fn same_images(compose: &Value, file: &Value) -> Result<()> {
    for (name, service) in file["services"].as_object().into_iter().flatten() {
        let other = &compose["services"][name]["image"];
        let same = other.is_null() || service["image"] == *other;
        ensure!(
            same,
            "{name} is {} here and {other} there",
            service["image"]
        );
    }
    Ok(())
}

fn of_one_machine(workspace: &Workspace, file: &Value) -> Result<()> {
    let services = file["services"].as_object().context("no services")?;
    for service in services.values() {
        for port in strings(&service["ports"]) {
            ensure!(port.starts_with("127.0.0.1:"), "public at {port}");
        }
        for volume in strings(&service["volumes"]) {
            is_mounted_from_here(workspace, file, volume)?;
        }
        let privileges = &service["security_opt"];
        ensure!(
            *privileges == json!(["no-new-privileges:true"]),
            "may get privileges"
        );
    }
    let image = format!("agon:{}", env!("CARGO_PKG_VERSION"));
    let proxy = &services["nginx"]["networks"]["front"]["ipv4_address"];
    for name in nodes(workspace)? {
        let node = services
            .get(&name)
            .with_context(|| format!("no service {name}"))?;
        ensure!(node["image"] == image, "{name} is {}", node["image"]);
        let trusted = &node["environment"]["AGON_SERVER__TRUSTED_PROXIES"];
        ensure!(
            trusted == proxy,
            "{name} believes {trusted}, and nginx is {proxy}"
        );
    }
    ensure!(
        file["networks"]["back"]["internal"] == true,
        "Redis can be reached from outside"
    );
    Ok(())
}

fn of_a_swarm(workspace: &Workspace, file: &Value) -> Result<()> {
    let services = &file["services"];
    let aliases: Vec<&str> = strings(&services["agon"]["networks"]["edge"]["aliases"]).collect();
    let nodes = nodes(workspace)?;
    ensure!(
        aliases == nodes,
        "nginx asks {nodes:?}, and there are {aliases:?}"
    );
    let trusted = &services["agon"]["environment"]["AGON_SERVER__TRUSTED_PROXIES"];
    let edge = &file["networks"]["edge"]["ipam"]["config"][0]["subnet"];
    ensure!(
        trusted == edge,
        "nginx is in {edge}, and Agon believes {trusted}"
    );
    let mode = &services["nginx"]["ports"][0]["mode"];
    ensure!(
        mode == "host",
        "nginx sees no clients' addresses in mode {mode}"
    );
    for config in file["configs"].as_object().into_iter().flatten() {
        let path = manifests::with_defaults(&config.1["file"])?;
        let path = format!("deploy/{}", path.trim_start_matches("./"));
        ensure!(workspace.path(&path).exists(), "there is no {path}");
    }
    for master in 1..=REDIS_NODES / 2 {
        let place = |n: usize| &services[format!("redis-{n}")]["deploy"]["placement"];
        let replica = master + REDIS_NODES / 2;
        let apart = place(master) != place(replica) && place(replica).is_object();
        ensure!(
            apart,
            "redis-{master} and its replica redis-{replica} go down together"
        );
    }
    Ok(())
}

/// Agon's nodes, as nginx knows them.
fn nodes(workspace: &Workspace) -> Result<Vec<String>> {
    let text = manifests::text(workspace, NGINX)?;
    let lines = text
        .lines()
        .filter_map(|l| l.trim().strip_prefix("server "));
    let nodes = lines.filter_map(|l| l.split_once(":8000 "));
    let nodes: Vec<String> = nodes.map(|(name, _)| name.to_owned()).collect();
    ensure!(nodes.len() == 3, "{NGINX} has the nodes {nodes:?}");
    Ok(nodes)
}
