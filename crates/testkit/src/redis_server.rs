//! A real Redis on a free loopback port with a directory of its own.

use std::net::IpAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use redis::{
    Cmd, Connection, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisResult, Value,
};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::relay::Relay;

/// Names another program, such as a `valkey-server`.
const VARIABLE: &str = "TESTKIT_REDIS_SERVER";
const PROGRAM: &str = "redis-server";
/// What Debian calls the same program where the package of the service is not installed. It is what it is called.
const OTHER_NAME: &str = "redis-check-rdb";
const START_LIMIT: Duration = Duration::from_secs(20);
/// A port may be taken by another process at the last moment.
const ATTEMPTS: usize = 5;
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// How to start a Redis.
#[derive(Clone, Default)]
pub struct RedisLaunch {
    settings: Vec<(String, String)>,
    in_cluster: bool,
    tls: Tls,
    password: Option<String>,
    /// Behind relays, and then where its own connections come from.
    relayed: Option<IpAddr>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Tls {
    #[default]
    No,
    /// On a second port.
    Beside,
    /// Nothing else, nor between servers; tests use a socket of the system.
    Only,
}

impl RedisLaunch {
    /// Adds a setting of `redis.conf`, such as `("appendonly", "yes")`. Later ones win.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a setting unless it is there.
    pub(crate) fn set_default(self, name: &str, value: &str) -> Self {
        match self.settings.iter().any(|(known, _)| known == name) {
            true => self,
            false => self.set(name, value),
        }
    }

    /// With TLS on a second port; certificate, key and CA are set by the caller.
    pub fn tls(mut self) -> Self {
        self.tls = Tls::Beside;
        self
    }

    /// With TLS for everybody, other servers too; certificate, key and CA are set by the caller.
    pub fn only_tls(mut self) -> Self {
        self.tls = Tls::Only;
        self
    }

    /// Wants this password of the default user; commands of the test have it.
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.set("requirepass", password)
    }

    pub(crate) fn in_cluster(mut self) -> Self {
        self.in_cluster = true;
        self
    }

    /// Tells others to come by relays, and goes to them from this address.
    pub(crate) fn relayed(mut self, source: IpAddr) -> Self {
        self.relayed = Some(source);
        self
    }

    /// Starts it and waits until it takes commands; panics with its log if it does not come up.
    pub fn start(self) -> RedisServer {
        for _ in 1..ATTEMPTS {
            let server = RedisServer::new(self.clone());
            if server.try_start().is_ok() {
                return server;
            }
        }
        let server = RedisServer::new(self);
        server
            .try_start()
            .unwrap_or_else(|log| panic!("redis-server did not start:\n{log}"));
        server
    }
}

/// A running Redis. Ends with `SIGKILL`, by its own process id, when it is dropped.
pub struct RedisServer {
    launch: RedisLaunch,
    port: u16,
    /// Of the cluster's bus.
    bus_port: u16,
    tls_port: u16,
    relays: Option<Relays>,
    dir: TempDir,
    running: Mutex<Option<Running>>,
}

/// The ways to a server of a cluster.
pub(crate) struct Relays {
    /// Of clients and replicas.
    pub(crate) main: Relay,
    /// Of the cluster's bus.
    pub(crate) bus: Relay,
    /// Where the server's own connections to others come from.
    pub(crate) source: IpAddr,
}

impl RedisServer {
    /// Alone, without a file of its data: what it holds is gone when it ends.
    pub fn start() -> Self {
        RedisServer::launch().start()
    }

    /// To be started with settings.
    pub fn launch() -> RedisLaunch {
        RedisLaunch::default()
    }

    fn new(launch: RedisLaunch) -> Self {
        let (port, bus_port) = (free_port(), free_port());
        let relays = launch.relayed.map(|source| Relays {
            main: Relay::to(port),
            bus: Relay::to(bus_port),
            source,
        });
        RedisServer {
            launch,
            port,
            bus_port,
            tls_port: free_port(),
            relays,
            dir: tempfile::tempdir().unwrap(),
            running: Mutex::new(None),
        }
    }

    fn try_start(&self) -> Result<(), String> {
        let child = self.spawn();
        *self.running.lock().unwrap() = Some(Running::of(child, &self.dir));
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if self.try_command(&["PING"]).is_ok() {
                return Ok(());
            }
            if self.running.lock().unwrap().as_mut().unwrap().has_ended() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        Err(self.log())
    }

    fn spawn(&self) -> Child {
        if let Ok(program) = std::env::var(VARIABLE) {
            let spawned = self.process(&program).spawn();
            return spawned.unwrap_or_else(|e| panic!("{VARIABLE} names {program}: {e}"));
        }
        let spawned = self.process(PROGRAM).spawn();
        let spawned = spawned.or_else(|_| self.process(OTHER_NAME).spawn());
        spawned.unwrap_or_else(|e| {
            let hint = "cargo xtask test --only tools installs it";
            panic!("{PROGRAM} is missing: {hint} ({e})")
        })
    }

    fn process(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg0(PROGRAM);
        let dir = self.dir.path().display().to_string();
        let log = self.log_file().display().to_string();
        command.args(["--port", &self.plain_port().to_string()]);
        command.args(["--bind", "127.0.0.1"]);
        command.args(["--dir", &dir, "--logfile", &log, "--save", ""]);
        command.args(["--repl-diskless-sync-delay", "0"]);
        if self.launch.in_cluster {
            let bus_port = self.bus_port.to_string();
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus_port]);
        }
        self.encrypt(&mut command);
        self.announce(&mut command);
        for (name, value) in &self.launch.settings {
            command.args([&format!("--{name}"), value]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    }

    /// 0 is none.
    fn plain_port(&self) -> u16 {
        match self.launch.tls {
            Tls::Only => 0,
            Tls::No | Tls::Beside => self.port,
        }
    }

    fn encrypt(&self, command: &mut Command) {
        if self.launch.tls != Tls::No {
            command.args(["--tls-port", &self.tls_port.to_string()]);
        }
        if self.launch.tls == Tls::Only {
            command.args(["--tls-cluster", "yes", "--tls-replication", "yes"]);
            command.arg("--unixsocket").arg(self.socket());
        }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("redis.sock")
    }

    fn announce(&self, command: &mut Command) {
        if let Some(Relays { main, bus, source }) = &self.relays {
            command.args(["--cluster-announce-ip", "127.0.0.1"]);
            command.args(["--cluster-announce-port", &main.port().to_string()]);
            command.args(["--cluster-announce-bus-port", &bus.port().to_string()]);
            command.args(["--bind-source-addr", &source.to_string()]);
        }
    }

    /// Its address, without TLS.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its address with TLS.
    pub fn tls_url(&self) -> String {
        format!("rediss://localhost:{}", self.tls_port)
    }

    /// Its port, without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The ports by which it is known to others of its cluster: for clients, and of the bus.
    pub(crate) fn known_by(&self) -> (u16, u16) {
        match (&self.relays, self.launch.tls) {
            (Some(relays), _) => (relays.main.port(), relays.bus.port()),
            (None, Tls::Only) => (self.tls_port, self.bus_port),
            (None, _) => (self.port, self.bus_port),
        }
    }

    pub(crate) fn relays(&self) -> Option<&Relays> {
        self.relays.as_ref()
    }

    pub(crate) fn has_only_tls(&self) -> bool {
        self.launch.tls == Tls::Only
    }

    /// Sends a command, on a connection of its own; panics on an error.
    pub fn command(&self, words: &[&str]) -> Value {
        let reply = self.try_command(words);
        reply.unwrap_or_else(|e| panic!("{words:?}: {e}"))
    }

    /// Sends a command, on a connection of its own.
    pub fn try_command(&self, words: &[&str]) -> RedisResult<Value> {
        let mut command = Cmd::new();
        words.iter().for_each(|word| {
            command.arg(*word);
        });
        command.query(&mut self.connection()?)
    }

    /// The reply as text.
    pub fn text(&self, words: &[&str]) -> String {
        redis::from_redis_value(self.command(words)).unwrap()
    }

    fn connection(&self) -> RedisResult<Connection> {
        let mut login = RedisConnectionInfo::default();
        if let Some(password) = &self.launch.password {
            login = login.set_password(password);
        }
        let address = match self.launch.tls {
            Tls::Only => ConnectionAddr::Unix(self.socket()),
            Tls::No | Tls::Beside => ConnectionAddr::Tcp("127.0.0.1".to_owned(), self.port),
        };
        let info = address.into_connection_info()?.set_redis_settings(login);
        let client = redis::Client::open(info)?;
        let connection = client.get_connection_with_timeout(Duration::from_secs(2))?;
        connection.set_read_timeout(Some(REPLY_LIMIT))?;
        Ok(connection)
    }

    /// Changes a setting while it runs.
    pub fn config_set(&self, name: &str, value: &str) {
        self.command(&["CONFIG", "SET", name, value]);
    }

    /// Ends it with `SIGKILL` and waits until it has ended.
    pub fn kill(&self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            running.end();
        }
    }

    /// Starts it again on the same port and directory, after ending it if it runs.
    pub fn restart(&self) {
        self.kill();
        self.try_start()
            .unwrap_or_else(|log| panic!("redis-server did not start again:\n{log}"));
    }

    /// Stops it with `SIGSTOP`: its connections stay, and nothing answers.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let running = self.running.lock().unwrap();
        let id = running
            .as_ref()
            .expect("it has ended")
            .server
            .id()
            .to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Whether it was not killed.
    pub fn is_running(&self) -> bool {
        self.running.lock().unwrap().is_some()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("redis.log")
    }
}

/// A server, and what ends it with this process: one that several tests share is never dropped, and a test may
/// be killed.
struct Running {
    server: Child,
    /// Reads from a pipe that this process holds, and so goes on when it ends.
    watchdog: Child,
}

impl Running {
    fn of(server: Child, dir: &TempDir) -> Self {
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", "read -r _; kill -KILL \"$1\"; rm -rf \"$2\"", "sh"]);
        watchdog.arg(server.id().to_string()).arg(dir.path());
        let watchdog = watchdog.stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
        let watchdog = watchdog.unwrap();
        Running { server, watchdog }
    }

    fn has_ended(&mut self) -> bool {
        self.server.try_wait().unwrap().is_some()
    }

    fn end(mut self) {
        // The watchdog first, since the number may be another process's once the server is gone.
        for child in [&mut self.watchdog, &mut self.server] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
