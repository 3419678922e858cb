//! How the tests here start Agon, and read what it replies.

use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::thread::scope;
use std::time::Duration;

pub use testkit::until;
use testkit::{App, Launch, Reply, raw_exchange};

use crate::scripted::{Asked, Scripted};

pub const AGON: &str = env!("CARGO_BIN_EXE_agon");
/// Longer than anything here takes that comes to an end.
pub const LONG: &str = "timeout=30000";

/// Held for writing by the test that takes the whole machine, so that deadlines are only looked at
/// under normal load.
pub static LOAD: RwLock<()> = RwLock::new(());

/// An Agon, on a machine that is not under full load. One a test.
pub struct Calm {
    app: App,
    _load: RwLockReadGuard<'static, ()>,
}

impl Deref for Calm {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

/// An Agon with these settings.
pub fn agon(settings: &str) -> Calm {
    let load = LOAD.read().unwrap_or_else(PoisonError::into_inner);
    Calm {
        app: start(settings),
        _load: load,
    }
}

/// An Agon with these settings, whatever the load.
pub fn start(settings: &str) -> App {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), settings).unwrap();
    let path = file.path().to_str().unwrap();
    Launch::new(AGON)
        .argument("--config")
        .argument(path)
        .start()
}

/// An Agon whose upstream `default` is this one, with more settings of it.
pub fn agon_on(upstream: &Scripted, settings: &str) -> Calm {
    agon(&section("default", upstream, settings))
}

/// The settings of an upstream.
pub fn section(name: &str, upstream: &Scripted, settings: &str) -> String {
    let url = url(upstream);
    format!("[upstreams.{name}]\nurl = \"{url}\"\n{settings}\n")
}

pub fn url(upstream: &Scripted) -> String {
    format!("http://{}/api/work", upstream.address())
}

pub fn attempts(reply: &Reply) -> usize {
    reply.header("agon-attempts").unwrap().parse().unwrap()
}

pub fn winner(reply: &Reply) -> Option<u32> {
    reply.header("agon-winner").map(|n| n.parse().unwrap())
}

/// That a reply is this problem, and says so in the one form there is.
#[track_caller]
pub fn assert_problem(reply: &Reply, status: u16, code: &str) {
    let body = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, status, "{body}");
    let content_type = reply.header("content-type");
    assert_eq!(content_type, Some("application/problem+json"), "{body}");
    assert_eq!(reply.json()["code"], code, "{body}");
    assert_eq!(winner(reply), None, "{body}");
}

/// Calls at the same time, and their outcomes.
pub fn together<T: Send>(calls: usize, call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let call = &call;
    scope(|scope| {
        let threads: Vec<_> = (0..calls).map(|n| scope.spawn(move || call(n))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

/// An Agon with the upstreams `default` and `up`, which are the same.
pub fn two(upstream: &Scripted, settings: &str) -> Calm {
    let default = section("default", upstream, settings);
    agon(&format!("{default}{}", section("up", upstream, settings)))
}

/// The status of a `GET` of a target that is sent as it is.
pub fn raw_status(app: &Calm, target: &str, headers: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
    let reply = raw_exchange(app.address(), request.as_bytes(), Duration::from_secs(30));
    reply.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// A `GET` with these header lines.
pub fn with_headers(app: &Calm, target: &str, headers: &str) -> Reply {
    let mut connection = app.connect();
    connection.request(&format!("GET {target}"), headers, b"");
    connection.reply().expect("a reply")
}

/// What was asked last.
pub fn last(upstream: &Scripted) -> Asked {
    upstream.asked().pop().expect("a request")
}
