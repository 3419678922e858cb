//! Export from a server at work.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::commands::{run, told};
use testkit::{App, Launch, player_id};

use crate::{AGON, agon, exported, lines};

const WRITERS: usize = 8;
const PLAYERS: usize = 6_000;
const EXPORTS: usize = 5;

/// Points of a player, all from one writer.
#[derive(Clone, Copy, Default)]
struct Points {
    acknowledged: f64,
    sent: f64,
}

fn write(app: &App, n: usize, points: &Mutex<Points>, over: &AtomicBool) {
    for amount in (0..).map(|k| f64::from(k % 7 + 1)) {
        if over.load(Ordering::Acquire) {
            break;
        }
        points.lock().unwrap().sent += amount;
        app.submit(n, amount);
        points.lock().unwrap().acknowledged += amount;
    }
}

#[test]
fn an_export_under_load_is_of_one_instant() {
    let app = Arc::new(Launch::new(AGON).start());
    app.create_players(0..PLAYERS);
    let points: Arc<Vec<Mutex<Points>>> =
        Arc::new((0..WRITERS).map(|_| Mutex::default()).collect());
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (app, points, over) = (app.clone(), points.clone(), over.clone());
            std::thread::spawn(move || write(&app, n, &points[n], &over))
        })
        .collect();
    let now = || -> Vec<Points> { points.iter().map(|p| *p.lock().unwrap()).collect() };
    let mut grew = 0;
    for _ in 0..EXPORTS {
        let before = now();
        let export = exported(&mut agon("export", app.data_dir()));
        let after = now();
        check(&export, &before, &after);
        grew += usize::from((0..WRITERS).any(|n| after[n].acknowledged > before[n].acknowledged));
    }
    over.store(true, Ordering::Release);
    writers.into_iter().for_each(|w| w.join().unwrap());
    // One of them may take no longer than a sync does on a busy disk.
    assert!(grew > 0, "serving went on during exports");
    let at_rest = now();
    check(
        &exported(&mut agon("export", app.data_dir())),
        &at_rest,
        &at_rest,
    );
}

fn check(export: &[u8], before: &[Points], after: &[Points]) {
    let lines = lines(export);
    let entries: Vec<_> = lines.iter().filter(|l| l["kind"] == "entry").collect();
    assert_eq!(entries.len(), PLAYERS, "everybody, once");
    for n in 0..WRITERS {
        let mut found = entries.iter().filter(|e| e["player_id"] == player_id(n));
        let score = found.next().unwrap()["score"].as_f64().unwrap();
        assert!(found.next().is_none());
        let range = before[n].acknowledged..=after[n].sent;
        assert!(range.contains(&score), "{score} is not in {range:?}");
    }
}

fn ask(app: &App) -> BufReader<UnixStream> {
    let mut stream = UnixStream::connect(app.data_dir().join("control.sock")).unwrap();
    stream
        .write_all(b"{\"ask\":\"export\",\"scope\":\"store\"}\n")
        .unwrap();
    BufReader::new(stream)
}

fn answer(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line
}

/// A reader that takes nothing: the export is far larger than what a socket holds.
#[test]
fn a_slow_reader_stops_nobody_and_one_that_leaves_makes_room() {
    let app = Launch::new(AGON).start();
    app.create_players(0..20_000);
    let mut slow = ask(&app);
    assert!(answer(&mut slow).starts_with("{\"answer\":\"export\",\"records\":40001}"));
    let refused = run(&mut agon("export", app.data_dir()));
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(
        told(&refused).contains("another export is under way"),
        "{}",
        told(&refused)
    );
    for n in 0..50 {
        app.submit(n, 1.0);
    }
    app.create_players(20_000..24_000);
    drop(slow);
    let started = Instant::now();
    while !run(&mut agon("export", app.data_dir())).status.success() {
        assert!(started.elapsed() < Duration::from_secs(30), "{}", app.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_that_stops_cuts_the_export_off() {
    let mut app = Launch::new(AGON).start();
    app.create_players(0..20_000);
    let mut reader = ask(&app);
    answer(&mut reader);
    assert!(app.stop().success());
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains("\"kind\":\"end\""));
    assert!(!app.data_dir().join("control.sock").exists());
    let lines = lines(&exported(&mut agon("export", app.data_dir())));
    assert_eq!(lines.last().unwrap()["players"], 20_000);
}

#[test]
fn the_socket_is_of_its_user_alone_and_replaces_a_stale_one() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let mut app = Launch::on(AGON, &data).start();
    let socket = data.join("control.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    app.kill();
    assert!(socket.exists(), "a crash leaves it");
    let app = Launch::on(AGON, &data).start();
    exported(&mut agon("export", &data));
    for nonsense in ["{}\n", "\n", "{\"ask\":\"export\",\"scope\":[\"no\"]}\n"] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(nonsense.as_bytes()).unwrap();
        let said = answer(&mut BufReader::new(stream));
        assert!(
            said.starts_with("{\"answer\":\"refused\",\"reason\":\""),
            "{said}"
        );
    }
    assert_eq!(app.get("/readyz").status, 200);
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_served_without() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("x".repeat(120)).join("data");
    let app = Launch::on(AGON, &data).start();
    assert!(app.log().contains("no control socket"), "{}", app.log());
    let body = json!([{"user_id": player_id(1), "display_name": "a"}]);
    assert_eq!(app.post("/user/create", &body).status, 201);
    let refused = run(&mut agon("export", &data));
    assert!(
        told(&refused).contains("in use by another process"),
        "{}",
        told(&refused)
    );
    assert!(
        told(&refused).contains("does not answer at its socket"),
        "{}",
        told(&refused)
    );
}
