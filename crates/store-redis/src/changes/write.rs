//! Writing what submissions have made of the entries of a board, each once, however many were about it.

use boards::{BoardId, PlayerId, StoreError};

use super::attempt::Attempt;
use super::field::Field;
use super::play::Newcomers;
use crate::board_keys::Ladder;
use crate::board_records as records;
use crate::entry::StoredEntry;
use crate::stamps;

impl Attempt<'_, '_> {
    /// Writes what has become of the entries of a board.
    pub(super) async fn write(
        &mut self,
        board: &BoardId,
        field: &Field,
        newcomers: &Newcomers<'_>,
        restamp: Restamp,
    ) -> Result<(), StoreError> {
        let ladder = field.line.ladder();
        for (id, after) in &field.after {
            let before = field.before.get(id).and_then(Option::as_ref);
            if before == after.as_ref() {
                continue;
            }
            let moved = field.moved.contains(id);
            let restamped = |entry: StoredEntry| if moved { restamp.of(entry) } else { entry };
            let after = after.clone().map(restamped);
            self.write_entry(ladder, *id, after.as_ref());
            self.touch(self.layout().of_player(*id), board, &field.line);
            if let Some(entry) = after.as_ref().filter(|_| moved) {
                let stamp = stamps::stamp_of(entry.reached);
                self.tx.stamp(self.layout().of_player(*id), stamp);
            }
            if !field.hidden.contains(id) {
                let player = match newcomers.get(id) {
                    Some(player) => (*player).clone(),
                    None => self.player(*id)?,
                };
                self.place(&field.line, ladder, &player, before, after.as_ref());
            }
        }
        if !field.dropped.is_empty() {
            self.drop_all(board, &field.line, &field.dropped).await?;
        }
        Ok(())
    }

    fn write_entry(&mut self, ladder: Ladder, id: PlayerId, entry: Option<&StoredEntry>) {
        let record = records::entry(self.layout(), ladder, id);
        match entry {
            Some(entry) => self.tx.set(record, entry.to_bytes()),
            None => self.tx.remove(record),
        }
    }

    /// Stamps once more, right before the commit: reading takes so long that others may have used later stamps
    /// meanwhile. The order is the same.
    pub(super) fn restamp(&self, first: u64, count: u64) -> Restamp {
        Restamp {
            first,
            second: self.attempts.stamps(count),
        }
    }
}

/// The stamps that a change was played with, and those that it is written with.
#[derive(Clone, Copy)]
pub(super) struct Restamp {
    first: u64,
    second: u64,
}

impl Restamp {
    /// An entry that was played with one of the first stamps.
    fn of(self, entry: StoredEntry) -> StoredEntry {
        let later = self.second.saturating_sub(self.first);
        StoredEntry {
            reached: stamps::shifted(entry.reached, later),
            ..entry
        }
    }
}
