//! `/metrics` of a real process: what is told, and that it is counted right.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod contract;
mod matchmaking;
mod requests;
mod store;

use serde_json::{Value, json};
use testkit::{App, Launch, until};

const AGON: &str = env!("CARGO_BIN_EXE_agon");

fn start() -> App {
    hasty(Launch::new(AGON)).start()
}

fn hasty(launch: Launch) -> Launch {
    launch
        .set("MATCHMAKING__SETTLE", "10ms")
        .set("MATCHMAKING__INTERVAL", "50ms")
}

/// The player of this number.
fn player(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Makes so many players, who are on no board.
fn create_players(app: &App, count: usize) {
    let one = |n| json!({"player_id": player(n), "display_name": format!("p{n}")});
    let players: Vec<Value> = (0..count).map(one).collect();
    let reply = app.post("/v1/players:batch", &json!({ "players": players }));
    assert_eq!(reply.status, 200);
}

fn put(app: &App, path: &str, body: &Value) {
    let body = body.to_string();
    let reply = app.request("PUT", path, &[], Some(body.as_bytes()));
    assert!(matches!(reply.unwrap().status, 200 | 201), "{path}");
}

fn delete(app: &App, path: &str) {
    let reply = app.request("DELETE", path, &[], None).unwrap();
    assert!(
        matches!(reply.status, 200 | 204),
        "{path}: {}",
        reply.status
    );
}

/// Makes a ticket of one player in the queue `q`.
fn create_ticket(app: &App, queue: &str, id: &str, number: usize) {
    let body = json!({"ticket_id": id, "players": [{"player_id": player(number)}]});
    let reply = app.post(&format!("/v1/queues/{queue}/tickets"), &body);
    assert_eq!(reply.status, 201, "{}", reply.json());
}
