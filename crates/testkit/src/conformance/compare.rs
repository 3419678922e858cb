//! All that can be seen of two stores, side by side.

use std::collections::{BTreeMap, BTreeSet};

use boards::{
    Attribute, BoardInfo, BoardStore, PageStart, Player, PlayerId, RankedEntry, Segment, View,
};

use super::answers::{assert_same, assert_same_page};
use super::cast;

/// Small, so that walking a board takes many marks.
const PAGE: usize = 3;
const BOARDS: usize = 2;
const WINDOW: usize = 4;
const PERCENTILES: [f64; 6] = [0.0, 7.0, 50.0, 90.0, 99.9, 100.0];
const BUCKETS: usize = 5;

/// Asserts that two stores show the same: boards, seasons, and of all segments all pages, all entries
/// of all players, windows around them, and figures. Hidden players are known to it only where they are of the cast of
/// [`steps`](super::steps()).
pub async fn compare(a: &dyn BoardStore, b: &dyn BoardStore) {
    for id in cast::players() {
        assert_same(a.player(id).await, b.player(id).await, &id);
    }
    for board in all_boards(a, b).await {
        compare_board(a, b, &board).await;
    }
}

async fn all_boards(a: &dyn BoardStore, b: &dyn BoardStore) -> Vec<BoardInfo> {
    let mut all: Vec<BoardInfo> = Vec::new();
    loop {
        let after = all.last().map(|info| info.id.clone());
        let some = a.boards(after.as_ref(), BOARDS).await.unwrap();
        let expected = b.boards(after.as_ref(), BOARDS).await.unwrap();
        assert_eq!(some, expected, "boards after {after:?}");
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

async fn compare_board(a: &dyn BoardStore, b: &dyn BoardStore, board: &BoardInfo) {
    assert_same(a.board(&board.id).await, b.board(&board.id).await, board);
    let seasons = a.seasons(&board.id).await.unwrap();
    assert_eq!(seasons, b.seasons(&board.id).await.unwrap(), "{board:?}");
    for season in seasons {
        let mut view = View::of(board.id.clone());
        view.season = Some(season.season);
        let entries = compare_view(a, b, &view, &cast::players()).await;
        let players: BTreeMap<PlayerId, Player> = entries
            .into_iter()
            .map(|entry| (entry.player.id, entry.player))
            .collect();
        let known: BTreeSet<PlayerId> = players.keys().copied().chain(cast::players()).collect();
        for segment in segments(&board.settings.segments, players.values()) {
            view.segment = Some(segment);
            compare_view(a, b, &view, &known).await;
        }
    }
}

/// The segments by these attributes that somebody is in, and some that maybe nobody is in.
fn segments<'a>(
    attributes: &'a [Attribute],
    players: impl Iterator<Item = &'a Player> + Clone,
) -> BTreeSet<Segment> {
    let of = |attribute: &'a Attribute| players.clone().filter_map(|p| attribute.segment_of(p));
    let mut segments = cast::segments();
    segments.retain(|segment| attributes.contains(&segment.attribute()));
    segments.extend(attributes.iter().flat_map(of));
    segments
}

/// Compares a part of a board; returns its entries.
async fn compare_view(
    a: &dyn BoardStore,
    b: &dyn BoardStore,
    view: &View,
    players: &BTreeSet<PlayerId>,
) -> Vec<RankedEntry> {
    let entries = walk(a, b, view).await;
    let seen = entries.iter().map(|entry| entry.player.id);
    let players: BTreeSet<PlayerId> = players.iter().copied().chain(seen).collect();
    for player in &players {
        compare_player(a, b, view, *player).await;
    }
    for score in entries.iter().map(|entry| entry.score) {
        let found = a.around_score(view, score, WINDOW).await;
        let expected = b.around_score(view, score, WINDOW).await;
        assert_same_page(found, expected, &(view, score));
    }
    let some = Vec::from_iter(players.into_iter().step_by(2));
    let found = a.lookup(view, &some).await;
    assert_same(found, b.lookup(view, &some).await, view);
    let stats = a.stats(view, &PERCENTILES, BUCKETS).await;
    assert_same(stats, b.stats(view, &PERCENTILES, BUCKETS).await, view);
    entries
}

async fn compare_player(a: &dyn BoardStore, b: &dyn BoardStore, view: &View, player: PlayerId) {
    let asked = (view, player);
    let found = a.entry(view, player).await;
    assert_same(found, b.entry(view, player).await, &asked);
    let found = a.around(view, player, WINDOW).await;
    assert_same_page(found, b.around(view, player, WINDOW).await, &asked);
}

/// Reads a part of a board page by page, each store by its own marks.
async fn walk(a: &dyn BoardStore, b: &dyn BoardStore, view: &View) -> Vec<RankedEntry> {
    let mut entries = Vec::new();
    let mut starts = (PageStart::Offset(0), PageStart::Offset(0));
    loop {
        let page = a.page(view, starts.0, PAGE).await;
        if let Ok(page) = &page {
            entries.extend(page.entries.iter().cloned());
        }
        let expected = b.page(view, starts.1, PAGE).await;
        match assert_same_page(page, expected, view) {
            Some((a, b)) => starts = (PageStart::After(a), PageStart::After(b)),
            None => return entries,
        }
    }
}
