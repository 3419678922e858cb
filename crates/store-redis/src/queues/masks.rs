//! Erased players in what is read.
//!
//! Ended tickets and failed matches are kept for an hour, answers for a day, and none of them can be found by
//! player. So they are left as they are when a player is erased; whoever reads them is shown a nil id in place of
//! a player that does not exist, or that was erased since ([`keys::erased`]) and is another one by now. Likewise
//! those whom a ticket avoids, who are left out. Matches with a result stay for ever, and are written anew
//! ([`super::erase`]).
//!
//! What came first is told by stamps. A ticket is later than the mark of each of its players, whatever the nodes'
//! clocks say, since its node sees the marks before it makes the ticket.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use boards::{PlayerId, StoreError};
use matchmaking::{MatchState, QueueReceipt};

use super::keys::{self, player};
use super::{MatchLine, Queues, TicketLine, records};
use crate::core::Core;
use crate::guard::Answer;

/// Which of some players there are not, and which were erased lately.
pub(super) struct Known {
    unknown: BTreeSet<PlayerId>,
    /// With the stamp of that.
    erased: BTreeMap<PlayerId, u64>,
}

impl Known {
    /// Reads it in one round trip.
    pub(super) async fn of(core: &Core, ids: &BTreeSet<PlayerId>) -> Result<Self, StoreError> {
        let layout = &core.layout;
        let mut tx = core.begin();
        let of_each = |id: &PlayerId| [player(layout, *id), keys::erased(layout, *id)];
        tx.peek(ids.iter().flat_map(of_each)).await?;
        let unknown = |id: &&PlayerId| tx.known(&player(layout, **id)).is_none();
        let erased = |id: &PlayerId| {
            let mark = tx.known(&keys::erased(layout, *id))?;
            Some((*id, records::read_erased(&mark)?))
        };
        Ok(Known {
            unknown: ids.iter().filter(unknown).copied().collect(),
            erased: ids.iter().filter_map(erased).collect(),
        })
    }

    /// Whether a player was erased after what has that stamp.
    pub(super) fn is_erased_since(&self, id: PlayerId, stamp: u64) -> bool {
        self.erased.get(&id).is_some_and(|mark| stamp < *mark)
    }

    /// Whether there is a player, of those that were asked for.
    fn knows(&self, id: PlayerId) -> bool {
        !self.unknown.contains(&id)
    }
}

impl Queues {
    /// A ticket as it is shown: without those it avoids who were erased, and once it has ended without players that
    /// were.
    pub(super) async fn masked(&self, line: TicketLine) -> Result<TicketLine, StoreError> {
        let ended = line.ticket.state.is_final();
        let ticket = &line.ticket.ticket;
        let players = ticket.players.iter().map(|player| player.id);
        let asked = players.filter(|id| ended && *id != PlayerId::NIL);
        let asked = asked.chain(ticket.avoid.iter().copied()).collect();
        let known = self.known(&asked).await?;
        let erased = |id| known.is_erased_since(id, line.made);
        Ok(match line.ticket.shown(erased, |id| known.knows(id)) {
            None => line,
            Some(masked) => TicketLine {
                ticket: Arc::new(masked),
                ..line
            },
        })
    }

    /// A match as it is shown: one that failed, without players that were erased.
    pub(super) async fn masked_match(&self, line: MatchLine) -> Result<MatchLine, StoreError> {
        if !matches!(line.of.state, MatchState::Failed { .. }) {
            return Ok(line);
        }
        let known = self.known(&line.of.ids()).await?;
        let erased = |id| known.is_erased_since(id, line.version);
        Ok(match line.of.without(erased, |id| known.knows(id)) {
            None => line,
            Some(masked) => MatchLine {
                of: Arc::new(masked),
                ..line
            },
        })
    }

    /// An answer that was kept, as it is given once more; an error where it was not about queues.
    pub(super) async fn replay(&self, answer: Answer) -> Result<QueueReceipt, StoreError> {
        let version = answer.version;
        let receipt = answer.replay_of_queues()?;
        let mut asked = receipt.changed.ids();
        asked.extend(receipt.changed.avoided());
        let known = self.known(&asked).await?;
        let erased = |id| known.is_erased_since(id, version);
        Ok(QueueReceipt {
            changed: receipt.changed.without(erased, |id| known.knows(id)),
            ..receipt
        })
    }

    async fn known(&self, ids: &BTreeSet<PlayerId>) -> Result<Known, StoreError> {
        Known::of(&self.core, ids).await
    }
}
