//! Changes of queues, judged against the state and the changes before them in the batch.
//!
//! What a batch has changed is kept in a [`QueuesDraft`], each thing as it is by then, and becomes writes and
//! one effect when the batch is complete. A change that is refused is taken back as a whole, so the rules
//! may be followed step by step. What is over by the time of a change is ended when the change comes upon
//! it (`*_by`).

use std::sync::Arc;

use boards::{Guard, PlayerId};
use matchmaking::{
    Match, MatchError, MatchId, QueueChange, QueueChanged, QueueId, QueueReceipt, QueuedTicket,
    TicketEnd, TicketId, TicketState,
};
use store_records::Answer;

use super::Stage;
use crate::engine::{EngineError, Table};
use crate::queues::{self, MatchLine, Queue, QueueNumber, TicketLine, named_key};
use crate::reader::unavailable;

mod announce;
mod backfills;
mod draft;
mod erase;
mod finish;
mod layer;
mod settings;
mod settle;
mod tickets;

pub(super) use draft::QueuesDraft;

impl<'a> Stage<'a> {
    pub(super) fn answer_of_queues(
        &mut self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        if let Some(guard) = guard
            && let Some(answer) = self.earlier(guard, now_ms)?
        {
            let version = answer.version;
            let receipt = answer.replay_of_queues()?;
            let knows = |id| self.knows(id);
            return Ok(QueueReceipt {
                changed: self.state.masked_answer(receipt.changed, version, knows),
                ..receipt
            });
        }
        let changed = self.change_queues(change, now_ms);
        let changed = changed.inspect_err(|_| self.queues.revert())?;
        self.queues.keep();
        self.now_ms = self.now_ms.max(now_ms);
        if let Some(guard) = guard {
            let version = self.position.commit + 1;
            let answer = Answer::of_queues(guard, changed.clone(), version, now_ms);
            self.keep_answer(guard, &answer);
        }
        Ok(QueueReceipt {
            changed,
            replayed: false,
        })
    }

    fn change_queues(
        &mut self,
        change: QueueChange,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        match change {
            QueueChange::PutQueue { queue, settings } => self.put_queue(queue, *settings),
            QueueChange::DeleteQueue(queue) => self.delete_queue(&queue, now_ms),
            QueueChange::CreateTicket { queue, ticket } => {
                self.create_ticket(&queue, ticket, now_ms)
            }
            QueueChange::CancelTicket { queue, ticket } => {
                self.cancel_ticket(&queue, ticket, now_ms)
            }
            QueueChange::Announce {
                queue,
                matches,
                fills,
            } => self.announce(&queue, matches, fills, now_ms),
            QueueChange::Lapse(queue) => self.lapse(&queue, now_ms),
            QueueChange::Accept { match_id, who } => self.accept(match_id, &who, now_ms),
            QueueChange::Decline { match_id, who } => self.decline(match_id, &who, now_ms),
            QueueChange::Finish { match_id, result } => self.finish_match(match_id, result, now_ms),
            QueueChange::CreateBackfill { queue, backfill } => {
                self.create_backfill(&queue, backfill, now_ms)
            }
            QueueChange::CancelBackfill { queue, backfill } => {
                self.cancel_backfill(&queue, backfill)
            }
        }
    }

    fn queue(&self, id: &QueueId) -> Result<&'a Queue, MatchError> {
        self.state.queue(id)
    }

    /// A ticket that waits, is proposed, or was changed by this batch.
    fn live_ticket(&self, queue: QueueNumber, id: &TicketId) -> Option<TicketLine> {
        let changed = self.queues.tickets.get(&(queue, id.clone()));
        let stored = || self.state.queues.all.get(&queue)?.tickets.get(id);
        changed.or_else(stored).cloned()
    }

    fn find_ticket(
        &self,
        queue: QueueNumber,
        id: &TicketId,
    ) -> Result<Option<TicketLine>, MatchError> {
        if let Some(line) = self.live_ticket(queue, id) {
            return Ok(Some(line));
        }
        let stored = self.engine.get(Table::EndedTickets, &named_key(queue, id));
        let line = stored
            .map_err(failed)?
            .and_then(|b| queues::read_ticket(&b));
        Ok(line.map(|line| self.shown(line)))
    }

    /// A ticket as readers are shown it.
    fn shown(&self, line: TicketLine) -> TicketLine {
        self.state.masked_ticket(line, |id| self.knows(id))
    }

    /// A ticket as it is by now.
    fn ticket_by(
        &mut self,
        queue: QueueNumber,
        id: &TicketId,
        now_ms: i64,
    ) -> Result<Option<TicketLine>, MatchError> {
        let Some(mut line) = self.find_ticket(queue, id)? else {
            return Ok(None);
        };
        if let TicketState::Proposed { match_id } = line.ticket.state {
            self.match_by(match_id, now_ms)?;
            line = self.live_ticket(queue, id).unwrap_or(line);
        }
        if line.ticket.is_over(now_ms) {
            let expired = line.ticket.expired();
            line = self.set_ticket(queue, line, expired);
        }
        Ok(Some(line))
    }

    fn set_ticket(
        &mut self,
        queue: QueueNumber,
        line: TicketLine,
        ticket: QueuedTicket,
    ) -> TicketLine {
        let line = TicketLine {
            ticket: Arc::new(ticket),
            ..line
        };
        let key = (queue, line.ticket.id().clone());
        self.queues.tickets.set(key, line.clone());
        line
    }

    fn find_match(&self, id: MatchId) -> Result<MatchLine, MatchError> {
        let changed = self.queues.matches.get(&id);
        let live = changed.or_else(|| self.state.queues.matches.get(&id));
        if let Some(line) = live {
            return Ok(line.clone());
        }
        let stored = self.engine.get(Table::PastMatches, id.as_bytes());
        let line = stored.map_err(failed)?.and_then(|b| MatchLine::read(&b));
        let line = line.ok_or(MatchError::UnknownMatch(id))?;
        Ok(self.state.masked_match(line, |id| self.knows(id)))
    }

    /// A match as it is by now.
    fn match_by(&mut self, id: MatchId, now_ms: i64) -> Result<MatchLine, MatchError> {
        let line = self.find_match(id)?;
        if !line.of.is_over(now_ms) {
            return Ok(line);
        }
        let lapsed = line.of.lapsed();
        Ok(self.fail_match(line, lapsed, TicketEnd::NotAccepted))
    }

    fn set_match(&mut self, line: MatchLine, of: Match) -> MatchLine {
        let line = MatchLine {
            of: Arc::new(of),
            ..line
        };
        self.queues.matches.set(line.of.id, line.clone());
        line
    }

    /// A proposal has failed: those because of whom are cancelled, the others wait again.
    fn fail_match(&mut self, line: MatchLine, failed: Match, why: TicketEnd) -> MatchLine {
        for id in failed.ticket_ids() {
            if let Some(ticket) = self.live_ticket(line.queue, id) {
                let after = failed.lets_go(&ticket.ticket, why);
                self.set_ticket(line.queue, ticket, after);
            }
        }
        self.set_match(line, failed)
    }

    /// The ticket that a player waits in, or is proposed in, by now.
    fn ticket_of(
        &mut self,
        queue: &Queue,
        player: PlayerId,
        now_ms: i64,
    ) -> Result<Option<TicketLine>, MatchError> {
        let newest = self.queues.players.get(&(queue.number, player));
        let Some(id) = newest.or_else(|| queue.by_player.get(&player)).cloned() else {
            return Ok(None);
        };
        let line = self.ticket_by(queue.number, &id, now_ms)?;
        Ok(line.filter(|line| !line.ticket.state.is_final()))
    }
}

fn failed(error: EngineError) -> MatchError {
    unavailable(error.to_string()).into()
}
