//! What a player's token is good for: the player's own affairs, and nobody else's.

use serde_json::{Value, json};
use testkit::Reply;

use crate::setup::*;

const RULES: &str = r#"{"teams": {"count": 2, "min_size": 1, "max_size": 1}}"#;

fn ok(reply: Reply) -> Value {
    assert!(
        reply.status < 300,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    reply.json()
}

fn rules(acceptance: bool) -> Value {
    let mut rules: Value = serde_json::from_str(RULES).unwrap();
    if acceptance {
        rules["acceptance_window_ms"] = json!(60_000);
    }
    rules
}

#[test]
fn players_submit_for_themselves_where_the_board_trusts_them() {
    let game = Game::start();
    let score = |player: &str, score: i32| json!({"player_id": player, "score": score});
    let classic = |player: &str| json!({"user_id": player, "score_worth": 1});
    for (board, authority) in [("trusting", "player"), ("strict", "server")] {
        let settings = json!({"authority": authority, "operator": "best"});
        let path = format!("/v1/boards/{board}");
        ok(game.as_admin("PUT", &path, Some(&settings)));
    }
    let by_ada = |path: &str, body: Value| game.by(ADA, "POST", path, Some(&body));
    let taken = ok(by_ada("/v1/boards/trusting/scores", score(ADA, 7)));
    assert_eq!((&taken["rank"], &taken["score"]), (&json!(1), &json!(7)));
    let several = |boards: &[&str], player: &str| {
        let scores: Vec<Value> = boards
            .iter()
            .map(|b| json!({"board": b, "score": 8}))
            .collect();
        json!({"player_id": player, "scores": scores})
    };
    ok(by_ada("/v1/scores:batch", several(&["trusting"], ADA)));
    let mut chosen = score(ADA, 1);
    chosen["operator"] = json!("last");
    for (path, body, reason) in [
        (
            "/v1/boards/trusting/scores",
            score(BOB, 9),
            "that player alone",
        ),
        (
            "/v1/boards/strict/scores",
            score(ADA, 9),
            "authority is server",
        ),
        ("/v1/boards/trusting/scores", chosen, "operator"),
        (
            "/v1/scores:batch",
            several(&["trusting"], BOB),
            "that player alone",
        ),
        (
            "/v1/scores:batch",
            several(&["trusting", "strict"], ADA),
            "authority is server",
        ),
        (
            "/v1/boards/trusting/scores:batch",
            json!({"scores": [score(ADA, 9)]}),
            "scope submit",
        ),
        ("/score/submit", classic(ADA), "authority is server"),
        ("/score/submit", classic(BOB), "that player alone"),
    ] {
        let reply = by_ada(path, body);
        is_problem(&reply, 403, "forbidden");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{detail}");
    }
    is_problem(
        &by_ada("/v1/boards/none/scores", score(ADA, 1)),
        404,
        "board_not_found",
    );
    // Nothing of what was refused has come about.
    let entry = ok(game.by(
        BOB,
        "GET",
        &format!("/v1/boards/trusting/entries/{ADA}"),
        None,
    ));
    assert_eq!((&entry["score"], &entry["rank"]), (&json!(8), &json!(1)));
    let strict = ok(game.as_admin("GET", "/v1/boards/strict/entries", None));
    assert_eq!(strict["total"], 0);
    // `global` can trust players too.
    ok(game.as_admin(
        "PUT",
        "/v1/boards/global",
        Some(&json!({"authority": "player", "operator": "sum"})),
    ));
    assert_eq!(ok(by_ada("/score/submit", classic(ADA)))["points"], 2);
    is_problem(&by_ada("/score/submit", classic(BOB)), 403, "forbidden");
    // But not add up points where only the best counts.
    let best = json!({"authority": "player", "operator": "best"});
    ok(game.as_admin("PUT", "/v1/boards/global", Some(&best)));
    is_problem(&by_ada("/score/submit", classic(ADA)), 403, "forbidden");
    ok(by_ada("/v1/boards/global/scores", score(ADA, 3)));
}

#[test]
fn players_read_of_players_themselves() {
    let game = Game::start();
    for path in ["", "/ratings", "/matches"] {
        let of = |player: &str| format!("/v1/players/{player}{path}");
        ok(game.by(ADA, "GET", &of(ADA), None));
        is_problem(&game.by(ADA, "GET", &of(BOB), None), 403, "forbidden");
        // Whether somebody exists is not told either.
        let nobody = "00000000-0000-4000-8000-000000000000";
        is_problem(&game.by(ADA, "GET", &of(nobody), None), 403, "forbidden");
    }
    ok(game.by(ADA, "GET", &format!("/user/profile/{BOB}"), None));
    is_problem(
        &game.by(ADA, "GET", "/leaderboard/all", None),
        403,
        "forbidden",
    );
}

#[test]
fn tickets_are_made_read_and_cancelled_by_their_own_players() {
    let game = Game::start();
    ok(game.as_admin("PUT", "/v1/queues/duel", Some(&rules(false))));
    ok(game.as_admin("PUT", "/v1/queues/other", Some(&rules(false))));
    let tickets = "/v1/queues/duel/tickets";
    let player = |id: &str| json!({"player_id": id, "attributes": {"mode": "ranked"}, "latencies_ms": {"eu": 30}});
    let make = |body: Value| game.by(ADA, "POST", tickets, Some(&body));
    let mut rated = player(ADA);
    rated["rating"] = json!(1);
    for (body, reason) in [
        (json!({"players": [player(BOB)]}), "that player alone"),
        (
            json!({"players": [player(ADA), player(BOB)]}),
            "that player alone",
        ),
        (json!({"players": [rated]}), "rating"),
        (json!({"players": [player(ADA)], "priority": 9}), "priority"),
    ] {
        let reply = make(body);
        is_problem(&reply, 403, "forbidden");
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{detail}");
    }
    ok(make(json!({"ticket_id": "a", "players": [player(ADA)]})));
    let path = format!("{tickets}/a");
    assert_eq!(ok(game.by(ADA, "GET", &path, None))["status"], "waiting");
    // To others it is not there, as one that is not.
    for method in ["GET", "DELETE"] {
        let of_bob = game.by(BOB, method, &path, None);
        is_problem(&of_bob, 404, "ticket_not_found");
        let missing = game.by(BOB, method, &format!("{tickets}/b"), None);
        let same = |reply: &Reply| {
            reply.json()["detail"]
                .as_str()
                .unwrap()
                .replace("ticket b", "ticket a")
        };
        assert_eq!(same(&of_bob), same(&missing));
    }
    let events = format!("{path}/events");
    is_problem(&game.by(BOB, "GET", &events, None), 404, "ticket_not_found");
    assert_eq!(ok(game.by(ADA, "GET", &path, None))["status"], "waiting");
    assert_eq!(
        ok(game.by(ADA, "DELETE", &path, None))["status"],
        "cancelled"
    );
    // A party that a server has made is its players' all the same.
    let party = json!({"ticket_id": "p", "players": [player(BOB)]});
    ok(game.as_admin("POST", "/v1/queues/other/tickets", Some(&party)));
    ok(game.by(BOB, "DELETE", "/v1/queues/other/tickets/p", None));
}

#[test]
fn matches_are_read_and_answered_by_their_own_players() {
    let game = Game::start();
    let carol = "0c0c0c0c-0b0a-4908-8706-050403020100";
    let body = json!({"user_id": carol, "display_name": "carol"});
    ok(game.as_admin("POST", "/user/create", Some(&body)));
    ok(game.as_admin("PUT", "/v1/queues/duel", Some(&rules(true))));
    for player in [ADA, BOB] {
        let ticket = json!({"ticket_id": player, "players": [{"player_id": player}]});
        ok(game.by(player, "POST", "/v1/queues/duel/tickets", Some(&ticket)));
    }
    let ticket = format!("/v1/queues/duel/tickets/{ADA}");
    let proposed = || ok(game.by(ADA, "GET", &ticket, None));
    until("a match is proposed", || proposed()["status"] == "proposed");
    let id = proposed()["match_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/matches/{id}");
    let accept = |by: &str, who: Value| game.by(by, "POST", &format!("{path}:accept"), Some(&who));
    for by in [ADA, BOB] {
        ok(game.by(by, "GET", &path, None));
    }
    is_problem(&game.by(carol, "GET", &path, None), 404, "match_not_found");
    is_problem(
        &accept(carol, json!({"player_id": carol})),
        404,
        "match_not_found",
    );
    is_problem(&accept(ADA, json!({"player_id": BOB})), 403, "forbidden");
    is_problem(&accept(ADA, json!({"ticket_id": BOB})), 403, "forbidden");
    is_problem(&accept(ADA, json!({"ticket_id": ADA})), 403, "forbidden");
    let decline = |by: &str, who: &str| {
        let who = json!({"player_id": who});
        game.by(by, "POST", &format!("{path}:decline"), Some(&who))
    };
    is_problem(&decline(carol, carol), 404, "match_not_found");
    is_problem(&decline(ADA, BOB), 403, "forbidden");
    assert_eq!(
        ok(accept(ADA, json!({"player_id": ADA})))["status"],
        "proposed"
    );
    assert_eq!(
        ok(accept(BOB, json!({"player_id": BOB})))["status"],
        "running"
    );
    let result = json!({"placements": [1, 2]});
    let finish = format!("{path}/result");
    is_problem(
        &game.by(ADA, "POST", &finish, Some(&result)),
        403,
        "forbidden",
    );
    ok(game.as_admin("POST", &finish, Some(&result)));
    let matches = |player: &str| {
        ok(game.by(
            player,
            "GET",
            &format!("/v1/players/{player}/matches"),
            None,
        ))
    };
    assert_eq!(matches(ADA)["matches"][0]["match_id"], id.as_str());
}

#[test]
fn an_idempotency_key_is_its_callers_alone() {
    let game = Game::start();
    ok(game.as_admin("PUT", "/v1/queues/duel", Some(&rules(false))));
    let make = |player: &str| {
        let authorization = format!("Bearer {}", game.token(player));
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "same"),
        ];
        let body = json!({"players": [{"player_id": player}]}).to_string();
        let path = "/v1/queues/duel/tickets";
        game.app
            .request("POST", path, &headers, Some(body.as_bytes()))
            .unwrap()
    };
    let first = make(ADA);
    // With one space of keys this would be 422: the key was used for another request.
    let other = make(BOB);
    assert_eq!((first.status, other.status), (201, 201));
    assert_ne!(first.json()["ticket_id"], other.json()["ticket_id"]);
    let again = make(ADA);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["ticket_id"], first.json()["ticket_id"]);
}
