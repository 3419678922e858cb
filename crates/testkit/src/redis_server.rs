//! A real Redis on a free loopback port with a directory of its own.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use redis::{Cmd, Connection, IntoConnectionInfo, RedisConnectionInfo, RedisResult, Value};
use tempfile::TempDir;

use crate::ports::free_port;

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
    has_tls: bool,
    password: Option<String>,
}

impl RedisLaunch {
    /// Adds a setting of `redis.conf`, such as `("appendonly", "yes")`. Later ones win.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With TLS on a second port; certificate, key and CA are set by the caller.
    pub fn tls(mut self) -> Self {
        self.has_tls = true;
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
    dir: TempDir,
    child: Mutex<Option<Child>>,
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
        RedisServer {
            launch,
            port: free_port(),
            bus_port: free_port(),
            tls_port: free_port(),
            dir: tempfile::tempdir().unwrap(),
            child: Mutex::new(None),
        }
    }

    fn try_start(&self) -> Result<(), String> {
        let spawned = self.process(PROGRAM).spawn();
        let spawned = spawned.or_else(|_| self.process(OTHER_NAME).spawn());
        let child = spawned.unwrap_or_else(|e| {
            let hint = "cargo xtask test --only tools installs it";
            panic!("{PROGRAM} is missing: {hint} ({e})")
        });
        *self.child.lock().unwrap() = Some(child);
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if self.try_command(&["PING"]).is_ok() {
                return Ok(());
            }
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait();
            if ended.unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        Err(self.log())
    }

    fn process(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg0(PROGRAM);
        let dir = self.dir.path().display().to_string();
        let log = self.log_file().display().to_string();
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--dir", &dir, "--logfile", &log, "--save", ""]);
        command.args(["--repl-diskless-sync-delay", "0"]);
        if self.launch.in_cluster {
            let bus_port = self.bus_port.to_string();
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus_port]);
        }
        if self.launch.has_tls {
            command.args(["--tls-port", &self.tls_port.to_string()]);
        }
        for (name, value) in &self.launch.settings {
            command.args([&format!("--{name}"), value]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
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

    pub(crate) fn bus_port(&self) -> u16 {
        self.bus_port
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
        let info = self.url().into_connection_info()?.set_redis_settings(login);
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
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
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
        let child = self.child.lock().unwrap();
        let id = child.as_ref().expect("it has ended").id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Whether it was not killed.
    pub fn is_running(&self) -> bool {
        self.child.lock().unwrap().is_some()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("redis.log")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
