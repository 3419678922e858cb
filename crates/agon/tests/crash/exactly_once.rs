//! Kill -9 under requests with keys: whoever asks again with the same key until there is an answer has
//! its scores counted exactly once, whichever way they were sent.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{App, Launch, Reply};

const WRITERS: usize = 8;
const PLAYERS: usize = 40;
const KILLS: u64 = 12;
/// More kills are made until one has hit a change between its commit and its answer.
const MAX_KILLS: u64 = 200;
const BOARDS: [&str; 2] = ["left", "right"];

/// Points that are to count once: board, player, points.
type Points = (&'static str, usize, u32);

/// A board and a player to what it has.
type Scores = BTreeMap<(String, String), f64>;

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// A request under a key of its own.
struct Asked {
    path: String,
    media_type: &'static str,
    key: String,
    body: String,
    points: Vec<Points>,
}

impl Asked {
    /// The request of this number from this writer: the same whenever it is made.
    fn of(writer: usize, number: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(((writer as u64) << 32) | number);
        let board = BOARDS[random.usize(..BOARDS.len())];
        let mut some = |count: usize| -> Vec<Points> {
            let one = |_| (board, random.usize(..PLAYERS), random.u32(1..1000));
            (0..count).map(one).collect()
        };
        let mut asked = match number % 8 {
            0..=2 => Asked::single(some(1)[0]),
            3..=4 => Asked::list(some(20)),
            5..=6 => Asked::on_both_boards(some(1)[0]),
            // Two or three changes, so that a kill can come between them.
            _ => Asked::lines(some(1001 + number as usize % 1500)),
        };
        asked.key = format!("{writer}-{number}");
        asked
    }

    fn new(path: String, body: String, points: Vec<Points>) -> Self {
        Asked {
            path,
            media_type: "application/json",
            key: String::new(),
            body,
            points,
        }
    }

    fn single(one: Points) -> Self {
        let path = format!("/v1/boards/{}/scores", one.0);
        Asked::new(path, score(&one).to_string(), vec![one])
    }

    fn list(points: Vec<Points>) -> Self {
        let path = format!("/v1/boards/{}/scores:batch", points[0].0);
        let scores: Vec<Value> = points.iter().map(score).collect();
        Asked::new(path, json!({"scores": scores}).to_string(), points)
    }

    fn on_both_boards((_, player, points): Points) -> Self {
        let scores = BOARDS.map(|board| json!({"board": board, "score": points}));
        let body = json!({"player_id": id(player), "scores": scores});
        let both = BOARDS.map(|board| (board, player, points));
        Asked::new("/v1/scores:batch".to_owned(), body.to_string(), both.into())
    }

    fn lines(points: Vec<Points>) -> Self {
        let path = format!("/v1/boards/{}/scores:batch", points[0].0);
        let lines = points.iter().map(|one| format!("{}\n", score(one)));
        Asked {
            media_type: "application/x-ndjson",
            ..Asked::new(path, lines.collect(), points)
        }
    }

    fn send(&self, app: &App) -> Option<Reply> {
        let headers = [
            ("content-type", self.media_type),
            ("idempotency-key", &self.key),
        ];
        let body = Some(self.body.as_bytes());
        app.request("POST", &self.path, &headers, body).ok()
    }
}

fn score((_, player, points): &Points) -> Value {
    json!({"player_id": id(*player), "score": points})
}

fn is_replay(reply: &Reply) -> bool {
    reply.header("idempotency-replayed") == Some("true")
}

/// The process that runs at present; none between a kill and the next start.
#[derive(Default)]
struct Running(Mutex<Option<Arc<App>>>);

impl Running {
    fn begin(&self, launch: Launch) {
        *self.0.lock().unwrap() = Some(Arc::new(launch.start()));
    }

    fn app(&self) -> Option<Arc<App>> {
        self.0.lock().unwrap().clone()
    }

    fn kill(&self) {
        let mut app = self.0.lock().unwrap().take().unwrap();
        app.signal("KILL");
        // Writers let go of it as soon as their requests have failed.
        while Arc::get_mut(&mut app).is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Arc::into_inner(app).unwrap().wait();
    }
}

/// What a writer has had answered.
#[derive(Default)]
struct Writer {
    answers: Vec<Vec<u8>>,
}

impl Writer {
    /// Asks, one request after the other, until it is over and the last one is answered. Counts the
    /// changes that were made though their answer was lost.
    fn run(&mut self, writer: usize, running: &Running, over: &AtomicBool, lost: &AtomicU64) {
        while !over.load(Ordering::Acquire) {
            let number = self.answers.len() as u64;
            let asked = Asked::of(writer, number);
            let reply = Writer::until_answered(&asked, running, lost);
            if number.is_multiple_of(7) {
                let again = Writer::until_answered(&asked, running, lost);
                assert!(
                    is_replay(&again) && again.body == reply.body,
                    "{}",
                    asked.key
                );
            }
            self.answers.push(reply.body);
        }
    }

    fn until_answered(asked: &Asked, running: &Running, lost: &AtomicU64) -> Reply {
        let mut failed = false;
        loop {
            let reply = running.app().and_then(|app| {
                let reply = asked.send(&app);
                failed |= reply.is_none();
                reply
            });
            let Some(reply) = reply else {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            let text = String::from_utf8_lossy(&reply.body);
            assert_eq!(reply.status, 200, "{}: {text}", asked.path);
            if failed && is_replay(&reply) {
                lost.fetch_add(1, Ordering::AcqRel);
            }
            return reply;
        }
    }
}

#[test]
fn what_is_asked_again_after_kill_9_counts_exactly_once() {
    let temp = tempfile::tempdir().unwrap();
    let data = temp.path().join("data");
    let launch = || Launch::on(env!("CARGO_BIN_EXE_agon"), &data);
    let running = Running::default();
    running.begin(launch());
    prepare(&running.app().unwrap());

    let (over, lost) = (AtomicBool::new(false), AtomicU64::new(0));
    let writers: Vec<Writer> = std::thread::scope(|scope| {
        let (running, over, lost) = (&running, &over, &lost);
        let writers = (0..WRITERS).map(|n| {
            scope.spawn(move || {
                let mut writer = Writer::default();
                writer.run(n, running, over, lost);
                writer
            })
        });
        let writers: Vec<_> = writers.collect();
        let mut kills = 0;
        while kills < KILLS || lost.load(Ordering::Acquire) == 0 {
            assert!(kills < MAX_KILLS, "no kill has hit a change unanswered");
            std::thread::sleep(Duration::from_millis(40 + kills * 37 % 200));
            running.kill();
            running.begin(launch());
            kills += 1;
        }
        over.store(true, Ordering::Release);
        writers.into_iter().map(|w| w.join().unwrap()).collect()
    });

    let app = running.app().unwrap();
    let expected = model(&writers);
    assert_eq!(found(&app), expected);
    // Once more, all of it: nothing but the first answers.
    for (n, writer) in writers.iter().enumerate() {
        for (number, first) in (0..).zip(&writer.answers) {
            let asked = Asked::of(n, number);
            let again = asked.send(&app).unwrap();
            assert!(is_replay(&again) && again.body == *first, "{}", asked.key);
        }
    }
    assert_eq!(found(&app), expected);
}

fn prepare(app: &App) {
    let player = |n| json!({"player_id": id(n), "display_name": format!("player {n}")});
    let players: Vec<Value> = (0..PLAYERS).map(player).collect();
    let put = app.post("/v1/players:batch", &json!({"players": players}));
    assert_eq!(put.status, 200);
    for board in BOARDS {
        let settings = json!({"operator": "sum"}).to_string();
        let headers = [("content-type", "application/json")];
        let path = format!("/v1/boards/{board}");
        let put = app.request("PUT", &path, &headers, Some(settings.as_bytes()));
        assert_eq!(put.unwrap().status, 201);
    }
}

/// What the boards are to show: all that was answered, once.
fn model(writers: &[Writer]) -> Scores {
    let mut scores = Scores::new();
    for (n, writer) in writers.iter().enumerate() {
        for number in 0..writer.answers.len() as u64 {
            for (board, player, points) in Asked::of(n, number).points {
                *scores.entry((board.to_owned(), id(player))).or_default() += f64::from(points);
            }
        }
    }
    scores
}

fn found(app: &App) -> Scores {
    let mut scores = Scores::new();
    for board in BOARDS {
        let page = app.get(&format!("/v1/boards/{board}/entries?limit=1000"));
        for entry in page.json()["entries"].as_array().unwrap() {
            let player = entry["player_id"].as_str();
            let score = entry["score"].as_f64().unwrap();
            scores.insert((board.to_owned(), player.unwrap().to_owned()), score);
        }
    }
    scores
}
