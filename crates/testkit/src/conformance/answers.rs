//! Questions put to both stores, and whether their answers are the same.

use std::fmt::Debug;

use boards::{BoardStore, Mark, Page, PageStart, StoreError, View};

use super::{Read, Seen};
use crate::ReferenceStore;

/// Asserts that two answers are the same; errors by their debug text, which has all their fields.
pub(super) fn assert_same<T: Debug + PartialEq>(
    found: Result<T, StoreError>,
    expected: Result<T, StoreError>,
    asked: &dyn Debug,
) {
    let found = found.map_err(|error| format!("{error:?}"));
    let expected = expected.map_err(|error| format!("{error:?}"));
    assert_eq!(found, expected, "left is found, right expected: {asked:?}");
}

/// Asserts that two pages are the same but for the marks; returns those of the page that follows.
pub(super) fn assert_same_page(
    found: Result<Page, StoreError>,
    expected: Result<Page, StoreError>,
    asked: &dyn Debug,
) -> Option<(Mark, Mark)> {
    let (found, found_next) = without_mark(found);
    let (expected, expected_next) = without_mark(expected);
    assert_same(found, expected, asked);
    let place = |mark: Mark| (mark.season, mark.key.tier());
    assert_eq!(
        found_next.map(place),
        expected_next.map(place),
        "left is the mark found, right expected: {asked:?}"
    );
    found_next.zip(expected_next)
}

fn without_mark(page: Result<Page, StoreError>) -> (Result<Page, StoreError>, Option<Mark>) {
    match page {
        Err(error) => (Err(error), None),
        Ok(page) => {
            let next = page.next;
            (Ok(Page { next: None, ..page }), next)
        }
    }
}

/// Asks both stores and compares; pages add their marks to those that are seen.
pub(super) async fn same(
    store: &dyn BoardStore,
    reference: &ReferenceStore,
    read: &Read,
    seen: &mut Vec<Seen>,
) {
    macro_rules! same {
        ($method:ident($($argument:expr),*)) => {
            assert_same(
                store.$method($($argument),*).await,
                reference.$method($($argument),*).await,
                read,
            )
        };
    }
    match read {
        Read::Player(id) => same!(player(*id)),
        Read::Board(id) => same!(board(id)),
        Read::Boards(after, limit) => same!(boards(after.as_ref(), *limit)),
        Read::Seasons(board) => same!(seasons(board)),
        Read::Entry(view, player) => same!(entry(view, *player)),
        Read::Lookup(view, players) => same!(lookup(view, players)),
        Read::Stats(view, percentiles, buckets) => same!(stats(view, percentiles, *buckets)),
        Read::Page(..) | Read::Onward { .. } | Read::Around(..) | Read::AroundScore(..) => {
            same_page(store, reference, read, seen).await;
        }
    }
}

async fn same_page(
    store: &dyn BoardStore,
    reference: &ReferenceStore,
    read: &Read,
    seen: &mut Vec<Seen>,
) {
    let Some((view, starts)) = place(read, seen) else {
        return;
    };
    let found = page(store, &view, read, starts.0).await;
    let expected = page(reference, &view, read, starts.1).await;
    let season = expected.as_ref().ok().map(|page| page.season);
    if let Some((found, expected)) = assert_same_page(found, expected, read) {
        let view = View { season, ..view };
        seen.push(Seen {
            view,
            found,
            expected,
        });
    }
}

/// The view that a reading of a page has, and where its page begins in either store, which matters to
/// some readings alone. `None` where it is to begin at a mark and no mark is seen yet.
fn place(read: &Read, seen: &[Seen]) -> Option<(View, (PageStart, PageStart))> {
    let first = PageStart::Offset(0);
    match read {
        Read::Page(view, offset, _) => {
            let start = PageStart::Offset(*offset);
            Some((view.clone(), (start, start)))
        }
        Read::Onward { mark, view, .. } => {
            let mark = seen.iter().rev().nth(mark.checked_rem(seen.len())?)?;
            let starts = (
                PageStart::After(mark.found),
                PageStart::After(mark.expected),
            );
            Some((view.as_ref().unwrap_or(&mark.view).clone(), starts))
        }
        Read::Around(view, ..) | Read::AroundScore(view, ..) => {
            Some((view.clone(), (first, first)))
        }
        _ => None,
    }
}

async fn page(
    store: &dyn BoardStore,
    view: &View,
    read: &Read,
    start: PageStart,
) -> Result<Page, StoreError> {
    match read {
        Read::Around(_, player, limit) => store.around(view, *player, *limit).await,
        Read::AroundScore(_, score, limit) => store.around_score(view, *score, *limit).await,
        Read::Page(_, _, limit) | Read::Onward { limit, .. } => {
            store.page(view, start, *limit).await
        }
        _ => unreachable!("{read:?} is not about a page"),
    }
}
