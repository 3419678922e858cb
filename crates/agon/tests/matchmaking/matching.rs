//! `POST /v1/match` against a real process.

use serde_json::{Value, json};
use testkit::{App, Launch};

use crate::game::player;

fn start(launch: Launch) -> App {
    launch.start()
}

fn body(tickets: usize) -> Value {
    let ticket = |n: usize| {
        json!({
            "ticket_id": format!("t{n}"), "waited_s": 1.5,
            "players": [{
                "player_id": player(n), "rating": 1000 + n * 7919 % 1000, "deviation": 80, "roles": ["tank", "damage"],
                "latencies_ms": {"eu": 31, "us": 120}, "attributes": {"mode": "ranked"},
            }],
        })
    };
    let rules = json!({
        "teams": {"count": 2, "min_size": 5, "max_size": 5},
        "rating": {"spread": 100, "widen_per_s": 10, "max_spread": 500, "max_team_gap": 60, "clock": "oldest"},
        "latency": {"max_ms": 80, "widen_ms_per_s": 2, "ceiling_ms": 200},
        "attributes": [{"name": "mode", "rule": "equal"}],
    });
    json!({"rules": rules, "tickets": (0..tickets).map(ticket).collect::<Vec<_>>()})
}

#[test]
fn a_hundred_thousand_tickets_are_matched_alike_each_time() {
    let app = start(Launch::new(env!("CARGO_BIN_EXE_agon")));
    // More than other bodies may have.
    let body = body(100_000).to_string();
    assert!(body.len() > 16 << 20, "{}", body.len());
    let send = || {
        app.send("/v1/match", Some("application/json"), body.as_bytes())
            .unwrap()
    };
    let first = send();
    assert_eq!(
        first.status,
        200,
        "{}",
        String::from_utf8_lossy(&first.body)
    );
    let reply = first.json();
    let count = |list: &str| reply[list].as_array().unwrap().len();
    assert_eq!(count("matches") * 10 + count("unmatched"), 100_000);
    assert!(count("matches") > 9_000);
    assert_eq!(send().body, first.body);
}

#[test]
fn a_body_has_a_limit_of_its_own() {
    let app = start(
        Launch::new(env!("CARGO_BIN_EXE_agon")).set("MATCHMAKING__REQUEST_MAX_BODY", "1 KiB"),
    );
    assert_eq!(app.post("/v1/match", &body(2)).status, 200);
    let reply = app.post("/v1/match", &body(10));
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (413, &json!("body_too_large"))
    );
    let players: Vec<Value> = (0..50)
        .map(|n| json!({"display_name": format!("p{n}")}))
        .collect();
    assert_eq!(
        app.post("/v1/players:batch", &json!({ "players": players }))
            .status,
        200
    );
}
