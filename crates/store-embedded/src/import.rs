//! Puts an export into a store that nobody serves, all of it or nothing that anybody sees.
//!
//! The file is read as a whole first, and refused for anything that is wrong with it. Then its entries are
//! written under board numbers that no board has, as seasons that are marked as doomed: whatever ends the
//! import before its end leaves what the next start takes for the rest of a deleted board, and removes. Then
//! come the players, what is in queues in the same manner (`apply/queues.rs`), and last one batch that gives boards
//! and queues their names and takes the marks away.
//!
//! Players are put as they are in the file, also those that the store has already. Sequence numbers are
//! moved up behind the store's own, in their order.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek};

use archive::ArchiveError;
use boards::{BoardId, BoardSettings, SeasonId};
use matchmaking::QueueId;

use crate::data_dir::{Contents, DataDir};
use crate::engine::EngineError;
use crate::error::OpenError;
use crate::export::list;
use crate::recovery;
use crate::state::{Board, State};
use crate::store::Options;

mod again;
mod apply;
mod check;
mod verify;

use apply::Apply;
use check::Checked;

/// Where an export is read from.
pub enum Source {
    /// A file, which is read more than once.
    File(File),
    /// Anything else; kept in a file in the data directory meanwhile.
    Stream(Box<dyn Read>),
}

/// What of an export is imported, and how.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    /// These boards alone, with their players; everything if there are none.
    pub boards: BTreeSet<BoardId>,
    /// Whether boards and queues that exist are replaced; otherwise they are in the way.
    pub replace: bool,
}

/// What an import does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reads all of the file.
    Check,
    /// Writes.
    Write,
    /// Reads what was written.
    Verify,
}

/// What an import has done.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Imported {
    /// The boards, by name.
    pub boards: Vec<BoardId>,
    /// Those of them that replaced one of their name.
    pub replaced: Vec<BoardId>,
    /// Players that were not there.
    pub players_created: u64,
    /// Players that were there and now are as in the file.
    pub players_updated: u64,
    /// Entries.
    pub entries: u64,
    /// Hidden marks.
    pub hidden: u64,
    /// The queues, by name.
    pub queues: Vec<QueueId>,
    /// Those of them that replaced one of their name.
    pub queues_replaced: Vec<QueueId>,
    /// Matches.
    pub matches: u64,
    /// Tickets that wait or are proposed.
    pub tickets: u64,
    /// Open backfills.
    pub backfills: u64,
    /// Ratings.
    pub ratings: u64,
}

/// Why an import was refused or failed. Unless the text says otherwise no board has changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not a whole export.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// These boards are wanted and not in the file.
    #[error("the export has no board {}", list(.0))]
    UnknownBoards(Vec<BoardId>),
    /// These boards are in the way.
    #[error("there is a board {} already; nothing was changed; use --replace to replace what is there", list(.0))]
    Exists(Vec<BoardId>),
    /// These queues are in the way.
    #[error("there is a queue {} already; nothing was changed; use --replace to replace what is there", list_queues(.0))]
    QueueExists(Vec<QueueId>),
    /// The file could not be kept.
    #[error("cannot keep the export in the data directory")]
    Spool(#[source] io::Error),
    /// The store could not write.
    #[error("the store cannot be written: {0}; no board was changed")]
    Write(String),
    /// The last batch failed, so nobody can tell whether it is there.
    #[error(
        "the store cannot be written: {0}; either all of the boards and queues are there or none"
    )]
    InDoubt(String),
    /// Numbers run out.
    #[error("the store cannot number any more {0}")]
    Full(&'static str),
    /// The file is not the same any more.
    #[error("the export changed while it was read; no board was changed")]
    Changed,
    /// The store could not be opened again to look at what was written.
    #[error("the boards were imported, and cannot be compared with the file")]
    Unverified(#[source] OpenError),
    /// What was written is not what is there.
    #[error("board {} was imported, and is not what the file says", list(.0))]
    Differs(Vec<BoardId>),
    /// What was written of queues is not what is there.
    #[error("everything was imported, but {0} is not what the file says")]
    DiffersInQueues(String),
}

fn list_queues(queues: &[QueueId]) -> String {
    let names: Vec<_> = queues.iter().map(QueueId::as_str).collect();
    names.join(", ")
}

fn unwritten(error: EngineError) -> ImportError {
    ImportError::Write(error.to_string())
}

/// Imports. `progress` is told what is being done and how many records of how many. Blocks.
///
/// # Errors
/// See [`ImportError`]; the data directory is not made a store before the file has been found good.
pub fn import(
    options: &Options,
    source: Source,
    plan: &ImportPlan,
    progress: &mut dyn FnMut(Stage, u64, u64),
) -> Result<Imported, ImportError> {
    let (dir, contents) = DataDir::open(&options.data_dir)?;
    let file = in_file(source, &dir)?;
    let checked = Checked::read(&file, plan, &mut |done| progress(Stage::Check, done, 0))?;
    let now_ms = options.clock.now_ms();
    let (engine, state) = recovery::open(&dir, contents, options.cache_bytes, now_ms)?;
    let replaced = in_the_way(&state, &checked, plan)?;
    let queues_replaced = queues_in_the_way(&state, &checked, plan)?;
    let apply = Apply::new(engine, state, &file, &checked, now_ms)?;
    let numbers = apply.numbers();
    let total = checked.records();
    let players = apply.run(&mut |done| progress(Stage::Write, done, total))?;
    // By now the engine has been closed, and what is read comes from the disk.
    let again = recovery::open(&dir, Contents::Store, options.cache_bytes, now_ms);
    let (engine, state) = again.map_err(ImportError::Unverified)?;
    progress(Stage::Verify, 0, total);
    verify::compare(&engine, &state, &checked, players.shift)?;
    let differs = verify::queues::compare(&engine, &state, &file, numbers, players.shift)?;
    if let Some(what) = differs {
        return Err(ImportError::DiffersInQueues(what));
    }
    let counts = checked.counts();
    Ok(Imported {
        boards: checked.boards.into_iter().map(|b| b.id).collect(),
        replaced,
        players_created: players.created,
        players_updated: players.updated,
        entries: counts.entries,
        hidden: counts.hidden,
        queues: checked.queues.all.into_iter().map(|q| q.id).collect(),
        queues_replaced,
        matches: counts.matches,
        tickets: counts.tickets,
        backfills: counts.backfills,
        ratings: counts.ratings,
    })
}

/// A file that can be read again and again, from its beginning.
fn in_file(source: Source, dir: &DataDir) -> Result<File, ImportError> {
    let mut stream: Box<dyn Read> = match source {
        Source::File(file) if file.metadata().is_ok_and(|m| m.is_file()) => return Ok(file),
        Source::File(file) => Box::new(file),
        Source::Stream(stream) => stream,
    };
    let path = dir.path().join("import.spool");
    let mut spool = || {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        let mut file = options.open(&path)?;
        // Without a name it goes with this process, however that ends.
        fs::remove_file(&path)?;
        io::copy(&mut stream, &mut file)?;
        file.rewind()?;
        Ok(file)
    };
    spool().map_err(ImportError::Spool)
}

/// The boards that would be replaced.
fn in_the_way(
    state: &State,
    checked: &Checked,
    plan: &ImportPlan,
) -> Result<Vec<BoardId>, ImportError> {
    let there = |id: &BoardId| state.board(id).is_ok_and(|board| !is_as_made(id, board));
    let ids = checked.boards.iter().map(|b| b.id.clone());
    let there: Vec<_> = ids.filter(there).collect();
    if there.is_empty() || plan.replace {
        Ok(there)
    } else {
        Err(ImportError::Exists(there))
    }
}

/// The queues that would be replaced.
fn queues_in_the_way(
    state: &State,
    checked: &Checked,
    plan: &ImportPlan,
) -> Result<Vec<QueueId>, ImportError> {
    let ids = checked.queues.all.iter().map(|queue| &queue.id);
    let there = ids.filter(|id| state.queues.find(id).is_some());
    let there: Vec<_> = there.cloned().collect();
    if there.is_empty() || plan.replace {
        Ok(there)
    } else {
        Err(ImportError::QueueExists(there))
    }
}

/// Whether it is the board `global` as it came with the store, which nobody would miss.
fn is_as_made(id: &BoardId, board: &Board) -> bool {
    *id == BoardId::global()
        && board.settings == BoardSettings::global()
        && board.season.season == SeasonId::FIRST
        && board.hidden.is_empty()
        && board.ladders().all(|(_, ladder)| ladder.is_empty())
}
