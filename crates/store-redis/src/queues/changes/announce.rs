//! What the matchmaker has found becomes true, as far as it still can.
//!
//! It looked at the queue some moments ago. Here each match and each filled seat is judged by the state of the
//! instant: all its tickets have to wait, and it has to have the shape that the rules of now ask for. Whatever
//! does not is left out, and its tickets wait on. The commit depends on all of that, and on this node still
//! leading the queue. So no ticket is ever in two matches, whoever else looks for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::StoreError;
use matchmaking::{
    Announced, BackfillId, MatchError, ProposedMatch, QueueChanged, QueueId, QueuedTicket, Role,
    TicketId,
};

use super::{Attempt, finished};
use crate::queues::draft::{Draft, known};
use crate::queues::keys::Place;
use crate::queues::{BackfillLine, MatchLine, QueueLine, Queues, TicketLine};
use crate::tx::Tx;

/// Backfill, team, ticket, roles in the order of its players.
pub(super) type Fill = (BackfillId, usize, TicketId, Vec<Option<Role>>);

impl Queues {
    pub(super) async fn announce<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        (matches, fills): (&[ProposedMatch], &[Fill]),
        now_ms: i64,
    ) -> Attempt<'c> {
        let token = |place: Place| vec![place.token()];
        let Some((mut draft, line)) = self.enter(tx, queue, token).await? else {
            return Ok(None);
        };
        self.holds_token(&draft, queue)?;
        draft.fetch_for(matches, fills).await?;
        let mut announced = Announced::default();
        for fill in fills {
            let done = draft.fill(fill, now_ms).await?;
            announced.fills += usize::from(done);
            announced.stale += usize::from(!done);
        }
        for proposed in matches {
            let done = draft.announce_one(&line, proposed, now_ms).await?;
            announced.matches += usize::from(done);
            announced.stale += usize::from(!done);
        }
        finished(draft, QueueChanged::Announced(announced))
    }
}

impl Draft<'_> {
    /// Reads all that it is about in a few round trips.
    async fn fetch_for(
        &mut self,
        matches: &[ProposedMatch],
        fills: &[Fill],
    ) -> Result<(), StoreError> {
        let teams = matches.iter().flat_map(|m| &m.teams);
        let tickets = teams.flat_map(|team| team.tickets.iter().map(|(id, _)| id));
        let tickets: Vec<_> = tickets.chain(fills.iter().map(|fill| &fill.2)).collect();
        self.fetch_tickets(tickets).await?;
        let backfills: Vec<_> = fills.iter().map(|fill| &fill.0).collect();
        self.fetch_backfills(backfills).await?;
        let filled = self.backfills.values().filter_map(|slot| slot.now.as_ref());
        let filled = filled.map(|line| line.backfill.match_id);
        let all: Vec<_> = filled.chain(matches.iter().map(|m| m.id)).collect();
        self.fetch_matches(&all).await
    }

    async fn announce_one(
        &mut self,
        queue: &QueueLine,
        proposed: &ProposedMatch,
        now_ms: i64,
    ) -> Result<bool, MatchError> {
        let Some(lines) = self.tickets_for(proposed, now_ms).await? else {
            return Ok(false);
        };
        let tickets: Vec<Vec<&QueuedTicket>> = lines
            .iter()
            .map(|team| team.iter().map(|line| &*line.ticket).collect())
            .collect();
        let taken = self.find_match(proposed.id).await?.is_some();
        if taken || !proposed.fits(&queue.settings.rules, &tickets) {
            return Ok(false);
        }
        let acceptance_ms = queue.settings.acceptance_ms;
        let Some(of) = proposed.clone().announced(&tickets, acceptance_ms, now_ms) else {
            return Ok(false);
        };
        let line = MatchLine {
            queue: queue.number,
            version: 0,
            of: Arc::new(of.clone()),
        };
        self.settle_in(&of, now_ms).await?;
        self.set_match(line, of);
        Ok(true)
    }

    /// The tickets of a match, team by team; `None` where one does not wait, is there twice, or has not a
    /// role for each of its players.
    async fn tickets_for(
        &mut self,
        proposed: &ProposedMatch,
        now_ms: i64,
    ) -> Result<Option<Vec<Vec<TicketLine>>>, StoreError> {
        let mut seen = BTreeSet::new();
        let mut teams = Vec::with_capacity(proposed.teams.len());
        for team in &proposed.teams {
            let mut lines = Vec::with_capacity(team.tickets.len());
            for (id, roles) in &team.tickets {
                match self.waiting(id, now_ms).await? {
                    Some(line) if roles.len() == size(&line) && seen.insert(id) => lines.push(line),
                    _ => return Ok(None),
                }
            }
            teams.push(lines);
        }
        Ok(Some(teams))
    }

    async fn waiting(
        &mut self,
        id: &TicketId,
        now_ms: i64,
    ) -> Result<Option<TicketLine>, StoreError> {
        let line = self.ticket_by(id, now_ms).await?;
        Ok(line.filter(TicketLine::waits))
    }

    async fn fill(
        &mut self,
        (backfill, team, ticket, roles): &Fill,
        now_ms: i64,
    ) -> Result<bool, MatchError> {
        let Some(ticket) = self.waiting(ticket, now_ms).await? else {
            return Ok(false);
        };
        let Some(line) = self.open_backfill(backfill).await? else {
            return Ok(false);
        };
        let id = line.backfill.match_id;
        let of = known(self.find_match(id).await?, id)?;
        let taken = line.backfill.taken(*team, &ticket.ticket, roles);
        let Some(taken) = taken.filter(|_| of.of.may_be_joined(&ticket.ticket)) else {
            return Ok(false);
        };
        let joined = of.of.joined(*team, &ticket.ticket, roles);
        let after = ticket.ticket.turned(joined.state_of_tickets(now_ms));
        self.open_backfills(id).await?;
        self.set_ticket(ticket, after);
        self.set_match(of, joined);
        let backfill = Arc::new(taken);
        self.set_backfill(BackfillLine { backfill, ..line });
        Ok(true)
    }
}

fn size(line: &TicketLine) -> usize {
    line.ticket.ticket.players.len()
}
