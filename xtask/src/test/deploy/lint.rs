//! What the files' own tools say of them: linters and schemas of the versions in `requirements.txt`, and the
//! programs of those who run them, where they are here.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::manifests::{self, COMPOSE, DOCKERFILE, KUBERNETES, STACK};
use super::{Skipped, scratch};
use crate::process;
use crate::test::{python, tools};
use crate::workspace::Workspace;

const YAML_RULES: &str =
    "{extends: default, rules: {line-length: {max: 120}, document-start: disable}}";

const SCRIPTS: [&str; 1] = ["deploy/terraform/first-boot/first-boot.sh"];

/// What whoever deploys has to say. Any: nothing is deployed.
const SAID: [(&str, &str); 2] = [
    ("IMAGE", "registry.example/agon:0"),
    ("KEYS_FILE", "/dev/null"),
];

/// Whether nothing is complained about.
pub(super) fn check(workspace: &Workspace) -> Result<Skipped> {
    let installed = |name: &str| -> Result<Command> {
        let program = python::program(workspace, name);
        tools::require(&program)?;
        Ok(workspace.command(program))
    };
    process::run(installed("hadolint")?.arg(DOCKERFILE))?;
    let mut yamllint = installed("yamllint")?;
    yamllint.args(["--strict", "--config-data", YAML_RULES]);
    process::run(yamllint.args([COMPOSE, STACK, KUBERNETES]))?;
    let mut schema = installed("check-jsonschema")?;
    schema.args(["--builtin-schema", "vendor.compose-spec"]);
    process::run(schema.args([COMPOSE, STACK]))?;
    process::run(installed("shellcheck")?.args(SCRIPTS))?;
    let objects = manifests::kubernetes_files(workspace)?;
    process::run(&mut validate(installed("kubernetes-validate")?, &objects))?;
    let mut skipped = kustomize(workspace, installed("kubernetes-validate")?)?;
    skipped.extend(docker(workspace)?);
    Ok(skipped)
}

/// Unknown fields are faults.
fn validate(mut command: Command, files: &[PathBuf]) -> Command {
    command.args(["--strict", "--quiet"]).args(files);
    command
}

/// What would be applied, all of it put together.
fn kustomize(workspace: &Workspace, program: Command) -> Result<Skipped> {
    if !process::succeeds(Command::new("kubectl").args(["kustomize", "--help"])) {
        return Ok(vec!["no kubectl to put kubernetes/ together".to_owned()]);
    }
    let mut kubectl = workspace.command("kubectl");
    let together = process::output(kubectl.args(["kustomize", KUBERNETES]))?;
    let file = scratch(workspace, "kubernetes")?.join("all.yaml");
    std::fs::write(&file, together)?;
    process::run(&mut validate(program, &[file]))?;
    Ok(Vec::new())
}

/// Neither needs an engine.
fn docker(workspace: &Workspace) -> Result<Skipped> {
    let mut skipped = Vec::new();
    let docker = |arguments: &[&str]| {
        let mut docker = workspace.command("docker");
        docker.args(arguments).envs(SAID);
        docker
    };
    if process::succeeds(&mut docker(&["compose", "version"])) {
        process::run(&mut docker(&[
            "compose", "--file", COMPOSE, "config", "--quiet",
        ]))?;
    } else {
        skipped.push("no docker compose to read compose.yml".to_owned());
    }
    if process::succeeds(&mut docker(&["stack", "config", "--help"])) {
        process::output(&mut docker(&["stack", "config", "--compose-file", STACK]))?;
    } else {
        skipped.push("no docker to read stack.yml".to_owned());
    }
    Ok(skipped)
}
