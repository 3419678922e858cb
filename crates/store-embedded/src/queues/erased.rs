//! Who was erased lately, and when: as long as anything can be read that was written before, whoever is made
//! under the same id since is told from the one who was erased.
//!
//! What is read says when it was written: a ticket by the sequence number at which it was made, since it may be
//! written anew when it is matched or ends; a match that has ended and an answer by their commit.

use std::collections::{BTreeMap, BTreeSet};

use boards::PlayerId;

use crate::engine::{Record, Table, Write};

/// How long a mark is kept. A ticket waits for a day at the most, its match is proposed for an hour at the most,
/// and both can be read for an hour after; answers are kept for a day.
const KEEP_MS: i64 = 27 * 60 * 60 * 1000;

/// When a player was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// By which commit.
    pub(crate) commit: u64,
    /// What is made after has this sequence number or a later one.
    pub(crate) sequence: u64,
    pub(crate) at_ms: i64,
}

/// The marks of all who were.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    of: BTreeMap<PlayerId, Mark>,
    by_time: BTreeSet<(i64, PlayerId)>,
}

impl Marks {
    pub(crate) fn get(&self, player: PlayerId) -> Option<&Mark> {
        self.of.get(&player)
    }

    /// Of a player that is erased once more the latest counts: what was before that was before all.
    pub(crate) fn put(&mut self, player: PlayerId, mark: Mark) {
        self.remove(player);
        self.of.insert(player, mark);
        self.by_time.insert((mark.at_ms, player));
    }

    pub(crate) fn remove(&mut self, player: PlayerId) {
        if let Some(mark) = self.of.remove(&player) {
            self.by_time.remove(&(mark.at_ms, player));
        }
    }

    /// Those that are not needed any more, the oldest first. O(log n) for the first, and for each O(1).
    pub(crate) fn old(&self, now_ms: i64) -> impl Iterator<Item = PlayerId> {
        let is_old = move |at_ms: i64| now_ms.saturating_sub(at_ms) >= KEEP_MS;
        let old = self.by_time.iter().take_while(move |(at, _)| is_old(*at));
        old.map(|(_, player)| *player)
    }
}

impl Mark {
    pub(crate) fn write(&self, player: PlayerId) -> Write {
        let (commit, sequence) = (self.commit.to_be_bytes(), self.sequence.to_be_bytes());
        let value = [commit, sequence, self.at_ms.to_be_bytes()].concat();
        Write::put(Table::Erased, player.as_bytes(), &value)
    }

    pub(crate) fn read(record: &Record) -> Option<(PlayerId, Mark)> {
        let player = PlayerId::from_bytes(record.key().try_into().ok()?);
        let (commit, rest) = record.value().split_first_chunk()?;
        let (sequence, at_ms) = rest.split_first_chunk()?;
        let mark = Mark {
            commit: u64::from_be_bytes(*commit),
            sequence: u64::from_be_bytes(*sequence),
            at_ms: i64::from_be_bytes(at_ms.try_into().ok()?),
        };
        Some((player, mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_mark_counts_until_it_is_old() {
        let player = |n| PlayerId::from_bytes([n; 16]);
        let mark = |commit, at_ms| Mark {
            commit,
            sequence: 0,
            at_ms,
        };
        let mut marks = Marks::default();
        marks.put(player(1), mark(1, 0));
        marks.put(player(2), mark(2, 5));
        marks.put(player(1), mark(3, 6));
        assert_eq!(marks.get(player(1)).map(|mark| mark.commit), Some(3));
        let old = |marks: &Marks, now_ms| marks.old(now_ms).collect::<Vec<_>>();
        assert_eq!(old(&marks, KEEP_MS + 4), []);
        assert_eq!(old(&marks, KEEP_MS + 5), [player(2)]);
        assert_eq!(old(&marks, i64::MAX), [player(2), player(1)]);
        marks.remove(player(2));
        assert_eq!(old(&marks, i64::MAX), [player(1)]);
        assert_eq!(marks.get(player(2)), None);
    }
}
