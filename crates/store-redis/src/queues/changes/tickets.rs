//! Tickets made and cancelled, and matches accepted or not.
//!
//! Whether the players of a ticket exist, and how they are rated, is looked up in their rooms. A player in the
//! queue's own room cannot be erased in between. For those in others there are two more steps: before the ticket
//! is there, each player's room is told in which queue to look for it, and afterwards it is looked once more
//! whether they exist. So whoever erases a player finds its ticket, or who makes the ticket finds it gone.

use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{
    MatchError, MatchId, NewTicket, QueueChanged, QueueId, QueuedTicket, TicketEnd, TicketId,
    TicketState, Who,
};

use super::{Attempt, finished};
use crate::queues::draft::{Draft, known};
use crate::queues::keys::{Place, erased, player, queues_of};
use crate::queues::{QueueLine, Queues, Rated, TicketLine, erase, records};
use crate::tx::{At, Tx};

impl Queues {
    pub(super) async fn create_ticket<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        new: &NewTicket,
        now_ms: i64,
    ) -> Attempt<'c> {
        let records_of = |place: Place| {
            let live = new.players.iter().map(|player| place.live(player.id));
            live.chain([place.ticket(&new.id)]).collect()
        };
        let Some((mut draft, line)) = self.enter(tx, queue, records_of).await? else {
            return Ok(None);
        };
        let digest = records::digest(new);
        if let Some(line) = draft.ticket_by(&new.id, now_ms).await? {
            if line.digest != digest {
                return Err(MatchError::TicketExists(new.id.clone()));
            }
            let line = self.masked(line).await?;
            return finished(draft, answer(&line));
        }
        self.admit(&mut draft, new, now_ms).await?;
        let ticket = self.made(&draft, &line, queue, new, now_ms)?;
        self.index_players(&mut draft, new).await?;
        let line = TicketLine {
            made: self.core.stamps.next(1),
            digest,
            version: 0,
            ticket: Arc::new(ticket),
        };
        let changed = answer(&line);
        draft.set_new_ticket(line);
        finished(draft, changed)
    }

    /// The ticket with its players' ratings, which are known by now.
    fn made(
        &self,
        draft: &Draft<'_>,
        line: &QueueLine,
        queue: &QueueId,
        new: &NewTicket,
        now_ms: i64,
    ) -> Result<QueuedTicket, MatchError> {
        let rating = |player: PlayerId| {
            let at = draft.place.rating(&self.core.layout, player);
            let rated = draft.tx.known(&at);
            let rated = rated.and_then(|bytes| Rated::read(&bytes));
            rated.map_or_else(
                || line.settings.rating_system.initial(),
                |rated| rated.rating,
            )
        };
        let ticket = new.clone().rated(rating);
        if let Some(why) = line.settings.rules.why_unmatchable(&ticket) {
            return Err(MatchError::Unmatchable(why));
        }
        let ttl_ms = line.settings.ticket_ttl_ms;
        Ok(QueuedTicket::made(queue.clone(), ticket, ttl_ms, now_ms))
    }

    /// Whether all players exist and none is in another ticket; reads their ratings on the way.
    async fn admit(
        &self,
        draft: &mut Draft<'_>,
        new: &NewTicket,
        now_ms: i64,
    ) -> Result<(), MatchError> {
        let (layout, place) = (&self.core.layout, draft.place);
        let of_each = |id: PlayerId| {
            [
                player(layout, id),
                place.rating(layout, id),
                index(self, place, id),
                erased(layout, id),
            ]
        };
        let all: Vec<At> = new.players.iter().flat_map(|p| of_each(p.id)).collect();
        draft.tx.peek(all.clone()).await?;
        // Those that are in the room of the queue are known already, and checked from here on.
        let here = all.into_iter().filter(|at| at.room == place.room);
        draft.tx.fetch(here).await?;
        for at in new.players.iter().map(|p| erased(layout, p.id)) {
            // So that the ticket is not taken for one of who had the id before, by clocks that differ.
            let mark = draft
                .tx
                .known(&at)
                .and_then(|bytes| records::read_erased(&bytes));
            mark.into_iter()
                .for_each(|stamp| self.core.stamps.observe(stamp));
        }
        let players = new.players.iter().enumerate();
        let unknown = players.filter(|(_, p)| draft.tx.known(&player(layout, p.id)).is_none());
        let unknown: Vec<_> = unknown.map(|(at, _)| at).collect();
        if !unknown.is_empty() {
            return Err(MatchError::UnknownPlayers(unknown));
        }
        for (at, player) in new.players.iter().enumerate() {
            if let Some(line) = draft.ticket_of(player.id, now_ms).await? {
                return Err(MatchError::PlayerWaits {
                    at,
                    player: player.id,
                    ticket: line.ticket.id().clone(),
                });
            }
        }
        Ok(())
    }

    /// Tells the rooms of the players in which queue they may be found. Other rooms are told each time: what they
    /// were told before may be gone since it was read, with a player that was erased and made again.
    async fn index_players(
        &self,
        draft: &mut Draft<'_>,
        new: &NewTicket,
    ) -> Result<(), MatchError> {
        let mut elsewhere = Vec::new();
        for player in &new.players {
            let at = index(self, draft.place, player.id);
            if at.room != draft.place.room {
                elsewhere.push(at);
            } else if draft.tx.known(&at).is_none() {
                draft.tx.set(at, b"1".to_vec());
            }
        }
        Ok(self
            .put_each(elsewhere.into_iter().map(|at| (at, b"1".to_vec())))
            .await?)
    }

    /// Cancels a ticket that was made while one of its players was erased in another room.
    pub(in crate::queues) async fn look_once_more(
        &self,
        queue: &QueueId,
        new: &NewTicket,
        now_ms: i64,
    ) -> Result<(), MatchError> {
        let number = self.names.number(&self.core, queue).await?;
        let (layout, place) = (&self.core.layout, Place::of(&self.core.layout, number));
        let players = new.players.iter().map(|p| (p.id, player(layout, p.id)));
        let elsewhere: Vec<_> = players.filter(|(_, at)| at.room != place.room).collect();
        let mut tx = self.core.begin();
        tx.peek(elsewhere.iter().map(|(_, at)| at.clone())).await?;
        for (id, _) in elsewhere.iter().filter(|(_, at)| tx.known(at).is_none()) {
            erase::leave(&self.core, place, *id, now_ms).await?;
        }
        Ok(())
    }

    pub(super) async fn cancel_ticket<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        id: &TicketId,
        now_ms: i64,
    ) -> Attempt<'c> {
        let ticket = |place: Place| vec![place.ticket(id)];
        let Some((mut draft, _)) = self.enter(tx, queue, ticket).await? else {
            return Ok(None);
        };
        let Some(line) = draft.ticket_by(id, now_ms).await? else {
            return Err(MatchError::UnknownTicket(id.clone()));
        };
        let line = match line.ticket.state {
            TicketState::Waiting => {
                let cancelled = line.ticket.cancelled(TicketEnd::Requested, now_ms);
                draft.set_ticket(line, cancelled)
            }
            TicketState::Proposed { match_id } => {
                let proposal = known(draft.find_match(match_id).await?, match_id)?;
                let declined = proposal.of.decline(&Who::Ticket(id.clone()), now_ms)?;
                draft
                    .fail_match(proposal, declined, TicketEnd::Requested)
                    .await?;
                draft.find_ticket(id).await?.unwrap_or(line)
            }
            TicketState::Matched { .. } => return Err(MatchError::TicketMatched(id.clone())),
            TicketState::Cancelled { .. } | TicketState::Expired { .. } => line,
        };
        let line = self.masked(line).await?;
        finished(draft, answer(&line))
    }

    pub(super) async fn accept<'c>(
        &'c self,
        tx: Tx<'c>,
        id: MatchId,
        who: &Who,
        now_ms: i64,
    ) -> Attempt<'c> {
        let mut draft = self.enter_of(tx, id).await?;
        let line = known(draft.proposal_by(id, now_ms).await?, id)?;
        let line = self.masked_match(line).await?;
        let after = line.of.accept(who, now_ms)?;
        if after != *line.of {
            if after.accept_by_ms().is_none() {
                draft.settle_in(&after, now_ms).await?;
            }
            draft.set_match(line, after.clone());
        }
        finished(draft, QueueChanged::Match(Box::new(after)))
    }

    pub(super) async fn decline<'c>(
        &'c self,
        tx: Tx<'c>,
        id: MatchId,
        who: &Who,
        now_ms: i64,
    ) -> Attempt<'c> {
        let mut draft = self.enter_of(tx, id).await?;
        let line = known(draft.proposal_by(id, now_ms).await?, id)?;
        let line = self.masked_match(line).await?;
        let after = line.of.decline(who, now_ms)?;
        if line.of.accept_by_ms().is_some() {
            draft
                .fail_match(line, after.clone(), TicketEnd::Declined)
                .await?;
        }
        finished(draft, QueueChanged::Match(Box::new(after)))
    }
}

/// Where a player's room is told of a queue.
fn index(queues: &Queues, place: Place, player: PlayerId) -> At {
    let room = queues.core.layout.of_player(player);
    At::field(room, queues_of(player), place.number.0.to_string())
}

fn answer(line: &TicketLine) -> QueueChanged {
    QueueChanged::Ticket(Box::new((*line.ticket).clone()))
}
