//! A store of queues that matches nobody: it notes what it is asked, keeps answers under their guards, and
//! fails when it is told to. It has one ticket, which tests change.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use boards::{BoardId, Guard, PlayerId, Score, StoreError};
use matchmaking::{
    Backfill, BackfillId, BackfillState, BoardEffect, HistoryMark, Match, MatchError, MatchId,
    MatchPlayer, MatchResult, MatchState, MatchStore, MatchTeam, OpenSeat, PlayerRating,
    QueueChange, QueueChanged, QueueId, QueueInfo, QueueReceipt, QueueSettings, QueueSnapshot,
    QueueStats, QueuedTicket, Rating, RatingChange, RatingSystem, Reason, Region, Role, Ticket,
    TicketId, TicketPlayer, TicketState, TicketView, WhyWaiting,
};
use tokio::sync::watch;

pub const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
pub const BOB: &str = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11";
/// The match of the ticket.
pub const MATCH: &str = "5b0e8a44-1f7c-4d6e-8a54-3f2f5f3b9c01";

type Answered = ([u8; 16], QueueReceipt);
type Failure = Box<dyn Fn() -> Option<MatchError> + Send>;

pub struct FakeMatches {
    /// What it was asked to change, in order, without what was only answered again.
    pub changes: Mutex<Vec<QueueChange>>,
    /// By the key of their guard, with its request.
    kept: Mutex<HashMap<[u8; 16], Answered>>,
    failure: Mutex<Option<Failure>>,
    ticket: watch::Sender<TicketView>,
}

impl Default for FakeMatches {
    fn default() -> Self {
        FakeMatches {
            changes: Mutex::default(),
            kept: Mutex::default(),
            failure: Mutex::default(),
            ticket: watch::Sender::new(waiting()),
        }
    }
}

impl FakeMatches {
    /// From now on changes and readings fail by what this says.
    pub fn fail(&self, how: impl Fn() -> Option<MatchError> + Send + 'static) {
        *self.failure.lock().unwrap() = Some(Box::new(how));
    }

    /// From now on the ticket is in this state, at a version of its own.
    pub fn turn(&self, state: TicketState, of_match: Option<Match>) {
        self.ticket.send_modify(|view| {
            view.ticket = Arc::new(view.ticket.turned(state));
            view.of_match = of_match.map(Arc::new);
            view.version += 1;
        });
    }

    /// From now on the ticket waits for this reason, at the version that it has.
    pub fn explain(&self, reason: Reason) {
        let detail = "for the best of reasons".to_owned();
        let why = WhyWaiting { reason, detail };
        self.ticket.send_modify(|view| view.why = Some(why));
    }

    fn well(&self, queue: &QueueId) -> Result<(), MatchError> {
        if let Some(error) = self.failure.lock().unwrap().as_ref().and_then(|f| f()) {
            return Err(error);
        }
        match queue.as_str() {
            "none" => Err(MatchError::UnknownQueue(queue.clone())),
            _ => Ok(()),
        }
    }

    fn replay(&self, guard: Guard) -> Option<Result<QueueReceipt, MatchError>> {
        let kept = self.kept.lock().unwrap();
        let (request, receipt) = kept.get(&guard.key)?;
        if *request != guard.request {
            return Some(Err(StoreError::KeyReused.into()));
        }
        let replayed = true;
        let changed = receipt.changed.clone();
        Some(Ok(QueueReceipt { changed, replayed }))
    }
}

pub fn ada() -> PlayerId {
    PlayerId::parse(ADA).unwrap()
}

fn rating() -> Rating {
    Rating {
        mean: 1510.0,
        deviation: 80.0,
        volatility: None,
    }
}

fn player() -> TicketPlayer {
    TicketPlayer {
        id: ada(),
        rating: rating(),
        roles: vec![Role::parse("tank").unwrap()],
        latencies_ms: [(Region::parse("eu").unwrap(), 31.0)].into(),
        attributes: Default::default(),
    }
}

fn waiting() -> TicketView {
    let ticket = Ticket {
        id: TicketId::parse("t1").unwrap(),
        players: vec![player()],
        priority: 0,
        avoid: Vec::new(),
    };
    TicketView {
        ticket: Arc::new(QueuedTicket::made(
            QueueId::parse("q").unwrap(),
            ticket,
            600_000,
            1500,
        )),
        of_match: None,
        why: None,
        estimated_wait_ms: Some(8000),
        version: 1,
    }
}

/// The ticket's match in this state.
pub fn match_of(state: MatchState) -> Match {
    let seated = MatchPlayer {
        player: player(),
        ticket: TicketId::parse("t1").unwrap(),
        role: None,
        left: false,
    };
    Match {
        id: MatchId::parse(MATCH).unwrap(),
        queue: QueueId::parse("q").unwrap(),
        created_at_ms: 14_000,
        state,
        teams: vec![MatchTeam {
            tickets: vec![TicketId::parse("t1").unwrap()],
            players: vec![seated],
            rating: 1510.0,
        }],
        region: Some(Region::parse("eu").unwrap()),
        rating_spread: 84.0,
        team_gap: 12.0,
        win_probabilities: vec![1.0],
        longest_wait_ms: 12_500,
    }
}

pub fn proposed(accepted: &[PlayerId]) -> (TicketState, Option<Match>) {
    let state = MatchState::Proposed {
        accept_by_ms: 29_000,
        accepted: accepted.iter().copied().collect(),
    };
    let match_id = MatchId::parse(MATCH).unwrap();
    (TicketState::Proposed { match_id }, Some(match_of(state)))
}

pub fn matched() -> (TicketState, Option<Match>) {
    let state = TicketState::Matched {
        match_id: MatchId::parse(MATCH).unwrap(),
        at_ms: 14_000,
    };
    let running = match_of(MatchState::Running { since_ms: 14_000 });
    (state, Some(running))
}

fn finished(result: MatchResult) -> Match {
    match_of(MatchState::Finished {
        at_ms: 20_000,
        result,
        ratings: vec![RatingChange {
            player: ada(),
            team: 0,
            before: rating(),
            after: Rating {
                mean: 1516.5,
                ..rating()
            },
        }],
        boards: vec![BoardEffect {
            board: BoardId::parse("weekly").unwrap(),
            player: ada(),
            score: Score::new(1517.0).ok(),
            rank: Some(1),
        }],
    })
}

fn backfill(id: &BackfillId, state: BackfillState) -> Backfill {
    Backfill {
        id: id.clone(),
        queue: QueueId::parse("q").unwrap(),
        match_id: MatchId::parse(MATCH).unwrap(),
        created_at_ms: 1500,
        open: vec![OpenSeat {
            team: 1,
            role: None,
        }],
        filled_by: vec![],
        state,
    }
}

fn settings() -> QueueSettings {
    let sent = serde_json::json!({"teams": {"min_size": 1}, "acceptance_window_ms": 15_000});
    let read = fields::whole(sent.to_string().as_bytes(), |value, faults| {
        fields::read_object::<match_json::NewQueue>(value, "", faults)
    });
    read.unwrap().0
}

fn info(id: &QueueId) -> QueueInfo {
    QueueInfo {
        id: id.clone(),
        settings: Arc::new(settings()),
        waiting: 7,
        proposed: 2,
        version: 3,
    }
}

#[async_trait]
impl MatchStore for FakeMatches {
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        _: i64,
    ) -> Result<QueueReceipt, MatchError> {
        if let Some(replay) = guard.and_then(|guard| self.replay(guard)) {
            return replay;
        }
        let id = QueueId::parse("q").unwrap();
        self.well(match &change {
            QueueChange::CreateTicket { queue, .. } => queue,
            _ => &id,
        })?;
        let view = self.ticket.borrow().clone();
        let changed = match &change {
            QueueChange::PutQueue { .. } => QueueChanged::Put { created: true },
            QueueChange::CreateTicket { ticket, .. } => {
                let ticket = ticket.clone().rated(|_| RatingSystem::default().initial());
                QueueChanged::Ticket(Box::new(QueuedTicket::made(id, ticket, 600_000, 1500)))
            }
            QueueChange::CancelTicket { .. } => QueueChanged::Ticket(Box::new(
                view.ticket
                    .cancelled(matchmaking::TicketEnd::Requested, 3000),
            )),
            QueueChange::Accept { .. } => {
                QueueChanged::Match(Box::new(proposed(&[ada()]).1.unwrap()))
            }
            QueueChange::Decline { .. } => {
                let because_of = BTreeSet::from([ada()]);
                let failed = MatchState::Failed {
                    at_ms: 20_000,
                    because_of,
                };
                QueueChanged::Match(Box::new(match_of(failed)))
            }
            QueueChange::Finish { result, .. } => {
                QueueChanged::Match(Box::new(finished(result.clone())))
            }
            QueueChange::CreateBackfill { backfill: new, .. } => {
                QueueChanged::Backfill(Box::new(backfill(&new.id, BackfillState::Open)))
            }
            QueueChange::CancelBackfill { backfill: id, .. } => {
                QueueChanged::Backfill(Box::new(backfill(id, BackfillState::Cancelled)))
            }
            _ => QueueChanged::Done,
        };
        self.changes.lock().unwrap().push(change);
        let replayed = false;
        let receipt = QueueReceipt { changed, replayed };
        if let Some(guard) = guard {
            let mut kept = self.kept.lock().unwrap();
            kept.insert(guard.key, (guard.request, receipt.clone()));
        }
        Ok(receipt)
    }

    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        self.well(id).map(|()| info(id))
    }

    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        let names = ["a", "b", "c"].map(|name| QueueId::parse(name).unwrap());
        let after = |id: &&QueueId| after.is_none_or(|after| *id > after);
        Ok(names.iter().filter(after).take(limit).map(info).collect())
    }

    async fn ticket(&self, queue: &QueueId, ticket: &TicketId) -> Result<TicketView, MatchError> {
        self.well(queue)?;
        match ticket.as_str() {
            "none" => Err(MatchError::UnknownTicket(ticket.clone())),
            _ => Ok(self.ticket.borrow().clone()),
        }
    }

    async fn ticket_changed(
        &self,
        queue: &QueueId,
        _: &TicketId,
        seen: u64,
    ) -> Result<(), MatchError> {
        let mut ticket = self.ticket.subscribe();
        let changed = ticket.wait_for(|view| view.version != seen).await;
        changed.map(drop).unwrap();
        self.well(queue)
    }

    async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError> {
        match id.to_string().as_str() {
            MATCH => Ok(Arc::new(finished(MatchResult::Abandoned))),
            _ => Err(MatchError::UnknownMatch(id)),
        }
    }

    async fn backfill(
        &self,
        queue: &QueueId,
        id: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError> {
        self.well(queue)?;
        Ok(Arc::new(backfill(id, BackfillState::Filled)))
    }

    async fn queue_stats(&self, queue: &QueueId, _: i64) -> Result<QueueStats, MatchError> {
        self.well(queue)?;
        Ok(QueueStats {
            waiting_tickets: 3,
            waiting_players: 4,
            proposed_tickets: 2,
            open_backfills: 1,
            running_matches: 5,
            matches_per_minute: 1.5,
            wait_ms: Some([1, 2, 3, 4]),
            rating_spread: None,
            reasons: vec![(Reason::TooFewPlayers, 3)],
        })
    }

    async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        if player != ada() {
            return Err(StoreError::UnknownPlayer(player).into());
        }
        Ok(vec![PlayerRating {
            queue: QueueId::parse("q").unwrap(),
            rating: rating(),
            matches: 31,
            rated_at_ms: 1500,
        }])
    }

    /// Five matches, the latest made at 5 ms.
    async fn history(
        &self,
        _: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        let made = (1..=5).rev().map(|at| Match {
            created_at_ms: at,
            ..finished(MatchResult::Placements(vec![1]))
        });
        let before = |of: &Match| before.is_none_or(|mark| (of.created_at_ms, of.id) < mark);
        Ok(made.filter(before).take(limit).map(Arc::new).collect())
    }

    async fn waiting_changed(&self, _: u64) -> u64 {
        unreachable!("the boundary forms no matches")
    }

    async fn snapshot(&self, _: &QueueId, _: i64) -> Result<QueueSnapshot, MatchError> {
        unreachable!("the boundary forms no matches")
    }

    async fn explain(&self, _: &QueueId, _: Vec<(TicketId, WhyWaiting)>) -> Result<(), MatchError> {
        unreachable!("the boundary forms no matches")
    }

    async fn lead(&self, _: &QueueId, _: i64) -> Result<bool, MatchError> {
        unreachable!("the boundary forms no matches")
    }

    async fn resign(&self) -> Result<(), MatchError> {
        unreachable!("the boundary forms no matches")
    }
}
