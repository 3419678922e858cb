//! A real nginx with the configuration that is shipped, but for addresses and places.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::nodes::free_address;

const SHIPPED: &str = include_str!("../../../../deploy/nginx.conf");
const START_LIMIT: Duration = Duration::from_secs(20);

/// Ends, by its own id, when it is dropped.
pub struct Nginx {
    child: Child,
    address: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    /// In front of three nodes.
    pub fn start(nodes: &[SocketAddr]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Its workers have no rights, and write in here.
        let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(dir.path(), open).unwrap();
        let address = free_address();
        let file = dir.path().join("nginx.conf");
        fs::write(&file, configuration(nodes, address, dir.path())).unwrap();
        let place = dir.path().display().to_string();
        let log = format!("{place}/error.log");
        let child = Command::new(program())
            .args(["-e", &log, "-p", &place, "-c"])
            .arg(&file)
            .args(["-g", &format!("daemon off; pid {place}/nginx.pid;")])
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx is missing: `cargo xtask test --only tools` installs it");
        let mut nginx = Nginx {
            child,
            address,
            _dir: dir,
        };
        nginx.wait(&log);
        nginx
    }

    fn wait(&mut self, log: &str) {
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().unwrap().is_some();
            if ended || started.elapsed() > START_LIMIT {
                panic!(
                    "nginx does not start:\n{}",
                    fs::read_to_string(log).unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master ends its workers with it, which a SIGKILL would not.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", "TERM", &id]).status();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask test --only tools` has put it, or the machine's own.
fn program() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let unpacked = target.join("tools/nginx/usr/sbin/nginx");
    let places = [unpacked, PathBuf::from("/usr/sbin/nginx")];
    let found = places.into_iter().find(|place| place.is_file());
    found.unwrap_or_else(|| PathBuf::from("nginx"))
}

fn configuration(nodes: &[SocketAddr], address: SocketAddr, dir: &Path) -> String {
    let dir = dir.display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {dir}/{name};"))
        .join(" ");
    let changes = [
        (
            "worker_processes auto;",
            1,
            "worker_processes 1;".to_owned(),
        ),
        ("worker_rlimit_nofile 65536;", 1, String::new()),
        (
            "worker_connections 16384;",
            1,
            "worker_connections 1024;".to_owned(),
        ),
        ("server agon-1:8000", 1, format!("server {}", nodes[0])),
        ("server agon-2:8000", 1, format!("server {}", nodes[1])),
        ("server agon-3:8000", 1, format!("server {}", nodes[2])),
        ("listen 80;", 1, format!("listen {address};")),
        (
            "listen 127.0.0.1:8081;",
            1,
            format!("listen {};", free_address()),
        ),
        ("/var/log/nginx", 2, dir),
        (
            "server_tokens off;",
            1,
            format!("server_tokens off; {temporary}"),
        ),
    ];
    changes
        .into_iter()
        .fold(SHIPPED.to_owned(), |text, (said, times, here)| {
            assert_eq!(
                text.matches(said).count(),
                times,
                "nginx.conf says `{said}`"
            );
            text.replace(said, &here)
        })
}
