//! What a batch does to queues in memory once it is on disk. All of it is seen at once: a ticket and the
//! match that it is in change together.

use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{BackfillState, MatchState, QueuedTicket, TicketState};

use super::{BackfillLine, MatchLine, Named, Queue, QueueNumber, Queues, Rated, TicketLine};

/// What has changed, each thing as it is now.
#[derive(Default)]
pub(crate) struct Delta {
    pub(crate) tickets: Vec<(QueueNumber, TicketLine)>,
    pub(crate) matches: Vec<MatchLine>,
    pub(crate) backfills: Vec<(QueueNumber, BackfillLine)>,
    /// `None`: there is none any more.
    pub(crate) ratings: Vec<(QueueNumber, PlayerId, Option<Rated>)>,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        !self.moves_what_waits() && self.matches.is_empty() && self.ratings.is_empty()
    }

    /// Whether other tickets or seats wait than before.
    pub(crate) fn moves_what_waits(&self) -> bool {
        !self.tickets.is_empty() || !self.backfills.is_empty()
    }

    /// The tickets that look different now.
    pub(crate) fn tickets(&self) -> Vec<Named> {
        let own = self.tickets.iter();
        let own = own.map(|(queue, line)| (*queue, line.ticket.id().clone()));
        let of_matches = self.matches.iter().flat_map(|line| {
            let ids = line.of.ticket_ids();
            ids.map(|id| (line.queue, id.clone()))
        });
        own.chain(of_matches).collect()
    }

    pub(crate) fn apply(self, queues: &mut Queues, commit: u64) {
        for line in self.matches {
            let before = queues.matches.get(&line.of.id);
            if let Some(queue) = queues.all.get_mut(&line.queue) {
                let before = before.map(|line| &line.of.state);
                queue.tally.of_match(&line.of, before);
            }
            put_match(queues, line);
        }
        for (number, line) in self.tickets {
            if let Some(queue) = queues.all.get_mut(&number) {
                queue.version = commit;
                let is_new = !queue.tickets.contains_key(line.ticket.id());
                queue.tally.ticket(&line.ticket, is_new);
                queue.put_ticket(line);
            }
        }
        for (number, line) in self.backfills {
            if let Some(queue) = queues.all.get_mut(&number) {
                queue.version = commit;
                queue.put_backfill(line);
            }
        }
        for (number, player, rated) in self.ratings {
            if let Some(queue) = queues.all.get_mut(&number) {
                match rated {
                    Some(rated) => queue.ratings.insert(player, rated),
                    None => queue.ratings.remove(&player),
                };
            }
        }
    }
}

/// Puts a match in its place, or away where it is over. Also how a start fills the queues.
pub(crate) fn put_match(queues: &mut Queues, line: MatchLine) {
    let id = line.of.id;
    let old = queues.matches.remove(&id);
    let old = old.as_ref().map(|line| &line.of.state);
    let was_running = matches!(old, Some(MatchState::Running { .. }));
    if let Some(queue) = queues.all.get_mut(&line.queue) {
        if let Some(MatchState::Proposed { accept_by_ms, .. }) = old {
            queue.proposals.remove(&(*accept_by_ms, id));
        }
        queue.running -= u64::from(was_running);
        match line.of.state {
            MatchState::Proposed { accept_by_ms, .. } => {
                queue.proposals.insert((accept_by_ms, id));
            }
            MatchState::Running { since_ms } => {
                queue.running += 1;
                if !was_running {
                    queue.recent.began(since_ms, line.of.rating_spread);
                }
            }
            MatchState::Failed { .. } | MatchState::Finished { .. } => {}
        }
    }
    let goes_on = matches!(
        line.of.state,
        MatchState::Proposed { .. } | MatchState::Running { .. }
    );
    if goes_on {
        queues.matches.insert(id, line);
    }
}

impl Queue {
    /// Puts a ticket in its place, or away where it has ended. Also how a start fills the queues.
    pub(crate) fn put_ticket(&mut self, line: TicketLine) {
        if let Some(old) = self.tickets.remove(line.ticket.id()) {
            self.take_out(&old);
        }
        let ticket = &line.ticket;
        if let TicketState::Matched { at_ms, .. } = ticket.state {
            let waited_ms = at_ms.saturating_sub(ticket.created_at_ms);
            self.recent.matched(at_ms, waited_ms);
        }
        if ticket.state.is_final() {
            return;
        }
        for player in &ticket.ticket.players {
            self.by_player.insert(player.id, ticket.id().clone());
        }
        if ticket.state == TicketState::Waiting {
            self.waiting.insert(line.made, Arc::clone(ticket));
            self.waiting_players += size(ticket);
            self.expiries.insert((ticket.expires_at_ms, line.made));
        }
        self.tickets.insert(ticket.id().clone(), line);
    }

    fn take_out(&mut self, old: &TicketLine) {
        for player in &old.ticket.ticket.players {
            // A newer ticket of the player, of the same batch, may have come before.
            if self.by_player.get(&player.id) == Some(old.ticket.id()) {
                self.by_player.remove(&player.id);
            }
        }
        if self.waiting.remove(&old.made).is_some() {
            self.waiting_players -= size(&old.ticket);
            self.expiries.remove(&(old.ticket.expires_at_ms, old.made));
        }
    }

    pub(crate) fn put_backfill(&mut self, line: BackfillLine) {
        let (id, of) = (line.backfill.id.clone(), line.backfill.match_id);
        if line.backfill.state == BackfillState::Open {
            self.by_match.entry(of).or_default().insert(id.clone());
            self.backfills.insert(id, line);
            return;
        }
        self.backfills.remove(&id);
        if let Some(ids) = self.by_match.get_mut(&of) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_match.remove(&of);
            }
        }
    }
}

fn size(ticket: &QueuedTicket) -> u64 {
    ticket.ticket.players.len() as u64
}
