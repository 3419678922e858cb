//! The records of boards and players that transactions depend on, and what they say.

use boards::{BoardId, BoardNumber, PlayerId};

use crate::board_keys::{self, BOARDS, DOOMED_PLAYERS, LINES, Ladder, PLAYERS};
use crate::layout::{Layout, Room};
use crate::tx::At;

/// A board's line, which every room has.
pub(crate) fn line(room: Room, board: &BoardId) -> At {
    At::field(room, BOARDS, board.as_str())
}

/// What is another after every change of a line.
pub(crate) fn lines(room: Room) -> At {
    At::whole(room, LINES)
}

/// A player.
pub(crate) fn player(layout: &Layout, id: PlayerId) -> At {
    At::field(layout.of_player(id), PLAYERS, id.as_bytes())
}

/// Whether a player is being deleted, and since which stamp.
pub(crate) fn doomed_player(layout: &Layout, id: PlayerId) -> At {
    At::field(layout.of_player(id), DOOMED_PLAYERS, id.as_bytes())
}

/// A player's entry of a season.
pub(crate) fn entry(layout: &Layout, ladder: Ladder, id: PlayerId) -> At {
    At::field(layout.of_player(id), ladder.entries(), id.as_bytes())
}

/// Whether a player is hidden on a board: there is something, or nothing.
pub(crate) fn hidden(layout: &Layout, board: BoardNumber, id: PlayerId) -> At {
    At::field(
        layout.of_player(id),
        board_keys::hidden(board),
        id.as_bytes(),
    )
}

/// What is another after every change of a board's entries in a room.
pub(crate) fn version(room: Room, board: BoardNumber) -> At {
    At::whole(room, board_keys::version(board))
}
