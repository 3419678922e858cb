//! Many calls, most of which give losers up: nothing is left of them, no connection, no thread, no
//! memory, no number that only grows.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;

use serde_json::Value;
use testkit::App;

use crate::setup::{AGON, LOAD, start, together, until};

const CALLERS: usize = 16;
const WARM_UP: usize = 10_000;
const CALLS: usize = 100_000;

/// A practice upstream of its own process; ends when it is dropped.
struct Practice {
    child: Child,
    url: String,
}

impl Practice {
    fn start() -> Self {
        let mut child = Command::new(AGON)
            .args(["practice-upstream", "--listen", "127.0.0.1:0"])
            .args(["--latency", "uniform:0..4"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("practice upstream: ");
        let url = url.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Practice { child, url }
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What a process holds.
#[derive(Debug)]
struct Held {
    files: usize,
    threads: u64,
    memory_kib: u64,
}

impl Held {
    fn by(app: &App) -> Self {
        let proc = format!("/proc/{}", app.id());
        let status = std::fs::read_to_string(format!("{proc}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.unwrap().split_whitespace().next().unwrap();
            number.parse().unwrap()
        };
        Held {
            files: std::fs::read_dir(format!("{proc}/fd")).unwrap().count(),
            threads: field("Threads:"),
            memory_kib: field("VmRSS:"),
        }
    }
}

/// So many calls over kept connections; returns how many replies there were of each status.
fn call(app: &App, calls: usize) -> BTreeMap<u16, usize> {
    let statuses = together(CALLERS, |_| {
        let mut connection = app.connect();
        let mut status = || {
            connection.request("GET /api/smart?timeout=1000", "", b"");
            connection.reply().expect("a reply").status
        };
        let statuses: Vec<u16> = (0..calls / CALLERS).map(|_| status()).collect();
        statuses
    });
    let mut counts = BTreeMap::new();
    for status in statuses.into_iter().flatten() {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

fn numbers(app: &App) -> Value {
    app.get("/v1/upstreams").json()[0].clone()
}

/// Waits until nothing is under way, and tells what is held then.
fn at_rest(app: &App) -> Held {
    until("nothing is under way", || {
        let numbers = numbers(app);
        numbers["attempts_in_flight"] == 0 && numbers["calls_in_flight"] == 0
    });
    Held::by(app)
}

#[test]
fn many_calls_leave_nothing_behind() {
    let _all_of_it = LOAD.write().unwrap_or_else(PoisonError::into_inner);
    let mut practice = Practice::start();
    let url = practice.url.clone();
    let app = start(&format!(
        "[upstreams.default]\nurl = \"{url}\"\ndelay = \"1ms\"\n"
    ));
    let warm_up = call(&app, WARM_UP);
    let before = at_rest(&app);
    let statuses = call(&app, CALLS);
    let after = at_rest(&app);
    let numbers = numbers(&app);
    let ended = practice.child.try_wait().unwrap();
    println!("{before:?} {after:?}, {warm_up:?} {statuses:?}: {numbers}");
    assert_eq!(ended, None, "the upstream has ended");
    for statuses in [warm_up, statuses] {
        let good = |status: &u16| matches!(status, 200 | 504);
        assert!(statuses.keys().all(good), "{statuses:?}: {}", app.log());
        assert!(statuses[&200] > statuses.values().sum::<usize>() / 2);
    }
    assert!(
        numbers["attempts_cancelled"].as_u64() > Some(0),
        "{numbers}"
    );
    assert_eq!(numbers["calls"], (WARM_UP + CALLS) as u64);
    assert!(after.files <= before.files + 64, "{before:?} {after:?}");
    assert!(after.threads <= before.threads + 8, "{before:?} {after:?}");
    assert!(
        after.memory_kib <= before.memory_kib + 32 * 1024,
        "{before:?} {after:?}"
    );
    assert!(!app.log().contains("panicked"), "{}", app.log());
}
