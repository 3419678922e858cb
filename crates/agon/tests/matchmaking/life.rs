//! The life of tickets: made, waiting, proposed, accepted or not, cancelled, expired; and seats filled.

use serde_json::{Value, json};

use crate::game::{Game, match_of, player, ticket};

const TICKETS: &str = "/v1/queues/q/tickets";

fn one_on_one() -> Value {
    json!({"teams": {"count": 2, "min_size": 1}})
}

fn with_acceptance(ms: u64) -> Value {
    json!({"teams": {"count": 2, "min_size": 1}, "acceptance_window_ms": ms})
}

#[test]
fn two_tickets_become_a_match() {
    let game = Game::with_players(2);
    game.put("/v1/queues/q", &one_on_one());
    let made = game.ticket("q", "a", &[0]);
    assert_eq!(
        (&made["status"], &made["match_id"]),
        (&json!("waiting"), &Value::Null)
    );
    game.ticket("q", "b", &[1]);
    let a = game.wait_for("q", "a", "matched");
    let b = game.wait_for("q", "b", "matched");
    assert_eq!(match_of(&a), match_of(&b));
    let of = game.get(&format!("/v1/matches/{}", match_of(&a)));
    assert_eq!(of["status"], "running");
    assert_eq!(of, a["match"]);
    let mut tickets: Vec<&Value> = of["teams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["tickets"][0])
        .collect();
    tickets.sort_by_key(|t| t.as_str());
    assert_eq!(tickets, ["a", "b"]);
}

#[test]
fn a_lone_ticket_is_told_why_it_waits() {
    let game = Game::with_players(1);
    game.put("/v1/queues/q", &one_on_one());
    game.ticket("q", "a", &[0]);
    for _ in 0..3000 {
        let now = game.get(&format!("{TICKETS}/a"));
        if now["reasons"][0]["reason"] == "too_few_players" {
            assert!(!now["reasons"][0]["detail"].as_str().unwrap().is_empty());
            let stats = game.get("/v1/queues/q/stats");
            assert_eq!(stats["waiting_tickets"], 1);
            let expected = json!([{"reason": "too_few_players", "tickets": 1}]);
            assert_eq!(stats["waiting_because"], expected);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nobody says why: {}", game.get(&format!("{TICKETS}/a")));
}

#[test]
fn a_proposal_that_all_accept_becomes_a_match() {
    let game = Game::with_players(3);
    game.put("/v1/queues/q", &with_acceptance(600_000));
    game.ticket("q", "a", &[0]);
    game.ticket("q", "b", &[1]);
    let a = game.wait_for("q", "a", "proposed");
    assert!(a["accept_by"].is_string());
    let id = match_of(&a);
    assert_eq!(game.accept(&id, 0)["status"], "proposed");
    assert_eq!(game.accept(&id, 0)["accepted"], json!([player(0)]));
    let stranger = json!({"player_id": player(2)});
    let path = format!("/v1/matches/{id}:accept");
    assert_eq!(
        game.refused(&path, &stranger),
        (404, "not_in_match".to_owned())
    );
    let of = game.post(&path, &json!({"ticket_id": "b"}));
    assert_eq!(of["status"], "running");
    for ticket in ["a", "b"] {
        assert_eq!(match_of(&game.wait_for("q", ticket, "matched")), id);
    }
    let decline = format!("/v1/matches/{id}:decline");
    let late = game.refused(&decline, &json!({"ticket_id": "a"}));
    assert_eq!(late, (409, "wrong_match_state".to_owned()));
    let cancel = game.delete(&format!("{TICKETS}/a"));
    assert_eq!(
        (cancel.status, &cancel.json()["code"]),
        (409, &json!("ticket_matched"))
    );
}

#[test]
fn who_declines_is_cancelled_and_the_innocent_waits_on() {
    let game = Game::with_players(3);
    game.put("/v1/queues/q", &with_acceptance(600_000));
    let made = game.ticket("q", "innocent", &[0]);
    game.ticket("q", "decliner", &[1]);
    let proposed = game.wait_for("q", "innocent", "proposed");
    let failed = match_of(&proposed);
    let of = game.post(
        &format!("/v1/matches/{failed}:decline"),
        &json!({"player_id": player(1)}),
    );
    assert_eq!(
        (&of["status"], &of["failed_because_of"]),
        (&json!("failed"), &json!([player(1)]))
    );
    let decliner = game.get(&format!("{TICKETS}/decliner"));
    assert_eq!(
        (&decliner["status"], &decliner["cancelled_because"]),
        (&json!("cancelled"), &json!("declined"))
    );
    let waiting = game.get(&format!("{TICKETS}/innocent"));
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(waiting["created_at"], made["created_at"]);
    assert!(waiting["waited_ms"].as_i64() >= proposed["waited_ms"].as_i64());
    game.ticket("q", "third", &[2]);
    let again = game.wait_for("q", "innocent", "proposed");
    assert_ne!(match_of(&again), failed);
    assert_eq!(again["created_at"], made["created_at"]);
    // Its player may come back.
    game.ticket("q", "decliner-again", &[1]);
}

#[test]
fn who_does_not_accept_in_time_is_cancelled() {
    let game = Game::with_players(2);
    game.put("/v1/queues/q", &with_acceptance(1500));
    let made = game.ticket("q", "a", &[0]);
    game.ticket("q", "b", &[1]);
    let id = match_of(&game.wait_for("q", "a", "proposed"));
    game.accept(&id, 0);
    let b = game.wait_for("q", "b", "cancelled");
    assert_eq!(b["cancelled_because"], "not_accepted");
    assert_eq!(
        game.wait_for_match(&id, "failed")["failed_because_of"],
        json!([player(1)])
    );
    let a = game.wait_for("q", "a", "waiting");
    assert_eq!(a["created_at"], made["created_at"]);
}

#[test]
fn tickets_expire() {
    let game = Game::with_players(1);
    game.put(
        "/v1/queues/q",
        &json!({"teams": {"min_size": 1}, "ticket_ttl_ms": 300}),
    );
    game.ticket("q", "a", &[0]);
    let expired = game.wait_for("q", "a", "expired");
    assert_eq!(expired["ended_at"], expired["expires_at"]);
    assert_eq!(expired["waited_ms"], 300);
    game.ticket("q", "b", &[0]);
}

#[test]
fn a_cancelled_ticket_stays_cancelled_and_frees_its_players() {
    let game = Game::with_players(1);
    game.put("/v1/queues/q", &one_on_one());
    game.ticket("q", "a", &[0]);
    let first = game.delete(&format!("{TICKETS}/a"));
    assert_eq!(
        (first.status, &first.json()["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(game.delete(&format!("{TICKETS}/a")).json(), first.json());
    game.ticket("q", "b", &[0]);
    assert_eq!(game.delete(&format!("{TICKETS}/none")).status, 404);
}

#[test]
fn a_ticket_can_be_made_again_and_a_player_waits_once() {
    let game = Game::with_players(3);
    game.put("/v1/queues/q", &one_on_one());
    game.put("/v1/queues/large", &json!({"teams": {"min_size": 2}}));
    let party = ticket("a", &[0, 1]);
    let path = "/v1/queues/large/tickets";
    let made = game.post(path, &party);
    assert_eq!(game.post(path, &party), made);
    assert_eq!(
        game.refused(path, &ticket("a", &[0, 2])),
        (409, "ticket_exists".to_owned())
    );
    let reply = game.app.post(path, &ticket("b", &[2, 1]));
    assert_eq!(reply.status, 409);
    let problem = reply.json();
    assert_eq!(problem["code"], "player_waits");
    assert_eq!(problem["errors"][0]["pointer"], "/players/1/player_id");
    assert!(
        problem["detail"].as_str().unwrap().contains("ticket a"),
        "{problem}"
    );
    // In another queue is another matter, but a match there may be too small.
    game.ticket("q", "a", &[0]);
    assert_eq!(
        game.refused(TICKETS, &ticket("b", &[1, 2])),
        (400, "unmatchable".to_owned())
    );
    let nobody = game.app.post(TICKETS, &ticket("c", &[2, 7]));
    assert_eq!(nobody.status, 404);
    assert_eq!(
        nobody.json()["errors"][0]["pointer"],
        "/players/1/player_id"
    );
    assert_eq!(
        game.refused("/v1/queues/none/tickets", &ticket("a", &[2])),
        (404, "queue_not_found".to_owned())
    );
}

#[test]
fn a_seat_that_opens_is_filled_before_new_matches_are_made() {
    let game = Game::with_players(5);
    game.put("/v1/queues/q", &json!({"teams": {"min_size": 2}}));
    for n in 0..4 {
        game.ticket("q", &format!("t{n}"), &[n]);
    }
    let id = match_of(&game.wait_for("q", "t0", "matched"));
    let path = "/v1/queues/q/backfills";
    let body = json!({"backfill_id": "b", "match_id": id, "left": [player(2)]});
    let made = game.post(path, &body);
    assert_eq!(
        (&made["status"], &made["open"].as_array().unwrap().len()),
        (&json!("open"), &1)
    );
    assert_eq!(game.post(path, &body), made);
    let full = json!({"match_id": id, "seats": [{"team": 0}, {"team": 1}]});
    assert_eq!(game.refused(path, &full), (400, "bad_seat".to_owned()));
    game.ticket("q", "t4", &[4]);
    let joined = game.wait_for("q", "t4", "matched");
    assert_eq!(match_of(&joined), id);
    let players = |of: &Value| -> Vec<Value> {
        let teams = of["teams"].as_array().unwrap().iter();
        teams
            .flat_map(|team| team["players"].as_array().unwrap().clone())
            .collect()
    };
    let seated = players(&joined["match"]);
    assert_eq!(seated.len(), 5);
    let left: Vec<&Value> = seated
        .iter()
        .filter(|p| p["left"] == true)
        .map(|p| &p["player_id"])
        .collect();
    assert_eq!(left, [&json!(player(2))]);
    let filled = game.get(&format!("{path}/b"));
    assert_eq!(
        (&filled["status"], &filled["filled_by"]),
        (&json!("filled"), &json!(["t4"]))
    );
    // Who has left may look for another match.
    game.ticket("q", "t2-again", &[2]);
}

#[test]
fn everything_is_there_after_a_crash() {
    let game = Game::with_players(3);
    game.put("/v1/queues/q", &one_on_one());
    game.ticket("q", "a", &[0]);
    game.ticket("q", "b", &[1]);
    game.wait_for("q", "a", "matched");
    game.ticket("q", "c", &[2]);
    let looks = [
        "/v1/queues/q",
        "/v1/queues/q/tickets/a",
        "/v1/queues/q/tickets/c",
    ];
    let before = looks.map(|path| game.get(path));
    let dir = game.app.data_dir().to_owned();
    // The directory goes with the process that it was made for.
    let kept = tempfile::tempdir().unwrap();
    let copy = kept.path().join("data");
    let mut game = game;
    game.app.kill();
    copy_all(&dir, &copy);
    let game = Game::on(&copy);
    for (path, before) in looks.iter().zip(before) {
        let after = game.get(path);
        for field in [
            "queue",
            "ticket_id",
            "status",
            "match_id",
            "match",
            "created_at",
            "players",
            "waiting_tickets",
        ] {
            assert_eq!(after[field], before[field], "{path} {field}");
        }
    }
    assert_eq!(
        game.ticket("q", "c", &[2])["created_at"],
        game.get(looks[2])["created_at"]
    );
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_all(&entry.path(), &target);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
