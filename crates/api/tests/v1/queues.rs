//! Queues, their figures, and what is wrong with their settings.

use axum::http::StatusCode;
use matchmaking::{QueueChange, RatingSystem};
use serde_json::{Value, json};

use crate::client::Client;

fn faults(problem: &Value) -> Vec<String> {
    let errors = problem["errors"].as_array().unwrap().iter();
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
    errors
        .map(|e| format!("{} {}", text(e, "pointer"), text(e, "detail")))
        .collect()
}

#[tokio::test]
async fn queues_are_put_read_listed_and_deleted() {
    let client = Client::new();
    let put = json!({
        "teams": {"count": 2, "min_size": 5, "roles": {"tank": 1}}, "rating_system": "elo",
        "rating": {"spread": 100}, "boards": [{"board": "weekly", "submit": {"points": [3, 1, 0]}}],
    });
    let reply = client.put("/v1/queues/q", put).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    match &client.matches.changes.lock().unwrap()[0] {
        QueueChange::PutQueue { settings, .. } => {
            assert_eq!(settings.rating_system, RatingSystem::Elo);
            assert_eq!(settings.rules.teams.len(), 2);
            assert_eq!((settings.acceptance_ms, settings.boards.len()), (None, 1));
        }
        other => panic!("{other:?}"),
    }
    let queue = client.get("/v1/queues/q").await;
    let expected = json!({
        "queue": "q",
        "teams": {"count": 2, "min_size": 1, "max_size": 1, "roles": {}},
        "rating": null, "latency": null, "attributes": [],
        "party": {"max_size": null, "max_spread": null, "mirrored": false}, "clock": "oldest",
        "acceptance_window_ms": 15_000, "ticket_ttl_ms": 600_000, "rating_system": "weng-lin", "boards": [],
        "waiting_tickets": 7, "proposed_tickets": 2,
    });
    assert_eq!(queue.body, expected);
    assert_eq!(
        client.put("/v1/queues/q", queue.body).await.status,
        StatusCode::CREATED
    );
    let page = client.get("/v1/queues?limit=2").await.body;
    assert_eq!(
        (&page["queues"][1]["queue"], &page["next"]),
        (&json!("b"), &json!("b"))
    );
    let page = client.get("/v1/queues?after=b").await.body;
    assert_eq!(page["queues"].as_array().unwrap().len(), 1);
    assert_eq!(page["next"], Value::Null);
    let gone = client.delete("/v1/queues/q").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let none = client.get("/v1/queues/none").await;
    assert_eq!(none.problem(), (404, "queue_not_found"));
}

#[tokio::test]
async fn contradictions_are_refused_each_with_its_own_message() {
    let client = Client::new();
    let bad = json!({
        "teams": [{"min_size": 2, "max_size": 1}, {"min_size": 1, "roles": {"tank": 2}}],
        "rating": {"spread": 500, "max_spread": 100}, "latency": {"max_ms": 80, "ceiling_ms": 20},
        "attributes": [{"name": "mode", "rule": "equal"}, {"name": "mode", "rule": "different"}],
        "party": {"max_size": 7},
    });
    let reply = client.put("/v1/queues/q", bad).await;
    assert_eq!(reply.problem(), (400, "invalid_request"));
    let told = faults(&reply.body);
    let places: Vec<&str> = told.iter().filter_map(|t| t.split(' ').next()).collect();
    assert_eq!(
        places,
        [
            "/teams/0/max_size",
            "/teams/1/roles",
            "/rating/max_spread",
            "/latency/ceiling_ms",
            "/attributes/1",
            "/party/max_size"
        ]
    );
    let reply = client
        .put(
            "/v1/queues/q",
            json!({"teams": {"min_size": 1}, "ratings": {}}),
        )
        .await;
    assert_eq!(faults(&reply.body), ["/ratings is not known here"]);
    let reply = client
        .put("/v1/queues/Q", json!({"teams": {"min_size": 1}}))
        .await;
    assert_eq!(reply.body["errors"][0]["parameter"], "queue");
    assert!(client.matches.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_queue_is_told_in_figures() {
    let client = Client::new();
    let stats = client.get("/v1/queues/q/stats").await.body;
    let expected = json!({
        "queue": "q", "waiting_tickets": 3, "waiting_players": 4, "proposed_tickets": 2, "open_backfills": 1,
        "running_matches": 5, "matches_per_minute": 1.5, "wait_ms": {"p50": 1, "p90": 2, "p95": 3, "p99": 4},
        "rating_spread": null, "waiting_because": [{"reason": "too_few_players", "tickets": 3}],
    });
    assert_eq!(stats, expected);
    let none = client.get("/v1/queues/none/stats").await;
    assert_eq!(none.problem(), (404, "queue_not_found"));
}
