//! What a crash may leave and what it may not: torn journals open with all but the torn batch,
//! damaged files are refused and left as they were, and nothing is ever lost in silence.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use boards::{
    Attributes, BoardId, BoardStore, Change, Country, DisplayName, NewPlayer, PageStart, Player,
    PlayerId, Score, Submission, View,
};
use store_embedded::{Clock, EmbeddedStore, OpenError, Options};
use testkit::{ReferenceStore, conformance};

const CHANGES: usize = 60;

fn options(dir: &Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        cache_bytes: 1 << 20,
        max_queue: 1024,
        clock: Clock::new(|| 0),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// The same numbers in every run, so that a failure can be seen again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn new_player(n: u64) -> NewPlayer {
    let mut id = [7; 16];
    id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    NewPlayer {
        player: Player {
            id: PlayerId::from_bytes(id),
            display_name: DisplayName::parse(&format!("player {n}")).unwrap(),
            country: (!n.is_multiple_of(3)).then(|| Country::parse("tr").unwrap()),
            attributes: Attributes::default(),
        },
        score: Score::new((n % 1000) as f64).unwrap(),
    }
}

/// Makes a store change by change, each a batch of its own, as a process does that is killed in the
/// end. Returns what the board was after each of them, nothing first.
fn make_store(dir: &Path) -> Vec<ReferenceStore> {
    let mut models = vec![ReferenceStore::new(0)];
    let store = EmbeddedStore::open(&options(dir)).unwrap();
    runtime().block_on(async {
        for n in 0..CHANGES as u64 {
            let model = models.last().unwrap().copy();
            store.change(change(n), None, 0).await.unwrap();
            model.change(change(n), None, 0).await.unwrap();
            models.push(model);
        }
    });
    models
}

fn change(n: u64) -> Change {
    let board = BoardId::global();
    if n.is_multiple_of(3) {
        return create(vec![new_player(n), new_player(n + 1)]);
    }
    let id = new_player(n / 3 * 3 + n % 2).player.id;
    let submission = Submission::new(id, Score::new(500.25).unwrap());
    Change::Submit { board, submission }
}

fn create(players: Vec<NewPlayer>) -> Change {
    let board = BoardId::global();
    Change::CreatePlayers { board, players }
}

fn copy(from: &Path, to: &Path) {
    // The journals are mostly holes, which a plain copy would fill.
    let copied = Command::new("cp")
        .args(["-r", "--sparse=always"])
        .args([from, to])
        .status();
    assert!(copied.unwrap().success());
}

fn journal(dir: &Path) -> PathBuf {
    let mut journals: Vec<PathBuf> = files(&dir.join("engine"))
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "jnl"))
        .collect();
    journals.sort();
    journals.pop().unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Bytes of a journal up to the last that is not zero: the rest is room.
fn used(journal: &Path) -> u64 {
    let bytes = fs::read(journal).unwrap();
    bytes
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |at| at as u64 + 1)
}

/// The number of changes that the board shows, if it is the board after some number of them.
fn changes_shown(store: &EmbeddedStore, models: &[ReferenceStore]) -> Option<usize> {
    let shown = board(store);
    let at = models.iter().rposition(|model| board(model) == shown)?;
    runtime().block_on(conformance::compare(store, &models[at]));
    Some(at)
}

fn board(store: &dyn BoardStore) -> Vec<(PlayerId, Score)> {
    let view = View::of(BoardId::global());
    let page = store.page(&view, PageStart::Offset(0), usize::MAX);
    let entries = runtime().block_on(page).unwrap().entries;
    entries
        .into_iter()
        .map(|e| (e.player.id, e.score))
        .collect()
}

#[test]
fn a_journal_cut_anywhere_opens_with_a_prefix_of_what_was_done() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    let models = make_store(&whole);
    let length = used(&journal(&whole));
    let mut random = Random(1);
    let mut cuts: Vec<u64> = (0..40).map(|_| random.below(length)).collect();
    cuts.sort_unstable();
    let mut last = None;
    for (n, cut) in cuts.iter().chain([&length]).enumerate() {
        let dir = temp.path().join(n.to_string());
        copy(&whole, &dir);
        fs::File::options()
            .write(true)
            .open(journal(&dir))
            .unwrap()
            .set_len(*cut)
            .unwrap();
        match EmbeddedStore::open(&options(&dir)) {
            Ok(store) => {
                let shown = changes_shown(&store, &models);
                assert!(
                    shown.is_some(),
                    "cut at {cut}: the board is not one that ever was"
                );
                assert!(
                    shown >= last,
                    "cut at {cut}: less than with a shorter journal"
                );
                last = shown;
                // And it goes on from there.
                let again = store.change(create(vec![new_player(999)]), None, 0);
                runtime().block_on(again).unwrap();
            }
            // Only a journal without even the first batch is no store.
            Err(OpenError::Damaged { .. }) => assert_eq!(last, None, "cut at {cut}"),
            Err(other) => panic!("cut at {cut}: {other}"),
        }
    }
    assert_eq!(last, Some(CHANGES), "an uncut journal has everything");
}

#[test]
fn a_damaged_journal_is_refused_and_left_as_it_was() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    let models = make_store(&whole);
    let length = used(&journal(&whole));
    let mut random = Random(2);
    let mut refused = 0;
    for n in 0..60 {
        let dir = temp.path().join(n.to_string());
        copy(&whole, &dir);
        let at = random.below(length);
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(journal(&dir))
            .unwrap();
        let mut bytes = vec![0; if n % 2 == 0 { 1 } else { 64 }];
        file.read_at(&mut bytes, at).unwrap();
        if n % 2 == 0 {
            bytes[0] ^= 1 << random.below(8);
        } else {
            bytes.fill(0);
        }
        file.write_all_at(&bytes, at).unwrap();
        let before = fs::read(journal(&dir)).unwrap();
        match EmbeddedStore::open(&options(&dir)) {
            Err(OpenError::Damaged { what, .. }) => {
                assert!(!what.is_empty());
                refused += 1;
                assert!(
                    fs::read(journal(&dir)).unwrap() == before,
                    "changed by a refusal, at {at}"
                );
                let again = EmbeddedStore::open(&options(&dir)).err();
                assert!(
                    matches!(again, Some(OpenError::Damaged { .. })),
                    "refused once alone, at {at}"
                );
            }
            // A fault in the last batch cannot be told from a torn one; it alone may be missing.
            Ok(store) => assert!(
                changes_shown(&store, &models) >= Some(CHANGES - 1),
                "at {at}"
            ),
            Err(other) => panic!("at {at}: {other}"),
        }
    }
    assert!(refused > 40, "{refused} of 60 refused");
}

#[test]
fn a_damaged_table_is_refused_or_does_not_matter() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    let store = EmbeddedStore::open(&options(&whole)).unwrap();
    // Enough to fill the engine's write buffer, so that tables are written.
    runtime().block_on(async {
        for start in (0..120_000).step_by(20_000) {
            let players = (start..start + 20_000).map(new_player).collect();
            store.change(create(players), None, 0).await.unwrap();
        }
    });
    let expected = board(&store);
    drop(store);
    let tables = |dir: &Path| -> Vec<PathBuf> {
        let found = files(&dir.join("engine"));
        found
            .into_iter()
            .filter(|p| p.to_string_lossy().contains("/tables/"))
            .collect()
    };
    let count = tables(&whole).len();
    assert!(count > 0, "no table was written");
    let mut random = Random(3);
    let mut refused = 0;
    for n in 0..12 {
        let dir = temp.path().join(n.to_string());
        copy(&whole, &dir);
        let table = &tables(&dir)[n % count];
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(table)
            .unwrap();
        let at = random.below(fs::metadata(table).unwrap().len());
        let mut byte = [0];
        file.read_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
        match EmbeddedStore::open(&options(&dir)) {
            Err(OpenError::Damaged { .. }) => refused += 1,
            Ok(store) => assert!(board(&store) == expected, "{} at {at}", table.display()),
            Err(other) => panic!("{other}"),
        }
        fs::remove_dir_all(&dir).unwrap();
    }
    assert!(refused > 6, "{refused} of 12 refused");
}

#[test]
fn a_lost_file_is_noticed_or_does_not_matter() {
    let temp = tempfile::tempdir().unwrap();
    let whole = temp.path().join("whole");
    let models = make_store(&whole);
    for (n, lost) in files(&whole.join("engine")).iter().enumerate() {
        let dir = temp.path().join(n.to_string());
        copy(&whole, &dir);
        let lost = lost.strip_prefix(&whole).unwrap();
        fs::remove_file(dir.join(lost)).unwrap();
        match EmbeddedStore::open(&options(&dir)) {
            Err(OpenError::Damaged { .. }) => {}
            Ok(store) => {
                assert!(
                    lost.extension().is_none_or(|e| e != "jnl"),
                    "the journal matters"
                );
                assert_eq!(
                    changes_shown(&store, &models),
                    Some(CHANGES),
                    "{}",
                    lost.display()
                );
            }
            Err(other) => panic!("without {}: {other}", lost.display()),
        }
    }
}
