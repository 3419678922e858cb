//! Boards that lose more entries than go into one batch; in unit tests that is more than two.

use std::path::Path;

use boards::{BoardId, BoardSettings, BoardStore, Change, NewPlayer, Player, Score, Submission};
use proptest::prelude::*;
use testkit::{ReferenceStore, conformance};

use super::*;
use crate::{Clock, EmbeddedStore, Export, ImportPlan, Options, Scope, Source, import};

fn options(dir: &Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        cache_bytes: 1 << 20,
        max_queue: 4096,
        clock: Clock::new(|| 1_000),
    }
}

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(&options(dir)).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// Exports a directory and imports that into another.
fn copy(from: &Path, to: &Path) {
    let mut bytes = Vec::new();
    let export = Export::of_directory(from, 1 << 20, Scope::Store, 0).unwrap();
    export.write(&mut bytes, &mut |_| {}).unwrap();
    let source = Source::Stream(Box::new(std::io::Cursor::new(bytes)));
    import(
        &options(to),
        source,
        &ImportPlan::default(),
        &mut |_, _, _| {},
    )
    .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 400, ..ProptestConfig::default() })]

    /// What is asked at once leaves the store no time to tidy up, so that it is closed with much to do.
    #[test]
    fn what_is_cut_off_stays_so_across_restarts_and_in_exports(
        bursts in prop::collection::vec(conformance::steps(60), 1..8)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = |name| dir.path().join(name);
        let reference = ReferenceStore::new(1_000);
        for steps in &bursts {
            let store = open(&path("data"));
            wait(conformance::run_at_once(&store, &reference, steps));
            drop(store);
            wait(conformance::compare(&open(&path("data")), &reference));
        }
        copy(&path("data"), &path("copy"));
        wait(conformance::compare(&open(&path("copy")), &reference));
    }

    #[test]
    fn cuts_come_back(spared in prop::collection::vec(any::<[u8; 16]>(), 0..9), left in any::<u64>()) {
        let end = End {
            order: Order::Asc,
            first: RankKey::new(Order::Asc, Score::ZERO, 7),
            spared: spared.into_iter().map(PlayerId::from_bytes).collect(),
            entries: left,
        };
        let season = (BoardNumber(3), SeasonId(2));
        let cut = Cut::new(season, end, 9, 8);
        let what: What = serde_json::from_slice(&serde_json::to_vec(&cut.what).unwrap()).unwrap();
        prop_assert_eq!(what, cut.what);
    }
}

fn player(n: u8) -> PlayerId {
    PlayerId::from_bytes([n; 16])
}

fn filled(n: u8) -> NewPlayer {
    NewPlayer {
        player: Player {
            id: player(n),
            display_name: boards::DisplayName::parse("x").unwrap(),
            country: None,
            attributes: boards::Attributes::default(),
        },
        score: Score::new(f64::from(n)).unwrap(),
    }
}

fn limited(max_entries: Option<u64>) -> Change {
    Change::PutBoard {
        board: BoardId::global(),
        settings: BoardSettings {
            max_entries,
            ..BoardSettings::global()
        },
    }
}

fn change(store: &EmbeddedStore, change: Change) {
    wait(store.change(change, None, 1_000)).unwrap();
}

fn ids(store: &EmbeddedStore) -> Vec<PlayerId> {
    let view = boards::View::of(BoardId::global());
    let page = wait(store.page(&view, boards::PageStart::Offset(0), 1_000)).unwrap();
    page.entries.into_iter().map(|e| e.player.id).collect()
}

/// Entries on the disk, cut off or not.
fn records(dir: &Path) -> usize {
    let (dir, _) = crate::data_dir::DataDir::open(dir).unwrap();
    let engine = crate::recovery::open_engine(&dir, 1 << 20).unwrap();
    engine.scan(Table::Entries).count()
}

#[test]
fn a_limit_that_is_lowered_and_lifted_brings_nobody_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let players = (1..=100).map(filled).collect();
    let board = BoardId::global();
    let hidden = |n, hidden| Change::SetHidden {
        board: BoardId::global(),
        player: player(n),
        hidden,
    };
    change(
        &store,
        Change::CreatePlayers {
            board: board.clone(),
            players,
        },
    );
    change(&store, hidden(50, true));
    change(&store, limited(Some(10)));
    change(&store, limited(None));
    change(&store, hidden(50, false));
    // Comes again with a worse score than all that was cut off.
    let submission = Submission::new(player(7), Score::new(-5.0).unwrap());
    change(&store, Change::Submit { board, submission });
    let mut expected: Vec<_> = (91..=100).rev().map(player).collect();
    expected.extend([player(50), player(7)]);
    assert_eq!(ids(&store), expected);
    // The writer tidies up while it has nothing else to do, and what it does not come to now, then.
    for _ in 0..100 {
        change(&store, limited(None));
    }
    drop(store);
    let store = open(dir.path());
    assert_eq!(ids(&store), expected);
    for _ in 0..100 {
        change(&store, limited(None));
    }
    drop(store);
    assert_eq!(records(dir.path()), expected.len());
}
