//! What is left behind: what has ended, deleted queues, erased players; and why tickets wait.

use boards::PlayerId;
use matchmaking::{MatchState, Reason, TicketEnd, WhyWaiting};

use super::*;
use crate::queues::erase_player;

#[tokio::test]
async fn what_has_ended_can_be_read_for_an_hour() {
    let nodes = Nodes::start(1, 4, Some(1000)).await;
    let store = &nodes.all[0];
    for n in 0..3 {
        ask(store, create(n), 0).await.unwrap();
    }
    let found = announce(match_id(1), [ticket_id(0), ticket_id(1)]);
    ask(store, found, 0).await.unwrap();
    ask(store, cancel(0), 0).await.unwrap();
    nodes.now_ms.store(HOUR_MS, Ordering::Relaxed);
    store.queues.tidy().await.unwrap();
    let cancelled = TicketState::Cancelled {
        why: TicketEnd::Requested,
        at_ms: 0,
    };
    assert_eq!(state(store, 0).await, cancelled);
    assert!(store.find_match(match_id(1)).await.is_ok());
    nodes.now_ms.store(HOUR_MS + 1, Ordering::Relaxed);
    store.queues.tidy().await.unwrap();
    let gone = store.ticket(&queue(), &ticket_id(0)).await;
    assert!(matches!(gone, Err(MatchError::UnknownTicket(_))));
    let gone = store.find_match(match_id(1)).await;
    assert!(matches!(gone, Err(MatchError::UnknownMatch(_))));
    for n in [1, 2] {
        assert_eq!(state(store, n).await, TicketState::Waiting);
    }
    ask(store, create(0), 0).await.unwrap();
    assert_eq!(
        state(store, 0).await,
        TicketState::Waiting,
        "the name is free"
    );
    let index = nodes.server.command(&["KEYS", "*:m"]);
    assert_eq!(
        index,
        Value::Array(vec![]),
        "nor is it known whose the match was"
    );
}

#[tokio::test]
async fn of_a_deleted_queue_its_matches_stay() {
    let nodes = Nodes::start(2, 4, Some(1000)).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    for n in 0..5 {
        ask(one, create(n), 0).await.unwrap();
    }
    for (n, tickets) in [(1, [0, 1]), (2, [2, 3])] {
        ask(one, announce(match_id(n), tickets.map(ticket_id)), 1)
            .await
            .unwrap();
    }
    for n in [0, 1] {
        ask(one, accept(match_id(1), ticket_id(n)), 2)
            .await
            .unwrap();
    }
    two.ticket(&queue(), &ticket_id(4)).await.unwrap();
    ask(one, QueueChange::DeleteQueue(queue()), 3)
        .await
        .unwrap();
    let unknown = two.ticket(&queue(), &ticket_id(4)).await;
    assert!(matches!(unknown, Err(MatchError::UnknownQueue(_))));
    let failed = two.find_match(match_id(2)).await.unwrap();
    let at_ms = 3;
    let because_of = Default::default();
    assert_eq!(failed.state, MatchState::Failed { at_ms, because_of });
    let left = ["ended", "held", "matches"].map(|part| format!("{{agon:1}}:q1:{part}"));
    assert_eq!(nodes.keys(), left);
    // As a result does that was under way.
    for room in [0, 3] {
        let ratings = format!("{{agon:{room}}}:q1:ratings");
        nodes
            .server
            .command(&["HSET", &ratings, "player", "rating"]);
    }
    assert_eq!(nodes.keys().len(), 5);
    nodes.now_ms.store(HOUR_MS, Ordering::Relaxed);
    two.queues.tidy().await.unwrap();
    assert_eq!(nodes.keys(), left);
    ask(two, put_queue(None), 4).await.unwrap();
    ask(two, create(4), 4).await.unwrap();
    assert_eq!(
        one.queue(&queue()).await.unwrap().waiting,
        1,
        "a new one of that name"
    );
    let over = QueueChange::Finish {
        match_id: match_id(1),
        result: matchmaking::MatchResult::Placements(vec![1, 2]),
    };
    let QueueChanged::Match(over) = ask(two, over, 5).await.unwrap() else {
        panic!("no match");
    };
    assert!(matches!(over.state, MatchState::Finished { ratings, .. } if ratings.is_empty()));
    nodes.now_ms.store(HOUR_MS + 4, Ordering::Relaxed);
    one.queues.tidy().await.unwrap();
    one.queues.tidy().await.unwrap();
    assert_eq!(nodes.keys(), ["{agon:1}:q1:matches"]);
    let number = crate::queues::QueueNumber(1);
    assert!(!one.core.tallies.all().contains(&number), "it is forgotten");
    assert_eq!(
        nodes.server.command(&["EXISTS", "{agon:0}:doomed-queues"]),
        Value::Int(0)
    );
}

#[tokio::test]
async fn of_matches_that_are_not_made_nothing_is_left() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    for n in 0..2 {
        ask(one, create(n), 0).await.unwrap();
    }
    let found = |n| announce(match_id(n), [ticket_id(0), ticket_id(1)]);
    ask(one, found(1), 1).await.unwrap();
    ask(one, found(2), 1).await.unwrap();
    ask(one, found(1), 1).await.unwrap();
    let until = ["HSET", "{agon:1}:q1:lease", "until", "1"];
    nodes.server.command(&until);
    assert!(two.lead(&queue(), 1).await.unwrap());
    let late = ask(one, found(3), 1).await;
    assert!(matches!(late, Err(MatchError::NotLeader(_))));
    assert!(two.find_match(match_id(1)).await.is_ok());
    let room = two.core.layout.of_match(match_id(1)).0;
    let index = format!("{{agon:{room}}}:m");
    let all = Value::Array(vec![Value::BulkString(index.clone().into_bytes())]);
    assert_eq!(nodes.server.command(&["KEYS", "*:m"]), all);
    assert_eq!(nodes.server.command(&["HLEN", &index]), Value::Int(1));
}

/// Whoever deletes it has stopped before its proposals have failed.
#[tokio::test]
async fn nothing_begins_in_a_queue_that_is_deleted() {
    let nodes = Nodes::start(2, 4, Some(1000)).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    for n in 0..4 {
        ask(one, create(n), 0).await.unwrap();
    }
    for (n, tickets) in [(1, [0, 1]), (2, [2, 3])] {
        ask(one, announce(match_id(n), tickets.map(ticket_id)), 1)
            .await
            .unwrap();
    }
    ask(one, accept(match_id(1), ticket_id(0)), 2)
        .await
        .unwrap();
    let queues = ["{agon:0}:queues", "{agon:1}:queues"];
    for key in queues {
        nodes.server.command(&["HDEL", key, "duel"]);
    }
    let doom = ["HSET", "{agon:0}:doomed-queues", "1", "3"];
    nodes.server.command(&doom);
    // Another one of that name is none of theirs.
    ask(two, put_queue(None), 4).await.unwrap();
    let late = ask(one, accept(match_id(1), ticket_id(1)), 5).await;
    assert!(matches!(late, Err(MatchError::WrongState(_))), "{late:?}");
    let (match_id_2, who) = (match_id(2), Who::Ticket(ticket_id(2)));
    let decline = QueueChange::Decline {
        match_id: match_id_2,
        who,
    };
    let late = ask(two, decline, 5).await;
    assert!(matches!(late, Err(MatchError::WrongState(_))), "{late:?}");
    two.queues.tidy().await.unwrap();
    for n in [1, 2] {
        let failed = one.find_match(match_id(n)).await.unwrap();
        let at_ms = 3;
        let because_of = Default::default();
        assert_eq!(failed.state, MatchState::Failed { at_ms, because_of });
    }
}

#[tokio::test]
async fn an_erased_player_is_nowhere() {
    for partitions in [1, 4] {
        let nodes = Nodes::start(1, partitions, None).await;
        let store = &nodes.all[0];
        for n in 0..4 {
            ask(store, create(n), 0).await.unwrap();
        }
        for (n, tickets) in [(1, [0, 1]), (2, [2, 3])] {
            ask(store, announce(match_id(n), tickets.map(ticket_id)), 1)
                .await
                .unwrap();
        }
        let over = QueueChange::Finish {
            match_id: match_id(1),
            result: matchmaking::MatchResult::Placements(vec![1, 2]),
        };
        ask(store, over, 2).await.unwrap();
        ask(store, create_named(10, 0), 3).await.unwrap();
        ask(store, create_named(12, 2), 3).await.unwrap();
        for n in [0, 2] {
            erase_player(&store.core, id(n), 4).await.unwrap();
            nodes.remove_player(n).await;
            erase_player(&store.core, id(n), 4).await.unwrap();
        }
        for n in [10, 12] {
            let cancelled = TicketState::Cancelled {
                why: TicketEnd::PlayerDeleted,
                at_ms: 4,
            };
            assert_eq!(state(store, n).await, cancelled);
        }
        for (n, there) in [(1, id(1)), (2, id(3))] {
            let of = store.find_match(match_id(n)).await.unwrap();
            let players: Vec<_> = of.players().map(|p| p.player.id).collect();
            assert_eq!(players, [PlayerId::NIL, there]);
        }
        for n in [0, 2] {
            let key = format!("*:*{}", id(n));
            assert_eq!(nodes.server.command(&["KEYS", &key]), Value::Array(vec![]));
            let gone = store.ratings(id(n)).await;
            assert!(matches!(gone, Err(MatchError::Store(_))));
        }
        assert_eq!(store.history(id(1), None, 9).await.unwrap().len(), 1);
        assert_eq!(store.ratings(id(1)).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_ticket_of_one_who_is_erased_meanwhile_is_cancelled() {
    let nodes = Nodes::start(1, 4, None).await;
    let store = &nodes.all[0];
    let QueueChange::CreateTicket { ticket, .. } = create(0) else {
        panic!("no ticket");
    };
    // The ticket is made between the erasure's last look and the end of the player.
    ask(store, create(0), 0).await.unwrap();
    nodes.remove_player(0).await;
    store
        .queues
        .look_once_more(&queue(), &ticket, 1)
        .await
        .unwrap();
    let cancelled = TicketState::Cancelled {
        why: TicketEnd::PlayerDeleted,
        at_ms: 1,
    };
    assert_eq!(state(store, 0).await, cancelled);
}

#[tokio::test]
async fn all_nodes_tell_why_tickets_wait_and_how_long_still() {
    let nodes = Nodes::start(2, 4, None).await;
    let (one, two) = (&nodes.all[0], &nodes.all[1]);
    for n in 0..4 {
        ask(one, create(n), i64::from(n) * 100).await.unwrap();
    }
    ask(
        one,
        announce(match_id(1), [ticket_id(0), ticket_id(1)]),
        1000,
    )
    .await
    .unwrap();
    let why = |n, reason| {
        let detail = format!("since it is {n}");
        (ticket_id(n), WhyWaiting { reason, detail })
    };
    let first = vec![why(2, Reason::TooFewPlayers), why(3, Reason::TooFewPlayers)];
    one.explain(&queue(), first.clone()).await.unwrap();
    let view = two.ticket(&queue(), &ticket_id(2)).await.unwrap();
    assert_eq!(view.why.as_ref(), Some(&first[0].1));
    // Those who were matched had waited 900 and 1,000 ms; it is 0 by the clock.
    assert_eq!(view.estimated_wait_ms, Some(1000));
    let stats = two.queue_stats(&queue(), 1000).await.unwrap();
    assert_eq!(stats.reasons, [(Reason::TooFewPlayers, 2)]);
    assert_eq!(stats.wait_ms, Some([900, 1000, 1000, 1000]));
    assert_eq!(stats.rating_spread, Some([5.0; 4]));
    assert_eq!(stats.matches_per_minute, 1.0);
    one.explain(&queue(), vec![why(3, Reason::RatingTooFar)])
        .await
        .unwrap();
    let view = two.ticket(&queue(), &ticket_id(2)).await.unwrap();
    assert_eq!(view.why, None);
    let refused = two.explain(&queue(), Vec::new()).await;
    assert!(matches!(refused, Err(MatchError::NotLeader(_))));
    one.resign().await.unwrap();
    two.explain(&queue(), vec![why(2, Reason::ServedLater)])
        .await
        .unwrap();
    let view = one.ticket(&queue(), &ticket_id(3)).await.unwrap();
    assert_eq!(view.why, None, "what another node had written is gone");
    ask(one, cancel(2), 1000).await.unwrap();
    ask(one, cancel(3), 1000).await.unwrap();
    let stats = one.queue_stats(&queue(), 1000).await.unwrap();
    assert_eq!(stats.reasons, []);
}
