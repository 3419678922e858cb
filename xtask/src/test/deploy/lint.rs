//! What the files' own tools say of them: linters and schemas of the versions in `requirements.txt`, and the
//! programs of those who run them, where they are here.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::manifests::{
    self, COMPOSE, COMPOSE_CLUSTER, DOCKERFILE, KUBERNETES, KUBERNETES_CLUSTER, STACK,
    STACK_CLUSTER,
};
use super::{Skipped, scratch};
use crate::process;
use crate::test::{python, tools};
use crate::workspace::Workspace;

const YAML_RULES: &str =
    "{extends: default, rules: {line-length: {max: 120}, document-start: disable}}";

const SCRIPTS: [&str; 3] = [
    "deploy/terraform/first-boot/first-boot.sh",
    "deploy/redis/node.sh",
    "deploy/redis/create.sh",
];
const COMPOSE_FILES: [&str; 2] = [COMPOSE, COMPOSE_CLUSTER];
const STACKS: [&str; 2] = [STACK, STACK_CLUSTER];

/// What whoever deploys has to say. Any: nothing is deployed.
const SAID: [(&str, &str); 4] = [
    ("IMAGE", "registry.example/agon:0"),
    ("KEYS_FILE", "/dev/null"),
    ("REDIS_PASSWORD", "any"),
    ("REDIS_PASSWORD_FILE", "/dev/null"),
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
    yamllint.args(COMPOSE_FILES).args(STACKS);
    process::run(yamllint.args([KUBERNETES, KUBERNETES_CLUSTER]))?;
    let mut schema = installed("check-jsonschema")?;
    schema.args(["--builtin-schema", "vendor.compose-spec"]);
    process::run(schema.args(COMPOSE_FILES).args(STACKS))?;
    process::run(installed("shellcheck")?.args(SCRIPTS))?;
    let objects = manifests::kubernetes_files(workspace)?;
    process::run(&mut validate(installed("kubernetes-validate")?, &objects))?;
    let mut skipped = Vec::new();
    if process::succeeds(Command::new("kubectl").args(["kustomize", "--help"])) {
        for dir in [KUBERNETES, KUBERNETES_CLUSTER] {
            kustomize(workspace, dir, installed("kubernetes-validate")?)?;
        }
    } else {
        skipped.push("no kubectl to put kubernetes/ and kubernetes-cluster/ together".to_owned());
    }
    skipped.extend(docker(workspace)?);
    Ok(skipped)
}

/// Unknown fields are faults.
fn validate(mut command: Command, files: &[PathBuf]) -> Command {
    command.args(["--strict", "--quiet"]).args(files);
    command
}

/// What would be applied, all of it put together.
fn kustomize(workspace: &Workspace, dir: &str, program: Command) -> Result<()> {
    let mut kubectl = workspace.command("kubectl");
    let together = process::output(kubectl.args(["kustomize", dir]))?;
    let file = scratch(workspace, "kubernetes")?.join("all.yaml");
    std::fs::write(&file, together)?;
    process::run(&mut validate(program, &[file]))
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
        for file in COMPOSE_FILES {
            let config = ["compose", "--file", file, "config", "--quiet"];
            process::run(&mut docker(&config))?;
        }
    } else {
        skipped.push("no docker compose to read compose.yml and compose.cluster.yml".to_owned());
    }
    if process::succeeds(&mut docker(&["stack", "config", "--help"])) {
        for file in STACKS {
            process::output(&mut docker(&["stack", "config", "--compose-file", file]))?;
        }
    } else {
        skipped.push("no docker to read stack.yml and stack.cluster.yml".to_owned());
    }
    Ok(skipped)
}
