//! What a batch has changed of queues so far.

use boards::PlayerId;
use matchmaking::{MatchId, TicketId};

use super::layer::Layer;
use crate::queues::{BackfillLine, MatchLine, Named, QueueNumber, Rated, TicketLine};

#[derive(Default)]
pub(in crate::stage) struct QueuesDraft {
    pub(super) tickets: Layer<Named, TicketLine>,
    /// The ticket that the batch has made of a player last.
    pub(super) players: Layer<(QueueNumber, PlayerId), TicketId>,
    pub(super) matches: Layer<MatchId, MatchLine>,
    pub(super) backfills: Layer<Named, BackfillLine>,
    /// `None`: there is none any more.
    pub(super) ratings: Layer<(QueueNumber, PlayerId), Option<Rated>>,
}

impl QueuesDraft {
    /// What has changed so far stays.
    pub(super) fn keep(&mut self) {
        self.tickets.keep();
        self.players.keep();
        self.matches.keep();
        self.backfills.keep();
        self.ratings.keep();
    }

    /// The change that is being judged is refused, and nothing of it stays.
    pub(super) fn revert(&mut self) {
        self.tickets.revert();
        self.players.revert();
        self.matches.revert();
        self.backfills.revert();
        self.ratings.revert();
    }
}
