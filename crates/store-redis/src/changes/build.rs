//! Building the segments of attributes by which a board is not ranked yet.

use boards::{Attribute, BoardId, StoreError};
use futures_util::future::try_join_all;
use redis::Value;

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
    let is_built = build_all(core, board, &line, attributes).await?;
    Ok(is_built.then_some(line))
}

/// Puts all entries that are there into their segments; whether it came to the end.
pub(super) async fn build_all(
    core: &Core,
    board: &BoardId,
    line: &BoardLine,
    attributes: &[Attribute],
) -> Result<bool, StoreError> {
    let rooms = core.layout.rooms();
    let parts = rooms.map(|room| build_room(core, room, (board, line), attributes));
    let are_built = try_join_all(parts).await?;
    Ok(are_built.into_iter().all(|is_built| is_built))
}

/// Has all changes keep the segments from here on.
pub(super) async fn announce(
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
    let mut last = (Vec::new(), Vec::new());
    loop {
        let mut all: Vec<&[u8]> = words.0.iter().map(|word| &word[..]).collect();
        all.extend([ENTRIES, &last.0, &last.1]);
        let answer = core.redis.script(&core.scripts.build, &key, &all).await?;
        last = match told(&answer) {
            Some(Told::On(score, member)) => (score, member),
            Some(Told::End) => return Ok(true),
            Some(Told::Gone) => return Ok(false),
            None => return Err(replies::strange(&format!("{answer:?}"))),
        };
    }
}

/// What the script answers.
enum Told {
    /// The score and the member to go on after.
    On(Vec<u8>, Vec<u8>),
    End,
    Gone,
}

fn told(answer: &Value) -> Option<Told> {
    let Value::Array(items) = answer else {
        return None;
    };
    match replies::text(items.first()?)?.as_str() {
        "ON" => Some(Told::On(
            replies::bytes(items.get(1)?)?,
            replies::bytes(items.get(2)?)?,
        )),
        "END" => Some(Told::End),
        "GONE" => Some(Told::Gone),
        _ => None,
    }
}
