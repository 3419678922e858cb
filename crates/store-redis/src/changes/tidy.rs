//! Removing the keys of boards, seasons and segments that are gone.
//!
//! What is to be removed is written down with the change that makes it so, in every room: whoever finds it there
//! removes it, at once after the change or, where that node is gone, in a sweep. Nothing is written to these
//! keys any more, since every change depends on the board's line.

use boards::StoreError;
use futures_util::future::join_all;

use crate::board_keys::DOOMED;
use crate::core::Core;
use crate::layout::Room;
use crate::replies;

/// Removes what is to be removed in a room. May be done by several nodes at once.
///
/// # Errors
/// [`StoreError::Unavailable`]; what is not removed is found again.
pub(crate) async fn tidy(core: &Core, room: Room) -> Result<(), StoreError> {
    let key = core.layout.key(room, DOOMED);
    let doomed = redis::cmd("HKEYS").arg(&key).take();
    let answers = core.redis.read(vec![doomed]).await?;
    for what in answers.iter().flat_map(replies::texts) {
        let words = [what.as_bytes()];
        core.redis.script(&core.scripts.tidy, &key, &words).await?;
    }
    Ok(())
}

/// The same in all rooms.
pub(super) async fn tidy_everywhere(core: &Core) -> Result<(), StoreError> {
    let rooms = core.layout.rooms().map(|room| tidy(core, room));
    join_all(rooms).await.into_iter().collect()
}
