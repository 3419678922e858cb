//! Examples of what is read.

use boards::{BoardNumber, Bucket, Mark, SeasonId, Standing};

use super::*;

const EIGHT: [(char, f64); 8] = [
    ('a', 8.0),
    ('b', 7.0),
    ('c', 6.0),
    ('d', 5.0),
    ('e', 4.0),
    ('f', 3.0),
    ('g', 2.0),
    ('h', 1.0),
];

fn whole() -> View {
    View::of(board())
}

fn entry(store: &ReferenceStore, view: &View, player: char) -> Standing {
    let standing = now(store.entry(view, id(player)));
    standing.unwrap()
}

#[test]
fn pages_go_on_from_marks_whose_entries_are_gone() {
    let store = filled(last(), &EIGHT);
    let read = |start| {
        let page = now(store.page(&whole(), start, 3));
        page.unwrap()
    };
    let first = read(PageStart::Offset(0));
    assert_eq!((order(&first).as_str(), first.total), ("abc", 8));
    submit(&store, 'c', 0.0);
    let second = read(PageStart::After(first.next.unwrap()));
    assert_eq!(order(&second), "def");
    let third = read(PageStart::After(second.next.unwrap()));
    assert_eq!((order(&third).as_str(), third.next), ("ghc", None));
    assert_eq!(order(&read(PageStart::Offset(7))), "c");
    assert_eq!(order(&read(PageStart::Offset(99))), "");
}

#[test]
fn marks_hold_for_their_board_and_season() {
    let store = filled(last(), &EIGHT);
    let start = PageStart::Offset(0);
    let page = now(store.page(&whole(), start, 3));
    let mark = page.unwrap().next.unwrap();
    assert_eq!(mark.board, BoardNumber(2));
    let foreign = |mark: Mark, view: View| {
        let page = now(store.page(&view, PageStart::After(mark), 3));
        matches!(page, Err(StoreError::ForeignMark))
    };
    assert!(foreign(mark, View::of(BoardId::global())));
    change(&store, Change::Rotate(board()));
    submit(&store, 'h', 9.0);
    let page = now(store.page(&whole(), PageStart::After(mark), 3)).unwrap();
    assert_eq!((order(&page).as_str(), page.season), ("def", mark.season));
    let in_season = |season| View {
        season: Some(season),
        ..whole()
    };
    assert!(!foreign(mark, in_season(mark.season)));
    assert!(foreign(mark, in_season(SeasonId(mark.season.0 + 1))));
    change(&store, Change::DeleteBoard(board()));
    put(&store, last());
    assert!(foreign(mark, whole()));
}

#[test]
fn a_window_around_a_player_is_full_at_both_ends() {
    let store = filled(last(), &EIGHT);
    let around = |player, limit| {
        let page = now(store.around(&whole(), id(player), limit)).unwrap();
        (order(&page), page.next.is_some())
    };
    assert_eq!(around('d', 3), ("cde".to_owned(), true));
    assert_eq!(around('d', 4), ("cdef".to_owned(), true));
    assert_eq!(around('a', 3), ("abc".to_owned(), true));
    assert_eq!(around('b', 5), ("abcde".to_owned(), true));
    assert_eq!(around('h', 3), ("fgh".to_owned(), false));
    assert_eq!(around('g', 4), ("efgh".to_owned(), false));
    assert_eq!(around('d', 20), ("abcdefgh".to_owned(), false));
    set_hidden(&store, 'd', true);
    let hidden = now(store.around(&whole(), id('d'), 3));
    assert!(matches!(hidden, Err(StoreError::NoEntry(_))));
    let elsewhere = now(store.around(&of_segment("country:us"), id('a'), 3));
    assert!(matches!(elsewhere, Err(StoreError::NoEntry(_))));
}

#[test]
fn a_window_around_a_score_has_its_ties_above() {
    let store = filled(last(), &EIGHT);
    let around = |value, limit| {
        let page = now(store.around_score(&whole(), score(value), limit));
        order(&page.unwrap())
    };
    assert_eq!(around(5.0, 4), "cdef");
    assert_eq!(around(5.0, 3), "def");
    assert_eq!(around(4.5, 2), "de");
    assert_eq!(around(99.0, 3), "abc");
    assert_eq!(around(-99.0, 3), "fgh");
    assert_eq!(around(5.0, 1), "e");
}

#[test]
fn a_percentile_counts_those_that_are_not_better() {
    let scores = [('a', 9.0), ('b', 7.0), ('c', 7.0), ('d', 5.0)];
    let store = filled(last(), &scores);
    let percentile = |view: &View, player| entry(&store, view, player).percentile;
    let all = ['a', 'b', 'c', 'd'].map(|player| percentile(&whole(), player));
    assert_eq!(all, [Some(100.0), Some(75.0), Some(75.0), Some(25.0)]);
    let us = of_segment("country:us");
    assert_eq!(percentile(&us, 'b'), Some(100.0));
    assert_eq!(entry(&store, &us, 'd').entry.segment_rank, Some(3));
    let elsewhere = entry(&store, &us, 'a');
    assert_eq!((elsewhere.percentile, elsewhere.total), (None, 3));
    assert_eq!(elsewhere.entry.rank, Some(1));
    assert_eq!(elsewhere.entry.segment_rank, None);
    set_hidden(&store, 'a', true);
    let hidden = entry(&store, &whole(), 'a');
    assert_eq!((hidden.entry.rank, hidden.percentile), (None, None));
    assert_eq!((hidden.entry.score, hidden.total), (score(9.0), 3));
}

#[test]
fn those_looked_up_are_ranked_among_each_other() {
    let scores = [('a', 9.0), ('b', 7.0), ('c', 7.0), ('d', 5.0), ('e', 5.0)];
    let store = filled(ranked_by(RankMode::Shared), &scores);
    set_hidden(&store, 'a', true);
    let asked = ['e', 'z', 'c', 'a', 'd', 'b', 'z', 'c', 'h'].map(id);
    let found = now(store.lookup(&whole(), &asked)).unwrap();
    let ranks = |entries: &[(u64, RankedEntry)]| {
        let line = |(among, e): &(u64, RankedEntry)| (*among, e.rank, letter(e.player.id));
        entries.iter().map(line).collect::<Vec<_>>()
    };
    let expected = [
        (1, Some(1), 'b'),
        (1, Some(1), 'c'),
        (3, Some(3), 'd'),
        (3, Some(3), 'e'),
    ];
    assert_eq!(ranks(&found.entries), expected);
    assert_eq!(found.not_found, ['z', 'a', 'h'].map(id));
    let few = now(store.lookup(&whole(), &['e', 'c'].map(id))).unwrap();
    assert_eq!(ranks(&few.entries), [(1, Some(1), 'c'), (2, Some(3), 'e')]);
}

#[test]
fn figures() {
    let scores = [('a', 10.0), ('b', 0.0), ('c', 2.0), ('d', 2.5), ('e', 7.5)];
    let store = filled(last(), &scores);
    let stats = |view, buckets| {
        let stats = now(store.stats(&view, &[0.0, 20.0, 21.0, 50.0, 100.0], buckets));
        stats.unwrap()
    };
    let all = stats(whole(), 4);
    assert_eq!(all.total, 5);
    assert_eq!((all.min, all.max), (Some(score(0.0)), Some(score(10.0))));
    let percentiles = all.percentiles.iter().map(|(p, s)| (*p, s.get()));
    let expected = [
        (0.0, 0.0),
        (20.0, 0.0),
        (21.0, 2.0),
        (50.0, 2.5),
        (100.0, 10.0),
    ];
    assert_eq!(percentiles.collect::<Vec<_>>(), expected);
    let histogram = |buckets: &[Bucket]| {
        let bucket = |b: &Bucket| (b.from.get(), b.to.get(), b.count);
        buckets.iter().map(bucket).collect::<Vec<_>>()
    };
    let expected = [(0.0, 2.5, 2), (2.5, 5.0, 1), (5.0, 7.5, 0), (7.5, 10.0, 2)];
    assert_eq!(histogram(&all.histogram), expected);
    // Those of the United States: 0, 2 and 2.5.
    let some = stats(of_segment("country:us"), 1);
    assert_eq!(histogram(&some.histogram), [(0.0, 2.5, 3)]);
    let none = stats(of_segment("country:fr"), 4);
    assert_eq!((none.total, none.min, none.max), (0, None, None));
    assert!(none.percentiles.is_empty() && none.histogram.is_empty());
}

#[test]
fn a_board_is_not_ranked_by_what_is_not_in_its_settings() {
    let store = filled(last(), &EIGHT);
    let read = |segment| {
        let view = of_segment(segment);
        let page = now(store.page(&view, PageStart::Offset(0), 3));
        page.map(|page| page.total)
    };
    assert_eq!(read("country:fr").unwrap(), 0);
    assert!(matches!(
        read("league:gold"),
        Err(StoreError::NotASegment(_))
    ));
    let segments = Vec::new();
    put(&store, BoardSettings { segments, ..last() });
    assert!(matches!(
        read("country:tr"),
        Err(StoreError::NotASegment(_))
    ));
    let segments = country();
    put(&store, BoardSettings { segments, ..last() });
    assert_eq!(read("country:tr").unwrap(), 2);
}
