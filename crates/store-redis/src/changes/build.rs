//! Building the segments of attributes by which a board is not ranked yet.

use boards::{Attribute, BoardId, StoreError};
use futures_util::future::try_join_all;

use super::attempt::Attempt;
use super::{commit, tidy};
use crate::board_keys::{Ladder, PLAYERS};
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::{Layout, Room};
use crate::replies;

/// Entries that one script puts into their segments.
const ENTRIES: &[u8] = b"200";

/// Builds segments; the line that says so, under which they are complete.
pub(super) async fn build(
    core: &Core,
    board: &BoardId,
    attributes: &[Attribute],
    now_ms: i64,
) -> Result<BoardLine, StoreError> {
    let line = announce(core, board, attributes, now_ms).await?;
    let rooms = core.layout.rooms();
    let parts = rooms.map(|room| build_room(core, room, &line, attributes));
    try_join_all(parts).await?;
    Ok(line)
}

/// Has all changes keep the segments from here on.
async fn announce(
    core: &Core,
    board: &BoardId,
    attributes: &[Attribute],
    now_ms: i64,
) -> Result<BoardLine, StoreError> {
    let mut attempts = core.attempts();
    for tries in 0.. {
        let mut attempt = Attempt::new(core.begin(), &attempts, now_ms, tries);
        attempt.fetch_lines(board).await?;
        let mut line = attempt.line(Layout::CONTROL, board)?;
        let missing = attributes
            .iter()
            .filter(|attribute| !line.attributes().any(|a| a == *attribute));
        let missing: Vec<Attribute> = missing.cloned().collect();
        // What is left of segments by these attributes must not be taken for theirs, or be removed later.
        tidy::tidy_everywhere(core).await?;
        line.building.extend(missing);
        attempt.set_lines(board, Some(&line));
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            return Ok(line);
        }
    }
    Err(StoreError::Overloaded)
}

async fn build_room(
    core: &Core,
    room: Room,
    line: &BoardLine,
    attributes: &[Attribute],
) -> Result<(), StoreError> {
    for ladder in line.ladders() {
        for attribute in attributes {
            build_ladder(core, room, ladder, attribute).await?;
        }
    }
    Ok(())
}

async fn build_ladder(
    core: &Core,
    room: Room,
    ladder: Ladder,
    attribute: &Attribute,
) -> Result<(), StoreError> {
    let key = core.layout.key(room, &ladder.ranked());
    let players = core.layout.key(room, PLAYERS);
    let mut from = b"0".to_vec();
    loop {
        let words = [&players[..], attribute.as_str().as_bytes(), &from, ENTRIES];
        let answer = core.redis.script(&core.scripts.build, &key, &words).await?;
        let next = replies::text(&answer).unwrap_or_default();
        if next == "0" {
            return Ok(());
        }
        if next.is_empty() {
            return Err(replies::strange(&format!("{answer:?}")));
        }
        from = next.into_bytes();
    }
}
