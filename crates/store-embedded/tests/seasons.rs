//! Seasons that end by schedule, under a clock that the test sets.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use boards::{
    BoardId, BoardSettings, BoardStore, Change, Changed, Outcome, PageStart, PlayerId, Schedule,
    Score, Season, SeasonId, Submission, View,
};
use store_embedded::{Clock, EmbeddedStore, Options};
use testkit::ada;

/// 2026-03-28T12:00:00Z, the day before the clocks of Berlin are set forward.
const NOON_MS: i64 = 1_774_699_200_000;
const HOUR_MS: i64 = 3_600_000;

struct Setup {
    dir: tempfile::TempDir,
    now_ms: Arc<AtomicI64>,
}

impl Setup {
    fn new() -> Self {
        Setup {
            dir: tempfile::tempdir().unwrap(),
            now_ms: Arc::new(AtomicI64::new(NOON_MS)),
        }
    }

    fn open(&self) -> EmbeddedStore {
        let now_ms = Arc::clone(&self.now_ms);
        let options = Options {
            data_dir: self.dir.path().join("data"),
            cache_bytes: 1 << 20,
            max_queue: 1024,
            clock: Clock::new(move || now_ms.load(Ordering::Relaxed)),
        };
        EmbeddedStore::open(&options).unwrap()
    }

    fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::Relaxed);
    }

    async fn change(&self, store: &EmbeddedStore, change: Change) -> Changed {
        let now_ms = self.now_ms.load(Ordering::Relaxed);
        store.change(change, None, now_ms).await.unwrap().changed
    }

    async fn put(&self, store: &EmbeddedStore, cron: Option<&str>, keep_seasons: u32) {
        let settings = BoardSettings {
            reset: cron.map(|cron| Schedule::parse(cron, "Europe/Berlin").unwrap()),
            keep_seasons,
            ..BoardSettings::default()
        };
        let board = daily();
        self.change(store, Change::PutBoard { board, settings })
            .await;
    }

    async fn prepare(&self, store: &EmbeddedStore, cron: Option<&str>) {
        self.put(store, cron, 2).await;
        let players = vec![ada(id())];
        self.change(store, Change::PutPlayers(players)).await;
    }

    async fn submit(&self, store: &EmbeddedStore, score: f64) -> Outcome {
        let submission = Submission::new(id(), Score::new(score).unwrap());
        let board = daily();
        match self
            .change(store, Change::Submit { board, submission })
            .await
        {
            Changed::Submitted(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }
}

fn daily() -> BoardId {
    BoardId::parse("daily").unwrap()
}

fn id() -> PlayerId {
    PlayerId::from_bytes([7; 16])
}

fn season(number: u32, started_at_ms: i64, ended_at_ms: Option<i64>) -> Season {
    Season {
        season: SeasonId(number),
        started_at_ms,
        ended_at_ms,
    }
}

async fn scores(store: &EmbeddedStore, number: u32) -> Vec<f64> {
    let view = View {
        season: Some(SeasonId(number)),
        ..View::of(daily())
    };
    let page = store.page(&view, PageStart::Offset(0), 10).await.unwrap();
    page.entries.iter().map(|e| e.score.get()).collect()
}

async fn wait_for(store: &EmbeddedStore, seasons: &[Season]) {
    let limit = Instant::now() + Duration::from_secs(30);
    while store.seasons(&daily()).await.unwrap() != seasons {
        assert!(
            Instant::now() < limit,
            "{:?}",
            store.seasons(&daily()).await
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_submission_goes_to_the_season_of_its_time() {
    let setup = Setup::new();
    let store = setup.open();
    // At 02:30, which the clocks of Berlin pass over on the 29th: at 03:00 there, 01:00 UTC.
    setup.prepare(&store, Some("30 2 * * *")).await;
    let reset_ms = NOON_MS + 13 * HOUR_MS;
    setup.set(reset_ms - 1);
    assert_eq!(setup.submit(&store, 5.0).await.season, SeasonId(1));
    setup.set(reset_ms);
    let first = setup.submit(&store, 3.0).await;
    assert_eq!(first.season, SeasonId(2));
    assert_eq!((first.previous_score, first.rank), (None, Some(1)));
    assert_eq!(scores(&store, 1).await, [5.0]);
    assert_eq!(scores(&store, 2).await, [3.0]);
    // The next day at 02:30 summer time, 00:30 UTC.
    setup.set(reset_ms + 24 * HOUR_MS - HOUR_MS / 2);
    assert_eq!(setup.submit(&store, 1.0).await.season, SeasonId(3));
}

#[tokio::test]
async fn a_season_ends_on_time_without_any_request() {
    let setup = Setup::new();
    let store = setup.open();
    setup.prepare(&store, Some("0 * * * *")).await;
    setup.submit(&store, 5.0).await;
    setup.set(NOON_MS + HOUR_MS);
    let second = season(2, NOON_MS + HOUR_MS, None);
    let first = season(1, NOON_MS, Some(NOON_MS + HOUR_MS));
    wait_for(&store, &[second, first]).await;
}

#[tokio::test]
async fn what_was_missed_is_made_good_once() {
    let setup = Setup::new();
    let store = setup.open();
    setup.prepare(&store, Some("0 0 * * *")).await;
    setup.submit(&store, 5.0).await;
    drop(store);
    // Midnight in Berlin was at 23:00 and, with summer time, two nights later at 22:00.
    setup.set(NOON_MS + 49 * HOUR_MS);
    let store = setup.open();
    let started_ms = NOON_MS + 34 * HOUR_MS;
    let seasons = [
        season(2, started_ms, None),
        season(1, NOON_MS, Some(started_ms)),
    ];
    wait_for(&store, &seasons).await;
    drop(store);
    let store = setup.open();
    assert_eq!(store.seasons(&daily()).await.unwrap(), seasons);
    assert_eq!(setup.submit(&store, 2.0).await.season, SeasonId(2));
    assert_eq!(scores(&store, 1).await, [5.0]);
}

#[tokio::test]
async fn seasons_beyond_those_kept_are_gone_for_good() {
    let setup = Setup::new();
    let store = setup.open();
    setup.prepare(&store, Some("0 * * * *")).await;
    for hour in 0..5 {
        setup.set(NOON_MS + hour * HOUR_MS);
        setup.submit(&store, hour as f64).await;
    }
    let kept: Vec<_> = store.seasons(&daily()).await.unwrap();
    let numbers: Vec<_> = kept.iter().map(|s| s.season.0).collect();
    assert_eq!(numbers, [5, 4, 3]);
    drop(store);
    let store = setup.open();
    assert_eq!(store.seasons(&daily()).await.unwrap(), kept);
    assert_eq!(scores(&store, 3).await, [2.0]);
}

#[tokio::test]
async fn a_schedule_that_is_set_counts_from_then_on() {
    const MINUTE_MS: i64 = 60_000;
    let setup = Setup::new();
    let store = setup.open();
    setup.prepare(&store, None).await;
    setup.submit(&store, 5.0).await;
    // Five past two, on a board that has run since noon: at 12:20 and 13:20 it had no schedule.
    setup.set(NOON_MS + 125 * MINUTE_MS);
    setup.put(&store, Some("20 * * * *"), 0).await;
    setup.set(NOON_MS + 140 * MINUTE_MS - 1);
    assert_eq!(setup.submit(&store, 1.0).await.season, SeasonId(1));
    assert_eq!(scores(&store, 1).await, [5.0]);
    // Another one, with the first at 14:20 still to come.
    setup.put(&store, Some("40 * * * *"), 3).await;
    setup.set(NOON_MS + 159 * MINUTE_MS);
    assert_eq!(setup.submit(&store, 1.0).await.season, SeasonId(1));
    // The same again: the end at 14:40 stays, and is made good after a restart.
    setup.put(&store, Some("40 * * * *"), 2).await;
    drop(store);
    setup.set(NOON_MS + 170 * MINUTE_MS);
    let store = setup.open();
    let end_ms = NOON_MS + 160 * MINUTE_MS;
    let seasons = [season(2, end_ms, None), season(1, NOON_MS, Some(end_ms))];
    wait_for(&store, &seasons).await;
    assert_eq!(scores(&store, 1).await, [5.0]);
}

#[tokio::test]
async fn what_a_schedule_counts_from_is_kept_over_a_restart() {
    let setup = Setup::new();
    let store = setup.open();
    setup.prepare(&store, None).await;
    setup.submit(&store, 5.0).await;
    setup.set(NOON_MS + 30 * HOUR_MS);
    setup.put(&store, Some("0 0 * * *"), 0).await;
    drop(store);
    let store = setup.open();
    // A change, so that what was due would have ended by now.
    assert_eq!(setup.submit(&store, 1.0).await.season, SeasonId(1));
    assert_eq!(
        store.seasons(&daily()).await.unwrap(),
        [season(1, NOON_MS, None)]
    );
}
