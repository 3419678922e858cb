//! What the reference shows of queues. It knows nothing of what was matched lately, and not why tickets
//! wait; these are not compared.

use std::cmp::Reverse;
use std::sync::Arc;

use async_trait::async_trait;
use boards::{Guard, PlayerId};
use matchmaking::{
    Backfill, BackfillId, BackfillState, HistoryMark, Match, MatchError, MatchId, MatchState,
    MatchStore, PlayerRating, QueueChange, QueueId, QueueInfo, QueueReceipt, QueueSettings,
    QueueSnapshot, QueueStats, TicketId, TicketState, TicketView, WhyWaiting,
};

use super::{Number, State, Ticketed};
use crate::ReferenceStore;

impl State {
    fn tickets_of(&self, number: Number) -> impl Iterator<Item = &Ticketed> {
        let tickets = self.queues.tickets.iter();
        tickets.filter(move |ticket| ticket.number == number)
    }

    fn waiting_in(&self, number: Number) -> impl Iterator<Item = &Ticketed> {
        let tickets = self.tickets_of(number);
        tickets.filter(|ticket| ticket.queued.state == TicketState::Waiting)
    }

    fn proposed_in(&self, number: Number) -> u64 {
        let tickets = self.tickets_of(number);
        let live = tickets.filter(|ticket| !ticket.queued.state.is_final());
        (live.count() - self.waiting_in(number).count()) as u64
    }

    fn open_in(&self, number: Number) -> impl Iterator<Item = &Backfill> {
        let all = self.queues.backfills.iter();
        let all = all.filter(move |line| line.number == number);
        let all = all.map(|line| &line.backfill);
        all.filter(|backfill| backfill.state == BackfillState::Open)
    }

    fn queue_info(&self, id: &QueueId, number: Number, settings: &QueueSettings) -> QueueInfo {
        QueueInfo {
            id: id.clone(),
            settings: Arc::new(settings.clone()),
            waiting: self.waiting_in(number).count() as u64,
            proposed: self.proposed_in(number),
            version: self.changes,
        }
    }
}

#[async_trait]
impl MatchStore for ReferenceStore {
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        self.state().guarded_change_of_queues(change, guard, now_ms)
    }

    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        let state = self.state();
        let number = state.number(id)?;
        Ok(state.queue_info(id, number, state.settings(number).unwrap()))
    }

    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        let state = self.state();
        let later = state.queues.all.iter().filter(|(id, _)| Some(*id) > after);
        let infos = later.map(|(id, (number, settings))| state.queue_info(id, *number, settings));
        Ok(infos.take(limit).collect())
    }

    async fn ticket(&self, queue: &QueueId, ticket: &TicketId) -> Result<TicketView, MatchError> {
        let state = self.state();
        let number = state.number(queue)?;
        let found = state.find_ticket(number, ticket);
        let found = found.ok_or_else(|| MatchError::UnknownTicket(ticket.clone()))?;
        let of_match = match found.queued.state {
            TicketState::Proposed { match_id } | TicketState::Matched { match_id, .. } => {
                Some(Arc::new(state.find_match(match_id)?.1))
            }
            _ => None,
        };
        Ok(TicketView {
            ticket: Arc::new(found.queued.clone()),
            of_match,
            why: None,
            estimated_wait_ms: None,
            version: state.changes,
        })
    }

    async fn ticket_changed(
        &self,
        queue: &QueueId,
        ticket: &TicketId,
        _seen: u64,
    ) -> Result<(), MatchError> {
        // Whoever looks again too often is no worse off.
        self.ticket(queue, ticket).await.map(drop)
    }

    async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError> {
        Ok(Arc::new(self.state().find_match(id)?.1))
    }

    async fn backfill(
        &self,
        queue: &QueueId,
        backfill: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError> {
        let state = self.state();
        let found = state.find_backfill(state.number(queue)?, backfill);
        let unknown = || MatchError::UnknownBackfill(backfill.clone());
        Ok(Arc::new(found.ok_or_else(unknown)?.backfill.clone()))
    }

    async fn queue_stats(&self, queue: &QueueId, _now_ms: i64) -> Result<QueueStats, MatchError> {
        let state = self.state();
        let number = state.number(queue)?;
        let players = state
            .waiting_in(number)
            .map(|t| t.queued.ticket.players.len());
        let matches = state.queues.matches.values();
        let running = matches
            .filter(|(of, held)| *of == number && matches!(held.state, MatchState::Running { .. }));
        Ok(QueueStats {
            waiting_tickets: state.waiting_in(number).count() as u64,
            waiting_players: players.sum::<usize>() as u64,
            proposed_tickets: state.proposed_in(number),
            open_backfills: state.open_in(number).count() as u64,
            running_matches: running.count() as u64,
            matches_per_minute: 0.0,
            wait_ms: None,
            rating_spread: None,
            reasons: Vec::new(),
        })
    }

    async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        let state = self.state();
        state.player(player)?;
        let queues = state.queues.all.iter();
        let rated = queues.filter_map(|(id, (number, _))| {
            let rated = state.queues.ratings.get(&(*number, player))?;
            Some(PlayerRating {
                queue: id.clone(),
                rating: rated.rating,
                matches: rated.matches,
                rated_at_ms: rated.rated_at_ms,
            })
        });
        Ok(rated.collect())
    }

    async fn history(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        let state = self.state();
        state.player(player)?;
        let matches = state.queues.matches.values().map(|(_, held)| held);
        let mut matches: Vec<_> = matches
            .filter(|held| matches!(held.state, MatchState::Finished { .. }))
            .filter(|held| {
                let mut players = held.teams.iter().flat_map(|team| &team.players);
                players.any(|p| p.player.id == player)
            })
            .filter(|held| before.is_none_or(|mark| (held.created_at_ms, held.id) < mark))
            .collect();
        matches.sort_by_key(|held| Reverse((held.created_at_ms, held.id)));
        let matches = matches.into_iter().take(limit);
        Ok(matches.map(|held| Arc::new(held.clone())).collect())
    }

    async fn waiting_changed(&self, _seen: u64) -> u64 {
        self.state().changes
    }

    async fn snapshot(&self, queue: &QueueId, now_ms: i64) -> Result<QueueSnapshot, MatchError> {
        let state = self.state();
        let mut ended = state.clone();
        ended.end_what_is_over(now_ms);
        let number = state.number(queue)?;
        let live = |state: &State| {
            let tickets = state.tickets_of(number);
            tickets
                .map(|ticket| ticket.queued.state.clone())
                .collect::<Vec<_>>()
        };
        let lapsed = live(&state) != live(&ended);
        let waiting = state.waiting_in(number).map(|ticket| &ticket.queued);
        let waiting = waiting.filter(|queued| queued.expires_at_ms > now_ms);
        let waiting = waiting.map(|queued| Arc::new(queued.clone())).collect();
        let openings = state.open_in(number).map(|backfill| {
            let (_, held) = &state.queues.matches[&backfill.match_id];
            (Arc::new(backfill.clone()), Arc::new(held.clone()))
        });
        let openings = openings.collect();
        let settings = Arc::new(state.settings(number).unwrap().clone());
        let version = state.changes;
        Ok(QueueSnapshot {
            settings,
            waiting,
            openings,
            lapsed,
            version,
        })
    }

    async fn explain(
        &self,
        queue: &QueueId,
        _why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError> {
        self.state().number(queue).map(drop)
    }

    async fn lead(&self, queue: &QueueId, _now_ms: i64) -> Result<bool, MatchError> {
        self.state().number(queue).map(|_| true)
    }

    async fn resign(&self) -> Result<(), MatchError> {
        Ok(())
    }
}
