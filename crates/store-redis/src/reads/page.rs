//! Pages of a view: by offset, after a mark, around a player, around a score.
//!
//! With one room each is one script, and exact at one instant. With several:
//!
//! | page | rounds |
//! |---|---|
//! | by a small offset, after a mark, around a score | one |
//! | around a player | two: the player's room says where it stands |
//! | by a large offset | one, and those of the [selection]: three to five for ten million entries |
//!
//! Now and then a round more, where a room has more than its share of the page; at the ends of the view too,
//! where a window slides. In a segment one more for the ranks on the whole board, which take O(log n) for each
//! entry in each room. Dense ranks take some more; see [`distinct_better`](super::counting::distinct_better).
//!
//! Where a board changes between the rounds, a page shows each room as it was in the round that read it.
//!
//! [selection]: super::selection

use boards::{
    Mark, Page, PageStart, PlayerId, RankKey, RankMode, RankedEntry, Score, StoreError, View,
};

use super::counting::Among;
use super::gather::{Gathered, Wanted};
use super::look::Look;
use super::ranks::Steps;
use super::window::{Around, Body, Window};
use crate::core::Core;

/// Up to this offset a page is read from the beginning.
const SMALL_OFFSET: u64 = 200;

/// See [`boards::BoardStore::page`].
pub(super) async fn page(
    core: &Core,
    view: &View,
    start: PageStart,
    limit: usize,
) -> Result<Page, StoreError> {
    let view = View {
        season: start.season_in(view),
        ..view.clone()
    };
    let mut look = Look::new(core, &view);
    let wanted = |skip| Wanted {
        skip,
        back: 0,
        limit: limit as u64,
        slide: false,
    };
    match start {
        PageStart::After(mark) => {
            let window = look
                .window(Around::Cut((mark.key, true)), wanted(0))
                .await?;
            let pin = look.pin()?;
            if (mark.board, mark.season) != (pin.number, pin.season) {
                return Err(StoreError::ForeignMark);
            }
            shown(look, window).await
        }
        PageStart::Offset(offset) if look.is_alone() => {
            let window = look.window(Around::Index(offset), wanted(0)).await?;
            shown(look, window).await
        }
        PageStart::Offset(offset) if offset <= SMALL_OFFSET => {
            let window = look.window(Around::Start, wanted(offset)).await?;
            shown(look, window).await
        }
        PageStart::Offset(offset) => {
            let window = match look.entry_at(offset).await? {
                Some(key) => look.window(Around::Cut((key, false)), wanted(0)).await?,
                None => look.window(Around::Start, wanted(offset)).await?,
            };
            shown(look, window).await
        }
    }
}

/// See [`boards::BoardStore::around`].
pub(super) async fn around(
    core: &Core,
    view: &View,
    player: PlayerId,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut look = Look::new(core, view);
    let around = if look.is_alone() {
        Around::Player(player)
    } else {
        let found = look.player(player).await?;
        if !found.is_in_view {
            return Err(StoreError::NoEntry(player));
        }
        Around::Cut((found.entry.key(look.pin()?.order), false))
    };
    let window = look.window(around, around_place(limit.saturating_sub(1) / 2, limit));
    let window = window.await?;
    shown(look, window).await
}

/// See [`boards::BoardStore::around_score`].
pub(super) async fn around_score(
    core: &Core,
    view: &View,
    score: Score,
    limit: usize,
) -> Result<Page, StoreError> {
    let mut look = Look::new(core, view);
    let wanted = around_place(limit / 2, limit);
    let window = look.window(Around::Score(score), wanted).await?;
    shown(look, window).await
}

fn around_place(back: usize, limit: usize) -> Wanted {
    Wanted {
        skip: 0,
        back: back as u64,
        limit: limit as u64,
        slide: true,
    }
}

/// The page of a window, with ranks.
async fn shown(mut look: Look<'_>, window: Window) -> Result<Page, StoreError> {
    let on_board = ranks_on_board(&mut look, &window.entries).await?;
    let mut steps = steps(&look, &window).await?;
    let pin = look.pin()?;
    let Gathered {
        entries,
        first,
        total,
        ..
    } = window.entries;
    let is_last = first + entries.len() as u64 >= total;
    let last = entries.last().map(|(key, _)| *key).filter(|_| !is_last);
    let next = last.map(|key| Mark {
        board: pin.number,
        season: pin.season,
        key,
    });
    let entries = entries.into_iter().enumerate().map(|(at, (key, body))| {
        let rank = steps.next(key);
        match &on_board {
            None => body.ranked(Some(rank), None),
            Some(ranks) => body.ranked(ranks.get(at).copied(), Some(rank)),
        }
    });
    Ok(Page {
        entries: entries.collect(),
        next,
        total,
        season: pin.season,
    })
}

/// In a segment, the rank of each entry on the whole board.
async fn ranks_on_board(
    look: &mut Look<'_>,
    found: &Gathered<Body>,
) -> Result<Option<Vec<u64>>, StoreError> {
    if look.view.segment.is_none() {
        return Ok(None);
    }
    let known: Option<Vec<u64>> = found
        .entries
        .iter()
        .map(|(_, body)| body.above_on_board)
        .collect();
    let above = match known {
        Some(known) => known,
        None => {
            let keys: Vec<RankKey> = found.entries.iter().map(|(key, _)| *key).collect();
            look.above(Among::Board, &keys).await?
        }
    };
    Ok(Some(above.into_iter().map(|above| above + 1).collect()))
}

/// Ranks among those of the view, from the first of the window.
async fn steps(look: &Look<'_>, window: &Window) -> Result<Steps, StoreError> {
    let (mode, found) = (look.pin()?.mode, &window.entries);
    let above = match (mode, found.entries.first()) {
        (RankMode::Ordinal, _) | (_, None) => found.first,
        (RankMode::Shared, _) => found.better,
        (RankMode::Dense, Some((key, _))) => match window.tiers_before {
            Some((first, tiers)) if first == *key => tiers,
            _ => {
                let tiers = look.tiers_above(Among::View, &[*key]).await?;
                tiers.first().copied().unwrap_or(0)
            }
        },
    };
    Ok(Steps::new(mode, found.first, above))
}

impl Body {
    /// The entry with these ranks.
    pub(super) fn ranked(self, rank: Option<u64>, segment_rank: Option<u64>) -> RankedEntry {
        RankedEntry {
            player: self.player,
            score: self.entry.score,
            rank,
            segment_rank,
            details: self.entry.details,
        }
    }
}
