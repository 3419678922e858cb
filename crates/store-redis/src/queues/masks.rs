//! Erased players in what has ended.
//!
//! Ended tickets and failed matches are kept for an hour and cannot be found by player. So they are left as they
//! are when a player is erased; whoever reads them is shown a nil id in place of a player that does not exist.
//! Matches with a result stay for ever, and are written anew ([`super::erase`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::{PlayerId, StoreError};
use matchmaking::MatchState;

use super::keys::player;
use super::{MatchLine, Queues, TicketLine};

impl Queues {
    /// A ticket as it is shown: once it has ended, without players that do not exist.
    pub(super) async fn masked(&self, line: TicketLine) -> Result<TicketLine, StoreError> {
        if !line.ticket.state.is_final() {
            return Ok(line);
        }
        let players = line.ticket.ticket.players.iter().map(|player| player.id);
        let unknown = self.unknown(players.collect()).await?;
        let Some(masked) = line.ticket.masked(|id| !unknown.contains(&id)) else {
            return Ok(line);
        };
        let ticket = Arc::new(masked);
        Ok(TicketLine { ticket, ..line })
    }

    /// A match as it is shown: one that failed, without players that do not exist.
    pub(super) async fn masked_match(&self, line: MatchLine) -> Result<MatchLine, StoreError> {
        let MatchState::Failed { because_of, .. } = &line.of.state else {
            return Ok(line);
        };
        let all = line
            .of
            .everybody()
            .chain(because_of.iter().copied())
            .collect();
        let unknown = self.unknown(all).await?;
        if unknown.is_empty() {
            return Ok(line);
        }
        let masked = unknown
            .into_iter()
            .fold((*line.of).clone(), |of, id| of.erased(id));
        let of = Arc::new(masked);
        Ok(MatchLine { of, ..line })
    }

    /// Those of the players that do not exist.
    async fn unknown(
        &self,
        mut players: BTreeSet<PlayerId>,
    ) -> Result<BTreeSet<PlayerId>, StoreError> {
        players.remove(&PlayerId::NIL);
        let layout = &self.core.layout;
        let mut tx = self.core.begin();
        tx.peek(players.iter().map(|id| player(layout, *id)))
            .await?;
        players.retain(|id| tx.known(&player(layout, *id)).is_none());
        Ok(players)
    }
}
