//! A server process of a benchmark.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// A process that prints where it listens; killed with it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it and waits for its address.
    pub fn start(command: &mut Command) -> Result<Self> {
        use std::io::BufRead;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        let mut lines = std::io::BufReader::new(stdout).lines();
        let address = loop {
            let line = lines.next().context("the server ended")??;
            let after = line
                .split("http://")
                .nth(1)
                .and_then(|rest| rest.split('/').next());
            if let Some(address) = after.and_then(|a| a.trim().parse().ok()) {
                break address;
            }
        };
        std::thread::spawn(move || lines.count());
        Ok(Server { child, address })
    }

    /// Agon on a data directory, on whichever port is free.
    pub fn start_agon(binary: &Path, data_dir: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]);
        Server::start(command.arg(data_dir))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Kill -9, so that what is found later was on disk.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
