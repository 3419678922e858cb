//! A real Agon process on a free loopback port with a data directory of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How to start an Agon.
#[derive(Clone)]
pub struct Launch {
    binary: PathBuf,
    /// `None` where the data is on Redis.
    data_dir: Option<PathBuf>,
    temp: Option<Arc<TempDir>>,
    listen: SocketAddr,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

impl Launch {
    /// With a data directory that goes with the process. `binary` is `env!("CARGO_BIN_EXE_agon")`.
    pub fn new(binary: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let data_dir = temp.path().join("data");
        Launch {
            temp: Some(Arc::new(temp)),
            ..Launch::on(binary, &data_dir)
        }
    }

    /// One of the nodes on a Redis.
    pub fn node(binary: &str, url: &str) -> Self {
        let launch = Launch {
            data_dir: None,
            ..Launch::on(binary, Path::new(""))
        };
        launch.set("STORE", url)
    }

    /// With a data directory that stays.
    pub fn on(binary: &str, data_dir: &Path) -> Self {
        Launch {
            binary: PathBuf::from(binary),
            data_dir: Some(data_dir.to_owned()),
            temp: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            arguments: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// Adds a setting as a variable, such as `("SERVER__MAX_BODY", "1 KiB")`.
    pub fn set(self, key: &str, value: &str) -> Self {
        self.variable(&format!("AGON_{key}"), value)
    }

    /// Adds a variable of the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a command-line argument.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Says where it is to listen, instead of at a port that is free.
    pub fn listen(self, listen: SocketAddr) -> Self {
        Launch { listen, ..self }
    }

    /// Starts it and does not wait until it is up. Where it listens has to have been said.
    pub fn begin(self) -> App {
        assert_ne!(self.listen.port(), 0, "nobody would know where it listens");
        let (mut child, log) = self.spawn();
        let mut stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        self.app(child, log, None)
    }

    /// Starts it and waits until it is up; panics with its log if it does not come up.
    pub fn start(self) -> App {
        self.try_start()
            .unwrap_or_else(|log| panic!("agon did not start:\n{log}"))
    }

    /// Starts it; `Err` is its log if it ends instead of coming up.
    pub fn try_start(self) -> Result<App, String> {
        let (mut child, log) = self.spawn();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let address = address(stdout);
        let mut app = self.app(child, log, address);
        if address.is_none() {
            app.wait();
            return Err(app.log());
        }
        Ok(app)
    }

    fn spawn(&self) -> (Child, tempfile::NamedTempFile) {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--listen", &self.listen.to_string()]);
        if let Some(dir) = &self.data_dir {
            command.arg("--data-dir").arg(dir);
        }
        let child = command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log.path()).unwrap())
            .spawn();
        (child.unwrap(), log)
    }

    fn app(self, child: Child, log: tempfile::NamedTempFile, address: Option<SocketAddr>) -> App {
        App {
            child,
            address: address.unwrap_or(self.listen),
            agent: agent(),
            log,
            data_dir: self.data_dir,
            _temp: self.temp,
        }
    }
}

/// Reads what a starting Agon prints up to the line that names its address; `None` if it ends
/// first. What it prints later is read and dropped by a thread, so that it never blocks.
fn address(mut stdout: BufReader<impl Read + Send + 'static>) -> Option<SocketAddr> {
    let started = Instant::now();
    let mut found = None;
    let mut line = String::new();
    while found.is_none() && started.elapsed() < START_LIMIT {
        line.clear();
        if stdout.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        let after = line.split("://").nth(1);
        found = after.and_then(|rest| rest.split('/').next()?.parse().ok());
    }
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    found
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .max_redirects(0)
        .build();
    config.into()
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// Its status code.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {:?}", String::from_utf8_lossy(&self.body)))
    }
}

/// A running Agon. Ends with `SIGKILL` when it is dropped.
pub struct App {
    child: Child,
    address: SocketAddr,
    agent: ureq::Agent,
    log: tempfile::NamedTempFile,
    data_dir: Option<PathBuf>,
    _temp: Option<Arc<TempDir>>,
}

impl App {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its data is, if not on Redis.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.as_deref().expect("its data is on Redis")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// `GET` of a path.
    pub fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap()
    }

    /// `GET` of a path; `Err` if no reply came.
    pub fn try_get(&self, path: &str) -> Result<Reply, ureq::Error> {
        read(self.agent.get(self.url(path)).call()?)
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.try_post(path, body).unwrap()
    }

    /// `POST` of JSON; `Err` if no reply came.
    pub fn try_post(&self, path: &str, body: &Value) -> Result<Reply, ureq::Error> {
        self.send(path, Some("application/json"), body.to_string().as_bytes())
    }

    /// `POST` of any bytes with any content type.
    pub fn send(
        &self,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Reply, ureq::Error> {
        let mut request = self.agent.post(self.url(path));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        read(request.send(body)?)
    }

    /// A request of any method with these headers. Where a `PUT` or `POST` has no body, the client sends
    /// an empty one in chunks.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Reply, ureq::Error> {
        let start = ureq::http::Request::builder().method(method);
        let request = headers
            .iter()
            .fold(start.uri(self.url(path)), |r, (n, v)| r.header(*n, *v));
        match body {
            Some(body) => read(self.agent.run(request.body(body)?)?),
            None => read(self.agent.run(request.body(())?)?),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Ends it as a crash would, without a chance to write anything.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A new connection to it.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends it a signal by its id, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended; panics after a minute.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                started.elapsed() < STOP_LIMIT,
                "agon does not end:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(reply: ureq::http::Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let (parts, mut body) = reply.into_parts();
    let header = |(n, v): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
        (
            n.to_string(),
            String::from_utf8_lossy(v.as_bytes()).into_owned(),
        )
    };
    Ok(Reply {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(header).collect(),
        body: body.with_config().limit(u64::MAX).read_to_vec()?,
    })
}

/// A connection over which a test says which bytes go when.
///
/// What it waits for has a minute to come.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Opens one.
    pub fn open(address: SocketAddr) -> Self {
        Connection::over(TcpStream::connect(address).unwrap())
    }

    /// Over a stream that is open.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(STOP_LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection(BufReader::new(stream))
    }

    /// Sends bytes. That the server does not want them shows in what it replies.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// Sends a request with these header lines, each ended by `\r\n`; `host` and the body's length
    /// are added.
    pub fn request(&mut self, line: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n{headers}\r\n");
        self.send([head.as_bytes(), body].concat());
    }

    /// Reads a reply to its end; `None` if the connection ends first.
    pub fn reply(&mut self) -> Option<Reply> {
        let mut reply = self.head()?;
        reply.body = match reply.header("content-length") {
            Some(length) => self.exactly(length.parse().unwrap())?,
            None => self.chunks()?,
        };
        Some(reply)
    }

    /// Reads a reply that has no body, as those to `HEAD` and `100 Continue`.
    pub fn head(&mut self) -> Option<Reply> {
        let status = self.line()?.split(' ').nth(1)?.parse().unwrap();
        let mut headers = Vec::new();
        while let Some((name, value)) = self.line()?.split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Some(Reply {
            status,
            headers,
            body: Vec::new(),
        })
    }

    /// Whether the server closes the connection without another byte.
    pub fn ends(&mut self) -> bool {
        self.exactly(1).is_none()
    }

    /// A line without its end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.read(|from| from.read_line(&mut line))?;
        line.ends_with("\r\n").then(|| line.trim_end().to_owned())
    }

    fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).unwrap();
            body.extend(self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Some(body);
            }
        }
    }

    /// Reads so many bytes; `None` if the connection ends first.
    pub fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.read(|from| from.read_exact(&mut bytes).map(|()| length))?;
        Some(bytes)
    }

    /// `None` once the server has closed the connection, in order or with a reset.
    fn read(
        &mut self,
        how: impl FnOnce(&mut BufReader<TcpStream>) -> std::io::Result<usize>,
    ) -> Option<()> {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        match how(&mut self.0) {
            Ok(_) => Some(()),
            Err(e) if matches!(e.kind(), TimedOut | WouldBlock) => panic!("nothing came: {e}"),
            Err(_) => None,
        }
    }
}

/// Sends bytes as they are over a new connection, and returns all that comes back until the server
/// closes it or nothing has come for `patience`.
pub fn raw_exchange(address: SocketAddr, bytes: &[u8], patience: Duration) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    // The server may refuse before it has read everything.
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut chunk) {
        reply.extend(&chunk[..n]);
    }
    String::from_utf8_lossy(&reply).into_owned()
}
