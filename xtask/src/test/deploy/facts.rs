//! What several files of deployments say has to be the same, and what keeps a container harmless has to be there.

mod cluster;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::manifests::{self, COMPOSE, DOCKERFILE, KUBERNETES, STACK};
use crate::workspace::Workspace;

const UID: u64 = 10001;
const PORT: u64 = 8000;
const VOLUME: &str = "/var/lib/agon";

/// Whether they agree.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    image(workspace).context(DOCKERFILE)?;
    versions(workspace)?;
    compose(workspace).context(COMPOSE)?;
    stack(workspace).context(STACK)?;
    cluster::check(workspace)?;
    pod(workspace).context("statefulset.yaml")?;
    kustomization(workspace).context("kustomization.yaml")?;
    build_context(workspace).context(".dockerignore")
}

fn only(workspace: &Workspace, instruction: &str) -> Result<String> {
    let mut found = manifests::instructions(workspace, instruction)?;
    ensure!(
        found.len() == 1,
        "{instruction} is there {} times",
        found.len()
    );
    Ok(found.remove(0))
}

fn image(workspace: &Workspace) -> Result<()> {
    let user = format!("{UID}:{UID}");
    ensure!(only(workspace, "USER")? == user, "another user than {user}");
    ensure!(
        only(workspace, "EXPOSE")? == PORT.to_string(),
        "another port"
    );
    ensure!(only(workspace, "VOLUME")? == VOLUME, "another volume");
    let owned = format!("--chown={user} deploy/image/volume {VOLUME}");
    let copies = manifests::instructions(workspace, "COPY")?;
    ensure!(copies.contains(&owned), "the volume has another owner");
    let stages = manifests::instructions(workspace, "FROM")?;
    let last = stages.last().map(String::as_str);
    ensure!(
        last == Some("base AS agon"),
        "another image is built by default"
    );
    Ok(())
}

/// Of the toolchain, and of Agon.
fn versions(workspace: &Workspace) -> Result<()> {
    let toolchain: Value = toml::from_str(&manifests::text(workspace, "rust-toolchain.toml")?)?;
    let channel = toolchain["toolchain"]["channel"]
        .as_str()
        .unwrap_or_default();
    let builder = format!("rust:{channel}-bookworm AS builder");
    let stages = manifests::instructions(workspace, "FROM")?;
    ensure!(
        stages.contains(&builder),
        "the image is not built with Rust {channel}"
    );
    let version = env!("CARGO_PKG_VERSION");
    let arguments = manifests::instructions(workspace, "ARG")?;
    ensure!(
        arguments.contains(&format!("VERSION={version}")),
        "the image has another version"
    );
    let compose = manifests::yaml(workspace, COMPOSE)?;
    let image = &compose["services"]["agon"]["image"];
    ensure!(
        image == &json!(format!("agon:{version}")),
        "compose has {image}"
    );
    let list = manifests::yaml(workspace, &format!("{KUBERNETES}/kustomization.yaml"))?;
    let tag = &list["images"][0]["newTag"];
    ensure!(tag == &json!(version), "kustomization.yaml has {tag}");
    Ok(())
}

fn compose(workspace: &Workspace) -> Result<()> {
    let file = manifests::yaml(workspace, COMPOSE)?;
    let services = file["services"].as_object().context("no services")?;
    for (name, service) in services {
        harmless(service).with_context(|| name.clone())?;
        ensure!(
            service["security_opt"] == json!(["no-new-privileges:true"]),
            "{name} may get privileges"
        );
        for port in strings(&service["ports"]) {
            ensure!(port.starts_with("127.0.0.1:"), "{name} is public at {port}");
        }
        for volume in strings(&service["volumes"]) {
            is_mounted_from_here(workspace, &file, volume)?;
        }
    }
    let agon = &services["agon"];
    let ports: Vec<&str> = strings(&agon["ports"]).collect();
    ensure!(
        ports.len() == 1 && ports[0].ends_with(&format!(":{PORT}")),
        "ports {ports:?}"
    );
    is_on_volume(agon)?;
    asks_what_runs(agon)
}

/// A volume of this file, or what is here.
fn is_mounted_from_here(workspace: &Workspace, file: &Value, volume: &str) -> Result<()> {
    let source = volume.split(':').next().unwrap_or_default();
    match source.strip_prefix("./") {
        Some(path) => mounted(workspace, path, volume),
        None => {
            ensure!(file["volumes"].get(source).is_some(), "no volume {source}");
            Ok(())
        }
    }
}

/// A file or directory that a container sees: there, and read-only.
fn mounted(workspace: &Workspace, path: &str, volume: &str) -> Result<()> {
    ensure!(volume.ends_with(":ro"), "{volume} can be written");
    let path = format!("deploy/{path}");
    ensure!(workspace.path(&path).exists(), "there is no {path}");
    Ok(())
}

fn stack(workspace: &Workspace) -> Result<()> {
    let file = manifests::yaml(workspace, STACK)?;
    let agon = &file["services"]["agon"];
    harmless(agon)?;
    is_on_volume(agon)?;
    asks_what_runs(agon)?;
    ensure!(
        agon["ports"].is_null(),
        "a port is published, on every address"
    );
    let deploy = &agon["deploy"];
    ensure!(deploy["replicas"] == 1, "one process owns the data");
    for config in ["update_config", "rollback_config"] {
        let order = &deploy[config]["order"];
        ensure!(
            order == "stop-first",
            "{config} would have two at once: {order}"
        );
    }
    Ok(())
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn is_on_volume(service: &Value) -> Result<()> {
    let mut volumes = strings(&service["volumes"]);
    let is_there = volumes.any(|v| v == format!("agon:{VOLUME}"));
    ensure!(is_there, "the data is not on a volume");
    Ok(())
}

/// The health check has the flags of the server, or it would read other settings and ask another address.
fn asks_what_runs(service: &Value) -> Result<()> {
    let flags: Vec<&str> = strings(&service["command"]).skip(1).collect();
    let asked: Vec<&str> = strings(&service["healthcheck"]["test"]).collect();
    let beginning = asked.get(..3);
    ensure!(
        beginning == Some(&["CMD", "/usr/local/bin/agon", "healthcheck"]),
        "its health is asked by {asked:?}"
    );
    let same = asked.get(3..).is_some_and(|rest| rest.starts_with(&flags));
    ensure!(same, "{asked:?} has other settings than {flags:?}");
    Ok(())
}

/// A read-only root, no capabilities, bounds.
fn harmless(service: &Value) -> Result<()> {
    ensure!(service["read_only"] == true, "its root can be written");
    ensure!(service["cap_drop"] == json!(["ALL"]), "it has capabilities");
    let limits = &service["deploy"]["resources"]["limits"];
    for limit in ["cpus", "memory", "pids"] {
        ensure!(!limits[limit].is_null(), "{limit} have no limit");
    }
    ensure!(
        service["healthcheck"]["test"].is_array(),
        "nobody looks after it"
    );
    Ok(())
}

fn pod(workspace: &Workspace) -> Result<()> {
    let set = manifests::stateful_set(workspace)?;
    ensure!(set["spec"]["replicas"] == 1, "one process owns the data");
    let pod = &set["spec"]["template"]["spec"];
    ensure!(
        pod["enableServiceLinks"] == false,
        "variables of Services would be taken for settings"
    );
    for key in ["runAsUser", "runAsGroup", "fsGroup"] {
        ensure!(pod["securityContext"][key] == UID, "{key} is not {UID}");
    }
    let container = &pod["containers"][0];
    let security = &container["securityContext"];
    ensure!(
        security["readOnlyRootFilesystem"] == true,
        "its root can be written"
    );
    ensure!(
        security["capabilities"]["drop"] == json!(["ALL"]),
        "it has capabilities"
    );
    ensure!(
        container["ports"][0]["containerPort"] == PORT,
        "another port"
    );
    ensure!(
        container["volumeMounts"][0]["mountPath"] == VOLUME,
        "another volume"
    );
    for (probe, path) in [
        ("startupProbe", "/readyz"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/healthz"),
    ] {
        ensure!(
            container[probe]["httpGet"]["path"] == path,
            "{probe} does not ask {path}"
        );
    }
    Ok(())
}

/// It names each file beside it, or some would never be applied.
fn kustomization(workspace: &Workspace) -> Result<()> {
    let list = manifests::yaml(workspace, &format!("{KUBERNETES}/kustomization.yaml"))?;
    let listed: BTreeSet<&str> = strings(&list["resources"]).collect();
    let files = manifests::kubernetes_files(workspace)?;
    let names = files.iter().filter_map(|f| f.file_name()?.to_str());
    let there: BTreeSet<&str> = names.collect();
    ensure!(listed == there, "lists {listed:?}, and there are {there:?}");
    Ok(())
}

/// Each member of the workspace is let through, without which cargo refuses the rest.
fn build_context(workspace: &Workspace) -> Result<()> {
    let ignored = manifests::text(workspace, ".dockerignore")?;
    let manifest: Value = toml::from_str(&manifests::text(workspace, "Cargo.toml")?)?;
    let members = strings(&manifest["workspace"]["members"]).map(|m| m.trim_end_matches("/*"));
    for path in members.chain(["Cargo.toml", "Cargo.lock", "deploy/image"]) {
        let through = ignored.lines().any(|line| line == format!("!{path}"));
        ensure!(through, "{path} is kept away from the image");
    }
    Ok(())
}
