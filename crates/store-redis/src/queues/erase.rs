//! A player is erased: its tickets are cancelled, its proposals fail, its ratings and its history go, and matches
//! that others remember have a nil id in its place.
//!
//! It is several steps, each of which may be done again. In which queues a player can be at all is written in its
//! own room before it is ([`keys::queues_of`]). What has ended otherwise in the last hour is not written anew
//! ([`super::masks`]).

use std::collections::{BTreeMap, BTreeSet};

use boards::{PlayerId, StoreError};
use matchmaking::{MatchId, TicketEnd, TicketState};

use super::draft::{Draft, now};
use super::keys::{self, Part, Place, history, queues_of};
use super::{QueueNumber, records, wire};
use crate::core::Core;
use crate::tx::{At, Tx, Write};

/// Matches written anew in one go; about 2 KiB each.
const MATCHES: usize = 100;

/// How long it is known that a player was erased. A ticket waits for a day at the most, its match is proposed for
/// an hour at the most, and both can be read for an hour after; answers are kept for 25.
const MARKED_MS: u64 = 27 * 60 * 60 * 1000;

/// Takes a player out of all queues. Twice does no harm, and it has to be done both before the player's own record
/// is removed and after: a ticket that is made in the very moment may not be found by the first, and is by the
/// second.
///
/// # Errors
/// [`StoreError::Unavailable`], and what is not done yet is done by doing it again.
pub(crate) async fn erase_player(
    core: &Core,
    player: PlayerId,
    now_ms: i64,
) -> Result<(), StoreError> {
    let room = core.layout.of_player(player);
    let key = core.layout.key(room, &queues_of(player));
    let found = core
        .redis
        .read(vec![redis::cmd("HKEYS").arg(key).take()])
        .await?;
    let numbers = found.into_iter().flat_map(wire::items);
    let numbers: Vec<QueueNumber> = numbers.filter_map(|n| records::read_number(&n)).collect();
    for number in &numbers {
        leave(core, Place::of(&core.layout, *number), player, now_ms).await?;
    }
    erase_history(core, player).await?;
    forget(core, player, &numbers).await
}

/// Notes in the transaction that removes a player that it is erased, later than all that it was in.
pub(crate) fn mark(tx: &mut Tx<'_>, player: PlayerId) {
    let core = tx.core();
    let stamp = core.stamps.next(1);
    let at = keys::erased(&core.layout, player);
    tx.set_for(at, records::erased(stamp), MARKED_MS);
}

/// Removes a player's ratings and, once the player does not exist, in which queues it may be found: as long as it
/// does, a ticket may come that relies on that.
async fn forget(core: &Core, player: PlayerId, numbers: &[QueueNumber]) -> Result<(), StoreError> {
    let room = core.layout.of_player(player);
    let exists = keys::player(&core.layout, player);
    let mut attempts = core.attempts();
    loop {
        let mut tx = core.begin();
        tx.peek([exists.clone()]).await?;
        let is_gone = tx.known(&exists).is_none();
        for number in numbers {
            let place = Place::of(&core.layout, *number);
            tx.remove(place.rating(&core.layout, player));
            if is_gone {
                tx.remove(At::field(room, queues_of(player), number.0.to_string()));
            }
        }
        // A result that is about to be written may be in the way.
        if attempts.outcome(tx.commit().await?).await?.is_some() {
            return Ok(());
        }
    }
}

/// Takes a player out of one queue, and out of the matches that are being held in it.
pub(super) async fn leave(
    core: &Core,
    place: Place,
    player: PlayerId,
    now_ms: i64,
) -> Result<(), StoreError> {
    let mut attempts = core.attempts();
    loop {
        let mut draft = Draft::new(core.begin(), place);
        draft.leave(player, now_ms).await?;
        if draft.commit(&mut attempts).await? {
            break;
        }
    }
    // Afterwards, since the ticket may have come into a match meanwhile.
    let held = held(core, place, player).await?;
    erase_from(core, place, player, &held).await
}

impl Draft<'_> {
    async fn leave(&mut self, player: PlayerId, now_ms: i64) -> Result<(), StoreError> {
        let Some(line) = self.ticket_of(player, now_ms).await? else {
            return Ok(());
        };
        let TicketState::Proposed { match_id } = line.ticket.state else {
            let cancelled = line.ticket.cancelled(TicketEnd::PlayerDeleted, now_ms);
            self.set_ticket(line, cancelled);
            return Ok(());
        };
        if let Some(proposal) = self.find_match(match_id).await? {
            let failed = proposal.of.failed(BTreeSet::from([player]), now_ms);
            self.fail_match(proposal, failed, TicketEnd::PlayerDeleted)
                .await?;
        }
        Ok(())
    }
}

/// The matches of a queue that are being held with a player.
async fn held(core: &Core, place: Place, player: PlayerId) -> Result<Vec<MatchId>, StoreError> {
    let key = core.layout.key(place.room, &place.key(Part::Held));
    let from = [b"[", &player.as_bytes()[..]].concat();
    // Longer than any member of this player's, and before the next one's.
    let to = [&from[..], &[0xff; 17]].concat();
    let range = redis::cmd("ZRANGEBYLEX").arg(key).arg(from).arg(to).take();
    let found = core.redis.read(vec![range]).await?;
    let members = found.into_iter().flat_map(wire::items);
    Ok(members.filter_map(|m| keys::read_held_member(&m)).collect())
}

/// Puts a nil id in place of a player in matches of a queue.
async fn erase_from(
    core: &Core,
    place: Place,
    player: PlayerId,
    matches: &[MatchId],
) -> Result<(), StoreError> {
    let mut attempts = core.attempts();
    loop {
        let mut draft = Draft::new(core.begin(), place);
        draft.fetch_matches(matches).await?;
        for id in matches {
            let line = now(&draft.matches, id);
            if let Some(line) = line.filter(|line| line.of.has_player(player)) {
                let erased = line.of.erased(player);
                draft.set_match(line, erased);
            }
        }
        if draft.commit(&mut attempts).await? {
            return Ok(());
        }
    }
}

/// Writes the matches of a player anew that have a result, some at a time, and forgets them in its history.
async fn erase_history(core: &Core, player: PlayerId) -> Result<(), StoreError> {
    let room = core.layout.of_player(player);
    let key = core.layout.key(room, &history(player));
    loop {
        let range = redis::cmd("ZRANGE")
            .arg(&key)
            .arg(0)
            .arg(MATCHES - 1)
            .take();
        let found = core.redis.read(vec![range]).await?;
        let members: Vec<_> = found.into_iter().flat_map(wire::items).collect();
        if members.is_empty() {
            return Ok(());
        }
        let mut by_queue: BTreeMap<QueueNumber, Vec<MatchId>> = BTreeMap::new();
        for (id, number) in members.iter().filter_map(|m| keys::read_history_member(m)) {
            by_queue.entry(number).or_default().push(id);
        }
        for (number, ids) in by_queue {
            erase_from(core, Place::of(&core.layout, number), player, &ids).await?;
        }
        let mut tx = core.begin();
        for member in members {
            let key = history(player);
            tx.also(room, Write::ZRem { key, member });
        }
        tx.commit().await?;
    }
}
