//! Seasons that end by schedule, under a clock that the suite sets: schedules that are set, changed, kept and taken
//! away while time goes on, by minutes and by days.
//!
//! Each step is a change of the one board, so a store has ended by the answer what ought to have ended before it;
//! what the store's own clock makes it do meanwhile has to be the same.

use boards::{
    Attributes, BoardId, BoardSettings, BoardStore, Change, DisplayName, PageStart, Player,
    PlayerId, Schedule, Score, Submission, View,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::answers::{assert_same, assert_same_page};
use crate::ReferenceStore;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Two of them are the same instants and another text.
const CRONS: [&str; 4] = ["0 * * * *", "@hourly", "30 * * * *", "0 0 * * *"];
const PLAYERS: u8 = 3;

/// A change of the board, and how long after the one before.
#[derive(Clone, Debug)]
pub struct Step {
    after_ms: i64,
    change: Change,
}

/// Up to `count` steps, of which the first makes the board where it is not there.
pub fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let first = put_board().prop_map(|change| Step {
        after_ms: 0,
        change,
    });
    (first, vec(step(), 0..count)).prop_map(|(first, then)| {
        let first = std::iter::once(first);
        first.chain(then).collect()
    })
}

/// Takes the steps on a store and on the reference, which have to be alike, and compares the answers, the seasons
/// and what is in them. The store was opened at `now_ms`, maybe long after the reference's latest time, and its
/// clock shows what `set_clock` was told last.
pub async fn run(
    store: &dyn BoardStore,
    reference: &ReferenceStore,
    steps: &[Step],
    mut now_ms: i64,
    set_clock: &dyn Fn(i64),
) {
    let players = Change::PutPlayers((0..PLAYERS).map(player).collect());
    for store in [store, reference as &dyn BoardStore] {
        let put = store.change(players.clone(), None, now_ms).await;
        put.unwrap();
    }
    for step in steps {
        now_ms += step.after_ms;
        set_clock(now_ms);
        let found = store.change(step.change.clone(), None, now_ms).await;
        let expected = reference.change(step.change.clone(), None, now_ms).await;
        assert_same(found, expected, step);
        compare(store, reference, step).await;
    }
}

async fn compare(store: &dyn BoardStore, reference: &ReferenceStore, step: &Step) {
    let seasons = reference.seasons(&board()).await.unwrap();
    let found = store.seasons(&board()).await;
    assert_same(found, Ok(seasons.clone()), step);
    for season in seasons {
        let mut view = View::of(board());
        view.season = Some(season.season);
        let found = store.page(&view, PageStart::Offset(0), 10).await;
        let expected = reference.page(&view, PageStart::Offset(0), 10).await;
        assert_same_page(found, expected, step);
    }
}

fn board() -> BoardId {
    BoardId::parse("by-schedule").unwrap()
}

fn player(n: u8) -> Player {
    Player {
        id: PlayerId::from_bytes([n + 1; 16]),
        display_name: DisplayName::parse("ada").unwrap(),
        country: None,
        attributes: Attributes::default(),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let after_ms = prop_oneof![
        3 => Just(0),
        3 => select(vec![1, MINUTE_MS, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1]),
        6 => 0..2 * HOUR_MS,
        1 => 0..72 * HOUR_MS,
    ];
    let change = prop_oneof![
        6 => put_board(),
        8 => submit(),
        1 => Just(Change::Rotate(board())),
    ];
    (after_ms, change).prop_map(|(after_ms, change)| Step { after_ms, change })
}

fn put_board() -> impl Strategy<Value = Change> {
    let cron = prop::option::weighted(0.8, select(Vec::from(CRONS)));
    (cron, 0..4_u32).prop_map(|(cron, keep_seasons)| Change::PutBoard {
        board: board(),
        settings: BoardSettings {
            reset: cron.map(|cron| Schedule::parse(cron, "UTC").unwrap()),
            keep_seasons,
            ..BoardSettings::global()
        },
    })
}

fn submit() -> impl Strategy<Value = Change> {
    (0..PLAYERS, 1..4_u8).prop_map(|(n, score)| Change::Submit {
        board: board(),
        submission: Submission::new(player(n).id, Score::new(f64::from(score)).unwrap()),
    })
}
