//! What the matchmaker has found becomes true, as far as it still can.
//!
//! It looked at the queue some moments ago. Here each match and each filled seat is judged by the state of
//! the instant: all its tickets have to wait, and it has to have the shape that the rules of now ask for.
//! Whatever does not is left out, and its tickets wait on. So no ticket is ever in two matches.

use std::collections::BTreeSet;
use std::sync::Arc;

use matchmaking::{
    Announced, BackfillId, Match, MatchError, ProposedMatch, QueueChanged, QueueId, QueuedTicket,
    Role, TicketId,
};

use super::Stage;
use crate::queues::{BackfillLine, MatchLine, Queue, QueueNumber, TicketLine};

impl Stage<'_> {
    pub(super) fn announce(
        &mut self,
        queue: &QueueId,
        matches: Vec<ProposedMatch>,
        fills: Vec<(BackfillId, usize, TicketId, Vec<Option<Role>>)>,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let queue = self.queue(queue)?;
        let mut announced = Announced::default();
        for (backfill, team, ticket, roles) in fills {
            let done = self.fill(queue, &backfill, team, (&ticket, &roles), now_ms)?;
            announced.fills += usize::from(done);
            announced.stale += usize::from(!done);
        }
        for proposed in matches {
            let done = self.announce_one(queue, proposed, now_ms)?;
            announced.matches += usize::from(done);
            announced.stale += usize::from(!done);
        }
        Ok(QueueChanged::Announced(announced))
    }

    fn announce_one(
        &mut self,
        queue: &Queue,
        proposed: ProposedMatch,
        now_ms: i64,
    ) -> Result<bool, MatchError> {
        let Some(lines) = self.tickets_for(queue.number, &proposed, now_ms)? else {
            return Ok(false);
        };
        let tickets: Vec<Vec<&QueuedTicket>> = lines
            .iter()
            .map(|team| team.iter().map(|line| &*line.ticket).collect())
            .collect();
        let taken = self.find_match(proposed.id).is_ok();
        if taken || !proposed.fits(&queue.settings.rules, &tickets) {
            return Ok(false);
        }
        let acceptance_ms = queue.settings.acceptance_ms;
        let Some(of) = proposed.announced(&tickets, acceptance_ms, now_ms) else {
            return Ok(false);
        };
        let line = MatchLine {
            queue: queue.number,
            version: 0,
            of: Arc::new(of.clone()),
        };
        self.settle_in(queue.number, &of, now_ms);
        self.set_match(line, of);
        Ok(true)
    }

    /// The tickets of a match, team by team; `None` where one does not wait, is there twice, or has not a
    /// role for each of its players.
    fn tickets_for(
        &mut self,
        queue: QueueNumber,
        proposed: &ProposedMatch,
        now_ms: i64,
    ) -> Result<Option<Vec<Vec<TicketLine>>>, MatchError> {
        let mut seen = BTreeSet::new();
        let mut teams = Vec::with_capacity(proposed.teams.len());
        for team in &proposed.teams {
            let mut lines = Vec::with_capacity(team.tickets.len());
            for (id, roles) in &team.tickets {
                match self.waiting(queue, id, now_ms)? {
                    Some(line) if roles.len() == size(&line) && seen.insert(id) => lines.push(line),
                    _ => return Ok(None),
                }
            }
            teams.push(lines);
        }
        Ok(Some(teams))
    }

    fn waiting(
        &mut self,
        queue: QueueNumber,
        id: &TicketId,
        now_ms: i64,
    ) -> Result<Option<TicketLine>, MatchError> {
        let line = self.ticket_by(queue, id, now_ms)?;
        Ok(line.filter(TicketLine::waits))
    }

    /// A match's tickets become what they are in it: proposed, or matched.
    pub(super) fn settle_in(&mut self, queue: QueueNumber, of: &Match, now_ms: i64) {
        let state = of.state_of_tickets(now_ms);
        for id in of.ticket_ids() {
            if let Some(line) = self.live_ticket(queue, id) {
                let after = line.ticket.turned(state.clone());
                self.set_ticket(queue, line, after);
            }
        }
    }

    fn fill(
        &mut self,
        queue: &Queue,
        backfill: &BackfillId,
        team: usize,
        (ticket, roles): (&TicketId, &[Option<Role>]),
        now_ms: i64,
    ) -> Result<bool, MatchError> {
        let Some(ticket) = self.waiting(queue.number, ticket, now_ms)? else {
            return Ok(false);
        };
        let Some(line) = self.open_backfill(queue.number, backfill) else {
            return Ok(false);
        };
        let of = self.find_match(line.backfill.match_id)?;
        let taken = line.backfill.taken(team, &ticket.ticket, roles);
        let Some(taken) = taken.filter(|_| of.of.may_be_joined(&ticket.ticket)) else {
            return Ok(false);
        };
        let joined = of.of.joined(team, &ticket.ticket, roles);
        let after = ticket.ticket.turned(joined.state_of_tickets(now_ms));
        self.set_ticket(queue.number, ticket, after);
        self.set_match(of, joined);
        let key = (queue.number, backfill.clone());
        let backfill = Arc::new(taken);
        self.queues
            .backfills
            .set(key, BackfillLine { backfill, ..line });
        Ok(true)
    }
}

fn size(line: &TicketLine) -> usize {
    line.ticket.ticket.players.len()
}
