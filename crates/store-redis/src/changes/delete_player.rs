//! Erasing a player: first from the queues, which has transactions of its own and may be done again, then, as
//! one, from all boards and their seasons.

use std::collections::BTreeSet;

use boards::{Changed, PlayerId, StoreError};

use super::attempt::Attempt;
use crate::board_records as records;
use crate::queues::{erase_player, mark_erased};

impl Attempt<'_, '_> {
    pub(super) async fn delete_player(&mut self, id: PlayerId) -> Result<Changed, StoreError> {
        let record = records::player(self.layout(), id);
        self.tx.fetch([record.clone()]).await?;
        let player = self.player(id)?;
        erase_player(self.core(), id, self.now_ms).await?;
        self.after.erased = Some((id, self.now_ms));
        let room = self.layout().of_player(id);
        let boards = self.boards_of(&BTreeSet::from([room])).await?;
        self.fetch_entries(std::iter::once(id), &boards).await?;
        for line in boards.into_values().flatten() {
            let mut had_entry = false;
            for ladder in line.ladders() {
                had_entry |= self.drop_entry(&line, ladder, &player)?;
            }
            if had_entry {
                self.touch(room, &line);
            }
            if self.is_hidden(line.number(), id) {
                let mark = records::hidden(self.layout(), line.number(), id);
                self.tx.remove(mark);
            }
        }
        self.tx.remove(record);
        mark_erased(&mut self.tx, id);
        Ok(Changed::Done)
    }
}
