//! Erasing a player: first from the queues, which has transactions of its own and may be done again, then, as
//! one, from all boards and their seasons, and then once more from the queues.
//!
//! A mark is left before anything else, and goes when all is done. One that a node has left behind is found by the
//! sweep, and the deletion ended, whatever its client was told. Whoever puts the player anew takes the mark away: what
//! was acknowledged later is not to be deleted by what was asked before.

use std::collections::BTreeSet;
use std::time::Duration;

use boards::{Changed, Player, PlayerId, StoreError};

use super::attempt::{Attempt, Erased};
use super::commit;
use crate::board_keys::DOOMED_PLAYERS;
use crate::board_records as records;
use crate::core::Core;
use crate::layout::Room;
use crate::queues::{erase_player, mark_erased};
use crate::replies;

/// A deletion that began so long ago is not under way any more.
pub(crate) const LEFT_AFTER: Duration = Duration::from_secs(60);

impl Attempt<'_, '_> {
    pub(super) async fn delete_player(&mut self, id: PlayerId) -> Result<Changed, StoreError> {
        let record = records::player(self.layout(), id);
        self.tx.fetch([record]).await?;
        let player = self.player(id)?;
        let mark = mark(self.core(), id).await?;
        self.erase(&player, mark).await?;
        Ok(Changed::Done)
    }

    async fn erase(&mut self, player: &Player, mark: Vec<u8>) -> Result<(), StoreError> {
        let id = player.id;
        erase_player(self.core(), id, self.now_ms).await?;
        self.after.erased = Some(Erased {
            player: id,
            at_ms: self.now_ms,
            mark,
        });
        let room = self.layout().of_player(id);
        let boards = self.boards_of(&BTreeSet::from([room])).await?;
        self.fetch_entries(std::iter::once(id), &boards).await?;
        for (board, line) in boards.into_values().flatten() {
            let mut had_entry = false;
            for ladder in line.ladders() {
                had_entry |= self.drop_entry(&line, ladder, player)?;
            }
            if had_entry {
                self.touch(room, &board, &line);
            }
            if self.is_hidden(line.number(), id) {
                let mark = records::hidden(self.layout(), line.number(), id);
                self.tx.remove(mark);
            }
        }
        self.tx.remove(records::player(self.layout(), id));
        mark_erased(&mut self.tx, id);
        Ok(())
    }

    /// Takes the marks away of players that are put anew, of those that were read.
    pub(super) fn unmark(&mut self, id: PlayerId) {
        let mark = records::doomed_player(self.layout(), id);
        if self.tx.known(&mark).is_some() {
            self.tx.remove(mark);
        }
    }
}

/// Leaves the mark of a deletion that begins, or finds the one of another that has not come to its end.
pub(super) async fn mark(core: &Core, id: PlayerId) -> Result<Vec<u8>, StoreError> {
    let record = records::player(&core.layout, id);
    let at = records::doomed_player(&core.layout, id);
    let mut attempts = core.attempts();
    loop {
        let mut tx = core.begin();
        tx.fetch([record.clone(), at.clone()]).await?;
        if tx.known(&record).is_none() {
            return Err(StoreError::UnknownPlayer(id));
        }
        if let Some(mark) = tx.known(&at) {
            return Ok(mark);
        }
        let mark = core.stamps.next(1).to_string().into_bytes();
        tx.set(at.clone(), mark.clone());
        if commit(&mut attempts, tx).await? {
            return Ok(mark);
        }
    }
}

/// Erases a player from the queues once more, now that no ticket can come any more, and takes the mark away.
pub(super) async fn finish(core: &Core, erased: &Erased) -> Result<(), StoreError> {
    let at = records::doomed_player(&core.layout, erased.player);
    let mut attempts = core.attempts();
    let mut is_erased = false;
    loop {
        let mut tx = core.begin();
        tx.fetch([at.clone()]).await?;
        if tx.known(&at).as_ref() != Some(&erased.mark) {
            // Ended by somebody else, or put anew, and what is in queues is of that one.
            return Ok(());
        }
        if !is_erased {
            erase_player(core, erased.player, erased.at_ms).await?;
            is_erased = true;
        }
        tx.remove(at.clone());
        if commit(&mut attempts, tx).await? {
            return Ok(());
        }
    }
}

/// Ends the deletions in a room that began so long ago and did not come to their end.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Overloaded`]; what is not done is found again.
pub(crate) async fn end_deletions(
    core: &Core,
    room: Room,
    age: Duration,
) -> Result<(), StoreError> {
    let key = core.layout.key(room, DOOMED_PLAYERS);
    let marks = redis::cmd("HGETALL").arg(key).take();
    let answers = core.redis.read(vec![marks]).await?;
    let age = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
    let until = core.stamps.next(1).saturating_sub(age);
    for (id, mark) in answers.iter().flat_map(replies::pairs) {
        let began = std::str::from_utf8(&mark).ok().and_then(|t| t.parse().ok());
        if let Ok(id) = id.try_into()
            && began.is_none_or(|began: u64| began <= until)
        {
            end_deletion(core, PlayerId::from_bytes(id), &mark).await?;
        }
    }
    Ok(())
}

async fn end_deletion(core: &Core, id: PlayerId, mark: &[u8]) -> Result<(), StoreError> {
    let record = records::player(&core.layout, id);
    let at = records::doomed_player(&core.layout, id);
    let mut attempts = core.attempts();
    for tries in 0.. {
        let now_ms = core.clock.now_ms();
        let mut attempt = Attempt::new(core.begin(), &attempts, now_ms, tries);
        attempt.tx.fetch([record.clone(), at.clone()]).await?;
        if attempt.tx.known(&at).as_deref() != Some(mark) {
            return Ok(());
        }
        if attempt.tx.known(&record).is_some() {
            let player = attempt.player(id)?;
            attempt.erase(&player, mark.to_vec()).await?;
        }
        let tx = attempt.tx;
        if commit(&mut attempts, tx).await? {
            let erased = Erased {
                player: id,
                at_ms: now_ms,
                mark: mark.to_vec(),
            };
            return finish(core, &erased).await;
        }
    }
    Err(StoreError::Overloaded)
}
