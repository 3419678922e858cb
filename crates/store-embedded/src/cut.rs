//! The end of a season that a lower limit of entries has cut off, while its records are on disk still.
//!
//! A board may lose millions of entries at once, and so many removals do not fit into one batch. So the
//! batch that has the new limit has one record that tells which entries are gone from its commit on, and
//! they are removed a little at a time ([`chores`](crate::chores)). Until then whoever reads entries from
//! the engine has to leave them out.
//!
//! Which they are follows from the entries themselves: those from a place in the order on that were there
//! before the cut. One that comes later has a later sequence number, also where it takes the place of a
//! record that is to be removed. Hidden entries have no place in the order and stay, so they are listed.

use boards::{BoardNumber, Order, PlayerId, RankKey, SeasonId};
use serde::{Deserialize, Serialize};

use crate::codec::{self, StoredEntry};
use crate::engine::{Record, Table, Write};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cut {
    pub(crate) board: BoardNumber,
    pub(crate) season: SeasonId,
    /// The commit that made it.
    commit: u64,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct What {
    /// The board's when it was made.
    order: Order,
    /// The key of the first that is cut off.
    first: [u8; 16],
    /// The sequence number of the first change after it.
    before: u64,
    /// Those that were hidden, sorted.
    spared: Vec<PlayerId>,
    /// Of those cut off, how many have not been removed, counting those that have been written anew since.
    left: u64,
}

/// What is cut off, from the key on.
pub(crate) struct End {
    pub(crate) order: Order,
    pub(crate) first: RankKey,
    pub(crate) spared: Vec<PlayerId>,
    pub(crate) entries: u64,
}

impl Cut {
    /// Made by that commit, with this as the next sequence number.
    pub(crate) fn new(
        (board, season): (BoardNumber, SeasonId),
        mut end: End,
        commit: u64,
        next_sequence: u64,
    ) -> Self {
        end.spared.sort_unstable();
        let what = What {
            order: end.order,
            first: end.first.to_bytes(),
            before: next_sequence,
            spared: end.spared,
            left: end.entries,
        };
        Cut {
            board,
            season,
            commit,
            what,
        }
    }

    pub(crate) fn read(record: &Record) -> Option<Self> {
        let (season, commit) = record.key().split_at_checked(8)?;
        let (board, season) = codec::read_season_key(season)?;
        Some(Cut {
            board,
            season,
            commit: u64::from_be_bytes(commit.try_into().ok()?),
            what: serde_json::from_slice(record.value()).ok()?,
        })
    }

    fn key(&self) -> [u8; 16] {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&codec::season_key(self.board, self.season));
        key[8..].copy_from_slice(&self.commit.to_be_bytes());
        key
    }

    pub(crate) fn write(&self) -> Write {
        // Plain data always has a JSON form.
        let json = serde_json::to_vec(&self.what).unwrap_or_default();
        Write::put(Table::Cuts, &self.key(), &json)
    }

    pub(crate) fn remove(&self) -> Write {
        Write::remove(Table::Cuts, &self.key())
    }

    /// How many of the entries that the store counts are cut off, or were and have been counted twice.
    pub(crate) fn left(&self) -> u64 {
        self.what.left
    }

    /// After so many more have been removed.
    pub(crate) fn less(&self, removed: u64) -> Self {
        let mut less = self.clone();
        less.what.left = less.what.left.saturating_sub(removed);
        less
    }

    /// Whether this entry of that season is cut off.
    pub(crate) fn has(
        &self,
        season: (BoardNumber, SeasonId),
        player: PlayerId,
        entry: &StoredEntry,
    ) -> bool {
        let What {
            order,
            first,
            before,
            spared,
            ..
        } = &self.what;
        season == (self.board, self.season)
            && entry.reached < *before
            && RankKey::new(*order, entry.score, entry.reached).to_bytes() >= *first
            && spared.binary_search(&player).is_err()
    }
}

/// Whether one of these has cut off the entry of a record.
pub(crate) fn is_cut_off(cuts: &[Cut], record: &Record) -> bool {
    if cuts.is_empty() {
        return false;
    }
    let parts = codec::read_entry_key(record.key()).zip(codec::read_entry(record.value()));
    parts.is_some_and(|((board, season, player), entry)| {
        let has = |cut: &Cut| cut.has((board, season), player, &entry);
        cuts.iter().any(has)
    })
}

#[cfg(test)]
mod tests;
