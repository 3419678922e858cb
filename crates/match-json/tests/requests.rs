//! Whole requests for matches: the contract's example word by word, every fault with its place, and the
//! same reply for the same body.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fields::Unread;
use match_json::MatchRequest;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const REQUEST: &str = r#"
{"rules": {"teams": {"count": 2, "min_size": 5, "max_size": 5, "roles": {"tank": 1, "healer": 1, "damage": 3}},
           "rating": {"spread": 100, "widen_per_s": 10, "max_spread": 500, "max_team_gap": 60, "clock": "oldest"},
           "latency": {"max_ms": 80, "widen_ms_per_s": 2, "ceiling_ms": 200},
           "attributes": [{"name": "mode", "rule": "equal"}]},
 "tickets": [{"ticket_id": "t1", "waited_s": 12.5, "priority": 0, "avoid": [],
              "players": [{"player_id": "e4cdb120-28fc-4285-a78d-eb48660b7730", "rating": 1510, "deviation": 80,
                           "roles": ["tank", "damage"], "latencies_ms": {"eu": 31, "us": 120}, "attributes": {"mode": "ranked"}}]}]}
"#;

const REPLY: &str = r#"
{"matches": [{"teams": [{"tickets": ["t1", "t9"], "players": [{"player_id": "…", "role": "tank"}], "rating": 1498.2}],
              "region": "eu", "rating_spread": 84.0, "team_gap": 12.0, "win_probabilities": [0.51, 0.49], "longest_wait_s": 12.5}],
 "unmatched": [{"ticket_id": "t7", "reason": "rating_too_far", "detail": "nearest compatible ticket is 340 away; limit 225 now, reached in 11.5 s"}]}
"#;

fn player(number: u128) -> String {
    let hex = format!("{number:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

fn reply(body: &str) -> String {
    let request = MatchRequest::from_json(body.as_bytes()).unwrap();
    serde_json::to_string(&request.reply()).unwrap()
}

fn faults(body: &Value) -> Vec<String> {
    match MatchRequest::from_json(body.to_string().as_bytes()) {
        Err(Unread::Faults(faults)) => faults
            .into_iter()
            .map(|f| format!("{} {}", f.pointer.unwrap_or_default(), f.detail))
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// The keys of a text of JSON, in their order, of each list the first item's.
fn form(text: &str) -> Vec<String> {
    let ended = text.replace([' ', '\n'], "");
    let keys = ended.split('"').collect::<Vec<_>>();
    let keys = keys
        .windows(2)
        .filter(|pair| pair[1].starts_with(':'))
        .map(|pair| pair[0].to_owned());
    let mut seen = Vec::new();
    for key in keys {
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    seen
}

/// The contract's ticket, ten times: its twin for each seat of the match, and one that is far away.
fn ten_and_one() -> Value {
    let mut body: Value = serde_json::from_str(REQUEST).unwrap();
    let model = body["tickets"][0].clone();
    let roles = ["tank", "healer", "damage", "damage", "damage"];
    let ticket = |number: usize| {
        let mut ticket = model.clone();
        ticket["ticket_id"] = format!("t{number}").into();
        ticket["players"][0]["player_id"] = player(number as u128 + 1).into();
        ticket["players"][0]["roles"] = json!([roles[number % 5]]);
        ticket["players"][0]["rating"] = if number == 10 { 2500 } else { 1500 + number }.into();
        ticket
    };
    body["tickets"] = (0..11).map(ticket).collect();
    body
}

#[test]
fn the_example_is_read_and_its_ticket_is_left_alone() {
    let reply: Value = serde_json::from_str(&reply(REQUEST)).unwrap();
    assert_eq!(reply["matches"], json!([]));
    assert_eq!(reply["unmatched"][0]["ticket_id"], "t1");
    assert_eq!(reply["unmatched"][0]["reason"], "too_few_players");
}

#[test]
fn the_reply_has_the_contracts_form() {
    let text = reply(&ten_and_one().to_string());
    assert_eq!(form(&text), form(REPLY));
    let reply: Value = serde_json::from_str(&text).unwrap();
    let formed = &reply["matches"][0];
    for team in formed["teams"].as_array().unwrap() {
        let players = team["players"].as_array().unwrap();
        let mut roles: Vec<&str> = players
            .iter()
            .map(|p| p["role"].as_str().unwrap())
            .collect();
        roles.sort_unstable();
        assert_eq!(roles, ["damage", "damage", "damage", "healer", "tank"]);
        assert_eq!(team["tickets"].as_array().unwrap().len(), 5);
    }
    assert_eq!(formed["region"], "eu");
    // Distances and times are doubles, and written as such.
    assert!(text.contains(r#""rating_spread":9.0,"#), "{text}");
    assert!(text.contains(r#""longest_wait_s":12.5}"#), "{text}");
    let chances = formed["win_probabilities"].as_array().unwrap();
    let sum: f64 = chances.iter().map(|c| c.as_f64().unwrap()).sum();
    assert!(chances.len() == 2 && (sum - 1.0).abs() < 1e-9);
    assert_eq!(reply["unmatched"][0]["ticket_id"], "t10");
    assert_eq!(reply["unmatched"].as_array().unwrap().len(), 1);
}

#[test]
fn no_tickets_make_no_matches() {
    let body = json!({"rules": {"teams": {"min_size": 1}}, "tickets": []});
    assert_eq!(reply(&body.to_string()), r#"{"matches":[],"unmatched":[]}"#);
}

#[test]
fn every_fault_of_a_request_is_told() {
    let ticket = |id: &str, number: u128| json!({"ticket_id": id, "players": [{"player_id": player(number)}]});
    let body = json!({
        "rules": {"teams": {"min_size": 2, "max_size": 1}, "rating": {"spread": -1}},
        "rating_system": "mmr",
        "tickets": [
            ticket("a", 1), {"players": [{"player_id": "x"}]}, ticket("b", 3), 7, ticket("a", 4),
            ticket("c", 1), {"ticket_id": "d", "waited_s": -0.5, "players": [{"player_id": player(5)}]},
        ],
    });
    let expected = [
        "/rating_system must be weng-lin, glicko2, elo or trueskill",
        "/rules/rating/spread must be a number from 0 to 1000000000",
        "/tickets/0/players/0/player_id is the same as /tickets/5/players/0/player_id",
        "/tickets/0/ticket_id is the same as /tickets/4/ticket_id",
        "/tickets/1/players/0/player_id must be a UUID such as e4cdb120-28fc-4285-a78d-eb48660b7730",
        "/tickets/1/ticket_id is missing",
        "/tickets/3 must be an object",
        "/tickets/4/ticket_id is the same as /tickets/0/ticket_id",
        "/tickets/5/players/0/player_id is the same as /tickets/0/players/0/player_id",
        "/tickets/6/waited_s must be a number from 0 to 1000000000",
    ];
    let mut found = faults(&body);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(
        faults(&json!({})),
        ["/rules is missing", "/tickets is missing"]
    );
    let rules = json!({"teams": {"min_size": 2, "max_size": 1}});
    assert_eq!(
        faults(&json!({"rules": rules, "tickets": []})),
        ["/rules/teams/max_size must be at least min_size, 2"]
    );
}

#[test]
fn a_player_twice_in_one_party_is_told_too() {
    let players = json!([{"player_id": player(1)}, {"player_id": player(1)}]);
    let body = json!({
        "rules": {"teams": {"min_size": 2}}, "tickets": [{"ticket_id": "a", "players": players}],
    });
    assert_eq!(
        faults(&body),
        [
            "/tickets/0/players/0/player_id is the same as /tickets/0/players/1/player_id",
            "/tickets/0/players/1/player_id is the same as /tickets/0/players/0/player_id",
        ]
    );
}

#[test]
fn numbers_that_are_none_are_refused() {
    for bad in ["1e999", "-1", "NaN", "\"1500\"", "-1e999", "true", "[]"] {
        let body = REQUEST.replace("\"rating\": 1510", &format!("\"rating\": {bad}"));
        assert!(MatchRequest::from_json(body.as_bytes()).is_err(), "{bad}");
        let body = REQUEST.replace("\"eu\": 31", &format!("\"eu\": {bad}"));
        assert!(MatchRequest::from_json(body.as_bytes()).is_err(), "{bad}");
        let body = REQUEST.replace("12.5", bad);
        assert!(MatchRequest::from_json(body.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn there_may_be_a_hundred_thousand_tickets() {
    let ticket = |number: usize| {
        let player = player(number as u128 + 1);
        format!(r#"{{"ticket_id":"{number}","players":[{{"player_id":"{player}"}}]}}"#)
    };
    let body = |count: usize| {
        let tickets: Vec<String> = (0..count).map(ticket).collect();
        let tickets = tickets.join(",");
        format!(r#"{{"tickets":[{tickets}],"rules":{{"teams":{{"min_size":1}}}}}}"#)
    };
    let all: Value = serde_json::from_str(&reply(&body(100_000))).unwrap();
    assert_eq!(all["matches"].as_array().unwrap().len(), 50_000);
    let over = MatchRequest::from_json(body(100_001).as_bytes()).unwrap_err();
    assert_eq!(over.to_string(), "/tickets may have 100000 items");
}

#[test]
fn values_are_read_as_text_is() {
    let body = ten_and_one();
    let beside: Map<String, Value> = [("rules".to_owned(), body["rules"].clone())]
        .into_iter()
        .collect();
    let tickets = body["tickets"].as_array().unwrap().iter().cloned().map(Ok);
    let read = MatchRequest::from_values(&beside, tickets).unwrap();
    let text = serde_json::to_string(&read.reply()).unwrap();
    assert_eq!(text, reply(&body.to_string()));
    let bad = fields::Fault::at("/tickets/1/players".to_owned(), "must be JSON");
    let tickets = [Ok(json!({})), Err(vec![bad])].into_iter();
    let told = MatchRequest::from_values(&Map::new(), tickets).unwrap_err();
    let places: Vec<_> = told.into_iter().filter_map(|f| f.pointer).collect();
    assert_eq!(
        places,
        [
            "/rules",
            "/tickets/0/players",
            "/tickets/0/ticket_id",
            "/tickets/1/players"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_body_has_the_same_reply(
        tickets in prop::collection::vec((1000..2000_u32, 0..60_u32, 0..3_i32, 1..4_usize), 0..60),
    ) {
        let mut number = 0;
        let mut ticket = |(place, (rating, waited, priority, size)): (usize, &(u32, u32, i32, usize))| {
            let players: Vec<Value> = (0..*size)
                .map(|_| {
                    number += 1;
                    json!({"player_id": player(number), "rating": rating, "latencies_ms": {"eu": waited, "us": 60 - waited}})
                })
                .collect();
            json!({"ticket_id": format!("t{place}"), "waited_s": waited, "priority": priority, "players": players})
        };
        let tickets: Vec<Value> = tickets.iter().enumerate().map(&mut ticket).collect();
        let rules = json!({
            "teams": {"min_size": 3}, "rating": {"spread": 50, "widen_per_s": 5, "max_spread": 300},
            "latency": {"max_ms": 40},
        });
        let body = json!({"rules": rules, "tickets": tickets}).to_string();
        prop_assert_eq!(reply(&body), reply(&body));
    }
}
