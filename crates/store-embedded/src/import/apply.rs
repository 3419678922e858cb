//! Writes what has been checked: entries that nobody sees, players, what is in queues, and then boards and queues
//! at once.

use std::fs::File;

use archive::{EntryLine, Kind, PlayerLine};
use boards::BoardNumber;
use sha2::{Digest, Sha256};

use super::again::Again;
use super::check::{Checked, CheckedBoard};
use super::verify::fold;
use super::{ImportError, unwritten};
use crate::codec::{self, StoredEntry};
use crate::engine::{Engine, Table, Write};
use crate::records;
use crate::state::{Position, State};

pub(super) mod queues;

use queues::Last;

/// Records written in one go.
const BATCH: usize = 10_000;

/// How sequence numbers are moved: `from` becomes `to`.
#[derive(Clone, Copy)]
pub(super) struct Shift {
    from: u64,
    to: u64,
}

impl Shift {
    /// None of the file's is smaller than `from`.
    fn up(self, reached: u64) -> u64 {
        reached.saturating_sub(self.from).saturating_add(self.to)
    }

    pub(super) fn back(self, reached: u64) -> u64 {
        reached.saturating_sub(self.to).saturating_add(self.from)
    }
}

/// What became of the players, and how entries were renumbered.
pub(super) struct Applied {
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) shift: Shift,
}

pub(super) struct Apply<'a> {
    engine: Engine,
    state: State,
    file: &'a File,
    checked: &'a Checked,
    position: Position,
    shift: Shift,
    /// The number of the first of the boards.
    first: u32,
    now_ms: i64,
    written: u64,
}

impl<'a> Apply<'a> {
    pub(super) fn new(
        engine: Engine,
        state: State,
        file: &'a File,
        checked: &'a Checked,
        now_ms: i64,
    ) -> Result<Self, ImportError> {
        let mut position = state.position;
        let (low, high) = checked.reached.unwrap_or((0, 0));
        let shift = Shift {
            from: low,
            to: position.next_sequence,
        };
        if checked.reached.is_some() {
            let last = position.next_sequence.checked_add(high - low);
            let next = last.and_then(|last| last.checked_add(1));
            position.next_sequence = next.ok_or(ImportError::Full("changes"))?;
        }
        Ok(Apply {
            first: state.next_board,
            engine,
            state,
            file,
            checked,
            position,
            shift,
            now_ms,
            written: 0,
        })
    }

    /// Does it all, and closes the engine.
    pub(super) fn run(mut self, progress: &mut dyn FnMut(u64)) -> Result<Applied, ImportError> {
        self.reserve()?;
        self.entries(progress)?;
        let (created, updated) = self.players(progress)?;
        let last = self.in_queues(progress)?;
        self.reveal(last)?;
        Ok(Applied {
            created,
            updated,
            shift: self.shift,
        })
    }

    fn number(&self, board: usize) -> BoardNumber {
        BoardNumber(self.first + board as u32)
    }

    fn commit(&mut self, mut writes: Vec<Write>) -> Result<(), ImportError> {
        self.position.commit += 1;
        // Last in the batch, so that a journal that shows it shows the whole batch.
        writes.push(Write::position(&self.position));
        self.engine.commit(&writes).map_err(unwritten)
    }

    /// Takes numbers for the boards, which no other board may get from now on, and dooms their seasons.
    fn reserve(&mut self) -> Result<(), ImportError> {
        let boards = u32::try_from(self.checked.boards.len()).ok();
        let next = boards.and_then(|n| self.first.checked_add(n));
        let mut writes = vec![Write::next_board(next.ok_or(ImportError::Full("boards"))?)];
        for (n, board) in self.checked.boards.iter().enumerate() {
            let seasons = self.seasons(n, board);
            writes.extend(seasons.map(|key| Write::put(Table::Doomed, &key, &[])));
        }
        writes.extend(self.reserve_queues()?);
        self.commit(writes)
    }

    fn seasons(&self, n: usize, board: &CheckedBoard) -> impl Iterator<Item = [u8; 8]> {
        let number = self.number(n);
        let seasons = board.record.seasons.iter();
        seasons.map(move |s| codec::season_key(number, s.season))
    }

    fn entries(&mut self, progress: &mut dyn FnMut(u64)) -> Result<(), ImportError> {
        let mut lines = Again::from(self.file, self.checked.entries_at)?;
        let mut digests: Vec<_> = self.checked.boards.iter().map(|_| Sha256::new()).collect();
        let mut writes = Vec::new();
        let mut left: u64 = self.checked.boards.iter().map(|b| b.entries).sum();
        while left > 0 {
            let line: EntryLine = lines.next(Kind::Entry)?;
            let boards = &self.checked.boards;
            let Ok(n) = boards.binary_search_by(|b| b.id.as_str().cmp(line.board)) else {
                continue;
            };
            let stored = StoredEntry::of(&line).ok_or(ImportError::Changed)?;
            let (season, player) = (line.season, line.player_id);
            fold(&mut digests[n], season, player, &stored);
            let key = codec::entry_key(self.number(n), season, player);
            let moved = StoredEntry {
                reached: self.shift.up(stored.reached),
                ..stored
            };
            writes.push(Write::put(Table::Entries, &key, &codec::entry(&moved)));
            left -= 1;
            if writes.len() == BATCH || left == 0 {
                let count = writes.len() as u64;
                self.position.entries += count;
                self.commit(std::mem::take(&mut writes))?;
                self.report(count, progress);
            }
        }
        let same = digests.into_iter().zip(&self.checked.boards);
        let mut same = same.map(|(d, board)| d.finalize() == board.digest.clone().finalize());
        if same.all(|same| same) {
            Ok(())
        } else {
            Err(ImportError::Changed)
        }
    }

    fn players(&mut self, progress: &mut dyn FnMut(u64)) -> Result<(u64, u64), ImportError> {
        let mut lines = Again::from(self.file, self.checked.players_at)?;
        let (mut created, mut updated) = (0, 0);
        let mut writes = Vec::new();
        let checked = self.checked;
        for (n, id) in checked.players.iter().enumerate() {
            let player = loop {
                let line: PlayerLine = lines.next(Kind::Player)?;
                if line.id == *id {
                    break line.player().map_err(|_| ImportError::Changed)?;
                }
            };
            let record = codec::player(&player);
            writes.push(Write::put(Table::Players, id.as_bytes(), &record));
            match self.state.players.find(*id) {
                Some(_) => updated += 1,
                None => {
                    created += 1;
                    self.position.players += 1;
                }
            }
            if writes.len() == BATCH || n + 1 == checked.players.len() {
                let count = writes.len() as u64;
                self.commit(std::mem::take(&mut writes))?;
                self.report(count, progress);
            }
        }
        Ok((created, updated))
    }

    fn report(&mut self, count: u64, progress: &mut dyn FnMut(u64)) {
        self.written += count;
        progress(self.written);
    }

    /// Gives boards and queues their names, all in one batch, and dooms those that had them.
    fn reveal(&mut self, last: Last) -> Result<(), ImportError> {
        let mut writes = self.reveal_queues(last)?;
        for (n, board) in self.checked.boards.iter().enumerate() {
            self.doom_old(board, &mut writes);
            let number = self.number(n);
            let seasons = self.seasons(n, board);
            writes.extend(seasons.map(|key| Write::remove(Table::Doomed, &key)));
            let hidden = board.hidden.iter();
            writes.extend(
                hidden.map(|player| {
                    Write::put(Table::Hidden, &codec::hidden_key(number, *player), &[])
                }),
            );
            let record = records::board(number, &board.record);
            let name = board.id.as_str().as_bytes();
            writes.push(Write::put(Table::Boards, name, &record));
        }
        self.commit(writes).map_err(|error| match error {
            ImportError::Write(what) => ImportError::InDoubt(what),
            other => other,
        })
    }

    fn doom_old(&self, board: &CheckedBoard, writes: &mut Vec<Write>) {
        let Ok(old) = self.state.board(&board.id) else {
            return;
        };
        for (season, _) in old.ladders() {
            let key = codec::season_key(old.number, season);
            writes.push(Write::put(Table::Doomed, &key, &[]));
        }
        let hidden = old.hidden.iter();
        for player in hidden.filter_map(|slot| self.state.players.get(*slot)) {
            let key = codec::hidden_key(old.number, player.id);
            writes.push(Write::remove(Table::Hidden, &key));
        }
    }
}
