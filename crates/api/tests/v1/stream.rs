//! Scores as lines.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use boards::{Change, StoreError};
use futures_util::stream;
use serde_json::{Value, json};

use crate::client::{Client, MAX_BODY_BYTES, Reply};
use crate::fake::NOBODY;

const PATH: &str = "/v1/boards/weekly/scores:batch";

fn line(score: i64) -> String {
    format!("{{\"player_id\": \"e4cdb120-28fc-4285-a78d-eb48660b7730\", \"score\": {score}}}\n")
}

/// That many good lines, of which every other counts.
fn lines(count: i64) -> String {
    (0..count).map(line).collect()
}

async fn post(client: &Client, key: Option<&str>, body: Body) -> Reply {
    let mut headers = vec![("content-type", "application/x-ndjson")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    client.send(Method::POST, PATH, &headers, body).await
}

fn runs(client: &Client) -> Vec<usize> {
    let changes = client.store.changes.lock().unwrap();
    let run = |change: &Change| match change {
        Change::SubmitBatch {
            submissions,
            all_or_nothing: false,
        } => submissions.len(),
        other => panic!("{other:?}"),
    };
    changes.iter().map(run).collect()
}

fn in_pieces(text: &str, size: usize) -> Body {
    let pieces: Vec<io::Result<Bytes>> = text
        .as_bytes()
        .chunks(size)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn lines_are_taken_a_thousand_at_a_time() {
    for (count, expected) in [
        (0, vec![]),
        (1, vec![1]),
        (1000, vec![1000]),
        (2500, vec![1000, 1000, 500]),
    ] {
        let client = Client::new();
        let reply = post(&client, None, in_pieces(&lines(count), 777)).await;
        assert_eq!(reply.status, 200);
        let unchanged = count / 2;
        assert_eq!(
            reply.body,
            json!({
                "received": count, "applied": count - unchanged, "unchanged": unchanged, "refused": 0,
                "errors": [], "errors_omitted": 0,
            })
        );
        assert_eq!(runs(&client), expected);
    }
}

#[tokio::test]
async fn a_stream_may_be_longer_than_a_body() {
    let client = Client::new();
    let text = lines(40_000);
    assert!(text.len() > MAX_BODY_BYTES);
    let reply = post(&client, None, text.into()).await;
    assert_eq!(reply.body["received"], 40_000);
    assert_eq!(runs(&client).len(), 40);
}

#[tokio::test]
async fn lines_that_are_refused_do_not_stop_the_others() {
    let client = Client::new();
    let long = format!("{{\"x\": \"{}\"}}\n", "x".repeat(64 * 1024));
    let nobody = line(2).replace("e4cdb120-28fc-4285-a78d-eb48660b7730", NOBODY);
    let text = [
        &line(2),
        "\n",
        "{\"score\": 1,}\n",
        &line(-1),
        " \r\n",
        "7\n",
        &long,
        &nobody,
        &line(3),
    ];
    let reply = post(&client, None, text.concat().into()).await;
    let errors = reply.body["errors"].as_array().unwrap().iter();
    let errors: Vec<(u64, &str)> = errors
        .map(|e| (e["line"].as_u64().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            (3, "malformed_json"),
            (4, "score_out_of_bounds"),
            (6, "invalid_request"),
            (7, "line_too_long"),
            (8, "player_not_found"),
        ]
    );
    let sum = |name: &str| reply.body[name].as_u64().unwrap();
    assert_eq!(
        [
            sum("received"),
            sum("applied"),
            sum("unchanged"),
            sum("refused")
        ],
        [7, 1, 1, 5]
    );
    assert_eq!(runs(&client), [4]);
}

#[tokio::test]
async fn a_hundred_refusals_are_listed_and_the_others_counted() {
    let client = Client::new();
    let text = lines(990) + &"{}\n".repeat(80) + &line(-1).repeat(70);
    let reply = post(&client, None, text.into()).await;
    let errors = reply.body["errors"].as_array().unwrap();
    let numbers = errors.iter().map(|e| e["line"].as_u64().unwrap());
    assert!(numbers.eq(991..=1090));
    assert_eq!(reply.body["errors_omitted"], 50);
    assert_eq!(reply.body["refused"], 150);
}

#[tokio::test]
async fn a_store_that_fails_midway_is_told_with_what_was_done() {
    let client = Client::new();
    client
        .store
        .fail(|number| (number == 2).then_some(StoreError::Overloaded));
    let text = format!("\n{}", lines(5000));
    let reply = post(&client, None, text.clone().into()).await;
    assert_eq!(reply.problem(), (503, "overloaded"));
    assert_eq!(reply.body["lines_done"], 2001);
    assert!(!reply.body["detail"].as_str().unwrap().contains("nothing"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    client.store.fail(|_| Some(StoreError::Overloaded));
    let reply = post(&client, None, text.into()).await;
    assert_eq!(reply.body["lines_done"], 0);
}

#[tokio::test]
async fn with_a_key_a_stream_goes_on_where_it_stopped() {
    let client = Client::new();
    client
        .store
        .fail(|number| (number == 2).then_some(StoreError::Overloaded));
    let text = lines(3500) + "x\n";
    let stopped = post(&client, Some("k"), text.clone().into()).await;
    assert_eq!(stopped.status, 503);
    client.store.fail(|_| None);
    let rest = post(&client, Some("k"), in_pieces(&text, 999)).await;
    assert_eq!((rest.status.as_u16(), rest.is_replay()), (200, false));
    assert_eq!(runs(&client), [1000, 1000, 1000, 500]);
    let again = post(&client, Some("k"), text.clone().into()).await;
    assert!(again.is_replay());
    assert_eq!(again.body, rest.body);
    assert_eq!(runs(&client).len(), 4);
    let other = text.replace("x\n", "y\n");
    let other = post(&client, Some("k"), other.into()).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused"));
    assert_eq!(other.body["lines_done"], 3000);
}

#[tokio::test]
async fn a_key_is_for_one_stream_and_for_nothing_else() {
    let client = Client::new();
    let whole = lines(1000);
    let first = post(&client, Some("k"), whole.clone().into()).await;
    assert_eq!(first.status, 200);
    let again = post(&client, Some("k"), whole.into()).await;
    assert!(again.is_replay());
    assert_eq!(again.body, first.body);
    let before = runs(&client);
    for (body, done) in [
        (lines(1500), 1000),
        (lines(1000) + "x\n", 1000),
        (lines(999), 0),
        ("x\n".to_owned() + &lines(999), 0),
    ] {
        let other = post(&client, Some("k"), body.into()).await;
        assert_eq!(other.problem(), (422, "idempotency_key_reused"));
        assert_eq!(other.body["lines_done"], done);
    }
    let score = json!({"player_id": "e4cdb120-28fc-4285-a78d-eb48660b7730", "score": 1});
    let list = json!({"scores": [score]});
    for (path, body) in [("/v1/boards/weekly/scores", &score), (PATH, &list)] {
        let other = client.post_with_key(path, "k", body).await;
        assert_eq!(other.problem(), (422, "idempotency_key_reused"), "{path}");
        let taken = client.post_with_key(path, path, body).await;
        assert_eq!(taken.status, 200);
        let stream = post(&client, Some(path), lines(1).into()).await;
        assert_eq!(stream.problem(), (422, "idempotency_key_reused"), "{path}");
    }
    assert_eq!(before, [1000, 0]);
}

#[tokio::test]
async fn a_stream_in_which_nothing_can_be_read_uses_no_key_up() {
    let client = Client::new();
    for _ in 0..2 {
        let reply = post(&client, Some("k"), "x\n".into()).await;
        assert_eq!((reply.status.as_u16(), reply.is_replay()), (200, false));
    }
    let mended = post(&client, Some("k"), lines(1).into()).await;
    assert_eq!(mended.body["applied"], 1);
    // What cannot be read counts where it stands before what can.
    let text = "x\n".repeat(1000) + &lines(1);
    let first = post(&client, Some("l"), text.clone().into()).await;
    assert_eq!(first.body["applied"], 1);
    let again = post(&client, Some("l"), text.clone().into()).await;
    assert!(again.is_replay());
    let other = text.replacen('x', "y", 1);
    let other = post(&client, Some("l"), other.into()).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused"));
}

#[tokio::test]
async fn with_a_key_what_was_done_comes_again_when_the_board_is_gone() {
    let client = Client::new();
    let text = lines(1500);
    let first = post(&client, Some("k"), text.clone().into()).await;
    client.store.delete("weekly");
    let again = post(&client, Some("k"), text.clone().into()).await;
    assert!(again.is_replay(), "{}", again.body);
    assert_eq!(again.body, first.body);
    let longer = post(&client, Some("k"), lines(2500).into()).await;
    assert_eq!(longer.problem(), (422, "idempotency_key_reused"));
    assert_eq!(longer.body["lines_done"], 1000);
    let other = post(&client, Some("l"), text.into()).await;
    assert_eq!(other.problem(), (404, "board_not_found"));
    let unreadable = post(&client, Some("m"), "x\n".into()).await;
    assert_eq!(unreadable.problem(), (404, "board_not_found"));
}

#[tokio::test]
async fn a_stream_that_stopped_does_not_go_on_when_the_board_is_gone() {
    let client = Client::new();
    client
        .store
        .fail(|number| (number == 1).then_some(StoreError::Overloaded));
    assert_eq!(
        post(&client, Some("k"), lines(1500).into()).await.status,
        503
    );
    client.store.fail(|_| None);
    client.store.delete("weekly");
    let rest = post(&client, Some("k"), lines(1500).into()).await;
    assert_eq!(rest.problem(), (404, "board_not_found"));
    assert_eq!(rest.body["lines_done"], 1000);
}

#[tokio::test]
async fn a_run_that_has_not_come_whole_is_not_begun() {
    let client = Client::new();
    let text = Bytes::from(lines(1500));
    let pieces = [Ok(text), Err(io::Error::other("gone"))];
    let reply = post(&client, None, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(reply.problem(), (400, "malformed_json"));
    assert_eq!(reply.body["lines_done"], 1000);
    let detail = reply.body["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        "The body is not JSON, with 1000 lines done: the body ended early: gone"
    );
    assert_eq!(runs(&client), [1000]);
}

#[tokio::test]
async fn each_piece_may_keep_us_waiting_but_not_for_ever() {
    let client = Client::with_patience(Duration::from_millis(300));
    let slowly = stream::unfold(0, |n| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (n < 6).then(|| (Ok::<_, io::Error>(Bytes::from(line(n))), n + 1))
    });
    let reply = post(&client, None, Body::from_stream(slowly)).await;
    assert_eq!(reply.body["received"], 6);
    let silent = Body::from_stream(stream::pending::<io::Result<Bytes>>());
    let reply = post(&client, None, silent).await;
    assert_eq!(reply.problem(), (408, "body_timeout"));
}

#[tokio::test]
async fn the_board_has_to_be_there() {
    let client = Client::new();
    for media_type in [
        "application/x-ndjson",
        "application/jsonl; charset=utf-8",
        "Application/NDJSON",
    ] {
        let headers = [("content-type", media_type)];
        let path = "/v1/boards/none/scores:batch";
        let reply = client
            .send(Method::POST, path, &headers, lines(1).into())
            .await;
        assert_eq!(reply.problem(), (404, "board_not_found"));
        assert_eq!(reply.body["lines_done"], Value::Null);
    }
    let headers = [("content-type", "text/plain")];
    let reply = client
        .send(Method::POST, PATH, &headers, lines(1).into())
        .await;
    assert_eq!(reply.problem(), (415, "unsupported_media_type"));
}
