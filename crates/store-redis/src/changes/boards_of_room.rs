//! All boards of a room, for what changes a player on all of them.

use std::collections::{BTreeMap, BTreeSet};

use boards::{BoardId, PlayerId, StoreError};

use super::attempt::{Attempt, unreadable};
use crate::board_keys::BOARDS;
use crate::board_line::BoardLine;
use crate::board_records as records;
use crate::core::Core;
use crate::layout::Room;
use crate::replies;

impl Attempt<'_, '_> {
    /// The boards of some rooms. The commit depends on it that none of them changes.
    pub(super) async fn boards_of(
        &mut self,
        rooms: &BTreeSet<Room>,
    ) -> Result<BTreeMap<Room, Vec<(BoardId, BoardLine)>>, StoreError> {
        // First what changes with every line, so that lines that come later are noticed.
        let lines = rooms.iter().map(|room| records::lines(*room));
        self.tx.fetch(Vec::from_iter(lines)).await?;
        let boards = read_all(self.core(), rooms.iter().copied()).await?;
        Ok(rooms.iter().copied().zip(boards).collect())
    }

    /// Fetches the entries that players have on boards, in all seasons that are kept, and their marks.
    pub(super) async fn fetch_entries(
        &mut self,
        ids: impl Iterator<Item = PlayerId>,
        boards: &BTreeMap<Room, Vec<(BoardId, BoardLine)>>,
    ) -> Result<(), StoreError> {
        let mut all = Vec::new();
        for id in ids {
            let room = self.layout().of_player(id);
            for (_, line) in boards.get(&room).into_iter().flatten() {
                all.extend(self.records_of(line, line.ladders(), id));
            }
        }
        self.tx.fetch(all).await
    }
}

/// All boards as some rooms have them.
pub(super) async fn read_all(
    core: &Core,
    rooms: impl Iterator<Item = Room>,
) -> Result<Vec<Vec<(BoardId, BoardLine)>>, StoreError> {
    let commands = rooms.map(|room| {
        let key = core.layout.key(room, BOARDS);
        redis::cmd("HGETALL").arg(key).take()
    });
    let answers = core.redis.read(commands.collect()).await?;
    let read = |name: &[u8], line: &[u8]| {
        let name = BoardId::parse(std::str::from_utf8(name).ok()?).ok()?;
        Some((name, BoardLine::read(line)?))
    };
    let boards = answers.iter().map(|answer| {
        let pairs = replies::pairs(answer);
        let boards = pairs.iter().map(|(name, line)| read(name, line));
        let boards: Option<Vec<_>> = boards.collect();
        boards.ok_or_else(|| unreadable("board"))
    });
    boards.collect()
}
