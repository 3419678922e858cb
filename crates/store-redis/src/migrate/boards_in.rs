//! Boards, players, entries and hidden marks, as they are written to Redis.

use std::collections::{BTreeSet, HashMap};

use archive::{EntryLine, HiddenLine, PlayerLine};
use boards::{Player, PlayerId};

use super::MigrateError;
use super::plan::Plan;
use super::rooms::Rooms;
use super::scan::{Found, Reading, damaged};
use crate::board_keys::{self, BOARDS, LINES, Ladder, PLAYERS, member, weight};
use crate::board_line::BoardLine;
use crate::changes::MADE;
use crate::entry::StoredEntry;
use crate::layout::{Layout, ROOM_BITS};
use crate::players;
use crate::stamps::CLOCK;

/// Lines that refer to something that the export does not have.
pub(crate) fn unknown(what: &str) -> MigrateError {
    MigrateError::Damaged(format!(
        "a line of the export refers to {what} that it does not have"
    ))
}

/// The boards themselves, and where stamps go on.
pub(super) fn put_boards(rooms: &mut Rooms<'_>, plan: &Plan) {
    let core = rooms.core();
    let now = core.stamps.next(1);
    for room in core.layout.rooms() {
        for (name, line) in &plan.boards {
            rooms.hash(room, BOARDS, name.as_bytes(), line.to_bytes());
        }
        rooms.set(room, LINES, now);
        // The next stamp is later, so what is reached from here on stands behind what is moved.
        rooms.set(room, CLOCK, plan.reached >> ROOM_BITS);
    }
    for line in plan.boards.values() {
        rooms.set(Layout::CONTROL, &board_keys::version(line.number()), now);
    }
    rooms.set(Layout::CONTROL, MADE, plan.boards.len());
}

pub(super) fn put_player(rooms: &mut Rooms<'_>, line: &PlayerLine) -> Result<(), MigrateError> {
    let player = line
        .player()
        .map_err(|e| MigrateError::Damaged(e.to_string()))?;
    let room = rooms.core().layout.of_player(player.id);
    rooms.hash(
        room,
        PLAYERS,
        player.id.as_bytes(),
        players::to_bytes(&player),
    );
    Ok(())
}

pub(super) fn put_hidden(
    rooms: &mut Rooms<'_>,
    plan: &Plan,
    line: &HiddenLine<'_>,
) -> Result<(), MigrateError> {
    let board = plan
        .boards
        .get(line.board)
        .ok_or_else(|| unknown("a board"))?;
    let room = rooms.core().layout.of_player(line.player_id);
    let key = board_keys::hidden(board.number());
    rooms.hash(room, &key, line.player_id.as_bytes(), b"1".to_vec());
    Ok(())
}

/// Entries that wait for their players' attributes to be looked up.
#[derive(Default)]
pub(super) struct Entries<'p> {
    waiting: Vec<(&'p BoardLine, Ladder, PlayerId, StoredEntry)>,
}

impl<'p> Entries<'p> {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn add(&mut self, plan: &'p Plan, line: &EntryLine<'_>) -> Result<(), MigrateError> {
        let board = plan
            .boards
            .get(line.board)
            .ok_or_else(|| unknown("a board"))?;
        let ladder = Ladder::new(board.number(), line.season);
        let details = line.details().ok_or_else(|| unknown("metadata"))?;
        let entry = StoredEntry {
            score: line.score,
            reached: line.reached,
            details,
        };
        self.waiting.push((board, ladder, line.player_id, entry));
        Ok(())
    }

    /// Puts them into their hashes, and those that are ranked into the sets of the board and of segments. Players
    /// have to be written by now.
    pub(super) async fn put(
        &mut self,
        rooms: &mut Rooms<'_>,
        plan: &Plan,
    ) -> Result<(), MigrateError> {
        let players = self.players(Reading(rooms.core())).await?;
        for (board, ladder, id, entry) in self.waiting.drain(..) {
            let room = rooms.core().layout.of_player(id);
            rooms.hash(room, &ladder.entries(), id.as_bytes(), entry.to_bytes());
            if plan.hidden.contains(&(board.number, id)) {
                continue;
            }
            let weight = weight(board.settings.order, entry.score);
            let member = member(entry.reached, id);
            rooms.sorted(room, &ladder.ranked(), weight, &member);
            let player = players.get(&id);
            for attribute in board.attributes() {
                if let Some(segment) = player.and_then(|player| attribute.segment_of(player)) {
                    rooms.sorted(room, &ladder.segment(&segment), weight, &member);
                    rooms.member(room, &ladder.parts(), segment.to_string().as_bytes());
                }
            }
        }
        Ok(())
    }

    /// The players of those whose boards have segments.
    async fn players(
        &self,
        reading: Reading<'_>,
    ) -> Result<HashMap<PlayerId, Player>, MigrateError> {
        let split = self.waiting.iter();
        let split = split.filter(|(board, ..)| board.attributes().next().is_some());
        let ids: BTreeSet<PlayerId> = split.map(|(_, _, id, _)| *id).collect();
        let layout = &reading.core().layout;
        let place = |id: &PlayerId| {
            (
                layout.of_player(*id),
                PLAYERS.to_vec(),
                id.as_bytes().to_vec(),
            )
        };
        let places: Vec<Found> = ids.iter().map(place).collect();
        let values = reading.values(&places).await?;
        let mut players = HashMap::with_capacity(ids.len());
        for (id, value) in ids.into_iter().zip(values) {
            let player = value.and_then(|bytes| players::read(id, &bytes));
            let player = player.ok_or_else(|| damaged(PLAYERS, id.as_bytes()))?;
            players.insert(id, player);
        }
        Ok(players)
    }
}
