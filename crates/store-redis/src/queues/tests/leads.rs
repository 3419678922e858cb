//! Who forms matches, and that nobody else does.

use std::time::{Duration, Instant};

use matchmaking::Announced;

use super::*;

fn announced(matches: usize, stale: usize) -> QueueChanged {
    let fills = 0;
    QueueChanged::Announced(Announced {
        matches,
        fills,
        stale,
    })
}

async fn leads(store: &RedisStore) -> bool {
    store.lead(&queue(), 0).await.unwrap()
}

fn is_not_leader(answer: &Result<QueueChanged, MatchError>) -> bool {
    matches!(answer, Err(MatchError::NotLeader(queue)) if *queue == super::queue())
}

#[tokio::test]
async fn one_leads_until_it_gives_back() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    assert!(leads(one).await && leads(one).await);
    assert!(!leads(two).await);
    for n in 0..2 {
        ask(two, create(n), 0).await.unwrap();
    }
    let found = || announce(match_id(1), [ticket_id(0), ticket_id(1)]);
    assert!(is_not_leader(&ask(two, found(), 1).await));
    let lapse = || QueueChange::Lapse(queue());
    assert!(is_not_leader(&ask(two, lapse(), 1).await));
    assert_eq!(state(two, 0).await, TicketState::Waiting);
    one.resign().await.unwrap();
    assert!(leads(two).await);
    assert!(is_not_leader(&ask(one, found(), 1).await));
    assert_eq!(ask(two, found(), 1).await.unwrap(), announced(1, 0));
    assert_eq!(ask(two, lapse(), 1).await.unwrap(), QueueChanged::Done);
}

/// The lead of the one before is fresh still.
#[tokio::test]
async fn a_queue_that_is_made_anew_is_led_anew() {
    let nodes = Nodes::start(1, 4, None).await;
    let one = &nodes.all[0];
    let lapse = || QueueChange::Lapse(queue());
    assert_eq!(ask(one, lapse(), 0).await.unwrap(), QueueChanged::Done);
    ask(one, QueueChange::DeleteQueue(queue()), 0)
        .await
        .unwrap();
    ask(one, put_queue(None), 0).await.unwrap();
    assert_eq!(ask(one, lapse(), 0).await.unwrap(), QueueChanged::Done);
}

/// It was stopped in the middle of its work, and goes on as if no time had passed.
#[tokio::test]
async fn who_was_stopped_announces_nothing_once_another_leads() {
    let nodes = Nodes::start(2, 4, None).await;
    let (stopped, other) = (&nodes.all[0], &nodes.all[1]);
    assert!(leads(stopped).await);
    for n in 0..3 {
        ask(stopped, create(n), 0).await.unwrap();
    }
    let until = ["HSET", "{agon:1}:q1:lease", "until", "1"];
    assert_eq!(nodes.server.command(&until), Value::Int(0));
    assert!(leads(other).await);
    let found = announce(match_id(1), [ticket_id(0), ticket_id(1)]);
    assert_eq!(ask(other, found, 1).await.unwrap(), announced(1, 0));
    let late = || announce(match_id(2), [ticket_id(1), ticket_id(2)]);
    // It has not asked since, so it believes that it leads; the number of its lead tells.
    assert!(is_not_leader(&ask(stopped, late(), 2).await));
    let unknown = stopped.find_match(match_id(2)).await;
    assert!(matches!(unknown, Err(MatchError::UnknownMatch(_))));
    assert_eq!(state(stopped, 2).await, TicketState::Waiting);
    let of = match_id(1);
    for n in 0..2 {
        let in_match = TicketState::Matched {
            match_id: of,
            at_ms: 1,
        };
        assert_eq!(state(stopped, n).await, in_match);
    }
    // Now it knows, and asks first.
    assert!(!leads(stopped).await);
    assert_eq!(ask(other, late(), 2).await.unwrap(), announced(0, 1));
}

#[tokio::test]
async fn who_leads_and_is_gone_is_followed_within_seconds() {
    let nodes = Nodes::start(2, 1, None).await;
    assert!(leads(&nodes.all[0]).await);
    let gone = Instant::now();
    while !leads(&nodes.all[1]).await {
        assert!(gone.elapsed() < Duration::from_secs(8));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = gone.elapsed();
    assert!(
        took > Duration::from_secs(4),
        "{took:?}: the lead was not over"
    );
    // Who looks again and again keeps it.
    for _ in 0..30 {
        assert!(leads(&nodes.all[1]).await);
        assert!(!leads(&nodes.all[0]).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn there_is_nothing_to_lead_where_there_is_no_queue() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    assert!(leads(one).await && !leads(two).await);
    ask(two, QueueChange::DeleteQueue(queue()), 0)
        .await
        .unwrap();
    let unknown = two.lead(&queue(), 0).await;
    assert!(matches!(unknown, Err(MatchError::UnknownQueue(_))));
    ask(two, put_queue(None), 0).await.unwrap();
    assert!(leads(two).await, "another queue of that name");
    let late = ask(one, announce(match_id(1), [ticket_id(0), ticket_id(1)]), 0).await;
    assert!(is_not_leader(&late), "{late:?}");
}

/// Another server has taken the place of the first, whose clock was ahead.
#[tokio::test]
async fn a_lead_of_a_time_to_come_is_over() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    assert!(leads(one).await);
    assert!(!leads(two).await);
    let until = ["HSET", "{agon:1}:q1:lease", "until", "99999999999999"];
    assert_eq!(nodes.server.command(&until), Value::Int(0));
    assert!(leads(two).await);
    ask(two, create(0), 0).await.unwrap();
    let late = ask(one, announce(match_id(1), [ticket_id(0), ticket_id(1)]), 0).await;
    assert!(is_not_leader(&late), "{late:?}");
}
