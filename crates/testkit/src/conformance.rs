//! What every store must do, ties included: random operations on the board `global`, each outcome
//! and the whole board compared with the [`Model`].

use boards::{
    BoardId, BoardStore, Country, DisplayName, NewPlayer, Outcome, PageStart, Player, PlayerId,
    Score, Segment, StoreError, Submission,
};
use proptest::prelude::*;

use crate::Model;

/// Something asked of a store.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Create these players.
    Create(Vec<NewPlayer>),
    /// Add points to a player.
    Submit(PlayerId, Score),
    /// Look at a player.
    Entry(PlayerId),
    /// Look at part of the board, or of a country's.
    Page(Option<Country>, u64, usize),
}

/// Operations on few players with few scores, so that they meet: ties, duplicates, no change.
pub fn operations(count: usize) -> impl Strategy<Value = Vec<Operation>> {
    let player = (0..60_u8).prop_map(id);
    let operation = prop_oneof![
        2 => prop::collection::vec(new_player(), 0..4).prop_map(Operation::Create),
        6 => (player.clone(), points()).prop_map(|(id, score)| Operation::Submit(id, score)),
        2 => player.prop_map(Operation::Entry),
        2 => (prop::option::of(country()), 0..70_u64, 1..30_usize)
            .prop_map(|(country, offset, limit)| Operation::Page(country, offset, limit)),
    ];
    prop::collection::vec(operation, 0..count)
}

fn id(n: u8) -> PlayerId {
    // Spread over all bytes, as real ids are.
    PlayerId::from_bytes([n.wrapping_mul(167); 16])
}

fn country() -> impl Strategy<Value = Country> {
    prop::sample::select(vec!["tr", "us", "de"]).prop_map(|c| Country::parse(c).unwrap())
}

fn points() -> impl Strategy<Value = Score> {
    let value = prop_oneof![
        6 => (-3..4_i8).prop_map(f64::from),
        2 => (-8..9_i8).prop_map(|n| f64::from(n) / 8.0),
        1 => Just(f64::MAX),
        1 => Just(-1e-300),
    ];
    value.prop_map(|v| Score::new(v).unwrap())
}

fn new_player() -> impl Strategy<Value = NewPlayer> {
    (0..60_u8, prop::option::of(country()), points()).prop_map(|(n, country, score)| NewPlayer {
        player: Player {
            id: id(n),
            display_name: DisplayName::parse(&format!("player {n}")).unwrap(),
            country,
        },
        score,
    })
}

/// Runs operations on a store and on the model, and compares every outcome.
pub async fn run(store: &dyn BoardStore, model: &mut Model, operations: &[Operation]) {
    for operation in operations {
        match operation {
            Operation::Create(players) => {
                compare_creation(model, players, create(store, players).await);
            }
            Operation::Submit(id, score) => {
                compare_submission(model, *id, *score, submit(store, *id, *score).await);
            }
            Operation::Entry(id) => entry(store, model, *id).await,
            Operation::Page(country, offset, limit) => {
                page(store, model, *country, *offset, *limit).await;
            }
        }
    }
}

/// Asks for all changes at once, so that they meet in few batches, and compares every outcome with
/// what the model says when they take effect in the order asked. Looks are left out.
pub async fn run_at_once(store: &dyn BoardStore, model: &mut Model, operations: &[Operation]) {
    let asked = operations.iter().map(|operation| async move {
        match operation {
            Operation::Create(players) => Answer::Created(players, create(store, players).await),
            Operation::Submit(id, score) => {
                Answer::Submitted(*id, *score, submit(store, *id, *score).await)
            }
            Operation::Entry(_) | Operation::Page(..) => Answer::Nothing,
        }
    });
    for answer in futures_util::future::join_all(asked).await {
        match answer {
            Answer::Created(players, created) => compare_creation(model, players, created),
            Answer::Submitted(id, score, outcome) => compare_submission(model, id, score, outcome),
            Answer::Nothing => {}
        }
    }
}

enum Answer<'a> {
    Created(&'a [NewPlayer], Result<Vec<u64>, StoreError>),
    Submitted(PlayerId, Score, Result<Outcome, StoreError>),
    Nothing,
}

async fn create(store: &dyn BoardStore, players: &[NewPlayer]) -> Result<Vec<u64>, StoreError> {
    store
        .create_players(&BoardId::global(), players.to_vec(), 0)
        .await
}

async fn submit(store: &dyn BoardStore, id: PlayerId, score: Score) -> Result<Outcome, StoreError> {
    let submission = Submission {
        player: id,
        score,
        occurred_at_ms: 0,
    };
    store.submit(&BoardId::global(), submission).await
}

fn compare_creation(
    model: &mut Model,
    players: &[NewPlayer],
    created: Result<Vec<u64>, StoreError>,
) {
    match (created, model.create(players)) {
        (Ok(ranks), Ok(())) => {
            assert_eq!(ranks.len(), players.len());
            if let Some(last) = players.last() {
                assert_eq!(
                    ranks.last().copied(),
                    model.find(last.player.id).map(|(rank, _)| rank)
                );
            }
        }
        (Err(StoreError::Duplicate(found)), Err(expected)) => assert_eq!(found, expected),
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

fn compare_submission(
    model: &mut Model,
    id: PlayerId,
    score: Score,
    outcome: Result<Outcome, StoreError>,
) {
    let previous = model.find(id).map(|(_, line)| line.score);
    match (outcome, model.submit(id, score)) {
        (Ok(outcome), Some((before, after))) => {
            assert_eq!(outcome.rank, after);
            assert_eq!(outcome.previous_rank, Some(before));
            assert_eq!(outcome.previous_score, previous);
            assert_eq!(
                Some(outcome.score),
                model.find(id).map(|(_, line)| line.score)
            );
        }
        (Err(StoreError::UnknownPlayer(found)), None) => assert_eq!((found, previous), (id, None)),
        (Err(StoreError::ScoreOverflow), None) => assert!(previous.is_some()),
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

async fn entry(store: &dyn BoardStore, model: &Model, id: PlayerId) {
    match (store.entry(&BoardId::global(), id).await, model.find(id)) {
        (Ok(entry), Some((rank, line))) => {
            assert_eq!((entry.rank, entry.score), (rank, line.score));
            assert_eq!(entry.player, line.player);
        }
        (Err(StoreError::UnknownPlayer(found)), None) => assert_eq!(found, id),
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
}

async fn page(
    store: &dyn BoardStore,
    model: &Model,
    country: Option<Country>,
    offset: u64,
    limit: usize,
) {
    let segment = country.map(Segment::Country);
    let start = PageStart::Offset(offset);
    let page = store
        .page(&BoardId::global(), segment, start, limit)
        .await
        .unwrap();
    let found: Vec<_> = page
        .entries
        .iter()
        .map(|e| (e.rank, e.segment_rank, e.player.clone(), e.score))
        .collect();
    let expected: Vec<_> = match country {
        None => (1..)
            .zip(model.lines())
            .map(|(rank, line)| (rank, None, line))
            .collect(),
        Some(country) => (1..)
            .zip(model.of_country(country))
            .map(|(n, (rank, line))| (rank, Some(n), line))
            .collect(),
    };
    let more = expected.len() as u64 > offset + limit as u64;
    let expected: Vec<_> = expected
        .into_iter()
        .skip(offset as usize)
        .take(limit)
        .map(|(rank, n, line)| (rank, n, line.player.clone(), line.score))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(page.next.is_some(), more);
}

/// Compares the whole board and each country's with the model, read page by page by key.
pub async fn same(store: &dyn BoardStore, model: &Model) {
    let mut start = PageStart::Offset(0);
    let mut found = Vec::new();
    loop {
        let page = store
            .page(&BoardId::global(), None, start, 7)
            .await
            .unwrap();
        found.extend(
            page.entries
                .into_iter()
                .map(|e| (e.rank, e.player, e.score)),
        );
        match page.next {
            Some(key) => start = PageStart::After(key),
            None => break,
        }
    }
    let lines = (1..).zip(model.lines());
    let expected: Vec<_> = lines
        .map(|(rank, line)| (rank, line.player.clone(), line.score))
        .collect();
    assert_eq!(found, expected);
    for code in ["tr", "us", "de", "fr"] {
        page(store, model, Some(Country::parse(code).unwrap()), 0, 1000).await;
    }
}
