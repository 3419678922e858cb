//! Taking one entry away: by whom it belongs to, or since a full board has no room for it.

use std::collections::BTreeSet;

use boards::{BoardId, Changed, Player, PlayerId, StoreError};

use super::attempt::Attempt;
use crate::board_keys::Ladder;
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::layout::Room;
use crate::tx::At;

impl Attempt<'_, '_> {
    pub(super) async fn delete_entry(
        &mut self,
        board: &BoardId,
        id: PlayerId,
    ) -> Result<Changed, StoreError> {
        let (line, player) = self.line_and_player(board, id).await?;
        let ladder = line.ladder();
        let asked = self.records_of(&line, [ladder], id);
        self.tx.fetch(asked).await?;
        let entry = self.entry(ladder, id)?;
        let entry = entry.ok_or(StoreError::NoEntry(id))?;
        if !self.is_hidden(line.number(), id) && line.is_gone(ladder, &entry) {
            return Err(StoreError::NoEntry(id));
        }
        self.drop_entry(&line, ladder, &player)?;
        self.touch(self.layout().of_player(id), board, &line);
        Ok(Changed::Done)
    }

    /// The records of a player's entries in some seasons of a board, and of whether it is hidden there.
    pub(super) fn records_of(
        &self,
        line: &BoardLine,
        ladders: impl IntoIterator<Item = Ladder>,
        id: PlayerId,
    ) -> Vec<At> {
        let layout = self.layout();
        let entries = ladders.into_iter();
        let entries = entries.map(|ladder| records::entry(layout, ladder, id));
        let hidden = records::hidden(layout, line.number(), id);
        entries.chain([hidden]).collect()
    }

    /// Removes an entry, of those that were fetched, with its places; whether there was one.
    pub(super) fn drop_entry(
        &mut self,
        line: &BoardLine,
        ladder: Ladder,
        player: &Player,
    ) -> Result<bool, StoreError> {
        let Some(entry) = self.entry(ladder, player.id)? else {
            return Ok(false);
        };
        if !self.is_hidden(line.number(), player.id) {
            self.place(line, ladder, player, Some(&entry), None);
        }
        let record = records::entry(self.layout(), ladder, player.id);
        self.tx.remove(record);
        Ok(true)
    }

    /// Removes ranked entries of a board's present season that are in nobody else's way: a full board has no
    /// room for them. The commit depends on the board's line in the rooms of all of them.
    pub(super) async fn drop_all(
        &mut self,
        board: &BoardId,
        line: &BoardLine,
        ids: &[PlayerId],
    ) -> Result<(), StoreError> {
        let ladder = line.ladder();
        let layout = self.layout();
        let asked = ids.iter().flat_map(|id| {
            let mut all = self.records_of(line, [ladder], *id);
            all.push(records::player(layout, *id));
            all
        });
        let rooms: BTreeSet<Room> = ids.iter().map(|id| layout.of_player(*id)).collect();
        let lines = rooms.into_iter().map(|room| records::line(room, board));
        let asked: Vec<At> = asked.chain(lines).collect();
        self.tx.fetch(asked).await?;
        for id in ids {
            // One that has gone meanwhile has changed the board's version, and the commit fails.
            if let Ok(player) = self.player(*id) {
                self.drop_entry(line, ladder, &player)?;
                self.touch(layout.of_player(*id), board, line);
            }
        }
        Ok(())
    }
}
