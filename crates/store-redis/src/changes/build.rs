//! Building the segments of attributes by which a board is not ranked yet.

use boards::{Attribute, BoardId, StoreError};
use futures_util::future::try_join_all;

use super::attempt::Attempt;
use super::{commit, tidy};
use crate::board_keys::{BOARDS, Ladder};
use crate::board_line::BoardLine;
use crate::core::Core;
use crate::layout::{Layout, Room};
use crate::replies;

/// Entries that one script puts into their segments.
const ENTRIES: &[u8] = b"200";

/// Builds segments; the line that says so, under which they are complete. `None` where somebody has changed the
/// board so that they are not being built any more: one is to begin anew.
pub(super) async fn build(
    core: &Core,
    board: &BoardId,
    attributes: &[Attribute],
    now_ms: i64,
) -> Result<Option<BoardLine>, StoreError> {
    let line = announce(core, board, attributes, now_ms).await?;
    let rooms = core.layout.rooms();
    let parts = rooms.map(|room| build_room(core, room, (board, &line), attributes));
    let are_built = try_join_all(parts).await?;
    Ok(are_built
        .into_iter()
        .all(|is_built| is_built)
        .then_some(line))
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
        if !missing.is_empty() {
            line.building.extend(missing);
            line.build = attempt.attempts.stamps(1);
        }
        attempt.set_lines(board, Some(&line));
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            return Ok(line);
        }
    }
    Err(StoreError::Overloaded)
}

/// Whether they are built there.
async fn build_room(
    core: &Core,
    room: Room,
    (board, line): (&BoardId, &BoardLine),
    attributes: &[Attribute],
) -> Result<bool, StoreError> {
    for ladder in line.ladders() {
        for attribute in attributes {
            let words = Words::new(board, line, ladder, attribute);
            if !build_ladder(core, room, &words).await? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// What the script is told each time.
struct Words([Vec<u8>; 5]);

impl Words {
    fn new(board: &BoardId, line: &BoardLine, ladder: Ladder, attribute: &Attribute) -> Self {
        let (number, season) = (line.number.to_string(), ladder.season.0.to_string());
        Words([
            board.as_str().into(),
            number.into(),
            line.build.to_string().into(),
            season.into(),
            attribute.as_str().into(),
        ])
    }
}

async fn build_ladder(core: &Core, room: Room, words: &Words) -> Result<bool, StoreError> {
    let key = core.layout.key(room, BOARDS);
    let mut from = b"0".to_vec();
    loop {
        let mut all: Vec<&[u8]> = words.0.iter().map(|word| &word[..]).collect();
        all.extend([&from[..], ENTRIES]);
        let answer = core.redis.script(&core.scripts.build, &key, &all).await?;
        let next = replies::text(&answer).unwrap_or_default();
        match next.as_str() {
            "0" => return Ok(true),
            "GONE" => return Ok(false),
            "" => return Err(replies::strange(&format!("{answer:?}"))),
            _ => from = next.into_bytes(),
        }
    }
}
