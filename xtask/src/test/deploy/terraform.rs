//! The server by Terraform: parsed, and what needs no provider run.
//!
//! The provider comes from a registry that is not asked here, so that whether it knows the attributes of the
//! resources is for `terraform validate` of whoever uses them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Skipped, is_there, scratch};
use crate::process;
use crate::test::{python, tools};
use crate::workspace::Workspace;

const ROOT: &str = "deploy/terraform";

/// Whether it is right, as far as that can be told here.
pub(super) fn check(workspace: &Workspace) -> Result<Skipped> {
    let parser = python::program(workspace, "hcl2tojson");
    tools::require(&parser)?;
    for file in ["main.tf", "variables.tf", "outputs.tf", "versions.tf"] {
        for dir in [ROOT, "deploy/terraform/first-boot"] {
            let path = workspace.path(dir).join(file);
            if path.exists() {
                process::output(workspace.command(&parser).arg(path))?;
            }
        }
    }
    let Some(program) = ["terraform", "tofu"]
        .into_iter()
        .find(|p| is_there(p, "version"))
    else {
        return Ok(vec![
            "no terraform to run the tests of first-boot".to_owned(),
        ]);
    };
    let format = ["fmt", "-check", "-diff", "-recursive", ROOT];
    process::run(quiet(&mut workspace.command(program)).args(format))?;
    // In a copy, since it leaves files of its own where it runs.
    let copy = scratch(workspace, "terraform")?;
    for dir in ["terraform", "systemd"] {
        let from = workspace.path("deploy").join(dir);
        process::run(
            workspace
                .command("cp")
                .arg("--recursive")
                .arg(from)
                .arg(&copy),
        )?;
    }
    run_tests(program, &copy.join("terraform/first-boot"))
}

fn run_tests(program: &str, dir: &Path) -> Result<Skipped> {
    let terraform = || {
        let mut command = Command::new(program);
        quiet(&mut command).current_dir(dir);
        command
    };
    process::output(terraform().args(["init", "-no-color", "-input=false"]))?;
    process::run(terraform().args(["test", "-no-color"])).context("the tests of first-boot")?;
    Ok(Vec::new())
}

/// Neither asks whether there is a newer one nor for input.
fn quiet(command: &mut Command) -> &mut Command {
    command
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
}
