//! The toolchain's own checks. The benchmarks and the Python wheel are workspaces of their own, hence the
//! further runs.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// The other workspaces, and where they build: in one directory other versions of the same crates would
/// keep evicting each other.
const OTHERS: [(&str, &str); 2] = [
    ("bench/Cargo.toml", "bench"),
    ("python/Cargo.toml", "python"),
];

/// Whether the code is formatted.
pub(crate) fn fmt(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    for (manifest, _) in OTHERS {
        // Not `--all`, which would take in crates of this workspace once more.
        let there = ["fmt", "--manifest-path", manifest, "--check"];
        process::run(&mut workspace.cargo(&there))?;
    }
    Ok(())
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
    for (manifest, target) in OTHERS {
        let there = [
            "clippy",
            "--manifest-path",
            manifest,
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        let mut there = workspace.cargo(&there);
        process::run(there.env("CARGO_TARGET_DIR", workspace.target(target)))?;
    }
    Ok(())
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
