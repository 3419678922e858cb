//! What a change has done to one queue so far: each thing as it is by now, over a transaction that reads what it
//! is not told.
//!
//! Nothing is written before [`settle`](super::settle) turns what has changed into writes of the transaction,
//! which judges that all of it was as it was read. A refusal needs no undoing: the draft is dropped.

mod backfills;
mod slots;

use std::collections::HashMap;
use std::sync::Arc;

use boards::{PlayerId, StoreError};
use matchmaking::{
    BackfillId, Match, MatchError, MatchId, QueuedTicket, TicketEnd, TicketId, TicketState,
};

use self::slots::{fetch_into, set};
use super::keys::Place;
use super::{BackfillLine, MatchLine, TicketLine, records};
use crate::core::Core;
use crate::tx::{At, Attempts, Tx};

pub(super) use self::slots::{Slot, Slots, now};

/// A change of one queue that is being put together.
pub(super) struct Draft<'c> {
    pub(super) tx: Tx<'c>,
    pub(super) place: Place,
    pub(super) tickets: Slots<TicketId, TicketLine>,
    pub(super) matches: Slots<MatchId, MatchLine>,
    pub(super) backfills: Slots<BackfillId, BackfillLine>,
    /// The open backfills of matches.
    pub(super) open_of: Slots<MatchId, Vec<BackfillId>>,
    /// The latest version of all that was read.
    pub(super) seen: u64,
    /// Whether the queue is deleted, so that no figures are kept of it.
    pub(super) is_of_deleted: bool,
}

impl<'c> Draft<'c> {
    pub(super) fn new(tx: Tx<'c>, place: Place) -> Self {
        Draft {
            tx,
            place,
            tickets: HashMap::new(),
            matches: HashMap::new(),
            backfills: HashMap::new(),
            open_of: HashMap::new(),
            seen: 0,
            is_of_deleted: false,
        }
    }

    pub(super) fn core(&self) -> &'c Core {
        self.tx.core()
    }

    /// Reads many tickets in one go; those that are known already are not read again.
    pub(super) async fn fetch_tickets(
        &mut self,
        ids: impl IntoIterator<Item = &TicketId>,
    ) -> Result<(), StoreError> {
        let place = self.place;
        fetch_into(
            &mut self.tx,
            &mut self.tickets,
            ids,
            |id| place.ticket(id),
            records::read_ticket,
        )
        .await?;
        self.seen_of_tickets();
        Ok(())
    }

    pub(super) async fn fetch_matches(
        &mut self,
        ids: impl IntoIterator<Item = &MatchId>,
    ) -> Result<(), StoreError> {
        let place = self.place;
        fetch_into(
            &mut self.tx,
            &mut self.matches,
            ids,
            |id| place.of_match(*id),
            MatchLine::read,
        )
        .await?;
        let read = self
            .matches
            .values()
            .filter_map(|slot| slot.stored.as_ref());
        self.seen = read.map(|line| line.version).fold(self.seen, u64::max);
        Ok(())
    }

    fn seen_of_tickets(&mut self) {
        let read = self
            .tickets
            .values()
            .filter_map(|slot| slot.stored.as_ref());
        self.seen = read.map(|line| line.version).fold(self.seen, u64::max);
    }

    pub(super) async fn find_ticket(
        &mut self,
        id: &TicketId,
    ) -> Result<Option<TicketLine>, StoreError> {
        self.fetch_tickets([id]).await?;
        Ok(now(&self.tickets, id))
    }

    /// A ticket as it is by now.
    pub(super) async fn ticket_by(
        &mut self,
        id: &TicketId,
        now_ms: i64,
    ) -> Result<Option<TicketLine>, StoreError> {
        let Some(mut line) = self.find_ticket(id).await? else {
            return Ok(None);
        };
        if let TicketState::Proposed { match_id } = line.ticket.state {
            self.match_by(match_id, now_ms).await?;
            line = now(&self.tickets, id).unwrap_or(line);
        }
        if line.ticket.is_over(now_ms) {
            let expired = line.ticket.expired();
            line = self.set_ticket(line, expired);
        }
        Ok(Some(line))
    }

    pub(super) fn set_ticket(&mut self, line: TicketLine, ticket: QueuedTicket) -> TicketLine {
        let line = TicketLine {
            ticket: Arc::new(ticket),
            ..line
        };
        set(&mut self.tickets, line.ticket.id().clone(), line.clone());
        line
    }

    pub(super) fn set_new_ticket(&mut self, line: TicketLine) {
        set(&mut self.tickets, line.ticket.id().clone(), line);
    }

    pub(super) async fn find_match(
        &mut self,
        id: MatchId,
    ) -> Result<Option<MatchLine>, StoreError> {
        self.fetch_matches([&id]).await?;
        Ok(now(&self.matches, &id))
    }

    /// A match as it is by now.
    pub(super) async fn match_by(
        &mut self,
        id: MatchId,
        now_ms: i64,
    ) -> Result<Option<MatchLine>, StoreError> {
        let Some(line) = self.find_match(id).await? else {
            return Ok(None);
        };
        if !line.of.is_over(now_ms) {
            return Ok(Some(line));
        }
        let lapsed = line.of.lapsed();
        Ok(Some(
            self.fail_match(line, lapsed, TicketEnd::NotAccepted)
                .await?,
        ))
    }

    pub(super) fn set_match(&mut self, line: MatchLine, of: Match) -> MatchLine {
        let line = MatchLine {
            of: Arc::new(of),
            ..line
        };
        set(&mut self.matches, line.of.id, line.clone());
        line
    }

    /// A proposal has failed: those because of whom are cancelled, the others wait again.
    pub(super) async fn fail_match(
        &mut self,
        line: MatchLine,
        failed: Match,
        why: TicketEnd,
    ) -> Result<MatchLine, StoreError> {
        self.fetch_tickets(failed.ticket_ids()).await?;
        for id in failed.ticket_ids() {
            if let Some(ticket) = now(&self.tickets, id) {
                let after = failed.lets_go(&ticket.ticket, why);
                self.set_ticket(ticket, after);
            }
        }
        Ok(self.set_match(line, failed))
    }

    /// A match's tickets become what they are in it: proposed, or matched.
    pub(super) async fn settle_in(&mut self, of: &Match, now_ms: i64) -> Result<(), StoreError> {
        let state = of.state_of_tickets(now_ms);
        self.fetch_tickets(of.ticket_ids()).await?;
        for id in of.ticket_ids() {
            if let Some(line) = now(&self.tickets, id) {
                let after = line.ticket.turned(state.clone());
                self.set_ticket(line, after);
            }
        }
        Ok(())
    }

    /// The ticket that a player waits in, or is proposed in, by now.
    pub(super) async fn ticket_of(
        &mut self,
        player: PlayerId,
        now_ms: i64,
    ) -> Result<Option<TicketLine>, StoreError> {
        let id = self.tx.get(&self.place.live(player)).await?;
        let Some(id) = id.and_then(|bytes| read_ticket_id(&bytes)) else {
            return Ok(None);
        };
        let line = self.ticket_by(&id, now_ms).await?;
        Ok(line.filter(|line| !line.ticket.state.is_final()))
    }

    /// Makes it, for what the store does of its own accord. Whether it is done, and need not begin anew.
    pub(super) async fn commit(mut self, attempts: &mut Attempts<'_>) -> Result<bool, StoreError> {
        if !self.has_changed() {
            return Ok(true);
        }
        self.settle();
        let commit = self.tx.commit().await?;
        Ok(attempts.outcome(commit).await?.is_some())
    }
}

pub(super) fn read_ticket_id(bytes: &[u8]) -> Option<TicketId> {
    TicketId::parse(std::str::from_utf8(bytes).ok()?).ok()
}

/// What is there is not of this version of Agon, or was changed by hand.
pub(super) fn unreadable(at: &At) -> StoreError {
    StoreError::Unavailable {
        reason: format!(
            "{} has a record that cannot be read",
            String::from_utf8_lossy(&at.key)
        ),
        source: None,
    }
}

/// A match that is there, or the error that it is not.
pub(super) fn known<T>(found: Option<T>, id: MatchId) -> Result<T, MatchError> {
    found.ok_or(MatchError::UnknownMatch(id))
}
