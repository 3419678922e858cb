//! Removing the keys of boards, seasons and segments that are gone.
//!
//! What is to be removed is written down with the change that makes it so, in every room: whoever finds it there
//! removes it, at once after the change or, where that node is gone, in a sweep. Nothing is written to these
//! keys any more, since every change depends on the board's line.

use boards::StoreError;
use futures_util::future::join_all;
use redis::Value;

use crate::board_keys::DOOMED;
use crate::core::Core;
use crate::layout::Room;
use crate::replies;

/// Segments that one script looks at.
const SEGMENTS: &[u8] = b"500";
/// Where a pass begins.
const BEGINNING: &[u8] = b"0";

/// Removes what is to be removed in a room. May be done by several nodes at once.
///
/// # Errors
/// [`StoreError::Unavailable`]; what is not removed is found again.
pub(crate) async fn tidy(core: &Core, room: Room) -> Result<(), StoreError> {
    let key = core.layout.key(room, DOOMED);
    let doomed = redis::cmd("HGETALL").arg(&key).take();
    let answers = core.redis.read(vec![doomed]).await?;
    for (what, since) in answers.iter().flat_map(replies::pairs) {
        remove(core, &key, &what, &since).await?;
    }
    Ok(())
}

/// Removes one thing, in passes of many short calls, until one has found nothing.
async fn remove(core: &Core, key: &[u8], what: &[u8], since: &[u8]) -> Result<(), StoreError> {
    let (mut from, mut is_clean) = (BEGINNING.to_vec(), true);
    loop {
        let clean: &[u8] = if is_clean { b"clean" } else { b"" };
        let words = [what, since, SEGMENTS, &from, clean];
        let answer = core.redis.script(&core.scripts.tidy, key, &words).await?;
        match told(&answer) {
            Some(Told::Done) => return Ok(()),
            Some(Told::On(next, found)) => {
                // At the end of a pass the next begins.
                is_clean = next == BEGINNING || (is_clean && !found);
                from = next;
            }
            None => return Err(replies::strange(&format!("{answer:?}"))),
        }
    }
}

/// What the script answers.
enum Told {
    /// Where to go on, and whether something was found.
    On(Vec<u8>, bool),
    Done,
}

fn told(answer: &Value) -> Option<Told> {
    match answer {
        Value::Array(items) => match &items[..] {
            [] => Some(Told::Done),
            [next, found] => Some(Told::On(replies::bytes(next)?, replies::whole(found)? == 1)),
            _ => None,
        },
        _ => None,
    }
}

/// The same in all rooms.
pub(super) async fn tidy_everywhere(core: &Core) -> Result<(), StoreError> {
    let rooms = core.layout.rooms().map(|room| tidy(core, room));
    join_all(rooms).await.into_iter().collect()
}
