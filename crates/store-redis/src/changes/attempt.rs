//! One attempt at a change: what it has read, what it has found to be done first, what is to be done after.

use std::collections::{BTreeSet, HashSet};

use boards::{BoardId, BoardNumber, Change, Changed, Player, PlayerId, Segment, StoreError};

use super::tidy::tidy_everywhere;
use super::{First, delete_player};
use crate::board_keys::{self, Ladder};
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::core::Core;
use crate::entry::StoredEntry;
use crate::layout::{Layout, Room};
use crate::players;
use crate::replies;
use crate::tx::{Attempts, Tx, Write};

pub(super) struct Attempt<'a, 'c> {
    pub(super) tx: Tx<'c>,
    pub(super) attempts: &'a Attempts<'c>,
    pub(super) now_ms: i64,
    /// How many attempts came before.
    pub(super) tries: u32,
    /// The line of a board whose new segments were built, as it was then.
    pub(super) built: Option<BoardLine>,
    /// Where there is something, nothing else of the attempt counts.
    pub(super) first: Option<First>,
    pub(super) after: After,
    /// Boards that are noted as changed, each once in a room.
    touched: BTreeSet<(Room, u32)>,
    /// Segments that are noted as having somebody, likewise.
    noted: HashSet<(Room, Ladder, Segment)>,
}

/// What is done once the change is made. It does no harm where that fails: the store is swept.
#[derive(Clone, Debug, Default)]
pub(crate) struct After {
    /// Keys of boards are to be removed.
    pub(super) tidy: bool,
    /// A player was erased; a ticket of it may have been made meanwhile.
    pub(super) erased: Option<Erased>,
}

/// A player that was erased.
#[derive(Clone, Debug)]
pub(super) struct Erased {
    pub(super) player: PlayerId,
    pub(super) at_ms: i64,
    /// What says that it is not all done yet.
    pub(super) mark: Vec<u8>,
}

impl After {
    pub(crate) async fn run(self, core: &Core) {
        if self.tidy
            && let Err(error) = tidy_everywhere(core).await
        {
            tracing::debug!(%error, "keys of boards are not removed yet");
        }
        if let Some(erased) = self.erased
            && let Err(error) = delete_player::finish(core, &erased).await
        {
            tracing::warn!(%error, "an erased player may be in a queue still");
        }
    }
}

impl<'a, 'c> Attempt<'a, 'c> {
    pub(super) fn new(tx: Tx<'c>, attempts: &'a Attempts<'c>, now_ms: i64, tries: u32) -> Self {
        Attempt {
            tx,
            attempts,
            now_ms,
            tries,
            built: None,
            first: None,
            after: After::default(),
            touched: BTreeSet::new(),
            noted: HashSet::new(),
        }
    }

    pub(super) async fn judge(&mut self, change: &Change) -> Result<Changed, StoreError> {
        match change {
            Change::CreatePlayers { board, players } => self.create_players(board, players).await,
            Change::PutPlayers(players) => self.put_players(players).await,
            Change::DeletePlayer(player) => self.delete_player(*player).await,
            Change::PutBoard { board, settings } => self.put_board(board, settings).await,
            Change::DeleteBoard(board) => self.delete_board(board).await,
            Change::Submit { board, submission } => self.submit(board, submission).await,
            Change::SubmitBatch {
                submissions,
                all_or_nothing,
            } => self.submit_batch(submissions, *all_or_nothing).await,
            Change::DeleteEntry { board, player } => self.delete_entry(board, *player).await,
            Change::SetHidden {
                board,
                player,
                hidden,
            } => self.set_hidden(board, *player, *hidden).await,
            Change::Rotate(board) => self.rotate(board).await,
        }
    }

    pub(super) fn core(&self) -> &'c Core {
        self.tx.core()
    }

    pub(super) fn layout(&self) -> &'c Layout {
        &self.tx.core().layout
    }

    /// A board as a room has it, of those lines that were fetched. One whose season ought to have ended is
    /// found, and its season is ended first.
    pub(super) fn line(&mut self, room: Room, board: &BoardId) -> Result<BoardLine, StoreError> {
        let bytes = self.tx.known(&records::line(room, board));
        let bytes = bytes.ok_or_else(|| StoreError::UnknownBoard(board.clone()))?;
        let line = BoardLine::read(&bytes).ok_or_else(|| unreadable("board"))?;
        if line.missed_end(self.now_ms).is_some() {
            self.first = Some(First::EndSeason(board.clone()));
        }
        Ok(line)
    }

    /// A player, of those that were fetched.
    pub(super) fn player(&self, id: PlayerId) -> Result<Player, StoreError> {
        let bytes = self.tx.known(&records::player(self.layout(), id));
        let bytes = bytes.ok_or(StoreError::UnknownPlayer(id))?;
        players::read(id, &bytes).ok_or_else(|| unreadable("player"))
    }

    /// An entry, of those that were fetched.
    pub(super) fn entry(
        &self,
        ladder: Ladder,
        id: PlayerId,
    ) -> Result<Option<StoredEntry>, StoreError> {
        let bytes = self.tx.known(&records::entry(self.layout(), ladder, id));
        let read = |bytes: Vec<u8>| StoredEntry::read(&bytes).ok_or_else(|| unreadable("entry"));
        bytes.map(read).transpose()
    }

    /// Whether a player is hidden, of those marks that were fetched.
    pub(super) fn is_hidden(&self, board: BoardNumber, id: PlayerId) -> bool {
        let mark = records::hidden(self.layout(), board, id);
        self.tx.known(&mark).is_some()
    }

    /// Fetches a board's line and a player, as most changes of one player begin.
    pub(super) async fn line_and_player(
        &mut self,
        board: &BoardId,
        id: PlayerId,
    ) -> Result<(BoardLine, Player), StoreError> {
        let room = self.layout().of_player(id);
        let asked = [
            records::line(room, board),
            records::player(self.layout(), id),
        ];
        self.tx.fetch(asked).await?;
        let line = self.line(room, board)?;
        Ok((line, self.player(id)?))
    }

    /// Notes that a board has changed in a room.
    pub(super) fn touch(&mut self, room: Room, board: &BoardId, line: &BoardLine) {
        if self.touched.insert((room, line.number)) {
            let key = board_keys::version(line.number());
            self.tx.also(room, Write::Incr { key });
            self.tx.changes_board(board);
        }
    }

    /// Notes that a segment has somebody, so that it is found when it is to be removed.
    pub(super) fn note(&mut self, room: Room, ladder: Ladder, segment: &Segment) {
        if self.noted.insert((room, ladder, segment.clone())) {
            let key = ladder.parts();
            let member = segment.to_string().into_bytes();
            self.tx.also(room, Write::SAdd { key, member });
        }
    }

    /// Has the commit depend on it that no entry of a board has changed since.
    pub(super) async fn hold_still(&mut self, line: &BoardLine) -> Result<(), StoreError> {
        let versions = self.layout().rooms();
        let versions = versions.map(|room| records::version(room, line.number()));
        self.tx.fetch(versions).await
    }
}

/// A record that this version of Agon has not written.
pub(super) fn unreadable(what: &str) -> StoreError {
    replies::strange(&format!("a {what} that cannot be read"))
}
