//! Tickets made and cancelled, and matches accepted or not.

use matchmaking::{
    MatchError, MatchId, NewTicket, QueueChanged, QueueId, QueuedTicket, Rating, TicketEnd,
    TicketId, TicketState, Who,
};

use super::Stage;
use crate::queues::{self, Queue, TicketLine};

/// Things ended in one go.
const LAPSES: usize = 1000;

impl Stage<'_> {
    pub(super) fn create_ticket(
        &mut self,
        queue: &QueueId,
        new: NewTicket,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let queue = self.queue(queue)?;
        let digest = queues::digest(&new);
        if let Some(line) = self.ticket_by(queue.number, &new.id, now_ms)? {
            if line.digest != digest {
                return Err(MatchError::TicketExists(new.id));
            }
            return Ok(answer(&self.shown(line)));
        }
        self.admit(queue, &new, now_ms)?;
        let ticket = new.rated(|player| self.rating(queue, player));
        if let Some(why) = queue.settings.rules.why_unmatchable(&ticket) {
            return Err(MatchError::Unmatchable(why));
        }
        let players: Vec<_> = ticket.players.iter().map(|player| player.id).collect();
        let ttl_ms = queue.settings.ticket_ttl_ms;
        let queued = QueuedTicket::made(queue.id.clone(), ticket, ttl_ms, now_ms);
        let line = TicketLine {
            made: self.position.next_sequence,
            digest,
            version: 0,
            ticket: std::sync::Arc::new(queued.clone()),
        };
        self.position.next_sequence += 1;
        for player in players {
            let key = (queue.number, player);
            self.queues.players.set(key, queued.id().clone());
        }
        let line = self.set_ticket(queue.number, line, queued);
        Ok(answer(&line))
    }

    fn admit(&mut self, queue: &Queue, new: &NewTicket, now_ms: i64) -> Result<(), MatchError> {
        let players = new.players.iter().enumerate();
        let unknown = players.filter(|(_, player)| !self.knows(player.id));
        let unknown: Vec<_> = unknown.map(|(at, _)| at).collect();
        if !unknown.is_empty() {
            return Err(MatchError::UnknownPlayers(unknown));
        }
        for (at, player) in new.players.iter().enumerate() {
            if let Some(line) = self.ticket_of(queue, player.id, now_ms)? {
                return Err(MatchError::PlayerWaits {
                    at,
                    player: player.id,
                    ticket: line.ticket.id().clone(),
                });
            }
        }
        Ok(())
    }

    fn rating(&self, queue: &Queue, player: boards::PlayerId) -> Rating {
        let rated = self.rated(queue, player).map(|rated| rated.rating);
        rated.unwrap_or_else(|| queue.settings.rating_system.initial())
    }

    pub(super) fn cancel_ticket(
        &mut self,
        queue: &QueueId,
        id: TicketId,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.queue(queue)?.number;
        let Some(line) = self.ticket_by(number, &id, now_ms)? else {
            return Err(MatchError::UnknownTicket(id));
        };
        let line = match line.ticket.state {
            TicketState::Waiting => {
                let cancelled = line.ticket.cancelled(TicketEnd::Requested, now_ms);
                self.set_ticket(number, line, cancelled)
            }
            TicketState::Proposed { match_id } => {
                let proposal = self.find_match(match_id)?;
                let declined = proposal.of.decline(&Who::Ticket(id.clone()), now_ms)?;
                self.fail_match(proposal, declined, TicketEnd::Requested);
                self.live_ticket(number, &id).unwrap_or(line)
            }
            TicketState::Matched { .. } => return Err(MatchError::TicketMatched(id)),
            TicketState::Cancelled { .. } | TicketState::Expired { .. } => line,
        };
        Ok(answer(&self.shown(line)))
    }

    pub(super) fn accept(
        &mut self,
        id: MatchId,
        who: &Who,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let line = self.match_by(id, now_ms)?;
        let after = line.of.accept(who, now_ms)?;
        if after == *line.of {
            return Ok(QueueChanged::Match(Box::new(after)));
        }
        if after.accept_by_ms().is_none() {
            self.settle_in(line.queue, &after, now_ms);
        }
        self.set_match(line, after.clone());
        Ok(QueueChanged::Match(Box::new(after)))
    }

    pub(super) fn decline(
        &mut self,
        id: MatchId,
        who: &Who,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let line = self.match_by(id, now_ms)?;
        let after = line.of.decline(who, now_ms)?;
        if line.of.accept_by_ms().is_some() {
            self.fail_match(line, after.clone(), TicketEnd::Declined);
        }
        Ok(QueueChanged::Match(Box::new(after)))
    }

    /// Ends what is over, a thousand things at the most; whoever asks looks whether there is more.
    pub(super) fn lapse(
        &mut self,
        queue: &QueueId,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let queue = self.queue(queue)?;
        let stored = queue.proposals.iter();
        let stored = stored.take_while(|(at_ms, _)| *at_ms <= now_ms);
        let mut over: Vec<MatchId> = stored.map(|(_, id)| *id).take(LAPSES).collect();
        let fresh = self.queues.matches.values();
        let fresh = fresh.filter(|(_, line)| line.queue == queue.number);
        over.extend(
            fresh
                .filter(|(_, line)| line.of.is_over(now_ms))
                .map(|(id, _)| *id),
        );
        for id in over {
            self.match_by(id, now_ms)?;
        }
        // After the proposals, which may have put tickets back that are over as well.
        let stored = queue.expiries.iter();
        let stored = stored.take_while(|(at_ms, _)| *at_ms <= now_ms);
        let stored = stored.filter_map(|(_, made)| queue.waiting.get(made));
        let mut over: Vec<TicketId> = stored.map(|t| t.id().clone()).take(LAPSES).collect();
        let fresh = self.queues.tickets.values();
        let fresh = fresh.filter(|((number, _), _)| *number == queue.number);
        let fresh = fresh.filter(|(_, line)| line.ticket.is_over(now_ms));
        over.extend(fresh.map(|((_, id), _)| id.clone()));
        for id in over {
            self.ticket_by(queue.number, &id, now_ms)?;
        }
        Ok(QueueChanged::Done)
    }
}

fn answer(line: &TicketLine) -> QueueChanged {
    QueueChanged::Ticket(Box::new((*line.ticket).clone()))
}
