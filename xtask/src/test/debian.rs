//! The programs that the tests call and that come as Debian packages.
//!
//! Elsewhere than on Debian and its kin nothing is installed: there a person has to.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// Present on nearly every machine, buildah apart; minimal containers lack some.
const PACKAGES: [&str; 5] = ["util-linux", "mount", "procps", "systemd", "buildah"];

/// Needed where Python is missing or cannot make virtual environments, as Debian's own cannot
/// without a second package. A Python from elsewhere than Debian does as well.
const PYTHON_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Installs what is missing.
pub(crate) fn install() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        println!("the Debian packages are there");
        return Ok(());
    }
    let list = missing.join(" ");
    if !process::succeeds(Command::new("apt-get").arg("--version")) {
        bail!("install these yourself, as there is no apt-get: {list}");
    }
    apt_get(&["update"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    apt_get(&[&install[..], &missing].concat())
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
    let mut command = if is_root()? {
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

fn is_root() -> Result<bool> {
    let id = process::output(Command::new("id").arg("--user"))?;
    Ok(id.trim() == "0")
}
