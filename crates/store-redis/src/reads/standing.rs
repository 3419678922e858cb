//! How one entry stands.
//!
//! With one room that is one script. With several it is two rounds: the player's room has the entry, all of them
//! count what stands above it. Dense ranks take more; see
//! [`distinct_better`](super::counting::distinct_better).

use boards::{PlayerId, RankKey, RankedEntry, Standing, StoreError, View};

use super::asked::{Above, Found};
use super::counting::{Among, Figure};
use super::look::Look;
use crate::core::Core;

/// See [`boards::BoardStore::entry`].
pub(super) async fn standing(
    core: &Core,
    view: &View,
    player: PlayerId,
) -> Result<Standing, StoreError> {
    let mut look = Look::new(core, view);
    let mut found = look.player(player).await?;
    if !look.is_alone() {
        add_rooms(&mut look, &mut found).await?;
    }
    add_tiers(&look, &mut found).await?;
    shown(&look, found)
}

/// Counts in all rooms what the player's own could not know.
async fn add_rooms(look: &mut Look<'_>, found: &mut Found) -> Result<(), StoreError> {
    let pin = look.pin()?;
    let key = found.entry.key(pin.order);
    let mut figures = vec![Figure::Better];
    figures.extend(Among::Board.figure(pin.mode));
    figures.extend(Among::View.figure(pin.mode));
    let points: &[RankKey] = if found.is_ranked { &[key] } else { &[] };
    let counted = look.count(&figures, points).await?;
    found.total = counted.total;
    if let Some([better, ranks @ ..]) = counted.points.first().map(Vec::as_slice) {
        found.above = Above {
            on_board: ranks.first().copied(),
            in_view: ranks.get(1).copied(),
            better: Some(*better),
        };
    }
    Ok(())
}

/// Counts what dense ranks need, where it is not there yet.
async fn add_tiers(look: &Look<'_>, found: &mut Found) -> Result<(), StoreError> {
    let key = found.entry.key(look.pin()?.order);
    if found.is_ranked && found.above.on_board.is_none() {
        found.above.on_board = look.tiers_above(Among::Board, &[key]).await?.pop();
    }
    if found.is_in_view && found.above.in_view.is_none() {
        found.above.in_view = look.tiers_above(Among::View, &[key]).await?.pop();
    }
    Ok(())
}

fn shown(look: &Look<'_>, found: Found) -> Result<Standing, StoreError> {
    // Where others leave between two rounds, there is at least this one.
    let total = found.total.max(u64::from(found.is_in_view));
    let better = found.above.better.filter(|_| found.is_in_view);
    let share = |better: u64| 100.0 * total.saturating_sub(better) as f64 / total as f64;
    let season = look.pin()?.season;
    Ok(Standing {
        entry: found.ranked(look.view.segment.is_some()),
        total,
        percentile: better.map(share),
        season,
    })
}

impl Found {
    /// The entry with its ranks.
    pub(super) fn ranked(self, in_segment: bool) -> RankedEntry {
        let rank = |above: u64| above + 1;
        let in_view = self.above.in_view.filter(|_| self.is_in_view && in_segment);
        RankedEntry {
            player: self.player,
            score: self.entry.score,
            rank: self.above.on_board.filter(|_| self.is_ranked).map(rank),
            segment_rank: in_view.map(rank),
            details: self.entry.details,
        }
    }
}
