//! Players that are made or become others: they change segments on all boards with it.

use std::collections::{BTreeMap, BTreeSet};

use boards::{BoardId, Changed, Player, PlayerId, StoreError};

use super::attempt::Attempt;
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::layout::Room;
use crate::players;

/// Entries, there or not, that a change may look at. Each takes some hundred bytes of the node meanwhile.
const MOST: usize = if cfg!(test) { 2_000 } else { 500_000 };

impl Attempt<'_, '_> {
    pub(super) async fn put_players(&mut self, put: &[Player]) -> Result<Changed, StoreError> {
        // Of those that are there twice the last counts.
        let put: BTreeMap<PlayerId, &Player> = put.iter().map(|p| (p.id, p)).collect();
        let layout = self.layout();
        let players = put.keys().map(|id| records::player(layout, *id));
        let marks = put.keys().map(|id| records::doomed_player(layout, *id));
        self.tx.fetch(Vec::from_iter(players.chain(marks))).await?;
        let mut created = 0;
        let mut changed = Vec::new();
        for (id, new) in put {
            self.unmark(id);
            let record = records::player(layout, id);
            match self.tx.known(&record) {
                None => created += 1,
                // Nothing comes of putting the same once more, neither a write nor news for those who watch.
                Some(old) if old == players::to_bytes(new) => continue,
                Some(_) => changed.push((self.player(id)?, new)),
            }
            self.tx.set(record, players::to_bytes(new));
        }
        self.change_players(&changed).await?;
        Ok(Changed::Put { created })
    }

    async fn change_players(&mut self, changed: &[(Player, &Player)]) -> Result<(), StoreError> {
        let ids = changed.iter().map(|(old, _)| old.id);
        let rooms: BTreeSet<Room> = ids.clone().map(|id| self.layout().of_player(id)).collect();
        let boards = self.boards_of(&rooms).await?;
        refuse_too_many(changed.len(), &boards)?;
        self.fetch_entries(ids, &boards).await?;
        for (old, new) in changed {
            let room = self.layout().of_player(old.id);
            for (board, line) in boards.get(&room).into_iter().flatten() {
                self.change_player(board, line, old, new)?;
            }
        }
        Ok(())
    }

    fn change_player(
        &mut self,
        board: &BoardId,
        line: &BoardLine,
        old: &Player,
        new: &Player,
    ) -> Result<(), StoreError> {
        let hidden = self.is_hidden(line.number(), old.id);
        for ladder in line.ladders() {
            if let Some(entry) = self.entry(ladder, old.id)? {
                self.touch(self.layout().of_player(old.id), board, line);
                if !hidden {
                    self.relocate(line, ladder, (old, new), &entry);
                }
            }
        }
        Ok(())
    }
}

/// More than that is refused as a whole, since it is to be made as a whole.
fn refuse_too_many(
    players: usize,
    boards: &BTreeMap<Room, Vec<(BoardId, BoardLine)>>,
) -> Result<(), StoreError> {
    let of_room = |lines: &Vec<(BoardId, BoardLine)>| -> usize {
        let of_board = |(_, line): &(BoardId, BoardLine)| line.ladders().count() + 1;
        lines.iter().map(of_board).sum()
    };
    // All rooms have the same boards, but for one that is being made or deleted.
    let each = boards.values().map(of_room).max().unwrap_or(0);
    if players < 2 || each * players <= MOST {
        return Ok(());
    }
    let limit = (MOST / each).max(1);
    Err(StoreError::TooManyAtOnce { limit })
}
