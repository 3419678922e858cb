//! Seasons whose end is cut off: nobody sees what is, whatever else changes meanwhile, and in time it is removed.

use boards::{
    Attributes, BoardId, BoardSettings, Change, Changed, Country, DisplayName, NewPlayer, Outcome,
    Player, PlayerId, Score, SeasonId, Submission,
};
use testkit::conformance;

use super::*;
use crate::board_line::BoardLine;
use crate::changes::boards_of_room;
use crate::core::Core;
use crate::layout::Layout;

/// With readings of all that can be seen, while nothing removes what is cut off. On a thread of its own: the suite is
/// large where nothing is optimised.
fn is_unseen(partitions: u16, runs: &[Vec<Step>]) {
    std::thread::scope(|scope| {
        let roomy = std::thread::Builder::new().stack_size(64 << 20);
        let run = roomy.spawn_scoped(scope, || stays_unseen(partitions, runs));
        if let Err(panic) = run.unwrap().join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn stays_unseen(partitions: u16, runs: &[Vec<Step>]) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let store = open(&options(partitions)).await;
        store.close();
        let reference = ReferenceStore::new(5);
        for steps in runs {
            conformance::run(&Patient(&store), &reference, steps).await;
        }
        whole::check(&store.core, &reference).await;
    });
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn nobody_sees_what_is_cut_off_in_one_room(runs in prop::collection::vec(steps(120), 1..3)) {
        is_unseen(1, &runs);
    }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn nobody_sees_what_is_cut_off_in_three_rooms(runs in prop::collection::vec(steps(120), 1..3)) {
        is_unseen(3, &runs);
    }
}

fn board() -> BoardId {
    BoardId::parse("race").unwrap()
}

async fn put(store: &RedisStore, max_entries: Option<u64>) {
    let board = board();
    let settings = BoardSettings {
        max_entries,
        ..BoardSettings::global()
    };
    let put = Change::PutBoard { board, settings };
    store.change(put, None, 5).await.unwrap();
}

async fn line(core: &Core) -> BoardLine {
    let rooms = boards_of_room::read_all(core, std::iter::once(Layout::CONTROL)).await;
    let mut boards = rooms.unwrap().remove(0).into_iter();
    let found = boards.find(|(name, _)| *name == board());
    found.unwrap().1
}

/// A store with ten players on the board, of whom number 0 is the first.
async fn ten() -> RedisStore {
    let store = open(&options(3)).await;
    put(&store, None).await;
    let new = |n: u8| NewPlayer {
        player: Player {
            id: id(n),
            display_name: DisplayName::parse("Ada").unwrap(),
            country: Country::parse("tr").ok(),
            attributes: Attributes::default(),
        },
        score: Score::new(f64::from(100 - n)).unwrap(),
    };
    let create = Change::CreatePlayers {
        board: board(),
        players: (0..10).map(new).collect(),
    };
    store.change(create, None, 5).await.unwrap();
    store
}

fn id(n: u8) -> PlayerId {
    PlayerId::from_bytes([n + 1; 16])
}

async fn submit(store: &RedisStore, n: u8, score: f64) -> Result<Outcome, StoreError> {
    let score = Score::new(score).unwrap();
    let submission = Submission::new(id(n), score);
    let board = board();
    let submit = Change::Submit { board, submission };
    match store.change(submit, None, 5).await?.changed {
        Changed::Submitted(outcome) => Ok(outcome),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_sweeper_removes_what_is_cut_off() {
    let store = ten().await;
    put(&store, Some(3)).await;
    assert!(line(&store.core).await.cut_of(SeasonId(1)).is_some());
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while !line(&store.core).await.cuts.is_empty() {
        assert!(std::time::Instant::now() < until, "it is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Three in each of two sets, and in the hash.
    whole::agrees(&store.core).await;
    assert_eq!(store.board(&board()).await.unwrap().total, 3);
}

#[tokio::test]
async fn submissions_do_not_wait_for_what_is_cut_off() {
    let store = ten().await;
    store.close();
    put(&store, Some(3)).await;
    // One that is gone comes back as a newcomer, and the last leaves for it.
    let outcome = submit(&store, 9, 98.5).await.unwrap();
    assert_eq!(
        (outcome.previous_score, outcome.previous_rank),
        (None, None)
    );
    assert_eq!((outcome.rank, outcome.total), (Some(3), 3));
    // Another is no better than the last.
    let outcome = submit(&store, 8, 1.0).await.unwrap();
    assert_eq!((outcome.rank, outcome.applied), (None, false));
    // What would come behind the cut has to wait: a score that falls, and a newcomer while there is room.
    let falls = submit(&store, 0, -90.0).await;
    assert!(matches!(falls, Err(StoreError::Overloaded)), "{falls:?}");
    let delete = Change::DeleteEntry {
        board: board(),
        player: id(1),
    };
    store.change(delete, None, 5).await.unwrap();
    let gone = Change::DeleteEntry {
        board: board(),
        player: id(7),
    };
    let gone = store.change(gone, None, 5).await;
    assert!(matches!(gone, Err(StoreError::NoEntry(_))), "{gone:?}");
    let newcomer = submit(&store, 8, 1.0).await;
    assert!(
        matches!(newcomer, Err(StoreError::Overloaded)),
        "{newcomer:?}"
    );
    trim_all(&store.core).await.unwrap();
    assert_eq!(submit(&store, 8, 1.0).await.unwrap().rank, Some(3));
    assert_eq!(submit(&store, 0, -99.5).await.unwrap().rank, Some(3));
    whole::agrees(&store.core).await;
}
