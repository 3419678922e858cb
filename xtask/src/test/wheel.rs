//! The Python wheel: built, installed and tested as its users have it.
//!
//! One wheel has to do for every CPython from 3.9 on, which its name says and this looks at; it is run
//! with the Python that is here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{python, tools};
use crate::process;
use crate::workspace::Workspace;

const MANIFEST: &str = "python/Cargo.toml";
const TESTS: &str = "python/tests";

/// What the name of a wheel has in it that is built for the stable ABI from 3.9 on.
const TAG: &str = "-cp39-abi3-";

/// Whether the wheel can be built, fits and works.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let program = python::program(workspace, "maturin");
    tools::require(&program)?;
    // What an earlier run left would be taken for what this one makes.
    let wheels = empty(workspace.target("wheels"))?;
    let mut maturin = workspace.command(program);
    maturin.args([
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        MANIFEST,
    ]);
    maturin.arg("--out").arg(&wheels);
    process::run(maturin.env("CARGO_TARGET_DIR", workspace.target("python")))?;
    test(workspace, &only_wheel(&wheels)?)
}

/// Apart from other packages, so that nothing but the wheel can be what is tested.
fn test(workspace: &Workspace, wheel: &Path) -> Result<()> {
    let installed = empty(workspace.target("wheel-installed"))?;
    let python = || workspace.command(python::program(workspace, "python"));
    let mut pip = python();
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--no-index",
        "--no-deps",
    ]);
    process::run(pip.arg("--target").arg(&installed).arg(wheel))?;
    let mut tests = python();
    tests.args([
        "-B",
        "-m",
        "unittest",
        "discover",
        "--start-directory",
        TESTS,
    ]);
    process::run(tests.env("PYTHONPATH", &installed))
}

fn empty(dir: PathBuf) -> Result<PathBuf> {
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
    }
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

fn only_wheel(dir: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(dir)?.map(|entry| Ok(entry?.path()));
    let files = files.collect::<Result<Vec<PathBuf>>>()?;
    let [wheel] = &files[..] else {
        bail!("there should be one wheel: {files:?}");
    };
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    if !(name.contains(TAG) && name.ends_with(".whl")) {
        bail!("{name} is not for every CPython from 3.9 on");
    }
    Ok(wheel.clone())
}
