//! The image, built and run: by buildah, which needs no engine and no network for what begins with nothing.
//!
//! The binary is the debug one of this machine with the libraries that it needs, where the image that is shipped has
//! a static one; all the rest is the same. In it Agon serves as the image's user, on a root that cannot be written.

mod buildah;
mod jail;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{Skipped, settings};
use crate::process;
use crate::test::agon::Agon;
use crate::workspace::Workspace;
use buildah::Buildah;

const AGON: &str = "/usr/local/bin/agon";
const DATA: &str = "var/lib/agon";
const TARGET: &str = "prebuilt";
const NAME: &str = "agon-test";

/// Whether the image can be built and does its work.
pub(super) fn check(workspace: &Workspace, binary: &Path) -> Result<Skipped> {
    if !process::is_root()? {
        return Ok(vec![
            "the image is not built, for want of rights".to_owned(),
        ]);
    }
    let buildah = match Buildah::start(workspace) {
        Ok(buildah) => buildah,
        Err(error) => return Ok(vec![format!("the image is not built: {error:#}")]),
    };
    let rootfs = rootfs(workspace, binary)?;
    build(&buildah, &rootfs)?;
    describes_itself(workspace, &buildah)?;
    answers(workspace, &buildah)?;
    serves(workspace, &buildah)?;
    // Several hundred megabytes that nobody needs any more.
    buildah.remove()?;
    fs::remove_dir_all(rootfs)?;
    Ok(Vec::new())
}

/// What goes to / of the image: the binary, and each library where it is here.
fn rootfs(workspace: &Workspace, binary: &Path) -> Result<std::path::PathBuf> {
    let rootfs = super::scratch(workspace, "rootfs")?;
    let place = |path: &str| -> Result<std::path::PathBuf> {
        let place = rootfs.join(path.trim_start_matches('/'));
        fs::create_dir_all(place.parent().context("a path without a directory")?)?;
        Ok(place)
    };
    let mut strip = Command::new("strip");
    strip.arg("--strip-debug").arg("-o").arg(place(AGON)?);
    process::run(strip.arg(binary))?;
    let libraries = process::output(Command::new("ldd").arg(binary))?;
    for path in libraries.split_whitespace().filter(|w| w.starts_with('/')) {
        fs::copy(path, place(path)?).with_context(|| format!("cannot copy {path}"))?;
    }
    Ok(rootfs)
}

fn build(buildah: &Buildah, rootfs: &Path) -> Result<()> {
    let context = format!("rootfs={}", rootfs.display());
    let mut build = buildah.command(&["build", "--isolation", "chroot"]);
    // The other format knows no health check.
    build.args(["--format", "docker", "--target", TARGET]);
    build.args(["--build-context", &context, "--tag", NAME, "."]);
    process::run(&mut build)
}

/// What the image says of itself, to whoever runs it.
fn describes_itself(workspace: &Workspace, buildah: &Buildah) -> Result<()> {
    let inspect = ["inspect", "--type", "image", NAME];
    let text = process::output(&mut buildah.command(&inspect))?;
    let inspected: Value = serde_json::from_str(&text)?;
    let config = &inspected["Docker"]["config"];
    let environment = config["Env"].as_array().into_iter().flatten();
    let environment: Vec<&str> = environment.filter_map(Value::as_str).collect();
    for (name, value) in settings::image_variables(workspace)? {
        let variable = format!("{name}={value}");
        ensure!(
            environment.contains(&variable.as_str()),
            "{variable} is not set"
        );
    }
    for (key, expected) in [
        ("User", json!("10001:10001")),
        ("Entrypoint", json!([AGON])),
        ("Cmd", json!(["serve"])),
        ("Volumes", json!({"/var/lib/agon": {}})),
        ("ExposedPorts", json!({"8000/tcp": {}})),
        ("StopSignal", json!("SIGTERM")),
    ] {
        ensure!(config[key] == expected, "{key} is {}", config[key]);
    }
    let health = &config["Healthcheck"]["Test"];
    ensure!(
        *health == json!(["CMD", AGON, "healthcheck"]),
        "its health is asked by {health}"
    );
    let version = &config["Labels"]["org.opencontainers.image.version"];
    ensure!(
        *version == env!("CARGO_PKG_VERSION"),
        "its label has version {version}"
    );
    Ok(())
}

/// Commands in a container, as its user.
fn answers(workspace: &Workspace, buildah: &Buildah) -> Result<()> {
    let container = buildah.container(NAME)?;
    let version = process::output(&mut buildah.run(&container, &[], &[AGON, "--version"]))?;
    let expected = format!("agon {}", env!("CARGO_PKG_VERSION"));
    ensure!(version.trim() == expected, "it says {version}");
    let check = [AGON, "check-config"];
    // Somebody has to decide who may reach it.
    let undecided = buildah.run(&container, &[], &check).output()?;
    let complaint = String::from_utf8_lossy(&undecided.stderr);
    ensure!(
        !undecided.status.success() && complaint.contains("--insecure-open"),
        "it would be open to everybody without being told: {complaint}"
    );
    let open = ["AGON_SERVER__INSECURE_OPEN=true"];
    let settings = process::output(&mut buildah.run(&container, &open, &check))?;
    ensure!(
        settings.contains("listen = \"0.0.0.0:8000\""),
        "in force: {settings}"
    );
    owns_its_data_alone(workspace, &buildah.mount(&container)?)
}

/// A new volume takes its owner from there.
fn owns_its_data_alone(workspace: &Workspace, root: &Path) -> Result<()> {
    let data = fs::metadata(root.join(DATA))?;
    ensure!(
        (data.uid(), data.gid()) == (10001, 10001),
        "{DATA} is of user {}",
        data.uid()
    );
    let mut find = workspace.command("find");
    find.arg(root).args(["-not", "-type", "l", "-not", "-path"]);
    find.arg(root.join(DATA).join("*"));
    find.args(["(", "-user", "10001", "-o", "-perm", "-o=w", ")"]);
    let writable = process::output(&mut find)?;
    let expected = root.join(DATA);
    ensure!(
        writable.lines().all(|path| Path::new(path) == expected),
        "its user may write: {writable}"
    );
    Ok(())
}

/// The server, and its health as another process sees it.
fn serves(workspace: &Workspace, buildah: &Buildah) -> Result<()> {
    let container = buildah.container(NAME)?;
    let root = buildah.mount(&container)?;
    let log = workspace.target("deploy/agon.log");
    let variables = settings::image_variables(workspace)?;
    let agon = Agon::start(&mut jail::command(&root, DATA, &variables), log)?;
    let listen = format!("AGON_SERVER__LISTEN={}", agon.address());
    let health = || buildah.run(&container, &[&listen], &[AGON, "healthcheck", "--ready"]);
    let well = process::output(&mut health()).with_context(|| agon.log())?;
    ensure!(well.contains("ready"), "it says {well}");
    agon.stop()?;
    if process::succeeds(&mut health()) {
        bail!("it is said to be well though it has ended");
    }
    let store = fs::metadata(root.join(DATA).join("store")).context("no store was made")?;
    ensure!(store.uid() == 10001, "the store is of user {}", store.uid());
    Ok(())
}
