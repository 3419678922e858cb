//! Queues, tickets, matches, backfills and ratings, as plain as they can be: lists that are searched. All
//! that is over by the time of a change is ended before it, everywhere.

mod matches;
mod reading;
mod seats;
mod tickets;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use boards::{Guard, PlayerId, StoreError};
use matchmaking::{
    Backfill, BackfillState, Match, MatchError, MatchId, MatchState, NewBackfill, NewTicket,
    QueueChange, QueueChanged, QueueId, QueueReceipt, QueueSettings, QueuedTicket, Rating, Ticket,
    TicketEnd, TicketState,
};

use super::{Kept, State};

/// Counts queues ever made, so that one is told from an earlier one of its name.
type Number = u32;

#[derive(Clone, Default)]
pub(super) struct Queues {
    all: BTreeMap<QueueId, (Number, QueueSettings)>,
    made: Number,
    /// In the order in which they were made; none is ever forgotten.
    tickets: Vec<Ticketed>,
    matches: BTreeMap<MatchId, (Number, Match)>,
    backfills: Vec<Backfilled>,
    ratings: BTreeMap<(Number, PlayerId), Rated>,
}

#[derive(Clone)]
struct Ticketed {
    number: Number,
    asked: NewTicket,
    queued: QueuedTicket,
}

#[derive(Clone)]
struct Backfilled {
    number: Number,
    asked: NewBackfill,
    backfill: Backfill,
}

#[derive(Clone, Copy)]
struct Rated {
    rating: Rating,
    matches: u64,
    rated_at_ms: i64,
}

impl Queues {
    pub(super) fn forget_ended(&mut self) {
        self.tickets.retain(|line| !line.queued.state.is_final());
        self.matches
            .retain(|_, (_, held)| !matches!(held.state, MatchState::Failed { .. }));
        self.backfills
            .retain(|line| line.backfill.state == BackfillState::Open);
    }
}

impl State {
    pub(super) fn guarded_change_of_queues(
        &mut self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        self.latest_ms = self.latest_ms.max(now_ms);
        if let Some(first) = self.made_before(guard, now_ms)? {
            let Kept::Queues(changed) = first.changed.clone() else {
                return Err(StoreError::KeyReused.into());
            };
            let replayed = true;
            return Ok(QueueReceipt { changed, replayed });
        }
        let mut after = self.clone();
        after.end_what_is_over(now_ms);
        let changed = after.change_queues(change, now_ms)?;
        after.keep(guard, Kept::Queues(changed.clone()), now_ms);
        *self = after;
        let replayed = false;
        Ok(QueueReceipt { changed, replayed })
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
                self.cancel_ticket(&queue, &ticket, now_ms)
            }
            QueueChange::Announce {
                queue,
                matches,
                fills,
            } => self.announce(&queue, matches, fills, now_ms),
            QueueChange::Lapse(queue) => self.number(&queue).map(|_| QueueChanged::Done),
            QueueChange::Accept { match_id, who } => self.accept(match_id, &who, now_ms),
            QueueChange::Decline { match_id, who } => self.decline(match_id, &who, now_ms),
            QueueChange::Finish { match_id, result } => self.finish(match_id, result, now_ms),
            QueueChange::CreateBackfill { queue, backfill } => {
                self.create_backfill(&queue, backfill, now_ms)
            }
            QueueChange::CancelBackfill { queue, backfill } => {
                self.cancel_backfill(&queue, &backfill)
            }
        }
    }

    fn number(&self, queue: &QueueId) -> Result<Number, MatchError> {
        let found = self.queues.all.get(queue).map(|(number, _)| *number);
        found.ok_or_else(|| MatchError::UnknownQueue(queue.clone()))
    }

    fn settings(&self, number: Number) -> Option<&QueueSettings> {
        let mut all = self.queues.all.values();
        all.find(|(n, _)| *n == number)
            .map(|(_, settings)| settings)
    }

    fn put_queue(
        &mut self,
        queue: QueueId,
        settings: QueueSettings,
    ) -> Result<QueueChanged, MatchError> {
        for (at, feed) in settings.boards.iter().enumerate() {
            if !self.boards.contains_key(&feed.board) {
                let board = feed.board.clone();
                return Err(MatchError::UnknownBoard { at, board });
            }
        }
        if let Some((_, old)) = self.queues.all.get_mut(&queue) {
            *old = settings;
            return Ok(QueueChanged::Put { created: false });
        }
        self.queues.made += 1;
        self.queues.all.insert(queue, (self.queues.made, settings));
        Ok(QueueChanged::Put { created: true })
    }

    fn delete_queue(&mut self, queue: &QueueId, now_ms: i64) -> Result<QueueChanged, MatchError> {
        let number = self.number(queue)?;
        self.queues.all.remove(queue);
        for (of, held) in self.queues.matches.values_mut() {
            if *of == number && matches!(held.state, MatchState::Proposed { .. }) {
                held.state = MatchState::Failed {
                    at_ms: now_ms,
                    because_of: BTreeSet::new(),
                };
            }
        }
        self.queues.tickets.retain(|ticket| ticket.number != number);
        self.queues.backfills.retain(|line| line.number != number);
        self.queues.ratings.retain(|(of, _), _| *of != number);
        Ok(QueueChanged::Done)
    }

    /// Proposals first, since they give tickets back, which may be over as well.
    pub(super) fn end_what_is_over(&mut self, now_ms: i64) {
        let matches = self.queues.matches.clone();
        for (id, (_, held)) in matches {
            let MatchState::Proposed {
                accept_by_ms,
                accepted,
            } = held.state
            else {
                continue;
            };
            if accept_by_ms <= now_ms {
                let players = held.teams.iter().flat_map(|team| &team.players);
                let silent = players.map(|p| p.player.id);
                let silent = silent.filter(|id| !accepted.contains(id)).collect();
                self.fail(id, silent, TicketEnd::NotAccepted, accept_by_ms);
            }
        }
        for ticket in &mut self.queues.tickets {
            let at_ms = ticket.queued.expires_at_ms;
            if ticket.queued.state == TicketState::Waiting && at_ms <= now_ms {
                ticket.queued.state = TicketState::Expired { at_ms };
            }
        }
    }

    /// A proposal comes to nothing because of these.
    fn fail(&mut self, id: MatchId, because_of: BTreeSet<PlayerId>, why: TicketEnd, at_ms: i64) {
        let proposed = TicketState::Proposed { match_id: id };
        for ticket in &mut self.queues.tickets {
            if ticket.queued.state != proposed {
                continue;
            }
            let players = &ticket.queued.ticket.players;
            ticket.queued.state = if players.iter().any(|p| because_of.contains(&p.id)) {
                TicketState::Cancelled { why, at_ms }
            } else if ticket.queued.expires_at_ms <= at_ms {
                TicketState::Expired { at_ms }
            } else {
                TicketState::Waiting
            };
        }
        if let Some((_, held)) = self.queues.matches.get_mut(&id) {
            held.state = MatchState::Failed { at_ms, because_of };
        }
    }

    pub(super) fn erase_from_queues(&mut self, player: PlayerId, now_ms: i64) {
        self.end_what_is_over(now_ms);
        for ticket in self.queues.tickets.clone() {
            let players = &ticket.queued.ticket.players;
            if !players.iter().any(|p| p.id == player) {
                continue;
            }
            if let TicketState::Proposed { match_id } = ticket.queued.state {
                let why = TicketEnd::PlayerDeleted;
                self.fail(match_id, BTreeSet::from([player]), why, now_ms);
            }
        }
        for ticket in &mut self.queues.tickets {
            let mut players = ticket.queued.ticket.players.iter();
            let there = players.any(|p| p.id == player);
            if there && ticket.queued.state == TicketState::Waiting {
                ticket.queued.state = TicketState::Cancelled {
                    why: TicketEnd::PlayerDeleted,
                    at_ms: now_ms,
                };
            }
        }
        self.queues.ratings.retain(|(_, of), _| *of != player);
        self.put_nil_everywhere(player);
    }

    /// Also in answers that are given once more.
    fn put_nil_everywhere(&mut self, player: PlayerId) {
        for (_, held) in self.queues.matches.values_mut() {
            put_nil(held, player);
        }
        for ticket in &mut self.queues.tickets {
            forget(&mut ticket.queued, player);
        }
        for kept in self.guarded.values_mut() {
            match &mut kept.changed {
                Kept::Queues(QueueChanged::Match(held)) => put_nil(held, player),
                Kept::Queues(QueueChanged::Ticket(queued)) => forget(queued, player),
                _ => {}
            }
        }
    }
}

/// Puts a nil id in place of a player of a ticket; nobody is avoided in place of one that was.
fn forget(queued: &mut QueuedTicket, player: PlayerId) {
    let mut ticket = Ticket::clone(&queued.ticket);
    for line in ticket.players.iter_mut().filter(|p| p.id == player) {
        line.id = PlayerId::NIL;
    }
    ticket.avoid.retain(|id| *id != player);
    queued.ticket = Arc::new(ticket);
}

/// Puts a nil id in place of a player.
fn put_nil(held: &mut Match, player: PlayerId) {
    let erase = |id: &mut PlayerId| {
        if *id == player {
            *id = PlayerId::NIL;
        }
    };
    for team in &mut held.teams {
        team.players
            .iter_mut()
            .for_each(|p| erase(&mut p.player.id));
    }
    match &mut held.state {
        MatchState::Failed { because_of, .. } => {
            if because_of.remove(&player) {
                because_of.insert(PlayerId::NIL);
            }
        }
        MatchState::Finished {
            ratings, boards, ..
        } => {
            ratings
                .iter_mut()
                .for_each(|rating| erase(&mut rating.player));
            boards
                .iter_mut()
                .for_each(|effect| erase(&mut effect.player));
        }
        // In an answer that is kept; the match itself has failed.
        MatchState::Proposed { accepted, .. } => {
            if accepted.remove(&player) {
                accepted.insert(PlayerId::NIL);
            }
        }
        MatchState::Running { .. } => {}
    }
}
