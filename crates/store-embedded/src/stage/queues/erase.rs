//! A player is erased: its tickets are cancelled, its proposals fail, its ratings and its history go, and
//! matches that others remember have a nil id in its place.
//!
//! All of it is in one batch, which grows with the player's matches: about 2 KiB for each. What has ended
//! in the last hour is not rewritten ([`crate::queues::masked_ticket`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::{PlayerId, StoreError};
use matchmaking::{MatchError, MatchId, TicketEnd, TicketState};

use super::Stage;
use crate::engine::{EngineError, Table, Write};
use crate::queues::{self, MatchLine, Queue};
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
        let with_player = held.filter(|(_, line)| has(line, player));
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

    fn erase_history(&mut self, player: PlayerId) -> Result<(), EngineError> {
        let engine = self.engine;
        for record in engine.scan_from(Table::History, player.as_bytes(), player.as_bytes()) {
            let record = record?;
            self.writes
                .push(Write::remove(Table::History, record.key()));
            let Some(id) = queues::read_history_key(record.key()) else {
                continue;
            };
            let stored = engine.get(Table::PastMatches, id.as_bytes())?;
            if let Some(line) = stored.and_then(|bytes| queues::read_match(&bytes)) {
                let line = MatchLine {
                    of: Arc::new(line.of.erased(player)),
                    version: self.position.commit + 1,
                    ..line
                };
                let record = queues::match_record(&line);
                let key = id.as_bytes();
                self.writes
                    .push(Write::put(Table::PastMatches, key, &record));
            }
        }
        Ok(())
    }
}

fn has(line: &MatchLine, player: PlayerId) -> bool {
    let mut players = line.of.teams.iter().flat_map(|team| &team.players);
    players.any(|p| p.player.id == player)
}

/// Nothing else can be wrong with what the store has itself.
fn only_store(error: MatchError) -> StoreError {
    match error {
        MatchError::Store(error) => error,
        other => unavailable(other.to_string()),
    }
}
