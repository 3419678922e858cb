//! What operators do now and then: boards, seasons, bans, deletions. Each has a batch to itself and is
//! judged against the state alone.

use boards::{
    BoardId, BoardNumber, BoardSettings, Changed, PlayerId, RankKey, Season, SeasonId, StoreError,
};

use super::{Stage, Written};
use crate::chores::ENTRIES;
use crate::codec;
use crate::cut::{Cut, End};
use crate::effect::{Effect, most_entries};
use crate::engine::{Table, Write};
use crate::ladder::Ladder;
use crate::players::Slot;
use crate::records::{self, BoardRecord};
use crate::state::{Board, Position};

impl Stage<'_> {
    pub(super) fn put_board(
        &mut self,
        id: BoardId,
        settings: BoardSettings,
        now_ms: i64,
    ) -> Result<Changed, StoreError> {
        if let Ok(board) = self.state.board(&id) {
            self.change_board(&id, board, settings, now_ms)?;
            return Ok(Changed::Put { created: 0 });
        }
        self.add_board(id, settings, now_ms);
        Ok(Changed::Put { created: 1 })
    }

    fn add_board(&mut self, id: BoardId, settings: BoardSettings, now_ms: i64) {
        let number = BoardNumber(self.state.next_board);
        let season = Season {
            season: SeasonId::FIRST,
            started_at_ms: now_ms,
            ended_at_ms: None,
        };
        let board = Board::new(number, settings, season);
        self.write_board(&id, number, &board.record());
        self.writes.push(Write::next_board(number.0 + 1));
        self.effects.push(Effect::AddBoard(id, Box::new(board)));
    }

    fn change_board(
        &mut self,
        id: &BoardId,
        board: &Board,
        settings: BoardSettings,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let filled = board.ladders().any(|(_, ladder)| !ladder.is_empty());
        if settings.order != board.settings.order && filled {
            return Err(StoreError::OrderIsFixed);
        }
        let keep = settings.keep_seasons as usize;
        let reset_set_at_ms = settings.reset_set_at(now_ms, &board.settings, board.reset_set_at_ms);
        let mut record = BoardRecord {
            settings: settings.clone(),
            seasons: board.seasons(),
            reset_set_at_ms,
        };
        self.doom(board.number, &mut record, keep);
        self.write_board(id, board.number, &record);
        let many = self.trim(board, most_entries(&settings));
        self.effects.push(Effect::ChangeBoard {
            board: board.number,
            ladders: self.reshaped(board, &settings, many)?,
            settings,
            reset_set_at_ms,
            keep,
        });
        Ok(())
    }

    /// The ladders as other settings rank them; `None` where they rank alike. Where many entries go, the
    /// present one without them: they all go at once, and readers need not wait for it.
    fn reshaped(
        &self,
        board: &Board,
        settings: &BoardSettings,
        many_go: bool,
    ) -> Result<Option<Vec<Ladder>>, StoreError> {
        let alike = settings.rank_mode == board.settings.rank_mode
            && settings.segments == board.settings.segments;
        let count = match (alike, many_go) {
            (true, false) => return Ok(None),
            (true, true) => 1,
            (false, _) => usize::MAX,
        };
        let keeps = std::iter::once(most_entries(settings)).chain(std::iter::repeat(usize::MAX));
        let ladders = board.ladders().zip(keeps).take(count);
        let ladders = ladders.map(|((_, ladder), keep)| {
            let segments = settings.segments.clone();
            ladder.reshaped(settings.rank_mode, segments, &self.state.players, keep)
        });
        let ladders = ladders.collect::<Result<_, _>>();
        ladders
            .map(Some)
            .map_err(|unsorted| StoreError::Unavailable {
                reason: unsorted.to_string(),
                source: None,
            })
    }

    /// Removes the records of the last entries of the order that are too many; where they are more than
    /// a batch should have, makes a cut instead. Whether it does.
    fn trim(&mut self, board: &Board, keep: usize) -> bool {
        let entries = board.ladder.all().entries();
        let too_many = entries.len().saturating_sub(keep);
        if too_many <= ENTRIES {
            for (_, slot) in entries.iter_from(keep).take(too_many) {
                if let Some(player) = self.state.players.get(Slot(*slot)) {
                    self.remove_record(board.number, board.season.season, player.id);
                }
            }
            return false;
        }
        if let Some((first, _)) = entries.select(keep) {
            self.cut(board, *first, too_many as u64);
        }
        true
    }

    fn cut(&mut self, board: &Board, first: RankKey, entries: u64) {
        let hidden = board.ladder.hidden_from(first);
        let hidden = hidden.filter_map(|slot| self.state.players.get(slot));
        let end = End {
            order: board.settings.order,
            first,
            spared: hidden.map(|player| player.id).collect(),
            entries,
        };
        let season = (board.number, board.season.season);
        let Position {
            commit,
            next_sequence,
            ..
        } = self.position;
        let cut = Cut::new(season, end, commit + 1, next_sequence);
        self.writes.push(cut.write());
        self.effects.push(Effect::Cut(cut));
    }

    fn remove_entry(&mut self, board: &Board, id: PlayerId) {
        self.remove_record(board.number, board.season.season, id);
        self.effects.push(Effect::RemoveEntry {
            board: board.number,
            player: id,
        });
    }

    fn remove_record(&mut self, board: BoardNumber, season: SeasonId, id: PlayerId) {
        let place = codec::entry_key(board, season, id);
        self.writes.push(Write::remove(Table::Entries, &place));
        self.position.entries -= 1;
    }

    fn write_board(&mut self, id: &BoardId, number: BoardNumber, record: &BoardRecord) {
        let bytes = records::board(number, record);
        self.writes
            .push(Write::put(Table::Boards, id.as_str().as_bytes(), &bytes));
    }

    /// Leaves the newest past seasons in a record; the entries of the others are removed in time.
    fn doom(&mut self, board: BoardNumber, record: &mut BoardRecord, keep: usize) {
        for ended in record.seasons.drain((keep + 1).min(record.seasons.len())..) {
            let place = codec::season_key(board, ended.season);
            self.writes.push(Write::put(Table::Doomed, &place, &[]));
        }
    }

    pub(super) fn delete_board(&mut self, id: BoardId) -> Result<Changed, StoreError> {
        let board = self.state.board(&id)?;
        if id == BoardId::global() {
            return Err(StoreError::Protected(id));
        }
        self.writes
            .push(Write::remove(Table::Boards, id.as_str().as_bytes()));
        for (season, _) in board.ladders() {
            let place = codec::season_key(board.number, season);
            self.writes.push(Write::put(Table::Doomed, &place, &[]));
        }
        let hidden = board.hidden.iter();
        for player in hidden.filter_map(|slot| self.state.players.get(*slot)) {
            let place = codec::hidden_key(board.number, player.id);
            self.writes.push(Write::remove(Table::Hidden, &place));
        }
        self.effects.push(Effect::RemoveBoard(id));
        Ok(Changed::Done)
    }

    pub(super) fn delete_player(
        &mut self,
        id: PlayerId,
        now_ms: i64,
    ) -> Result<Changed, StoreError> {
        let slot = self.state.slot(id)?;
        if let Err(error) = self.erase_from_queues(id, now_ms) {
            // It has the batch to itself, so that nothing else is lost with it.
            *self = Stage::new(self.state, self.engine);
            return Err(error);
        }
        for board in self.state.boards.values() {
            for (season, ladder) in board.ladders() {
                if ladder.key(slot).is_some() {
                    self.remove_record(board.number, season, id);
                }
            }
            if board.hidden.contains(&slot) {
                let place = codec::hidden_key(board.number, id);
                self.writes.push(Write::remove(Table::Hidden, &place));
            }
        }
        self.position.players -= 1;
        self.write(
            Written::Player(id),
            Write::remove(Table::Players, id.as_bytes()),
        );
        self.effects.push(Effect::RemovePlayer(slot));
        Ok(Changed::Done)
    }

    pub(super) fn delete_entry(
        &mut self,
        board: &BoardId,
        id: PlayerId,
    ) -> Result<Changed, StoreError> {
        let board = self.state.board(board)?;
        let slot = self.state.slot(id)?;
        board.key(slot).ok_or(StoreError::NoEntry(id))?;
        self.remove_entry(board, id);
        Ok(Changed::Done)
    }

    pub(super) fn set_hidden(
        &mut self,
        board: &BoardId,
        id: PlayerId,
        hidden: bool,
    ) -> Result<Changed, StoreError> {
        let board = self.state.board(board)?;
        let slot = self.state.slot(id)?;
        if board.hidden.contains(&slot) == hidden {
            return Ok(Changed::Done);
        }
        let place = codec::hidden_key(board.number, id);
        self.writes.push(if hidden {
            Write::put(Table::Hidden, &place, &[])
        } else {
            Write::remove(Table::Hidden, &place)
        });
        self.effects.push(Effect::SetHidden {
            board: board.number,
            slot,
            hidden,
        });
        if !hidden {
            self.make_room(board, slot);
        }
        Ok(Changed::Done)
    }

    /// Drops the last of a full board for an entry that is shown again: it, or one after it.
    fn make_room(&mut self, board: &Board, slot: Slot) {
        let ranks = board.ladder.all();
        let full = board.settings.max_entries;
        let full = full.is_some_and(|max| ranks.len() as u64 >= max);
        let Some(shown) = board.ladder.key(slot).filter(|_| full) else {
            return;
        };
        let last = ranks.len().checked_sub(1);
        let last = last.and_then(|at| ranks.entries().select(at));
        let after = last.filter(|(key, _)| **key > shown);
        let leaves = after.map_or(slot, |(_, other)| Slot(*other));
        if let Some(player) = self.state.players.get(leaves) {
            self.remove_entry(board, player.id);
        }
    }

    pub(super) fn rotate(&mut self, id: &BoardId, now_ms: i64) -> Result<Changed, StoreError> {
        let board = self.state.board(id)?;
        let ended = Season {
            ended_at_ms: Some(now_ms),
            ..board.season
        };
        let next = Season {
            season: SeasonId(board.season.season.0 + 1),
            started_at_ms: now_ms,
            ended_at_ms: None,
        };
        let mut record = board.record();
        record.seasons[0] = ended;
        record.seasons.insert(0, next);
        record.reset_set_at_ms = None;
        let keep = board.settings.keep_seasons as usize;
        self.doom(board.number, &mut record, keep);
        self.write_board(id, board.number, &record);
        self.effects.push(Effect::Rotate {
            board: board.number,
            ended,
            next,
            keep,
        });
        Ok(Changed::Rotated(next))
    }
}
