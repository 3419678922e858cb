//! Seasons that end by schedule, on several nodes under a clock that the test sets.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use boards::{
    BoardId, BoardSettings, BoardStore, Change, Changed, Clock, DisplayName, PageStart, Player,
    PlayerId, Schedule, Score, Season, SeasonId, Submission, View,
};
use futures_util::future::join_all;
use store_redis::{Options, RedisStore};
use testkit::RedisServer;

/// 2026-03-28T12:00:00Z.
const NOON_MS: i64 = 1_774_699_200_000;
const MIDNIGHT_MS: i64 = NOON_MS + 12 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
const NODES: usize = 3;
const LIMIT: Duration = Duration::from_secs(20);

fn board() -> BoardId {
    BoardId::parse("daily").unwrap()
}

fn id(n: usize) -> PlayerId {
    PlayerId::from_bytes([n as u8 + 1; 16])
}

struct Setup {
    nodes: Vec<RedisStore>,
    now_ms: Arc<AtomicI64>,
    _server: RedisServer,
}

impl Setup {
    /// Nodes with a board that is reset at midnight and players of whom each has one point.
    async fn new() -> Self {
        let server = RedisServer::start();
        let mut options = Options::new(server.url().parse().unwrap());
        options.partitions = Some(2);
        let now_ms = Arc::new(AtomicI64::new(NOON_MS));
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            let now_ms = Arc::clone(&now_ms);
            let clock = Clock::new(move || now_ms.load(Ordering::Relaxed));
            nodes.push(RedisStore::open(&options, clock).await.unwrap());
        }
        let setup = Setup {
            nodes,
            now_ms,
            _server: server,
        };
        setup.prepare().await;
        setup
    }

    async fn put(&self, node: usize, cron: &str) {
        let settings = BoardSettings {
            reset: Some(Schedule::parse(cron, "UTC").unwrap()),
            keep_seasons: 2,
            ..BoardSettings::global()
        };
        let board = board();
        let put = Change::PutBoard { board, settings };
        self.change(node, put).await;
    }

    async fn prepare(&self) {
        self.put(0, "0 0 * * *").await;
        let player = |n| Player {
            id: id(n),
            display_name: DisplayName::parse("ada").unwrap(),
            country: None,
            attributes: boards::Attributes::default(),
        };
        let players = (0..NODES).map(player).collect();
        self.change(0, Change::PutPlayers(players)).await;
        self.submit().await;
    }

    async fn change(&self, node: usize, change: Change) -> Changed {
        let now_ms = self.now_ms.load(Ordering::Relaxed);
        let receipt = self.nodes[node].change(change, None, now_ms).await;
        receipt.unwrap().changed
    }

    /// On each node at once, one point for a player; the seasons that they went to.
    async fn submit(&self) -> Vec<SeasonId> {
        let submit = |node| {
            let submission = Submission::new(id(node), Score::new(1.0).unwrap());
            let board = board();
            self.change(node, Change::Submit { board, submission })
        };
        let changed = join_all((0..NODES).map(submit)).await;
        let season = |changed| match changed {
            Changed::Submitted(outcome) => outcome.season,
            other => panic!("{other:?}"),
        };
        changed.into_iter().map(season).collect()
    }

    async fn seasons(&self) -> Vec<Season> {
        self.nodes[1].seasons(&board()).await.unwrap()
    }

    async fn scores(&self, season: SeasonId) -> Vec<f64> {
        let mut view = View::of(board());
        view.season = Some(season);
        let page = self.nodes[2].page(&view, PageStart::Offset(0), 10).await;
        let entries = page.unwrap().entries;
        entries.iter().map(|e| e.score.get()).collect()
    }
}

fn season(n: u32, started_at_ms: i64, ended_at_ms: Option<i64>) -> Season {
    Season {
        season: SeasonId(n),
        started_at_ms,
        ended_at_ms,
    }
}

#[tokio::test]
async fn what_comes_after_the_end_goes_to_the_next_season() {
    let setup = Setup::new().await;
    setup.now_ms.store(MIDNIGHT_MS - 1, Ordering::Relaxed);
    assert_eq!(setup.submit().await, [SeasonId(1); NODES]);
    setup.now_ms.store(MIDNIGHT_MS + 5, Ordering::Relaxed);
    assert_eq!(setup.submit().await, [SeasonId(2); NODES]);
    let expected = [
        season(2, MIDNIGHT_MS, None),
        season(1, NOON_MS, Some(MIDNIGHT_MS)),
    ];
    assert_eq!(setup.seasons().await, expected);
    assert_eq!(setup.scores(SeasonId(1)).await, [2.0; NODES]);
    assert_eq!(setup.scores(SeasonId(2)).await, [1.0; NODES]);
}

#[tokio::test]
async fn a_season_ends_though_nobody_plays() {
    let setup = Setup::new().await;
    // Of the ends that were missed the last one counts.
    setup
        .now_ms
        .store(MIDNIGHT_MS + 2 * DAY_MS + 5, Ordering::Relaxed);
    let end_ms = MIDNIGHT_MS + 2 * DAY_MS;
    let expected = [season(2, end_ms, None), season(1, NOON_MS, Some(end_ms))];
    let started = Instant::now();
    while setup.seasons().await != expected {
        assert!(started.elapsed() < LIMIT, "{:?}", setup.seasons().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_schedule_that_is_changed_counts_from_then_on() {
    const MINUTE_MS: i64 = 60_000;
    let setup = Setup::new().await;
    setup
        .now_ms
        .store(NOON_MS + 65 * MINUTE_MS, Ordering::Relaxed);
    setup.put(1, "20 * * * *").await;
    setup
        .now_ms
        .store(NOON_MS + 80 * MINUTE_MS - 1, Ordering::Relaxed);
    assert_eq!(setup.submit().await, [SeasonId(1); NODES]);
    // The same again, at another node: the end stays where it is.
    setup.put(2, "20 * * * *").await;
    let end_ms = NOON_MS + 80 * MINUTE_MS;
    setup.now_ms.store(end_ms + 5, Ordering::Relaxed);
    assert_eq!(setup.submit().await, [SeasonId(2); NODES]);
    let expected = [season(2, end_ms, None), season(1, NOON_MS, Some(end_ms))];
    assert_eq!(setup.seasons().await, expected);
    assert_eq!(setup.scores(SeasonId(1)).await, [2.0; NODES]);
}
