//! `/metrics` in process: what is told whatever the store does.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Method;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::json;

use crate::client::Client;

async fn text(client: &Client) -> String {
    let reply = client.watch("/metrics", &[]).await;
    assert_eq!(reply.status(), 200);
    let bytes = reply.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Panics unless these lines are told.
async fn assert_told(client: &Client, lines: &[&str]) {
    let text = text(client).await;
    for line in lines {
        assert!(text.lines().any(|told| told == *line), "{line} in:\n{text}");
    }
}

#[tokio::test]
async fn it_is_answered_while_the_store_is_not_ready_or_the_server_stops() {
    let client = Client::new();
    assert_told(&client, &["agon_ready 1"]).await;
    client.store.unready.store(true, Ordering::Relaxed);
    assert_told(&client, &["agon_ready 0"]).await;
    client.store.unready.store(false, Ordering::Relaxed);
    assert_told(&client, &["agon_ready 1"]).await;
    client.drain();
    assert_told(&client, &["agon_ready 0"]).await;
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500_and_no_longer_under_way() {
    let client = Client::new();
    client.store.fail(|_| panic!("as the test wants"));
    let player = "/v1/players/e4cdb120-28fc-4285-a78d-eb48660b7730";
    let reply = client.put(player, json!({"display_name": "ada"})).await;
    assert_eq!(reply.status, 500);
    let lines = [
        r#"http_requests_total{method="PUT",route="/v1/players/{player}",status="500"} 1"#,
        r#"http_request_duration_seconds_count{method="PUT",route="/v1/players/{player}"} 1"#,
        "http_requests_in_flight 1",
    ];
    assert_told(&client, &lines).await;
}

#[tokio::test]
async fn a_request_that_is_dropped_is_gone() {
    let client = Client::new();
    {
        // Its body never comes.
        let body = Body::from_stream(futures_util::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >());
        let headers = [("content-type", "application/json")];
        let sent = client.send(Method::POST, "/score/submit", &headers, body);
        let mut sent = std::pin::pin!(sent);
        assert!((&mut sent).now_or_never().is_none());
        assert_told(&client, &["http_requests_in_flight 2"]).await;
    }
    let lines = [
        r#"http_requests_total{method="POST",route="/score/submit",status="499"} 1"#,
        r#"http_request_duration_seconds_count{method="POST",route="/score/submit"} 0"#,
        "http_requests_in_flight 1",
    ];
    assert_told(&client, &lines).await;
}

#[tokio::test]
async fn what_others_add_is_told() {
    let client = Client::new();
    client.metrics().add(|to| {
        to.gauge("answers", "How many answers there are.")
            .whole(&[("to", "everything")], 42);
    });
    assert_told(&client, &[r#"answers{to="everything"} 42"#]).await;
}
