//! Tickets made and cancelled.

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{
    MatchError, NewTicket, NewTicketPlayer, QueueChanged, QueueId, QueuedTicket, Rating, Ticket,
    TicketEnd, TicketId, TicketPlayer, TicketState,
};

use super::{Number, State, Ticketed};

impl State {
    pub(super) fn create_ticket(
        &mut self,
        queue: &QueueId,
        asked: NewTicket,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.number(queue)?;
        let settings = self.settings(number).unwrap().clone();
        if let Some(old) = self.find_ticket(number, &asked.id) {
            if old.asked != asked {
                return Err(MatchError::TicketExists(asked.id));
            }
            return Ok(QueueChanged::Ticket(Box::new(old.queued.clone())));
        }
        let places = 0..asked.players.len();
        let unknown = places.filter(|at| !self.players.contains_key(&asked.players[*at].id));
        let unknown: Vec<usize> = unknown.collect();
        if !unknown.is_empty() {
            return Err(MatchError::UnknownPlayers(unknown));
        }
        for (at, player) in asked.players.iter().enumerate() {
            if let Some(ticket) = self.live_ticket_of(number, player.id) {
                let player = player.id;
                return Err(MatchError::PlayerWaits { at, player, ticket });
            }
        }
        let initial = settings.rating_system.initial();
        let players = asked.players.iter();
        let ticket = Ticket {
            id: asked.id.clone(),
            players: players.map(|p| self.rated(number, p, initial)).collect(),
            priority: asked.priority,
            avoid: asked.avoid.clone(),
        };
        if let Some(why) = settings.rules.why_unmatchable(&ticket) {
            return Err(MatchError::Unmatchable(why));
        }
        let queued = QueuedTicket {
            queue: queue.clone(),
            ticket: Arc::new(ticket),
            created_at_ms: now_ms,
            expires_at_ms: now_ms + settings.ticket_ttl_ms as i64,
            state: TicketState::Waiting,
        };
        self.queues.tickets.push(Ticketed {
            number,
            asked,
            queued: queued.clone(),
        });
        Ok(QueueChanged::Ticket(Box::new(queued)))
    }

    fn rated(&self, number: Number, asked: &NewTicketPlayer, initial: Rating) -> TicketPlayer {
        let stored = self.queues.ratings.get(&(number, asked.id));
        let mut rating = stored.map_or(initial, |rated| rated.rating);
        if let Some((mean, deviation)) = asked.rating {
            rating.mean = mean;
            rating.deviation = deviation.unwrap_or(rating.deviation);
        }
        TicketPlayer {
            id: asked.id,
            rating,
            roles: asked.roles.clone(),
            latencies_ms: asked.latencies_ms.clone(),
            attributes: asked.attributes.clone(),
        }
    }

    pub(super) fn find_ticket(&self, number: Number, id: &TicketId) -> Option<&Ticketed> {
        let mut tickets = self.queues.tickets.iter();
        tickets.find(|ticket| ticket.number == number && ticket.queued.ticket.id == *id)
    }

    fn live_ticket_of(&self, number: Number, player: PlayerId) -> Option<TicketId> {
        let mut tickets = self.queues.tickets.iter();
        let found = tickets.find(|ticket| {
            let mut players = ticket.queued.ticket.players.iter();
            ticket.number == number
                && !ticket.queued.state.is_final()
                && players.any(|p| p.id == player)
        });
        found.map(|ticket| ticket.queued.ticket.id.clone())
    }

    pub(super) fn set_state(&mut self, number: Number, id: &TicketId, state: TicketState) {
        for ticket in &mut self.queues.tickets {
            if ticket.number == number && ticket.queued.ticket.id == *id {
                ticket.queued.state = state.clone();
            }
        }
    }

    pub(super) fn cancel_ticket(
        &mut self,
        queue: &QueueId,
        id: &TicketId,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.number(queue)?;
        let found = self.find_ticket(number, id).cloned();
        let ticket = found.ok_or_else(|| MatchError::UnknownTicket(id.clone()))?;
        let (why, at_ms) = (TicketEnd::Requested, now_ms);
        match ticket.queued.state {
            TicketState::Waiting => {
                self.set_state(number, id, TicketState::Cancelled { why, at_ms });
            }
            TicketState::Proposed { match_id } => {
                let players = ticket.queued.ticket.players.iter();
                let party: BTreeSet<PlayerId> = players.map(|p| p.id).collect();
                self.fail(match_id, party, why, at_ms);
            }
            TicketState::Matched { .. } => return Err(MatchError::TicketMatched(id.clone())),
            TicketState::Cancelled { .. } | TicketState::Expired { .. } => {}
        }
        let after = self.find_ticket(number, id).unwrap();
        Ok(QueueChanged::Ticket(Box::new(after.queued.clone())))
    }
}
