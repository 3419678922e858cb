//! The server by Terraform: parsed, and what needs no provider run.
//!
//! The provider comes from a registry that is not asked here, so that whether it knows the attributes of the
//! resources is for `terraform validate` of whoever uses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Skipped, is_there, scratch};
use crate::process;
use crate::test::{python, tools};
use crate::workspace::Workspace;

const ROOT: &str = "deploy/terraform";

/// Directories, and how the names of what is parsed there end.
const SOURCES: [(&str, &str); 3] = [
    (ROOT, "tf"),
    ("deploy/terraform/first-boot", "tf"),
    ("deploy/terraform/first-boot/tests", "hcl"),
];

/// Whether it is right, as far as that can be told here.
pub(super) fn check(workspace: &Workspace) -> Result<Skipped> {
    let parser = python::program(workspace, "hcl2tojson");
    tools::require(&parser)?;
    for (dir, ending) in SOURCES {
        for file in files(&workspace.path(dir), ending)? {
            process::output(workspace.command(&parser).arg(file))?;
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

/// The files of a directory whose names end so: one at least, or they are looked for in the wrong place.
fn files(dir: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut files = Vec::new();
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == ending) {
            files.push(path);
        }
    }
    ensure!(
        !files.is_empty(),
        "no file in {} ends in .{ending}",
        dir.display()
    );
    files.sort();
    Ok(files)
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
