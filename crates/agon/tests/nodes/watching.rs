//! Who watches a board or a ticket on one node sees what is done on the other.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{App, RedisServer};

use crate::setup::{LIMIT, create_players, player, post, put, submit, two};

/// How late a change of another node may be told: a fifth of a second by the watcher's own pauses, and the
/// machine's slowness.
const SOON: Duration = Duration::from_secs(2);

struct Watcher(BufReader<TcpStream>);

impl Watcher {
    fn open(app: &App, path: &str) -> Self {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut watcher = Watcher(BufReader::new(stream));
        assert_eq!(watcher.line(), "HTTP/1.1 200 OK");
        watcher
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "it ended");
        line.trim_end().to_owned()
    }

    /// The data of the next event.
    fn event(&mut self) -> Value {
        loop {
            if let Some(data) = self.line().strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[test]
fn watchers_of_a_board_see_what_another_node_changes() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 5);
    put(&a, "/v1/boards/points", &json!({"operator": "sum"}));
    let path = format!("/v1/boards/points/events?top=3&player={}", player(0));
    let mut watcher = Watcher::open(&b, &path);
    assert_eq!(watcher.event()["total"], 0);
    for n in 0..5 {
        let changed = Instant::now();
        assert_eq!(
            submit(&a, "points", n, n as f64, &n.to_string()).status,
            200
        );
        let seen = watcher.event();
        assert!(changed.elapsed() < SOON, "{:?}", changed.elapsed());
        assert_eq!(seen["total"], n + 1);
        assert_eq!(seen["top"][0]["player_id"], player(n));
        assert_eq!(seen["player"]["rank"], n + 1);
    }
}

#[test]
fn watchers_of_a_ticket_see_what_another_node_does_with_it() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 2);
    let rules = json!({"teams": {"count": 2, "min_size": 1}, "acceptance_window_ms": 60000});
    put(&a, "/v1/queues/duel", &rules);
    let make = |app: &App, n| {
        let body = json!({"players": [{"player_id": player(n)}]});
        let ticket = post(app, "/v1/queues/duel/tickets", &body);
        ticket["ticket_id"].as_str().unwrap().to_owned()
    };
    let mine = make(&a, 0);
    let mut watcher = Watcher::open(&b, &format!("/v1/queues/duel/tickets/{mine}/events"));
    assert_eq!(watcher.event()["status"], "waiting");
    make(&a, 1);
    let mut seen = watcher.event();
    while seen["status"] == "waiting" {
        seen = watcher.event();
    }
    assert_eq!(seen["status"], "proposed");
    let of = seen["match_id"].as_str().unwrap().to_owned();
    for n in [0, 1] {
        let body = json!({"player_id": player(n)});
        post(&a, &format!("/v1/matches/{of}:accept"), &body);
    }
    while seen["status"] == "proposed" {
        seen = watcher.event();
    }
    assert_eq!(seen["status"], "matched");
}
