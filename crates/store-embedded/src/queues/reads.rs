//! What readers are shown of queues in memory.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{
    Backfill, Match, MatchError, PlayerRating, QueueId, QueueInfo, QueueStats, QueuedTicket,
    TicketId, TicketState, TicketView,
};

use super::{Queue, QueueNumber, TicketLine};
use crate::state::State;

/// Where a ticket is.
pub(crate) enum FoundTicket {
    /// In memory.
    Here(Box<TicketView>),
    /// On disk, if there is one.
    Ended(QueueNumber),
}

impl State {
    pub(crate) fn queue(&self, id: &QueueId) -> Result<&Queue, MatchError> {
        let queue = self.queues.find(id);
        queue.ok_or_else(|| MatchError::UnknownQueue(id.clone()))
    }

    pub(crate) fn queues_after(&self, after: Option<&QueueId>, limit: usize) -> Vec<QueueInfo> {
        let from = after.map_or(Unbounded, Excluded);
        let numbers = self.queues.numbers.range::<QueueId, _>((from, Unbounded));
        let queues = numbers.filter_map(|(_, number)| Some(self.queues.all.get(number)?.info()));
        queues.take(limit).collect()
    }

    pub(crate) fn find_ticket(
        &self,
        queue: &QueueId,
        id: &TicketId,
        now_ms: i64,
    ) -> Result<FoundTicket, MatchError> {
        let queue = self.queue(queue)?;
        let Some(line) = queue.tickets.get(id) else {
            return Ok(FoundTicket::Ended(queue.number));
        };
        let waited_ms = now_ms.saturating_sub(line.ticket.created_at_ms);
        let waits = line.ticket.state == TicketState::Waiting;
        let shown = self.masked_ticket(line.clone(), |id| self.slot(id).is_ok());
        let mut view = self.ticket_view(&shown);
        view.why = queue.why.of.get(id).filter(|_| waits).cloned();
        let estimate = queue.recent.still_to_wait(waited_ms);
        view.estimated_wait_ms = estimate.filter(|_| waits);
        Ok(FoundTicket::Here(Box::new(view)))
    }

    /// A ticket with its match, where that is in memory.
    pub(crate) fn ticket_view(&self, line: &TicketLine) -> TicketView {
        let id = line.ticket.state.match_id();
        let of = id.and_then(|id| self.queues.matches.get(&id));
        TicketView {
            ticket: Arc::clone(&line.ticket),
            of_match: of.map(|line| Arc::clone(&line.of)),
            why: None,
            estimated_wait_ms: None,
            version: of.map_or(0, |line| line.version).max(line.version),
        }
    }

    pub(crate) fn ratings(&self, player: PlayerId) -> Vec<PlayerRating> {
        let numbers = self.queues.numbers.iter();
        let rated = numbers.filter_map(|(id, number)| {
            let rated = self.queues.all.get(number)?.ratings.get(&player)?;
            Some(PlayerRating {
                queue: id.clone(),
                rating: rated.rating,
                matches: rated.matches,
                rated_at_ms: rated.rated_at_ms,
            })
        });
        rated.collect()
    }

    /// Open backfills in the order in which they were made, each with its match.
    pub(crate) fn openings(&self, queue: &Queue) -> Vec<(Arc<Backfill>, Arc<Match>)> {
        let mut lines: Vec<_> = queue.backfills.values().collect();
        lines.sort_unstable_by_key(|line| line.made);
        let openings = lines.into_iter().filter_map(|line| {
            let of = self.queues.matches.get(&line.backfill.match_id)?;
            Some((Arc::clone(&line.backfill), Arc::clone(&of.of)))
        });
        openings.collect()
    }
}

impl Queue {
    pub(crate) fn info(&self) -> QueueInfo {
        QueueInfo {
            id: self.id.clone(),
            settings: Arc::clone(&self.settings),
            waiting: self.waiting.len() as u64,
            proposed: self.proposed(),
            version: self.version,
        }
    }

    fn proposed(&self) -> u64 {
        (self.tickets.len() - self.waiting.len()) as u64
    }

    pub(crate) fn stats(&self, now_ms: i64) -> QueueStats {
        let mut reasons = self.why.counts.clone();
        if self.waiting.is_empty() {
            reasons.clear();
        }
        QueueStats {
            waiting_tickets: self.waiting.len() as u64,
            waiting_players: self.waiting_players,
            proposed_tickets: self.proposed(),
            open_backfills: self.backfills.len() as u64,
            running_matches: self.running,
            matches_per_minute: self.recent.matches_per_minute(now_ms),
            wait_ms: self.recent.wait_ms(now_ms),
            rating_spread: self.recent.rating_spread(now_ms),
            reasons,
        }
    }

    /// Adds up to `most` tickets that wait and are not over, after that place in the order. Returns the
    /// last place; `None` where there are no more.
    pub(crate) fn wait_after(
        &self,
        after: Option<u64>,
        most: usize,
        now_ms: i64,
        to: &mut Vec<Arc<QueuedTicket>>,
    ) -> Option<u64> {
        let from = after.map_or(Unbounded, Excluded);
        let mut last = None;
        for (made, ticket) in self.waiting.range((from, Unbounded)).take(most) {
            if !ticket.is_over(now_ms) {
                to.push(Arc::clone(ticket));
            }
            last = Some(*made);
        }
        last
    }
}
