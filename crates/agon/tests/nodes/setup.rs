//! Nodes on a Redis, and what tests ask of them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::{Value, json};
pub use testkit::until;
use testkit::{App, Launch, RedisServer, Reply};

use crate::AGON;

/// Far beyond what anything takes here.
pub const LIMIT: Duration = Duration::from_secs(60);
/// The longest that a request may take while Redis does not answer, by the settings of [`node`]: patience, once the
/// limit for replies, and the machine's own slowness.
pub const BOUND: Duration = Duration::from_secs(6);

/// A Redis whose data survives its end.
pub fn lasting_redis() -> RedisServer {
    let launch = RedisServer::launch().set("appendonly", "yes");
    launch.set("appendfsync", "always").start()
}

/// A node that looks for matches often and does not wait long for Redis.
pub fn node(url: &str) -> Launch {
    Launch::node(AGON, url)
        .set("MATCHMAKING__SETTLE", "10ms")
        .set("MATCHMAKING__INTERVAL", "100ms")
        .set("STORE__CONNECT_TIMEOUT", "500ms")
        .set("STORE__RESPONSE_TIMEOUT", "1s")
        .set("STORE__PATIENCE", "1s")
}

/// Two nodes on one Redis.
pub fn two(redis: &RedisServer) -> (App, App) {
    (node(&redis.url()).start(), node(&redis.url()).start())
}

/// An address at which nobody listens.
pub fn free_address() -> SocketAddr {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    TcpListener::bind(any).unwrap().local_addr().unwrap()
}

/// The player of this number.
pub fn player(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Makes so many players, who are on no board.
pub fn create_players(app: &App, count: usize) {
    let one = |n| json!({"player_id": player(n), "display_name": format!("p{n}")});
    let players: Vec<Value> = (0..count).map(one).collect();
    post(app, "/v1/players:batch", &json!({ "players": players }));
}

/// `GET` that has to be done.
#[track_caller]
pub fn get(app: &App, path: &str) -> Value {
    let reply = app.get(path);
    assert_eq!(reply.status, 200, "{path}: {}\n{}", reply.json(), app.log());
    reply.json()
}

/// `POST` that has to be done.
#[track_caller]
pub fn post(app: &App, path: &str, body: &Value) -> Value {
    let reply = app.post(path, body);
    let done = matches!(reply.status, 200 | 201);
    assert!(done, "{path}: {}\n{}", reply.json(), app.log());
    reply.json()
}

/// `PUT` that has to be done.
#[track_caller]
pub fn put(app: &App, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let reply = app.request("PUT", path, &[], Some(body.as_bytes()));
    let reply = reply.unwrap();
    match reply.status {
        200 | 201 => reply.json(),
        204 => Value::Null,
        status => panic!("{path}: {status} {}\n{}", reply.json(), app.log()),
    }
}

/// A submission to a board under a key.
pub fn submit(app: &App, board: &str, number: usize, score: f64, key: &str) -> Reply {
    let body = json!({"player_id": player(number), "score": score}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let path = format!("/v1/boards/{board}/scores");
    let reply = app.request("POST", &path, &headers, Some(body.as_bytes()));
    reply.unwrap()
}

/// The score of a player on a board.
#[track_caller]
pub fn score(app: &App, board: &str, number: usize) -> f64 {
    let entry = get(
        app,
        &format!("/v1/boards/{board}/entries/{}", player(number)),
    );
    entry["score"].as_f64().unwrap()
}

/// What a reply says that could not be done since the store is away.
#[track_caller]
pub fn assert_unavailable(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.json());
    assert_eq!(
        reply.header("content-type"),
        Some("application/problem+json")
    );
    let pause: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&pause));
    assert_eq!(reply.json()["code"], "store_unavailable");
}
