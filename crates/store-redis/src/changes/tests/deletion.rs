//! Deletions of players that their node has left half way are ended by any node, unless the player is put anew.

use boards::{
    Attributes, BoardId, BoardSettings, BoardStore, Change, DisplayName, Player, PlayerId, Score,
    Submission, View,
};
use redis::Value;

use super::*;
use crate::board_keys::DOOMED_PLAYERS;
use crate::board_records as records;
use crate::changes::delete_player::{LEFT_AFTER, end_deletions, mark};

const BOARDS: [&str; 2] = ["one", "two"];

fn board(name: &str) -> BoardId {
    BoardId::parse(name).unwrap()
}

fn ada() -> Player {
    Player {
        id: PlayerId::from_bytes([7; 16]),
        display_name: DisplayName::parse("Ada").unwrap(),
        country: None,
        attributes: Attributes::default(),
    }
}

/// A store of four rooms with Ada on two boards, hidden on one of them.
async fn store() -> RedisStore {
    let store = open(&options(4)).await;
    let put = Change::PutPlayers(vec![ada()]);
    store.change(put, None, 5).await.unwrap();
    for name in BOARDS {
        let settings = BoardSettings::default();
        let put = Change::PutBoard {
            board: board(name),
            settings,
        };
        let submit = Change::Submit {
            board: board(name),
            submission: Submission::new(ada().id, Score::new(1.0).unwrap()),
        };
        for change in [put, submit] {
            store.change(change, None, 5).await.unwrap();
        }
    }
    let hide = Change::SetHidden {
        board: board("two"),
        player: ada().id,
        hidden: true,
    };
    store.change(hide, None, 5).await.unwrap();
    store
}

async fn marks(store: &RedisStore) -> u64 {
    let layout = &store.core.layout;
    let key = layout.key(layout.of_player(ada().id), DOOMED_PLAYERS);
    let command = redis::cmd("HLEN").arg(key).take();
    match store.core.redis.read(vec![command]).await.unwrap()[..] {
        [Value::Int(count)] => u64::try_from(count).unwrap(),
        _ => panic!("no number"),
    }
}

async fn sweep(store: &RedisStore, age: Duration) {
    for room in store.core.layout.rooms() {
        end_deletions(&store.core, room, age).await.unwrap();
    }
}

async fn is_there(store: &RedisStore) -> bool {
    match store.player(ada().id).await {
        Ok(_) => true,
        Err(StoreError::UnknownPlayer(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn is_nowhere(store: &RedisStore) {
    assert!(!is_there(store).await);
    for name in BOARDS {
        let view = View::of(board(name));
        let entry = store.entry(&view, ada().id).await;
        assert!(
            matches!(entry, Err(StoreError::UnknownPlayer(_))),
            "{entry:?}"
        );
    }
    assert_eq!(marks(store).await, 0);
    whole::agrees(&store.core).await;
}

#[tokio::test]
async fn what_a_node_has_left_is_ended() {
    let store = store().await;
    mark(&store.core, ada().id).await.unwrap();
    // It may be under way.
    sweep(&store, LEFT_AFTER).await;
    assert!(is_there(&store).await);
    sweep(&store, Duration::ZERO).await;
    is_nowhere(&store).await;
}

#[tokio::test]
async fn what_is_done_but_for_the_mark_is_done_with_it() {
    let store = store().await;
    let asked = Change::DeletePlayer(ada().id);
    store.change(asked, None, 5).await.unwrap();
    is_nowhere(&store).await;
    let mut tx = store.core.begin();
    let at = records::doomed_player(&store.core.layout, ada().id);
    tx.set(at, b"1".to_vec());
    tx.commit().await.unwrap();
    assert_eq!(marks(&store).await, 1);
    sweep(&store, LEFT_AFTER).await;
    is_nowhere(&store).await;
}

#[tokio::test]
async fn who_is_put_anew_stays() {
    let puts = [
        Change::PutPlayers(vec![ada()]),
        Change::PutPlayers(vec![Player {
            display_name: DisplayName::parse("Bea").unwrap(),
            ..ada()
        }]),
    ];
    for put in puts {
        let store = store().await;
        mark(&store.core, ada().id).await.unwrap();
        store.change(put, None, 6).await.unwrap();
        assert_eq!(marks(&store).await, 0);
        sweep(&store, Duration::ZERO).await;
        let standing = store.entry(&View::of(board("one")), ada().id).await;
        assert_eq!(standing.unwrap().entry.rank, Some(1));
        whole::agrees(&store.core).await;
    }
}

/// The boards are done, and the node has stopped before the queues were looked at once more.
#[tokio::test]
async fn who_is_created_anew_stays() {
    let store = store().await;
    let left = mark(&store.core, ada().id).await.unwrap();
    let asked = Change::DeletePlayer(ada().id);
    store.change(asked, None, 5).await.unwrap();
    let mut tx = store.core.begin();
    let at = records::doomed_player(&store.core.layout, ada().id);
    tx.set(at, left);
    tx.commit().await.unwrap();
    let create = Change::CreatePlayers {
        board: board("one"),
        players: vec![boards::NewPlayer {
            player: ada(),
            score: Score::new(3.0).unwrap(),
        }],
    };
    store.change(create, None, 6).await.unwrap();
    assert_eq!(marks(&store).await, 0);
    sweep(&store, Duration::ZERO).await;
    let standing = store.entry(&View::of(board("one")), ada().id).await;
    assert_eq!(standing.unwrap().entry.score.get(), 3.0);
}
