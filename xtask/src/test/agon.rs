//! A running Agon with data of its own, or a practice upstream for one, on a port that nothing else
//! uses.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process;
use crate::workspace::Workspace;

/// Names a binary to take instead of building one, for whoever has it already.
const BINARY: &str = "XTASK_AGON";

const START_LIMIT: Duration = Duration::from_secs(60);

/// Somewhat more than the server itself takes at most to drain.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// A server; it never outlives this.
pub(crate) struct Agon {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    data_dir: TempDir,
}

/// A variable that sets something, and its value.
pub(crate) type Setting = (String, String);

/// The setting that makes a practice upstream the one of this name, in capitals.
pub(crate) fn upstream(name: &str, address: SocketAddr) -> Setting {
    let variable = format!("AGON_UPSTREAMS__{name}__URL");
    (variable, format!("http://{address}/api/work"))
}

/// The binary that this workspace builds, or the one that `XTASK_AGON` names.
pub(crate) fn built(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(binary) = std::env::var_os(BINARY) {
        return Ok(binary.into());
    }
    process::run(&mut workspace.cargo(&["build", "--package", "agon"]))?;
    Ok(workspace.target("debug/agon"))
}

impl Agon {
    /// Starts `binary` with these settings.
    pub(crate) fn serve(binary: &Path, log: PathBuf, settings: &[Setting]) -> Result<Self> {
        Agon::serve_in(tempfile::tempdir()?, binary, log, settings)
    }

    /// Starts `binary` with these settings as a server that needs a key, and makes one that may do everything.
    pub(crate) fn serve_with_key(
        binary: &Path,
        log: PathBuf,
        settings: &[Setting],
    ) -> Result<(Self, String)> {
        let data_dir = tempfile::tempdir()?;
        let mut create = Command::new(binary);
        create.args(["keys", "create", "--name", "test"]);
        create.args(["--scope", "read,submit,match,upstream,admin"]);
        create.env("AGON_STORE__DATA_DIR", data_dir.path());
        let key = process::output(&mut create)?.trim_end().to_owned();
        let agon = Agon::serve_in(data_dir, binary, log, settings)?;
        Ok((agon, key))
    }

    fn serve_in(
        data_dir: TempDir,
        binary: &Path,
        log: PathBuf,
        settings: &[Setting],
    ) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        // Whoever tests sends more wrong keys than a person mistypes.
        command.env("AGON_RATE_LIMIT__ENABLED", "off");
        let settings = settings.iter().map(|(name, value)| (name, value));
        Agon::start_in(data_dir, command.envs(settings), log)
    }

    /// Starts `binary` as a practice upstream that behaves so.
    pub(crate) fn practice(binary: &Path, log: PathBuf, behaviour: &[&str]) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["practice-upstream", "--listen", "127.0.0.1:0"]);
        Agon::start(command.args(behaviour), log)
    }

    /// Starts a command, which logs into the file `log`, and waits until it is up.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        Agon::start_in(tempfile::tempdir()?, command, log)
    }

    fn start_in(data_dir: TempDir, command: &mut Command, log: PathBuf) -> Result<Self> {
        let mut child = command
            .env("AGON_STORE__DATA_DIR", data_dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let stdout = child.stdout.take();
        let mut agon = Agon {
            child,
            // Of no use until the real one is known.
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
            data_dir,
        };
        agon.address = stdout
            .and_then(printed_address)
            .with_context(|| format!("agon did not start:\n{}", agon.log()))?;
        Ok(agon)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its data is.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|e| format!("(no log: {e})"))
    }

    /// Stops it as an operator would; an error if it does not end cleanly.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        process::output(Command::new("kill").args(["-s", "TERM", &id]))?;
        match process::wait_within(&mut self.child, STOP_LIMIT)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("agon ended with {status}:\n{}", self.log()),
            None => bail!("agon does not end when told to:\n{}", self.log()),
        }
    }
}

impl Drop for Agon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address that a starting Agon prints; `None` if it ends first or takes too long. A thread
/// reads, so that silence cannot hold us up, and goes on reading, so that the pipe never fills.
fn printed_address(stdout: impl Read + Send + 'static) -> Option<SocketAddr> {
    let (found, address) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                // Nobody listens once the limit is over.
                let _ = found.send(address);
            }
        }
    });
    address.recv_timeout(START_LIMIT).ok()
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let kinds = [
        ("leaderboard", "/leaderboard"),
        ("practice upstream:", "/api/work"),
    ];
    kinds.iter().find_map(|(name, path)| {
        let url = line.trim().strip_prefix(name)?.trim_start();
        let rest = url.strip_prefix("http://")?;
        rest.strip_suffix(path)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_taken_from_its_line_alone() {
        let address = address_in("  leaderboard  http://127.0.0.1:41234/leaderboard");
        assert_eq!(address, Some(SocketAddr::from(([127, 0, 0, 1], 41234))));
        let address = address_in("practice upstream: http://127.0.0.1:41234/api/work");
        assert_eq!(address, Some(SocketAddr::from(([127, 0, 0, 1], 41234))));
        assert_eq!(
            address_in("  API          http://127.0.0.1:41234/docs"),
            None
        );
        assert_eq!(address_in("Agon 0.1.0 is up"), None);
    }

    #[test]
    fn silence_has_no_address() {
        assert_eq!(printed_address(&b"Agon 0.1.0 is up\n"[..]), None);
    }
}
