//! A player is erased: its tickets are cancelled, its proposals fail, its ratings and its history go, and
//! matches that others remember have a nil id in its place.
//!
//! Of the matches that have a result there may be any number, so the batch only marks that they are to be
//! written anew. What else there is of it, as in what has ended in the last hour, is not rewritten but masked
//! ([`crate::queues::Marks`]).

use std::collections::BTreeSet;

use boards::{PlayerId, StoreError};
use matchmaking::{MatchError, MatchId, TicketEnd, TicketState};

use super::Stage;
use crate::effect::Effect;
use crate::engine::{EngineError, Table};
use crate::queues::{self, Mark, Queue};
use crate::reader::unavailable;

impl Stage<'_> {
    pub(in crate::stage) fn erase_from_queues(
        &mut self,
        player: PlayerId,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        for queue in self.state.queues.all.values() {
            self.leave_queue(queue, player, now_ms)
                .map_err(only_store)?;
            if self.rated(queue, player).is_some() {
                self.queues.ratings.set((queue.number, player), None);
            }
        }
        self.erase_from_matches(player).map_err(only_store)?;
        self.mark(player, now_ms);
        let history = self.erase_history(player);
        history.map_err(|e| unavailable(e.to_string()))
    }

    fn leave_queue(
        &mut self,
        queue: &Queue,
        player: PlayerId,
        now_ms: i64,
    ) -> Result<(), MatchError> {
        let Some(line) = self.ticket_of(queue, player, now_ms)? else {
            return Ok(());
        };
        if let TicketState::Proposed { match_id } = line.ticket.state {
            let proposal = self.find_match(match_id)?;
            let failed = proposal.of.failed(BTreeSet::from([player]), now_ms);
            self.fail_match(proposal, failed, TicketEnd::PlayerDeleted);
        } else {
            let cancelled = line.ticket.cancelled(TicketEnd::PlayerDeleted, now_ms);
            self.set_ticket(queue.number, line, cancelled);
        }
        Ok(())
    }

    fn erase_from_matches(&mut self, player: PlayerId) -> Result<(), MatchError> {
        let held = self.state.queues.matches.iter();
        let with_player = held.filter(|(_, line)| line.of.has_player(player));
        let ids: Vec<MatchId> = with_player.map(|(id, _)| *id).collect();
        for id in ids {
            let line = self.find_match(id)?;
            if line.of.has_to_run().is_ok() {
                let erased = line.of.erased(player);
                self.set_match(line, erased);
            }
        }
        Ok(())
    }

    fn mark(&mut self, player: PlayerId, now_ms: i64) {
        let mark = Mark {
            commit: self.position.commit + 1,
            sequence: self.position.next_sequence,
            at_ms: now_ms,
        };
        self.writes.push(mark.write(player));
        self.effects.push(Effect::Mark(player, mark));
    }

    fn erase_history(&mut self, player: PlayerId) -> Result<(), EngineError> {
        let prefix = player.as_bytes();
        let mut history = self.engine.scan_from(Table::History, prefix, prefix);
        if history.next().transpose()?.is_some() {
            let commit = self.position.commit + 1;
            self.writes.push(queues::erasure(player, commit));
            self.effects.push(Effect::Erase(player, commit));
        }
        Ok(())
    }
}

/// Nothing else can be wrong with what the store has itself.
fn only_store(error: MatchError) -> StoreError {
    match error {
        MatchError::Store(error) => error,
        other => unavailable(other.to_string()),
    }
}
