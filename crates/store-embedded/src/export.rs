//! A store, or some of its boards, as it was at one instant, written line by line in constant memory.
//!
//! What is written comes from a snapshot of the engine, so a store that is being served goes on. An export
//! can be revoked: after a failed commit the engine is opened again, which takes that nobody holds it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::{
    ArchiveError, BoardLine, Counts, EntryLine, ErrorLine, Head, HiddenLine, Kind, PlayerLine,
    Scope,
};
use boards::{BoardId, BoardNumber, SeasonId};

use crate::codec;
use crate::cut::{Cut, is_cut_off};
use crate::data_dir::{Contents, DataDir};
use crate::engine::{Engine, EngineError, Frozen, Record, Table};
use crate::error::OpenError;
use crate::records::{self, BoardRecord};
use crate::recovery;
use crate::state::Position;

mod out;
mod patient;
mod players;
mod queues;
mod relay;

use out::Out;
use patient::Patient;

pub use relay::relay;

/// Why a store is not exported, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// One at a time.
    #[error("another export is under way; wait for its end")]
    Busy,
    /// The store cannot be read at present.
    #[error("the store cannot be exported now: {0}")]
    Unavailable(String),
    /// These boards are not there.
    #[error("there is no board {}", list(.0))]
    UnknownBoards(Vec<BoardId>),
    /// There is no store in the directory.
    #[error("there is no store in {}", .0.display())]
    NoStore(std::path::PathBuf),
    /// The directory cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A record is not what it has to be.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The engine could not read.
    #[error("the store cannot be read: {0}")]
    Unreadable(String),
    /// The export cannot be written to where it is to go.
    #[error("cannot write the export")]
    Write(#[source] io::Error),
    /// What was passed on is not whole.
    #[error(transparent)]
    Archive(ArchiveError),
}

impl From<EngineError> for ExportError {
    fn from(error: EngineError) -> Self {
        ExportError::Unreadable(error.to_string())
    }
}

/// Names, for a message.
pub(crate) fn list(boards: &[BoardId]) -> String {
    let names: Vec<_> = boards.iter().map(BoardId::as_str).collect();
    names.join(", ")
}

/// Says in the place of the rest of an export why it does not come, on a line of its own though the one
/// before it may be cut short. Has the same patience with a slow reader as the export had.
///
/// # Errors
/// Where it cannot be written either.
pub fn write_failure(to: impl Write, error: &ExportError) -> io::Result<()> {
    let line = ErrorLine::new(error.to_string());
    let mut bytes = vec![b'\n'];
    serde_json::to_writer(&mut bytes, &line)?;
    bytes.push(b'\n');
    let revoked = &AtomicBool::new(false);
    let mut to = Patient { to, revoked };
    to.write_all(&bytes)?;
    to.flush()
}

/// The one export that may be under way; others may when it is dropped.
pub(crate) struct Turn(Arc<AtomicBool>);

impl Turn {
    pub(crate) fn take(taken: &Arc<AtomicBool>) -> Option<Self> {
        let free = !taken.swap(true, Ordering::AcqRel);
        free.then(|| Turn(Arc::clone(taken)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What keeps the records readable for as long as the export takes.
#[allow(dead_code, reason = "held for what its end does")]
pub(crate) enum Keeper {
    Served(Turn),
    Offline(Box<Engine>, DataDir),
}

/// An export that can be written.
pub struct Export {
    frozen: Frozen,
    scope: Scope,
    boards: Vec<Source>,
    cuts: Arc<[Cut]>,
    taken_at_ms: i64,
    records: Option<u64>,
    revoked: Arc<AtomicBool>,
    /// Last, since fields are dropped in their order: the engine goes after what reads from it.
    _keeper: Keeper,
}

/// A board to be exported.
struct Source {
    number: BoardNumber,
    id: BoardId,
    record: BoardRecord,
}

impl Source {
    /// The seasons as their keys are ordered.
    fn seasons(&self) -> Vec<SeasonId> {
        let mut seasons: Vec<_> = self.record.seasons.iter().map(|s| s.season).collect();
        seasons.sort_unstable();
        seasons
    }
}

impl Export {
    /// Of a directory that nobody serves, as it is now. Blocks.
    ///
    /// # Errors
    /// [`OpenError::InUse`] among others; the store is not made where there is none.
    pub fn of_directory(
        path: &Path,
        cache_bytes: u64,
        scope: Scope,
        now_ms: i64,
    ) -> Result<Self, ExportError> {
        if !path.join("FORMAT").exists() {
            return Err(ExportError::NoStore(path.to_owned()));
        }
        let (dir, contents) = DataDir::open(path)?;
        if contents == Contents::Nothing {
            return Err(ExportError::NoStore(path.to_owned()));
        }
        let engine = recovery::open_engine(&dir, cache_bytes)?;
        let frozen = engine.freeze();
        let keeper = Keeper::Offline(Box::new(engine), dir);
        Export::new(frozen, scope, now_ms, Arc::default(), keeper)
    }

    pub(crate) fn new(
        frozen: Frozen,
        scope: Scope,
        now_ms: i64,
        revoked: Arc<AtomicBool>,
        keeper: Keeper,
    ) -> Result<Self, ExportError> {
        let boards = sources(&frozen, &scope)?;
        let cuts = cuts(&frozen)?;
        let position = frozen.position()?;
        let position = position.filter(|_| scope == Scope::Store);
        let stored = |p: Position| p.players + p.entries + p.tickets + p.backfills + p.ratings;
        Ok(Export {
            records: position.map(|p| boards.len() as u64 + stored(p)),
            boards,
            cuts,
            taken_at_ms: now_ms,
            frozen,
            scope,
            revoked,
            _keeper: keeper,
        })
    }

    /// About how many records there will be, where that is known.
    pub fn records(&self) -> Option<u64> {
        self.records
    }

    /// Writes all of it, and lets go of the store. `progress` is told how many records have been written. Blocks.
    ///
    /// # Errors
    /// What was written is of no use then.
    pub fn write(
        self,
        to: impl Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Counts, ExportError> {
        self.write_again(to, progress)
    }

    /// The same, and may be asked again for the same bytes.
    ///
    /// # Errors
    /// What was written is of no use then.
    pub fn write_again(
        &self,
        to: impl Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Counts, ExportError> {
        let mut out = Out::new(to, &self.revoked, progress);
        out.head(&Head::new(self.taken_at_ms, self.scope.clone()))?;
        self.write_boards(&mut out)?;
        self.write_players(&mut out)?;
        self.write_entries(&mut out)?;
        self.write_hidden(&mut out)?;
        if self.scope == Scope::Store {
            queues::write(&self.frozen, &mut out)?;
        }
        out.end()
    }

    fn write_boards(&self, out: &mut Out<impl Write>) -> Result<(), ExportError> {
        for board in &self.boards {
            let BoardRecord {
                settings,
                seasons,
                reset_set_at_ms,
            } = board.record.clone();
            let line = BoardLine::new(board.id.clone(), settings, seasons, reset_set_at_ms);
            out.record(Kind::Board, &line)?;
        }
        Ok(())
    }

    fn write_players(&self, out: &mut Out<impl Write>) -> Result<(), ExportError> {
        match self.scope {
            Scope::Store => {
                for record in self.frozen.scan(Table::Players, &[]) {
                    let record = record?;
                    write_player(out, record.key(), record.value())?;
                }
            }
            Scope::Boards(_) => {
                for id in players::of(&self.frozen, &self.boards, &self.cuts)? {
                    let id = id?;
                    let value = self.frozen.get(Table::Players, id.as_bytes())?;
                    let value = value.ok_or_else(|| malformed("player", id.as_bytes()))?;
                    write_player(out, id.as_bytes(), &value)?;
                }
            }
        }
        Ok(())
    }

    fn write_entries(&self, out: &mut Out<impl Write>) -> Result<(), ExportError> {
        for board in &self.boards {
            for season in board.seasons() {
                let prefix = codec::season_key(board.number, season);
                for record in self.frozen.scan(Table::Entries, &prefix) {
                    let record = record?;
                    if !is_cut_off(&self.cuts, &record) {
                        write_entry(out, &board.id, &record)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write_hidden(&self, out: &mut Out<impl Write>) -> Result<(), ExportError> {
        for board in &self.boards {
            for record in self
                .frozen
                .scan(Table::Hidden, &board.number.0.to_be_bytes())
            {
                let record = record?;
                let mark = codec::read_hidden_key(record.key());
                let (_, player_id) = mark.ok_or_else(|| malformed("hidden", record.key()))?;
                let line = HiddenLine::new(board.id.as_str(), player_id);
                out.record(Kind::Hidden, &line)?;
            }
        }
        Ok(())
    }
}

/// Those of whose entries some are not to be exported.
fn cuts(frozen: &Frozen) -> Result<Arc<[Cut]>, ExportError> {
    let cuts = frozen.scan(Table::Cuts, &[]).map(|record| {
        let record = record?;
        Cut::read(&record).ok_or_else(|| malformed("cut", record.key()))
    });
    cuts.collect()
}

/// The boards of a scope, by name.
fn sources(frozen: &Frozen, scope: &Scope) -> Result<Vec<Source>, ExportError> {
    let mut sources = Vec::new();
    for record in frozen.scan(Table::Boards, &[]) {
        let record = record?;
        let board = records::read_board(record.key(), record.value());
        let (number, id, board) = board.ok_or_else(|| malformed("board", record.key()))?;
        sources.push(Source {
            number,
            id,
            record: board,
        });
    }
    if let Scope::Boards(wanted) = scope {
        let there: BTreeSet<_> = sources.iter().map(|s| s.id.clone()).collect();
        let missing: Vec<_> = wanted.difference(&there).cloned().collect();
        if !missing.is_empty() {
            return Err(ExportError::UnknownBoards(missing));
        }
        sources.retain(|s| wanted.contains(&s.id));
    }
    Ok(sources)
}

fn write_player(out: &mut Out<impl Write>, key: &[u8], value: &[u8]) -> Result<(), ExportError> {
    let player = codec::read_player(key, value).ok_or_else(|| malformed("player", key))?;
    out.record(Kind::Player, &PlayerLine::of(&player))
}

fn write_entry(
    out: &mut Out<impl Write>,
    board: &BoardId,
    record: &Record,
) -> Result<(), ExportError> {
    let parts = codec::read_entry_key(record.key()).zip(codec::read_entry(record.value()));
    let bad = || malformed("entry", record.key());
    let ((_, season, player_id), stored) = parts.ok_or_else(bad)?;
    let place = (board.as_str(), season, player_id);
    let score = (stored.score, stored.reached);
    let written = EntryLine::with(place, score, &stored.details, |line| {
        out.record(Kind::Entry, line)
    });
    written.ok_or_else(bad)?
}

fn malformed(what: &str, key: &[u8]) -> ExportError {
    ExportError::Damaged(format!("{what} record {key:02x?} is malformed or missing"))
}
