//! The programs that the tests call and that come as Debian packages.
//!
//! Elsewhere than on Debian and its kin nothing is installed: there a person has to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Present on nearly every machine, the last two apart; minimal containers lack some. In `redis-tools` is the
/// server as well, under another name; `redis-server` adds a service to it that would be started.
const PACKAGES: [&str; 6] = [
    "util-linux",
    "mount",
    "procps",
    "systemd",
    "buildah",
    "redis-tools",
];

/// Needed where Python is missing or cannot make virtual environments, as Debian's own cannot
/// without a second package. A Python from elsewhere than Debian does as well.
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// For the examples of the guides: an old curl has no `--json`, an old Node.js no `fetch`, an old
/// OpenSSL no Ed25519. From elsewhere than Debian they do as well.
const PROGRAMS: [(&str, &[&str], &str); 3] = [
    ("curl", &["--json", "x", "--version"], "curl"),
    ("node", &["--eval", "fetch"], "nodejs"),
    ("openssl", &["genpkey", "-algorithm", "ed25519"], "openssl"),
];

/// Installs what is missing.
pub(crate) fn install() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        println!("the Debian packages are there");
        return Ok(());
    }
    require_apt_get(&missing.join(" "))?;
    apt_get(&["update"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    apt_get(&[&install[..], &missing].concat())
}

/// Unpacks a package into `dir`, which it makes: nothing of it is installed, started or set up, and what it depends
/// on is not fetched. An error leaves no `dir`.
pub(crate) fn unpack(package: &str, dir: &Path) -> Result<()> {
    require_apt_get(package)?;
    let parent = dir.parent().context("there is no such place")?;
    fs::create_dir_all(parent)?;
    // Beside its final place, so that what is half unpacked never stands there.
    let work = tempfile::tempdir_in(parent)?;
    let archive = download(package, work.path())?;
    let contents = work.path().join("contents");
    let mut extract = Command::new("dpkg-deb");
    process::run(extract.arg("--extract").args([&archive, &contents]))?;
    fs::rename(contents, dir).with_context(|| format!("cannot make {}", dir.display()))
}

/// Downloads a package into an empty directory, and returns where it is.
fn download(package: &str, dir: &Path) -> Result<PathBuf> {
    let fetch = || {
        let mut command = Command::new("apt-get");
        process::run(command.current_dir(dir).args(["download", package]))
    };
    if fetch().is_err() {
        // The lists may be missing, or older than what is offered.
        apt_get(&["update"])?;
        fetch()?;
    }
    let mut files = fs::read_dir(dir)?;
    let file = files.next().context("apt-get has downloaded nothing")?;
    Ok(file?.path())
}

fn require_apt_get(packages: &str) -> Result<()> {
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("install these yourself, as there is no apt-get: {packages}");
    }
    Ok(())
}

fn missing() -> Vec<&'static str> {
    let mut missing = PACKAGES.to_vec();
    missing.retain(|package| !is_installed(package));
    let makes_environments = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !makes_environments {
        missing.extend(PYTHON_PACKAGES);
    }
    for (program, arguments, package) in PROGRAMS {
        if !process::succeeds(Command::new(program).args(arguments)) {
            missing.push(package);
        }
    }
    missing
}

/// Removed packages may leave a record behind, hence the look at the status.
fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    let status =
        process::output(query.args(["--show", "--showformat=${db:Status-Status}", package]));
    status.is_ok_and(|s| s == "installed")
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = if process::is_root()? {
        Command::new("apt-get")
    } else if process::succeeds(Command::new("sudo").arg("--version")) {
        // `--non-interactive`: there may be nobody to type a password.
        let mut sudo = Command::new("sudo");
        sudo.args([
            "--non-interactive",
            "--preserve-env=DEBIAN_FRONTEND",
            "apt-get",
        ]);
        sudo
    } else {
        bail!("run as root: apt-get {}", arguments.join(" "));
    };
    command.args(arguments);
    process::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}
