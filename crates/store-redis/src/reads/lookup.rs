//! The entries of some players, ranked among each other.
//!
//! With one room that is one script for each thousand players. With several it is one round for the entries and
//! one for each 500 of those that are found, in which all rooms count what stands above them. Dense ranks take
//! more; see [`distinct_better`](super::counting::distinct_better).

use std::collections::HashSet;

use boards::{Lookup, PlayerId, RankKey, StoreError, View};

use super::asked::Found;
use super::counting::Among;
use super::look::Look;
use super::ranks::Steps;
use crate::core::Core;

/// See [`boards::BoardStore::lookup`].
pub(super) async fn lookup(
    core: &Core,
    view: &View,
    players: &[PlayerId],
) -> Result<Lookup, StoreError> {
    let mut look = Look::new(core, view);
    let asked = each_once(players);
    let mut found = Vec::new();
    for asked in look.players(&asked).await? {
        match asked.found() {
            Ok(entry) if entry.is_in_view => found.push(entry),
            Ok(_) | Err(StoreError::UnknownPlayer(_) | StoreError::NoEntry(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let pin = look.pin()?;
    found.sort_by_key(|found: &Found| found.entry.key(pin.order));
    let keys: Vec<RankKey> = found
        .iter()
        .map(|found| found.entry.key(pin.order))
        .collect();
    add_ranks(&mut look, &keys, &mut found).await?;
    let ids: HashSet<PlayerId> = found.iter().map(|found| found.player.id).collect();
    let mut steps = Steps::new(pin.mode, 0, 0);
    let in_segment = view.segment.is_some();
    let entries = keys.iter().zip(found);
    let entries = entries.map(|(key, found)| (steps.next(*key), found.ranked(in_segment)));
    Ok(Lookup {
        entries: entries.collect(),
        not_found: asked.into_iter().filter(|id| !ids.contains(id)).collect(),
        season: pin.season,
    })
}

/// The players in the order asked, each where it comes first.
fn each_once(players: &[PlayerId]) -> Vec<PlayerId> {
    let mut seen = HashSet::new();
    players
        .iter()
        .copied()
        .filter(|id| seen.insert(*id))
        .collect()
}

/// Adds what the rooms could not know by themselves.
async fn add_ranks(
    look: &mut Look<'_>,
    keys: &[RankKey],
    found: &mut [Found],
) -> Result<(), StoreError> {
    if found.iter().any(|found| found.above.on_board.is_none()) {
        let above = look.above(Among::Board, keys).await?;
        for (found, above) in found.iter_mut().zip(above) {
            found.above.on_board = Some(above);
        }
    }
    let in_segment = look.view.segment.is_some();
    if in_segment && found.iter().any(|found| found.above.in_view.is_none()) {
        let above = look.above(Among::View, keys).await?;
        for (found, above) in found.iter_mut().zip(above) {
            found.above.in_view = Some(above);
        }
    }
    Ok(())
}
