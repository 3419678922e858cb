//! What is told: every change that readers of a board can see, and nothing else.

use std::collections::BTreeSet;

use tokio::time::timeout;

use super::*;
use crate::board_news::message;
use crate::changes;
use crate::connection::{Event, Subscription};

/// Boards that are told of next.
async fn next(subscription: &mut Subscription) -> BTreeSet<String> {
    loop {
        let event = timeout(LIMIT, subscription.next()).await;
        if let Event::Message(text) = event.expect("nothing came").unwrap() {
            let (_, boards) = message::read(&text).unwrap();
            return boards.iter().map(|b| b.as_str().to_owned()).collect();
        }
    }
}

/// A node with the boards a and b, with Ada on a, and who hears what it tells.
async fn telling(server: &RedisServer) -> (RedisStore, Subscription) {
    let store = node(server).await;
    for change in [
        put_board("a"),
        put_board("b"),
        Change::PutPlayers(vec![player(1, "Ada"), player(2, "Bea")]),
        submit("a", 1, 5.0),
    ] {
        make(&store, change).await;
    }
    sleep(Duration::from_millis(200)).await;
    let channel = store.core.layout.board_channel();
    let mut subscription = store.core.redis.subscribe(channel);
    assert_eq!(subscription.next().await, Some(Event::Missed));
    (store, subscription)
}

/// Asserts that a change tells of these boards, and another one after it of its own alone.
async fn tells(store: &RedisStore, heard: &mut Subscription, change: Change, expected: &[&str]) {
    let what = format!("{change:?}");
    make(store, change).await;
    let expected: BTreeSet<String> = expected.iter().map(|b| (*b).to_owned()).collect();
    if !expected.is_empty() {
        assert_eq!(next(heard).await, expected, "{what}");
    }
    sleep(Duration::from_millis(60)).await;
    make(store, put_board("mark")).await;
    assert_eq!(
        next(heard).await,
        BTreeSet::from(["mark".to_owned()]),
        "{what}"
    );
    sleep(Duration::from_millis(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_that_readers_can_see() {
    let server = RedisServer::start();
    let (store, mut heard) = telling(&server).await;
    let hide = |hidden| Change::SetHidden {
        board: board("a"),
        player: id(1),
        hidden,
    };
    let both = Change::SubmitBatch {
        submissions: [submit("a", 2, 1.0), submit("b", 2, 1.0)].map(of).into(),
        all_or_nothing: true,
    };
    let changes = [
        (submit("a", 1, 9.0), &["a"][..]),
        (both, &["a", "b"]),
        // Worse than what is there.
        (submit("a", 1, 2.0), &[]),
        (Change::PutPlayers(vec![player(1, "Eve")]), &["a"]),
        (
            Change::PutPlayers(vec![player(1, "Eve"), player(3, "New")]),
            &[],
        ),
        (hide(true), &["a"]),
        (hide(false), &["a"]),
        (put_board("a"), &["a"]),
        (Change::Rotate(board("b")), &["b"]),
        (
            Change::DeleteEntry {
                board: board("a"),
                player: id(1),
            },
            &["a"],
        ),
        (Change::DeletePlayer(id(2)), &["a", "b"]),
        (Change::DeleteBoard(board("b")), &["b"]),
    ];
    for (change, expected) in changes {
        tells(&store, &mut heard, change, expected).await;
    }
    store.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_season_and_what_a_node_did_last() {
    let server = RedisServer::start();
    let (store, mut heard) = telling(&server).await;
    let reset = boards::Schedule::parse("0 0 1 1 *", "UTC").unwrap();
    let put = Change::PutBoard {
        board: board("a"),
        settings: BoardSettings {
            reset: Some(reset),
            ..BoardSettings::default()
        },
    };
    tells(&store, &mut heard, put, &["a"]).await;
    let years_later = 5 * 365 * 24 * 3600 * 1000;
    changes::end_seasons(&store.core, years_later)
        .await
        .unwrap();
    assert_eq!(next(&mut heard).await, BTreeSet::from(["a".to_owned()]));
    sleep(Duration::from_millis(60)).await;
    // Twice in a moment, so that the second waits for its turn when the node stops.
    make(&store, submit("a", 1, 10.0)).await;
    assert_eq!(next(&mut heard).await, BTreeSet::from(["a".to_owned()]));
    make(&store, submit("a", 1, 11.0)).await;
    store.close();
    assert_eq!(next(&mut heard).await, BTreeSet::from(["a".to_owned()]));
}

fn of(change: Change) -> (BoardId, Submission) {
    match change {
        Change::Submit { board, submission } => (board, submission),
        other => panic!("{other:?}"),
    }
}
