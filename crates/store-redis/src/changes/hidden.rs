//! Taking a player out of the ranks of a board, in all its seasons, and back in.

use boards::{BoardId, Changed, Player, PlayerId, StoreError};

use super::First;
use super::attempt::Attempt;
use super::figures::Ranking;
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::entry::StoredEntry;

impl Attempt<'_, '_> {
    pub(super) async fn set_hidden(
        &mut self,
        board: &BoardId,
        id: PlayerId,
        hidden: bool,
    ) -> Result<Changed, StoreError> {
        let (line, player) = self.line_and_player(board, id).await?;
        let asked = self.records_of(&line, line.ladders(), id);
        self.tx.fetch(asked).await?;
        if self.is_hidden(line.number(), id) == hidden {
            return Ok(Changed::Done);
        }
        let mark = records::hidden(self.layout(), line.number(), id);
        if hidden {
            self.hide(&line, &player)?;
            self.tx.set(mark, b"1".to_vec());
        } else {
            self.show(board, &line, &player).await?;
            self.tx.remove(mark);
        }
        self.touch(self.layout().of_player(id), board, &line);
        Ok(Changed::Done)
    }

    fn hide(&mut self, line: &BoardLine, player: &Player) -> Result<(), StoreError> {
        for ladder in line.ladders() {
            match self.entry(ladder, player.id)? {
                // Hidden entries are kept, and this one is gone.
                Some(entry) if line.is_gone(ladder, &entry) => {
                    self.drop_entry(line, ladder, player)?;
                }
                Some(entry) => self.place(line, ladder, player, Some(&entry), None),
                None => {}
            }
        }
        Ok(())
    }

    async fn show(
        &mut self,
        board: &BoardId,
        line: &BoardLine,
        player: &Player,
    ) -> Result<(), StoreError> {
        let present = self.entry(line.ladder(), player.id)?;
        let leaves = match &present {
            Some(entry) => self.who_leaves(board, line, player.id, entry).await?,
            None => None,
        };
        for ladder in line.ladders() {
            let stays = ladder != line.ladder() || leaves != Some(player.id);
            if let Some(entry) = self.entry(ladder, player.id)?.filter(|_| stays) {
                if line.is_gone(ladder, &entry) {
                    // It would be taken for what is cut off there.
                    return Err(StoreError::Overloaded);
                }
                self.place(line, ladder, player, None, Some(&entry));
            }
        }
        match leaves {
            Some(id) if id == player.id => {
                let record = records::entry(self.layout(), line.ladder(), id);
                self.tx.remove(record);
                Ok(())
            }
            Some(other) => self.drop_all(board, line, &[other]).await,
            None => Ok(()),
        }
    }

    /// Who has to leave a full board where an entry is shown again: it, or one that stands after it.
    async fn who_leaves(
        &mut self,
        board: &BoardId,
        line: &BoardLine,
        id: PlayerId,
        entry: &StoredEntry,
    ) -> Result<Option<PlayerId>, StoreError> {
        let Some(max) = line.settings.max_entries else {
            return Ok(None);
        };
        self.hold_still(line).await?;
        let ranking = Ranking::of(line);
        let (total, last) = self.last_of(ranking, 1).await?;
        if total > max {
            self.first = Some(First::Shorten(board.clone()));
        }
        if total < max {
            return Ok(None);
        }
        let shown = entry.key(line.settings.order);
        let after = last.last().filter(|(key, _)| *key > shown);
        Ok(Some(after.map_or(id, |(_, other)| *other)))
    }
}
