//! A running Prometheus with the shipped rules and configuration, but for the address of Agon and the intervals, on a
//! port that nothing else uses.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process;

const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What the shipped configuration says, and what stands for it here: enough is seen in seconds. The address of
/// Agon stands for `None`.
const CHANGES: [(&str, Option<&str>); 3] = [
    ("scrape_interval: 15s", Some("scrape_interval: 1s")),
    ("evaluation_interval: 15s", Some("evaluation_interval: 1s")),
    ("agon:8000", None),
];

/// What stands in the shipped configuration as a comment.
const AUTHORIZATION: [&str; 3] = [
    "authorization:",
    "  type: Bearer",
    "  credentials_file: agon-token",
];

/// A server; it never outlives this.
pub(super) struct Prometheus {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts `program` with what is in `shipped`, and waits until it listens.
    pub(super) fn start(
        program: &Path,
        shipped: &Path,
        agon: SocketAddr,
        log: PathBuf,
    ) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        configure(shipped, dir.path(), |config| changed(config, agon))?;
        let mut command = Command::new(program);
        command.current_dir(dir.path());
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.arg("--web.listen-address=127.0.0.1:0");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(File::create(&log)?).spawn();
        let mut prometheus = Prometheus {
            child: child.with_context(|| format!("cannot run {}", program.display()))?,
            // Of no use until the real one is known.
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
            _dir: dir,
        };
        prometheus.address = prometheus.logged_address()?;
        Ok(prometheus)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|e| format!("(no log: {e})"))
    }

    fn logged_address(&mut self) -> Result<SocketAddr> {
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if let Some(address) = self.log().lines().find_map(address_in) {
                return Ok(address);
            }
            if let Some(status) = process::wait_within(&mut self.child, LOOK_EVERY)? {
                bail!("prometheus ended with {status}:\n{}", self.log());
            }
        }
        bail!("prometheus does not listen:\n{}", self.log())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // What it has stored goes away with it, so nothing is lost by this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory with the configuration as it is for an Agon that has keys.
pub(super) fn with_key(shipped: &Path) -> Result<TempDir> {
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("agon-token"), "a key")?;
    configure(shipped, dir.path(), uncommented)?;
    Ok(dir)
}

fn configure(
    shipped: &Path,
    dir: &Path,
    change: impl FnOnce(&str) -> Result<String>,
) -> Result<()> {
    let config = fs::read_to_string(shipped.join("prometheus.yml"))?;
    fs::write(dir.join("prometheus.yml"), change(&config)?)?;
    fs::create_dir(dir.join("rules"))?;
    for entry in fs::read_dir(shipped.join("rules"))? {
        let entry = entry?;
        fs::copy(entry.path(), dir.join("rules").join(entry.file_name()))?;
    }
    Ok(())
}

/// The shipped configuration with [`CHANGES`].
fn changed(config: &str, agon: SocketAddr) -> Result<String> {
    let agon = agon.to_string();
    let mut changed = config.to_owned();
    for (shipped, here) in CHANGES {
        let times = config.matches(shipped).count();
        if times != 1 {
            bail!("prometheus.yml has `{shipped}` {times} times instead of once");
        }
        changed = changed.replace(shipped, here.unwrap_or(&agon));
    }
    Ok(changed)
}

/// The shipped configuration with the comment signs taken off [`AUTHORIZATION`].
fn uncommented(config: &str) -> Result<String> {
    let commented: String = AUTHORIZATION.map(|line| format!("    # {line}\n")).concat();
    if !config.contains(&commented) {
        bail!("prometheus.yml does not say how a key is given");
    }
    let given = AUTHORIZATION.map(|line| format!("    {line}\n")).concat();
    Ok(config.replace(&commented, &given))
}

/// The address in the line that says where it listens. The one before it says where it was told to.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("msg=\"Listening on\" address=")?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGON: &str = "127.0.0.1:41234";

    #[test]
    fn intervals_and_address_are_changed_and_nothing_else() {
        let config = "a\n  scrape_interval: 15s\n  evaluation_interval: 15s\n[\"agon:8000\"]\n";
        let wanted = "a\n  scrape_interval: 1s\n  evaluation_interval: 1s\n[\"127.0.0.1:41234\"]\n";
        assert_eq!(changed(config, AGON.parse().unwrap()).unwrap(), wanted);
    }

    #[test]
    fn what_is_not_there_to_be_changed_is_an_error() {
        let config = "scrape_interval: 15s\nevaluation_interval: 30s\nagon:8000";
        let error = changed(config, AGON.parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("`evaluation_interval: 15s` 0"));
    }

    #[test]
    fn a_key_is_given_where_the_comment_says_so() {
        let config = "a:\n    # authorization:\n    #   type: Bearer\n    #   credentials_file: agon-token\n";
        let wanted =
            "a:\n    authorization:\n      type: Bearer\n      credentials_file: agon-token\n";
        assert_eq!(uncommented(config).unwrap(), wanted);
        assert!(uncommented("a:\n").is_err());
    }

    #[test]
    fn the_address_is_the_one_that_it_got() {
        let asked = "level=info msg=\"Start listening for connections\" address=127.0.0.1:0";
        assert_eq!(address_in(asked), None);
        let got = "ts=1 level=info component=web msg=\"Listening on\" address=127.0.0.1:41234";
        assert_eq!(address_in(got), Some(AGON.parse().unwrap()));
    }
}
