//! Thousands who wait at once, half of them with long polls, half with streams of events.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Connection, Reply};

use crate::game::{Game, player};

const CLIENTS: usize = 2000;
/// Files that a process may have open beside connections.
const SPARE: usize = 50;

fn path(number: usize) -> String {
    format!("/v1/queues/q/tickets/t{number}")
}

fn open_files(game: &Game) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", game.app.id()))
        .unwrap()
        .count()
}

/// Tickets so far apart that no two of them match.
fn make_tickets(game: &Game) {
    game.put(
        "/v1/queues/q",
        &json!({"teams": {"min_size": 1}, "rating": {"spread": 0}}),
    );
    let make = |number: usize| {
        let players = json!([{"player_id": player(number), "rating": 1000 + number}]);
        let ticket = json!({"ticket_id": format!("t{number}"), "players": players});
        game.post("/v1/queues/q/tickets", &ticket);
    };
    thread::scope(|scope| {
        for part in 0..8 {
            scope.spawn(move || (part..CLIENTS).step_by(8).for_each(make));
        }
    });
}

/// A client that waits for its ticket, and has begun to.
fn waiting(game: &Game, number: usize) -> Connection {
    let mut client = game.app.connect();
    ask(&mut client, number);
    client
}

fn ask(client: &mut Connection, number: usize) {
    let line = match number % 2 {
        0 => format!("GET {}?wait=45s", path(number)),
        _ => format!("GET {}/events", path(number)),
    };
    client.request(&line, "", b"");
}

/// What a client is told in the end. A stream ends with the event of that; a poll may have to be
/// repeated.
fn told(client: &mut Connection, number: usize) -> Value {
    loop {
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, 200);
        if number % 2 == 1 {
            return last_event(&reply);
        }
        let ticket = reply.json();
        if ticket["status"] != "waiting" {
            return ticket;
        }
        ask(client, number);
    }
}

fn last_event(reply: &Reply) -> Value {
    let text = String::from_utf8(reply.body.clone()).unwrap();
    let last = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .next_back();
    serde_json::from_str(last.unwrap()).unwrap()
}

#[test]
fn a_crowd_waits_and_everybody_is_told() {
    let game = Game::with_players(CLIENTS + 1);
    make_tickets(&game);
    let before = open_files(&game);
    let mut clients: Vec<Connection> = (0..CLIENTS).map(|n| waiting(&game, n)).collect();
    wait_until(|| open_files(&game) >= before + CLIENTS);
    // Others are served meanwhile.
    assert_eq!(game.get("/v1/queues/q/stats")["waiting_tickets"], CLIENTS);
    let late =
        json!({"ticket_id": "late", "players": [{"player_id": player(CLIENTS), "rating": 9000}]});
    game.post("/v1/queues/q/tickets", &late);
    assert_eq!(game.delete("/v1/queues/q/tickets/late").status, 200);
    // Now any two match.
    game.put("/v1/queues/q", &json!({"teams": {"min_size": 1}}));
    let mut matches = std::collections::BTreeMap::new();
    for (number, client) in clients.iter_mut().enumerate() {
        let ticket = told(client, number);
        assert_eq!(ticket["status"], "matched", "{number}: {ticket}");
        *matches.entry(ticket["match_id"].to_string()).or_insert(0) += 1;
    }
    assert_eq!(matches.len(), CLIENTS / 2);
    assert!(matches.values().all(|tickets| *tickets == 2));
    drop(clients);
    wait_until(|| open_files(&game) <= before + SPARE);
}

fn wait_until(so: impl Fn() -> bool) {
    for _ in 0..6000 {
        if so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it never comes about");
}

#[test]
fn clients_that_go_away_are_not_kept() {
    let game = Game::with_players(1);
    game.put("/v1/queues/q", &json!({"teams": {"min_size": 1}}));
    game.ticket("q", "t0", &[0]);
    game.ticket("q", "t0", &[0]);
    let before = open_files(&game);
    let clients: Vec<Connection> = (0..200)
        .map(|n| {
            let mut client = game.app.connect();
            let line = match n % 2 {
                0 => format!("GET {}?wait=60s", path(0)),
                _ => format!("GET {}/events", path(0)),
            };
            client.request(&line, "", b"");
            client
        })
        .collect();
    wait_until(|| open_files(&game) >= before + 200);
    drop(clients);
    wait_until(|| open_files(&game) <= before + SPARE);
}

#[test]
fn a_stop_waits_for_nobody_who_waits() {
    let mut game = Game::with_players(1);
    game.put("/v1/queues/q", &json!({"teams": {"min_size": 1}}));
    game.ticket("q", "t0", &[0]);
    let mut poll = game.app.connect();
    poll.request(&format!("GET {}?wait=60s", path(0)), "", b"");
    let mut events = game.app.connect();
    events.request(&format!("GET {}/events", path(0)), "", b"");
    // The stream's head says that both have come so far.
    assert_eq!(events.head().unwrap().status, 200);
    assert!(game.app.stop().success());
    assert_eq!(poll.reply().unwrap().json()["status"], "waiting");
    assert!(
        !game.app.log().contains("leaving them"),
        "{}",
        game.app.log()
    );
}
