//! Kill -9 under load, again and again on one data directory: every acknowledged submission is
//! there exactly once afterwards, and nothing that a reader was shown is gone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{App, Launch};

const ROUNDS: u64 = 22;
const WRITERS: usize = 24;
const READERS: usize = 4;

/// What is known of one player, whose points come from one writer alone, one submission after the
/// other, so that at most one of them is ever in doubt.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Points that were acknowledged.
    acknowledged: f64,
    /// A submission without an answer: it may be in or not, as a whole.
    in_doubt: Option<f64>,
    /// The most points that a reader was shown.
    shown: f64,
}

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

#[test]
fn every_acknowledged_submission_survives_kill_9_exactly_once() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let launch = || Launch::on(env!("CARGO_BIN_EXE_agon"), &data);
    let known: Arc<Vec<Mutex<Known>>> = Arc::new((0..WRITERS).map(|_| Mutex::default()).collect());

    let app = launch().start();
    let users: Vec<Value> = (0..WRITERS)
        .map(|n| json!({"user_id": id(n), "display_name": format!("writer {n}"), "country": "tr"}))
        .collect();
    assert_eq!(app.post("/user/create", &json!(users)).status, 201);
    drop(app);

    let mut submissions = 0;
    for round in 0..ROUNDS {
        let app = Arc::new(launch().start());
        settle(&app, &known);
        submissions +=
            load_until_killed(&app, &known, Duration::from_millis(40 + round * 37 % 300));
    }
    let app = launch().start();
    settle(&app, &known);
    assert!(
        submissions > ROUNDS * WRITERS as u64,
        "the load was too thin: {submissions}"
    );
}

/// After a restart: compares the whole leaderboard with what is known, and takes over what was in
/// doubt.
fn settle(app: &App, known: &[Mutex<Known>]) {
    let lines = app.get("/leaderboard/all").json();
    let lines = lines.as_array().unwrap();
    assert_eq!(lines.len(), known.len());
    for (n, known) in known.iter().enumerate() {
        let mut known = known.lock().unwrap();
        let id = id(n);
        let points = lines.iter().find(|l| l["user_id"] == *id).unwrap()["points"]
            .as_f64()
            .unwrap();
        let possible = [
            Some(known.acknowledged),
            known.in_doubt.map(|d| known.acknowledged + d),
        ];
        assert!(
            possible.contains(&Some(points)),
            "{points} points, but {known:?}"
        );
        assert!(points >= known.shown, "{points} points, but {known:?}");
        *known = Known {
            acknowledged: points,
            in_doubt: None,
            shown: points,
        };
    }
    let points: Vec<f64> = lines
        .iter()
        .map(|l| l["points"].as_f64().unwrap())
        .collect();
    assert!(
        points.is_sorted_by(|a, b| a >= b),
        "out of order: {points:?}"
    );
    let ranks: Vec<u64> = lines.iter().map(|l| l["rank"].as_u64().unwrap()).collect();
    assert_eq!(ranks, (1..=known.len() as u64).collect::<Vec<_>>());
}

/// Returns how many submissions were acknowledged.
fn load_until_killed(app: &Arc<App>, known: &Arc<Vec<Mutex<Known>>>, life: Duration) -> u64 {
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (app, known, over) = (app.clone(), known.clone(), over.clone());
            std::thread::spawn(move || write(&app, n, &known[n], &over))
        })
        .collect();
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (app, known, over) = (app.clone(), known.clone(), over.clone());
            std::thread::spawn(move || read(&app, &known, &over))
        })
        .collect();
    std::thread::sleep(life);
    app.signal("KILL");
    let acknowledged = writers.into_iter().map(|w| w.join().unwrap()).sum();
    over.store(true, Ordering::Relaxed);
    readers.into_iter().for_each(|r| r.join().unwrap());
    acknowledged
}

fn write(app: &App, n: usize, known: &Mutex<Known>, over: &AtomicBool) -> u64 {
    let mut acknowledged = 0;
    // A different amount each time; all sums stay far below 2^53.
    for amount in (1_u32..).map(|k| f64::from(1000 + k % 997)) {
        if over.load(Ordering::Relaxed) {
            break;
        }
        known.lock().unwrap().in_doubt = Some(amount);
        let reply = app.try_post(
            "/score/submit",
            &json!({"user_id": id(n), "score_worth": amount}),
        );
        let Ok(reply) = reply else {
            break;
        };
        assert_eq!(
            reply.status,
            200,
            "{}",
            String::from_utf8_lossy(&reply.body)
        );
        let mut known = known.lock().unwrap();
        known.acknowledged += amount;
        known.in_doubt = None;
        assert_eq!(reply.json()["points"].as_f64(), Some(known.acknowledged));
        acknowledged += 1;
    }
    acknowledged
}

fn read(app: &App, known: &[Mutex<Known>], over: &AtomicBool) {
    for n in (0..known.len()).cycle() {
        let Ok(reply) = app.try_get(&format!("/user/profile/{}", id(n))) else {
            return;
        };
        if over.load(Ordering::Relaxed) {
            return;
        }
        let points = reply.json()["points"].as_f64().unwrap();
        let mut known = known[n].lock().unwrap();
        known.shown = known.shown.max(points);
    }
}

/// As the test above, with the end of the journal torn off each time: then some of what was
/// acknowledged is gone, as it is when a disk lies, but what is left is still a state that was.
#[test]
fn a_torn_journal_opens_with_a_state_that_was() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let launch = || Launch::on(env!("CARGO_BIN_EXE_agon"), &data);
    let app = launch().start();
    let users: Vec<Value> = (0..8)
        .map(|n| json!({"user_id": id(n), "display_name": "torn"}))
        .collect();
    assert_eq!(app.post("/user/create", &json!(users)).status, 201);
    drop(app);
    for round in 0..8_u64 {
        let app = launch().start();
        let before: Vec<f64> = (0..8).map(|n| points(&app, n)).collect();
        let floor = used(&journal(&data));
        // One after the other, a point each: the state after k of them is known for every k.
        let order: Vec<usize> = (0..200).map(|k| (k * 5 + round as usize) % 8).collect();
        for n in &order {
            let reply = app.post(
                "/score/submit",
                &json!({"user_id": id(*n), "score_worth": 1}),
            );
            assert_eq!(reply.status, 200);
        }
        drop(app);
        let end = used(&journal(&data));
        let cut = floor + (end - floor) * (round + 1) / 9;
        let file = std::fs::File::options()
            .write(true)
            .open(journal(&data))
            .unwrap();
        file.set_len(cut).unwrap();

        let app = launch().start();
        let after: Vec<f64> = (0..8).map(|n| points(&app, n)).collect();
        let mut state = before;
        let mut was = state == after;
        for n in order {
            state[n] += 1.0;
            was |= state == after;
        }
        assert!(was, "round {round}: {after:?} never was");
    }
}

fn points(app: &App, n: usize) -> f64 {
    app.get(&format!("/profile/{}", id(n))).json()["points"]
        .as_f64()
        .unwrap()
}

fn journal(data: &std::path::Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(data.join("engine"))
        .unwrap()
        .map(|e| e.unwrap().path());
    files
        .filter(|p| p.extension().is_some_and(|e| e == "jnl"))
        .max()
        .unwrap()
}

/// Bytes up to the last that is not zero: the rest is room.
fn used(journal: &std::path::Path) -> u64 {
    let bytes = std::fs::read(journal).unwrap();
    bytes
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |at| at as u64 + 1)
}
