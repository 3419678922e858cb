//! Boards themselves: settings, seasons, how many entries, and the version.
//!
//! One round each, in which all rooms are asked; for a list of boards one for the names and one for each 500 of
//! them. The control room says what a board is; of the other rooms the figures are taken, of those that mean the
//! same season by its name. Names are sorted here, at the cost of reading all of them: boards are few beside
//! what is on them.

use boards::{BoardId, BoardInfo, Season, StoreError};
use redis::{Cmd, Value};

use super::wire::{Words, bytes, count, item, items};
use crate::board_keys::{BOARDS, PLAYERS};
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::{Layout, Room};
use crate::players;
use crate::replies::strange;

/// Boards that one script is asked about.
const MOST_AT_ONCE: usize = 500;
/// A version is the changes that a board has seen, counted from its number with so many zeros behind: one that is
/// made again under the same name begins higher than the one before has ended.
const CHANGES_BITS: u32 = 40;

/// What a room has of a board, or all of them together.
struct Found {
    line: BoardLine,
    /// Entries of the present season.
    total: u64,
    /// That readers can see.
    changes: u64,
}

/// See [`boards::BoardStore::player`]. One command.
pub(super) async fn player(
    core: &Core,
    id: boards::PlayerId,
) -> Result<boards::Player, StoreError> {
    let room = core.layout.of_player(id);
    let mut get = Cmd::new();
    get.arg("HGET")
        .arg(core.layout.key(room, PLAYERS))
        .arg(&id.as_bytes()[..]);
    let found = core.redis.read(vec![get]).await?;
    let stored = bytes(item(&found, 0)?)?.ok_or(StoreError::UnknownPlayer(id))?;
    players::read(id, stored).ok_or_else(|| strange("a player is none"))
}

/// See [`boards::BoardStore::board`].
pub(super) async fn board(core: &Core, id: &BoardId) -> Result<BoardInfo, StoreError> {
    let found = one(core, id).await?;
    Ok(found.info(id))
}

/// See [`boards::BoardStore::seasons`].
pub(super) async fn seasons(core: &Core, id: &BoardId) -> Result<Vec<Season>, StoreError> {
    let mut get = Cmd::new();
    let key = core.layout.key(Layout::CONTROL, BOARDS);
    get.arg("HGET").arg(key).arg(id.as_str());
    let found = core.redis.read(vec![get]).await?;
    let line = bytes(item(&found, 0)?)?.ok_or_else(|| StoreError::UnknownBoard(id.clone()))?;
    Ok(read_line(line)?.seasons)
}

/// See [`boards::BoardStore::version`].
pub(super) async fn version(core: &Core, id: &BoardId) -> Result<u64, StoreError> {
    let found = one(core, id).await?;
    let first = u64::from(found.line.number) << CHANGES_BITS;
    Ok(first.wrapping_add(found.changes))
}

/// See [`boards::BoardStore::boards`].
pub(super) async fn boards(
    core: &Core,
    after: Option<&BoardId>,
    limit: usize,
) -> Result<Vec<BoardInfo>, StoreError> {
    let mut names = names(core).await?;
    names.sort_unstable();
    let later = names.partition_point(|name| Some(name) <= after);
    let names: Vec<BoardId> = names.into_iter().skip(later).take(limit).collect();
    let mut infos = Vec::with_capacity(names.len());
    for some in names.chunks(MOST_AT_ONCE) {
        let found = many(core, some).await?;
        let found = some.iter().zip(found);
        // One that is deleted meanwhile is not there.
        infos.extend(found.filter_map(|(id, found)| Some(found?.info(id))));
    }
    Ok(infos)
}

async fn names(core: &Core) -> Result<Vec<BoardId>, StoreError> {
    let mut list = Cmd::new();
    list.arg("HKEYS")
        .arg(core.layout.key(Layout::CONTROL, BOARDS));
    let found = core.redis.read(vec![list]).await?;
    let name = |value: &Value| {
        let name = bytes(value)?.and_then(|name| std::str::from_utf8(name).ok());
        let name = name.and_then(|name| BoardId::parse(name).ok());
        name.ok_or_else(|| strange("a board's name is none"))
    };
    items(item(&found, 0)?)?.iter().map(name).collect()
}

async fn one(core: &Core, id: &BoardId) -> Result<Found, StoreError> {
    let found = many(core, std::slice::from_ref(id)).await?;
    let found = found.into_iter().next().flatten();
    found.ok_or_else(|| StoreError::UnknownBoard(id.clone()))
}

/// Boards by name, of all rooms; `None` for those that are not there.
async fn many(core: &Core, names: &[BoardId]) -> Result<Vec<Option<Found>>, StoreError> {
    let words: Words = names.iter().map(|name| name.as_str().into()).collect();
    let key = |room: Room| core.layout.key(room, BOARDS);
    let calls = core.layout.rooms().map(|room| (key(room), words.clone()));
    let script = &core.scripts.reads.boards;
    let answers = core.redis.read_scripts(script, calls.collect()).await;
    let mut all: Vec<Option<Found>> = Vec::new();
    for (room, answer) in answers.into_iter().enumerate() {
        let answer = answer?;
        for (at, value) in items(&answer)?.iter().enumerate() {
            let in_room = read_room(value)?;
            match all.get_mut(at) {
                None if room == 0 => all.push(in_room),
                Some(Some(found)) => found.add(in_room),
                _ => {}
            }
        }
    }
    all.resize_with(names.len(), || None);
    Ok(all)
}

fn read_room(value: &Value) -> Result<Option<Found>, StoreError> {
    let parts = items(value)?;
    let Some(line) = parts.first() else {
        return Ok(None);
    };
    let line = bytes(line)?.ok_or_else(|| strange("a board has no line"))?;
    Ok(Some(Found {
        line: read_line(line)?,
        changes: count(item(parts, 1)?)?,
        total: count(item(parts, 2)?)?,
    }))
}

fn read_line(line: &[u8]) -> Result<BoardLine, StoreError> {
    BoardLine::read(line).ok_or_else(|| strange("a board's line is none"))
}

impl Found {
    /// Adds what another room has.
    fn add(&mut self, in_room: Option<Found>) {
        let same = in_room.filter(|other| other.line.number == self.line.number);
        let Some(other) = same else { return };
        self.changes += other.changes;
        if other.line.present().season == self.line.present().season {
            self.total += other.total;
        }
    }

    fn info(self, id: &BoardId) -> BoardInfo {
        BoardInfo {
            id: id.clone(),
            season: self.line.present(),
            settings: self.line.settings,
            total: self.total,
        }
    }
}
