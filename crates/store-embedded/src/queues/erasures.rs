//! Erasures that go on: a player may have been in more matches than a batch should write.
//!
//! The batch that erases a player leaves a mark with its own commit number. From then on readers are shown a
//! nil id in the player's place in every match with a result that was last written before; the matches are
//! written anew a few at a time ([`crate::chores`]), and then the mark goes. Whoever is made under the same id
//! meanwhile has matches of its own: they were written after the mark, and have the id in them. A match may
//! also be written anew for another of its players, but not without this one's mark being heeded.

use boards::PlayerId;

use super::MatchLine;
use crate::engine::{Record, Table, Write};

/// The mark that a player was erased by this commit.
pub(crate) fn erasure(player: PlayerId, commit: u64) -> Write {
    Write::put(Table::Erasures, player.as_bytes(), &commit.to_be_bytes())
}

pub(crate) fn read_erasure(record: &Record) -> Option<(PlayerId, u64)> {
    let player = PlayerId::from_bytes(record.key().try_into().ok()?);
    Some((player, u64::from_be_bytes(record.value().try_into().ok()?)))
}

/// Whether a match in the history of a player that this commit erased is not of one made under its id since.
pub(crate) fn is_of_before(line: &MatchLine, player: PlayerId, erased_by: u64) -> bool {
    line.version <= erased_by || !line.of.has_player(player)
}
