//! The reference itself, pinned by small examples whose answers were worked out by hand.
//!
//! Players are called by a letter, and a board is told as its lines: rank, player, score.

mod changing;
mod looking;

use std::collections::BTreeMap;

use boards::{
    Attribute, Attributes, BoardId, BoardSettings, BoardStore, Change, Changed, Country,
    DisplayName, Operator, Outcome, Page, PageStart, Player, PlayerId, RankMode, RankedEntry,
    Score, Segment, StoreError, Submission, View,
};
use futures_util::FutureExt;

use crate::ReferenceStore;

/// A line of a board.
type Told = (Option<u64>, char, f64);

fn id(player: char) -> PlayerId {
    PlayerId::from_bytes([player as u8; 16])
}

fn letter(player: PlayerId) -> char {
    char::from(player.as_bytes()[0])
}

fn score(value: f64) -> Score {
    Score::new(value).unwrap()
}

fn player(of: char, country: Option<&str>) -> Player {
    Player {
        id: id(of),
        display_name: DisplayName::parse(&of.to_string()).unwrap(),
        country: country.map(|code| Country::parse(code).unwrap()),
        attributes: Attributes::new(BTreeMap::new()).unwrap(),
    }
}

fn board() -> BoardId {
    BoardId::parse("b").unwrap()
}

fn last() -> BoardSettings {
    BoardSettings {
        operator: Operator::Last,
        ..BoardSettings::default()
    }
}

fn ranked_by(rank_mode: RankMode) -> BoardSettings {
    BoardSettings {
        rank_mode,
        ..last()
    }
}

fn at_most(max_entries: u64) -> BoardSettings {
    BoardSettings {
        max_entries: Some(max_entries),
        ..last()
    }
}

/// A store with a board of these settings and the players a to h, of whom the vowels are of `tr`.
fn store_with(settings: BoardSettings) -> ReferenceStore {
    let store = ReferenceStore::new(0);
    put(&store, settings);
    let country = |of| if "ae".contains(of) { "tr" } else { "us" };
    let players = ('a'..='h').map(|of| player(of, Some(country(of))));
    change(&store, Change::PutPlayers(players.collect()));
    store
}

/// Such a store whose players have these scores, reached in this order.
fn filled(settings: BoardSettings, scores: &[(char, f64)]) -> ReferenceStore {
    let store = store_with(settings);
    for (player, value) in scores {
        submit(&store, *player, *value);
    }
    store
}

/// The answer of a store that never has anybody wait.
fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().unwrap()
}

fn try_change(store: &ReferenceStore, change: Change) -> Result<Changed, StoreError> {
    now(store.change(change, None, 0)).map(|receipt| receipt.changed)
}

fn change(store: &ReferenceStore, change: Change) -> Changed {
    try_change(store, change).unwrap()
}

fn put(store: &ReferenceStore, settings: BoardSettings) {
    let board = board();
    change(store, Change::PutBoard { board, settings });
}

fn submission(player: char, value: f64) -> Submission {
    Submission::new(id(player), score(value))
}

fn submit(store: &ReferenceStore, player: char, value: f64) -> Outcome {
    try_submit(store, submission(player, value)).unwrap()
}

fn try_submit(store: &ReferenceStore, submission: Submission) -> Result<Outcome, StoreError> {
    let board = board();
    match try_change(store, Change::Submit { board, submission })? {
        Changed::Submitted(outcome) => Ok(outcome),
        other => panic!("{other:?}"),
    }
}

fn set_hidden(store: &ReferenceStore, player: char, hidden: bool) {
    let (board, player) = (board(), id(player));
    let hide = Change::SetHidden {
        board,
        player,
        hidden,
    };
    assert_eq!(change(store, hide), Changed::Done);
}

fn of_segment(segment: &str) -> View {
    View {
        segment: Some(Segment::parse(segment).unwrap()),
        ..View::of(board())
    }
}

fn page(store: &ReferenceStore, view: &View) -> Page {
    now(store.page(view, PageStart::Offset(0), 100)).unwrap()
}

/// The whole board.
fn lines(store: &ReferenceStore) -> Vec<Told> {
    tell(&page(store, &View::of(board())).entries)
}

fn ranks(store: &ReferenceStore) -> Vec<u64> {
    lines(store).iter().filter_map(|line| line.0).collect()
}

fn order(page: &Page) -> String {
    let players = page.entries.iter();
    players.map(|entry| letter(entry.player.id)).collect()
}

fn tell(entries: &[RankedEntry]) -> Vec<Told> {
    let line = |e: &RankedEntry| (e.rank, letter(e.player.id), e.score.get());
    entries.iter().map(line).collect()
}

fn country() -> Vec<Attribute> {
    vec![Attribute::Country]
}
