//! A ticket that is watched.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::StreamExt;
use matchmaking::{MatchError, QueueId, Reason};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::fake_matches::{matched, proposed};

const EVENTS: &str = "/v1/queues/q/tickets/t1/events";

struct Events {
    body: axum::body::BodyDataStream,
    begun: Instant,
}

impl Events {
    async fn of(client: &Client, headers: &[(&str, &str)]) -> Self {
        let reply = client.watch(EVENTS, headers).await;
        assert_eq!(reply.status(), StatusCode::OK);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        Events {
            body: reply.into_body().into_data_stream(),
            begun: Instant::now(),
        }
    }

    /// The next piece as text, and when it came; nothing after the last.
    async fn next(&mut self) -> Option<(String, u64)> {
        let piece = self.body.next().await?.unwrap();
        let text = String::from_utf8(piece.to_vec()).unwrap();
        Some((text, self.begun.elapsed().as_secs()))
    }

    /// The next event's id and data, and when it came; signs of life are passed over.
    async fn event(&mut self) -> Option<(String, Value, u64)> {
        loop {
            let (text, at) = self.next().await?;
            if text.starts_with(':') {
                continue;
            }
            let line = |name: &str| {
                let mut lines = text.lines();
                let found = lines.find_map(|line| line.strip_prefix(name));
                found.unwrap_or_else(|| panic!("{text}")).trim().to_owned()
            };
            assert_eq!(line("event:"), "ticket");
            return Some((
                line("id:"),
                serde_json::from_str(&line("data:")).unwrap(),
                at,
            ));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_is_told_at_once_and_the_end_is_the_last() {
    let client = Client::new();
    let mut events = Events::of(&client, &[]).await;
    let (id, data, at) = events.event().await.unwrap();
    assert_eq!((id.as_str(), at), ("1", 0));
    assert_eq!(data["status"], "waiting");
    let changes = async {
        sleep(Duration::from_secs(2)).await;
        let (state, of_match) = proposed(&[]);
        client.matches.turn(state, of_match);
    };
    let (event, ()) = tokio::join!(events.event(), changes);
    let (id, data, at) = event.unwrap();
    assert_eq!((id.as_str(), at), ("2", 2));
    assert_eq!(data["status"], "proposed");
    let (state, of_match) = matched();
    client.matches.turn(state, of_match);
    let (id, data, _) = events.event().await.unwrap();
    assert_eq!(
        (id.as_str(), &data["match"]["status"]),
        ("3", &"running".into())
    );
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn another_reason_is_told_now_and_then_and_signs_of_life_come() {
    let client = Client::new();
    let mut events = Events::of(&client, &[]).await;
    events.event().await.unwrap();
    let explain = async {
        sleep(Duration::from_secs(2)).await;
        client.matches.explain(Reason::RatingTooFar);
    };
    let (event, ()) = tokio::join!(events.event(), explain);
    let (id, data, at) = event.unwrap();
    assert_eq!((id.as_str(), at), ("1", 5));
    assert_eq!(data["reasons"][0]["reason"], "rating_too_far");
    let (sign, at) = events.next().await.unwrap();
    assert!(sign.starts_with(':'), "{sign}");
    assert_eq!(at, 20);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_not_told_again_what_it_knows() {
    let client = Client::new();
    let mut events = Events::of(&client, &[("last-event-id", "1")]).await;
    let change = async {
        sleep(Duration::from_secs(3)).await;
        let (state, of_match) = proposed(&[]);
        client.matches.turn(state, of_match);
    };
    let (event, ()) = tokio::join!(events.event(), change);
    let (id, _, at) = event.unwrap();
    assert_eq!((id.as_str(), at), ("2", 3));
    let mut events = Events::of(&client, &[("last-event-id", "1")]).await;
    assert_eq!(events.event().await.unwrap().0, "2");
    let (state, of_match) = matched();
    client.matches.turn(state, of_match);
    let mut events = Events::of(&client, &[("last-event-id", "2")]).await;
    assert_eq!(events.event().await.unwrap().0, "3");
    let end = client.watch(EVENTS, &[("last-event-id", "3")]).await;
    assert_eq!(end.status(), StatusCode::NO_CONTENT);
}

#[tokio::test(start_paused = true)]
async fn streams_end_with_the_server_and_with_the_queue() {
    let client = Client::new();
    let mut events = Events::of(&client, &[]).await;
    events.event().await.unwrap();
    let stop = async {
        sleep(Duration::from_secs(2)).await;
        client.drain();
    };
    let (end, ()) = tokio::join!(events.next(), stop);
    assert!(end.is_none());
    assert_eq!(events.begun.elapsed().as_secs(), 2);

    let client = Client::new();
    let mut events = Events::of(&client, &[]).await;
    events.event().await.unwrap();
    let gone = || Some(MatchError::UnknownQueue(QueueId::parse("q").unwrap()));
    client.matches.fail(gone);
    assert!(events.next().await.is_none());
    let none = client.get("/v1/queues/q/tickets/none/events").await;
    assert_eq!(none.problem(), (404, "queue_not_found"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_while_the_server_stops_has_its_event_and_a_second() {
    let client = Client::new();
    client.drain();
    let mut events = Events::of(&client, &[]).await;
    let (id, data, at) = events.event().await.unwrap();
    assert_eq!((id.as_str(), at), ("1", 0));
    assert_eq!(data["status"], "waiting");
    assert!(events.next().await.is_none());
    assert_eq!(events.begun.elapsed().as_secs(), 1);
    // Who knows it already is told nothing, and does not come back at once either.
    let mut events = Events::of(&client, &[("last-event-id", "1")]).await;
    assert!(events.next().await.is_none());
    assert_eq!(events.begun.elapsed().as_secs(), 1);
}
