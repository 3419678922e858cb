//! Tickets made and cancelled, and waited for.

use std::time::Duration;

use axum::http::StatusCode;
use boards::{BoardId, PlayerId, StoreError};
use matchmaking::{
    MatchError, MatchId, QueueChange, QueueId, Reason, TicketEnd, TicketId, TicketState,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::Client;
use crate::fake_matches::{ADA, BOB, MATCH, ada, matched, proposed};

const PATH: &str = "/v1/queues/q/tickets";
const TICKET: &str = "/v1/queues/q/tickets/t1";

fn sent() -> Value {
    json!({"players": [{"player_id": ADA, "rating": 1510, "attributes": {"mode": "ranked"}}, {"player_id": BOB}]})
}

fn ids(client: &Client) -> Vec<String> {
    let changes = client.matches.changes.lock().unwrap();
    let id = |change: &QueueChange| match change {
        QueueChange::CreateTicket { ticket, .. } => ticket.id.to_string(),
        other => panic!("{other:?}"),
    };
    changes.iter().map(id).collect()
}

#[tokio::test]
async fn a_ticket_is_made() {
    let client = Client::new();
    let mut body = sent();
    body["ticket_id"] = "mine".into();
    body["avoid"] = json!([MATCH]);
    let reply = client.post(PATH, &body).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let player = |id: &str, rating: f64, deviation: f64, attributes: Value| {
        json!({
            "player_id": id, "rating": rating, "deviation": deviation, "roles": [], "latencies_ms": {},
            "attributes": attributes,
        })
    };
    let new = matchmaking::RatingSystem::default().initial();
    let expected = json!({
        "queue": "q", "ticket_id": "mine", "status": "waiting", "created_at": "1970-01-01T00:00:01.500Z",
        "expires_at": "1970-01-01T00:10:01.500Z", "ended_at": null, "cancelled_because": null, "match_id": null,
        "players": [
            player(ADA, 1510.0, new.deviation, json!({"mode": "ranked"})), player(BOB, new.mean, new.deviation, json!({})),
        ],
        "priority": 0, "avoid": [MATCH],
    });
    assert_eq!(reply.body, expected);
    let nowhere = client.post("/v1/queues/none/tickets", &sent()).await;
    assert_eq!(nowhere.problem(), (404, "queue_not_found"));
}

#[tokio::test]
async fn a_ticket_without_a_name_is_given_one_the_same_under_a_key() {
    let client = Client::new();
    let first = client.post_with_key(PATH, "k", &sent()).await;
    let again = client.post_with_key(PATH, "k", &sent()).await;
    assert_eq!(
        (again.status, again.is_replay()),
        (StatusCode::CREATED, true)
    );
    assert_eq!(again.body, first.body);
    for _ in 0..2 {
        assert_eq!(client.post(PATH, &sent()).await.status, StatusCode::CREATED);
    }
    let other = client.post_with_key(PATH, "l", &sent()).await;
    assert_eq!(other.status, StatusCode::CREATED);
    let mut ids = ids(&client);
    assert_eq!(ids.len(), 4);
    assert_eq!(first.body["ticket_id"], ids[0]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let reused = client
        .post_with_key(PATH, "k", &json!({"players": [{"player_id": ADA}]}))
        .await;
    assert_eq!(reused.problem(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn malformed_tickets_are_told_with_every_place() {
    let client = Client::new();
    let ada = json!({"player_id": ADA});
    let bad = json!({"players": [ada, {"player_id": "x", "rating": -1}, ada], "priority": "high"});
    let reply = client.post(PATH, &bad).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let pointers = |reply: &Value| -> Vec<String> {
        let errors = reply["errors"].as_array().unwrap().iter();
        errors
            .map(|e| e["pointer"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        pointers(&reply.body),
        ["/players/1/player_id", "/players/1/rating", "/priority"]
    );
    let reply = client.post(PATH, &json!({"players": [ada, ada]})).await;
    assert_eq!(
        pointers(&reply.body),
        ["/players/0/player_id", "/players/1/player_id"]
    );
    assert!(client.matches.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_store_refuses_has_its_code() {
    let id = |text: &str| TicketId::parse(text).unwrap();
    let nobody = PlayerId::parse(BOB).unwrap();
    type Case = (
        fn() -> MatchError,
        (u16, &'static str),
        Option<&'static str>,
    );
    let cases: [Case; 18] = [
        (
            || MatchError::UnknownQueue(QueueId::parse("q").unwrap()),
            (404, "queue_not_found"),
            None,
        ),
        (
            || MatchError::UnknownTicket(TicketId::parse("t").unwrap()),
            (404, "ticket_not_found"),
            None,
        ),
        (
            || MatchError::UnknownMatch(MatchId::parse(MATCH).unwrap()),
            (404, "match_not_found"),
            None,
        ),
        (
            || MatchError::UnknownBackfill(TicketId::parse("b").unwrap()),
            (404, "backfill_not_found"),
            None,
        ),
        (
            || MatchError::UnknownPlayers(vec![1]),
            (404, "player_not_found"),
            Some("/players/1/player_id"),
        ),
        (
            || MatchError::UnknownBoard {
                at: 2,
                board: BoardId::global(),
            },
            (404, "board_not_found"),
            Some("/boards/2/board"),
        ),
        (
            || MatchError::TicketExists(TicketId::parse("t").unwrap()),
            (409, "ticket_exists"),
            None,
        ),
        (
            || MatchError::BackfillExists(TicketId::parse("b").unwrap()),
            (409, "backfill_exists"),
            None,
        ),
        (
            || MatchError::PlayerWaits {
                at: 1,
                player: PlayerId::parse(BOB).unwrap(),
                ticket: TicketId::parse("other").unwrap(),
            },
            (409, "player_waits"),
            Some("/players/1/player_id"),
        ),
        (
            || MatchError::Unmatchable("it is large".to_owned()),
            (400, "unmatchable"),
            None,
        ),
        (
            || MatchError::TicketMatched(TicketId::parse("t").unwrap()),
            (409, "ticket_matched"),
            None,
        ),
        (
            || MatchError::WrongState("has ended"),
            (409, "wrong_match_state"),
            None,
        ),
        (
            || MatchError::NotInMatch("player x".to_owned()),
            (404, "not_in_match"),
            None,
        ),
        (|| MatchError::ResultDiffers, (409, "result_differs"), None),
        (
            || MatchError::BadResult("it is bad"),
            (400, "bad_result"),
            None,
        ),
        (
            || MatchError::BadSeat {
                at: 3,
                reason: "is taken",
            },
            (400, "bad_seat"),
            Some("/seats/3"),
        ),
        (
            || MatchError::NotLeader(QueueId::parse("q").unwrap()),
            (503, "store_unavailable"),
            None,
        ),
        (
            || MatchError::Store(StoreError::Overloaded),
            (503, "overloaded"),
            None,
        ),
    ];
    for (error, expected, pointer) in cases {
        let client = Client::new();
        client.matches.fail(move || Some(error()));
        let reply = client.post(PATH, &sent()).await;
        assert_eq!(reply.problem(), expected);
        assert_eq!(
            reply.body["errors"][0]["pointer"],
            json!(pointer),
            "{}",
            reply.body
        );
    }
    // Which ticket it is has to be told.
    let client = Client::new();
    client.matches.fail(move || {
        Some(MatchError::PlayerWaits {
            at: 0,
            player: nobody,
            ticket: id("other"),
        })
    });
    let reply = client.post(PATH, &sent()).await;
    assert!(
        reply.body["detail"]
            .as_str()
            .unwrap()
            .contains("ticket other")
    );
}

#[tokio::test]
async fn a_ticket_is_cancelled() {
    let client = Client::new();
    let reply = client.delete(TICKET).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.body["status"], "cancelled");
    assert_eq!(reply.body["cancelled_because"], "requested");
    assert_eq!(reply.body["ended_at"], "1970-01-01T00:00:03Z");
}

#[tokio::test]
async fn a_ticket_says_how_it_stands() {
    let client = Client::new();
    client.matches.explain(Reason::RatingTooFar);
    let waiting = client.get(TICKET).await.body;
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(
        waiting["reasons"],
        json!([{"reason": "rating_too_far", "detail": "for the best of reasons"}])
    );
    assert_eq!(waiting["estimated_wait_ms"], 8000);
    assert!(waiting["waited_ms"].as_i64().unwrap() > 0);
    let (state, of_match) = proposed(&[ada()]);
    client.matches.turn(state, of_match);
    let now = client.get(TICKET).await.body;
    assert_eq!(
        (&now["status"], &now["match_id"]),
        (&json!("proposed"), &json!(MATCH))
    );
    assert_eq!(now["accept_by"], "1970-01-01T00:00:29Z");
    assert_eq!(now["accepted"], json!([ADA]));
    assert_eq!((&now["match"], &now["reasons"]), (&Value::Null, &json!([])));
    assert_eq!(now["estimated_wait_ms"], Value::Null);
    let (state, of_match) = matched();
    client.matches.turn(state, of_match);
    let now = client.get(TICKET).await.body;
    assert_eq!(
        (&now["status"], &now["waited_ms"]),
        (&json!("matched"), &json!(12_500))
    );
    assert_eq!(now["match"]["teams"][0]["tickets"], json!(["t1"]));
    assert_eq!(
        (&now["match"]["status"], &now["accepted"]),
        (&json!("running"), &json!([]))
    );
    let none = client.get("/v1/queues/q/tickets/none").await;
    assert_eq!(none.problem(), (404, "ticket_not_found"));
}

/// The status that a long poll comes back with, and after how long by the paused clock.
async fn poll(client: &Client, query: &str) -> (String, Duration) {
    let begun = Instant::now();
    let reply = client.get(&format!("{TICKET}?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    (
        reply.body["status"].as_str().unwrap().to_owned(),
        begun.elapsed(),
    )
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// About, since timers count whole milliseconds.
fn is_about(time: Duration, expected: Duration) -> bool {
    time >= expected && time < expected + Duration::from_millis(10)
}

#[tokio::test(start_paused = true)]
async fn without_a_change_the_time_is_waited_out() {
    let client = Client::new();
    for (query, expected) in [
        ("", seconds(0)),
        ("wait=0s", seconds(0)),
        ("wait=500ms", Duration::from_millis(500)),
        ("wait=30s", seconds(30)),
        ("wait=1m&seen=1", seconds(60)),
        ("wait=30s&seen=0", seconds(0)),
    ] {
        let (status, time) = poll(&client, query).await;
        assert_eq!(status, "waiting");
        assert!(is_about(time, expected), "{query}: {time:?}");
    }
    for bad in ["wait=61s", "wait=30", "wait=-1s", "seen=x"] {
        let reply = client.get(&format!("{TICKET}?{bad}")).await;
        assert_eq!(reply.problem(), (400, "invalid_request"), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_ends_the_waiting_and_an_end_is_not_waited_for() {
    let client = Client::new();
    let change = async {
        tokio::time::sleep(seconds(7)).await;
        let (state, of_match) = proposed(&[]);
        client.matches.turn(state, of_match);
    };
    let ((status, time), ()) = tokio::join!(poll(&client, "wait=30s"), change);
    assert_eq!(status, "proposed");
    assert!(is_about(time, seconds(7)), "{time:?}");
    for state in [
        matched().0,
        TicketState::Cancelled {
            why: TicketEnd::Declined,
            at_ms: 2000,
        },
        TicketState::Expired { at_ms: 2000 },
    ] {
        client.matches.turn(state, None);
        let (_, time) = poll(&client, "wait=30s").await;
        assert!(is_about(time, seconds(0)), "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_without_a_memory_misses_no_proposal() {
    let client = Client::new();
    // It was proposed between two requests.
    let (state, of_match) = proposed(&[]);
    client.matches.turn(state, of_match);
    let (status, time) = poll(&client, "wait=30s").await;
    assert_eq!(status, "proposed");
    assert!(is_about(time, seconds(1)), "{time:?}");
    // Who knows it waits for what comes next, and so does who has accepted.
    let (_, time) = poll(&client, "wait=30s&seen=2").await;
    assert!(is_about(time, seconds(30)), "{time:?}");
    let (state, of_match) = proposed(&[ada()]);
    client.matches.turn(state, of_match);
    let (_, time) = poll(&client, "wait=30s").await;
    assert!(is_about(time, seconds(30)), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_keeps_nobody_waiting() {
    let client = Client::new();
    let stop = async {
        tokio::time::sleep(seconds(2)).await;
        client.drain();
    };
    let ((status, time), ()) = tokio::join!(poll(&client, "wait=30s"), stop);
    assert_eq!(status, "waiting");
    assert!(is_about(time, seconds(2)), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_while_the_server_stops_waits_a_second_and_not_in_a_loop() {
    let client = Client::new();
    client.drain();
    for (query, expected) in [
        ("", seconds(0)),
        ("wait=500ms", Duration::from_millis(500)),
        ("wait=30s", seconds(1)),
        ("wait=30s&seen=0", seconds(0)),
    ] {
        let (status, time) = poll(&client, query).await;
        assert_eq!(status, "waiting");
        assert!(is_about(time, expected), "{query}: {time:?}");
    }
    let change = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (state, of_match) = proposed(&[]);
        client.matches.turn(state, of_match);
    };
    let ((status, time), ()) = tokio::join!(poll(&client, "wait=30s"), change);
    assert_eq!(status, "proposed");
    assert!(is_about(time, Duration::from_millis(300)), "{time:?}");
}
