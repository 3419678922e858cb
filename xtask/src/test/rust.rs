//! The toolchain's own checks. The benchmarks are a workspace of their own, hence the second runs.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

const BENCH: &str = "bench/Cargo.toml";

/// Whether the code is formatted.
pub(crate) fn fmt(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    let bench = ["fmt", "--all", "--manifest-path", BENCH, "--check"];
    process::run(&mut workspace.cargo(&bench))
}

/// Whether clippy has nothing to say.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    let here = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    process::run(&mut workspace.cargo(&here))?;
    let bench = [
        "clippy",
        "--manifest-path",
        BENCH,
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    let mut bench = workspace.cargo(&bench);
    // Other versions of the same crates: in one directory the two would keep evicting each other.
    process::run(bench.env("CARGO_TARGET_DIR", workspace.target("bench")))
}

/// Whether the tests pass, those in the documentation included.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&["test", "--workspace", "--no-fail-fast"]))
}

/// Whether the documentation can be made without a warning.
pub(crate) fn doc(workspace: &Workspace) -> Result<()> {
    let doc = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    process::run(workspace.cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"))
}
