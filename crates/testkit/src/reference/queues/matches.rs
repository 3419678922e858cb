//! Matches announced, accepted, declined and finished.

use std::collections::BTreeSet;

use boards::{BoardId, Operator, PlayerId, Score, Submission};
use matchmaking::{
    Announced, BackfillId, BackfillState, BoardEffect, Feed, Match, MatchError, MatchId,
    MatchPlayer, MatchResult, MatchState, MatchTeam, ProposedMatch, QueueChanged, QueueId, Rating,
    RatingChange, Role, TicketEnd, TicketId, TicketState, Who,
};

use super::{Number, Rated, State, Ticketed};

type Fill = (BackfillId, usize, TicketId, Vec<Option<Role>>);

impl State {
    pub(super) fn announce(
        &mut self,
        queue: &QueueId,
        matches: Vec<ProposedMatch>,
        fills: Vec<Fill>,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.number(queue)?;
        let mut announced = Announced::default();
        for fill in fills {
            match self.fill(number, &fill, now_ms) {
                Some(()) => announced.fills += 1,
                None => announced.stale += 1,
            }
        }
        for proposed in matches {
            match self.announce_one(queue, number, proposed, now_ms) {
                Some(()) => announced.matches += 1,
                None => announced.stale += 1,
            }
        }
        Ok(QueueChanged::Announced(announced))
    }

    pub(super) fn waiting(&self, number: Number, id: &TicketId) -> Option<&Ticketed> {
        let ticket = self.find_ticket(number, id)?;
        (ticket.queued.state == TicketState::Waiting).then_some(ticket)
    }

    fn announce_one(
        &mut self,
        queue: &QueueId,
        number: Number,
        proposed: ProposedMatch,
        now_ms: i64,
    ) -> Option<()> {
        let settings = self.settings(number)?.clone();
        let mut seen = BTreeSet::new();
        let mut teams = Vec::new();
        let mut oldest = now_ms;
        for team in &proposed.teams {
            let mut players = Vec::new();
            for (id, roles) in &team.tickets {
                let ticket = self.waiting(number, id)?;
                if !seen.insert(id.clone()) {
                    return None;
                }
                oldest = oldest.min(ticket.queued.created_at_ms);
                players.extend(seated(ticket, roles)?);
            }
            let sum: f64 = players.iter().map(|p| p.player.rating.mean).sum();
            teams.push(MatchTeam {
                tickets: team.tickets.iter().map(|(id, _)| id.clone()).collect(),
                rating: sum / players.len() as f64,
                players,
            });
        }
        let rules = &settings.rules.teams;
        let fits = |(team, rule): (&MatchTeam, &matchmaking::TeamRule)| {
            rule.min_size <= team.players.len() && team.players.len() <= rule.max_size
        };
        if teams.len() != rules.len()
            || !teams.iter().zip(rules).all(fits)
            || self.queues.matches.contains_key(&proposed.id)
        {
            return None;
        }
        let match_id = proposed.id;
        let (state, of_tickets) = match settings.acceptance_ms {
            Some(time) => {
                let state = MatchState::Proposed {
                    accept_by_ms: now_ms + time as i64,
                    accepted: BTreeSet::new(),
                };
                (state, TicketState::Proposed { match_id })
            }
            None => {
                let at_ms = now_ms;
                let state = MatchState::Running { since_ms: now_ms };
                (state, TicketState::Matched { match_id, at_ms })
            }
        };
        for id in &seen {
            self.set_state(number, id, of_tickets.clone());
        }
        let held = Match {
            id: match_id,
            queue: queue.clone(),
            created_at_ms: now_ms,
            state,
            teams,
            region: proposed.region,
            rating_spread: proposed.rating_spread,
            team_gap: proposed.team_gap,
            win_probabilities: proposed.win_probabilities,
            longest_wait_ms: now_ms - oldest,
        };
        self.queues.matches.insert(match_id, (number, held));
        Some(())
    }

    /// A match with its queue's number.
    pub(super) fn find_match(&self, id: MatchId) -> Result<(Number, Match), MatchError> {
        let found = self.queues.matches.get(&id);
        found.cloned().ok_or(MatchError::UnknownMatch(id))
    }

    pub(super) fn accept(
        &mut self,
        id: MatchId,
        who: &Who,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let (number, mut held) = self.find_match(id)?;
        let named = named(&held, who)?;
        match &mut held.state {
            MatchState::Failed { .. } => return Err(MatchError::WrongState("has failed")),
            MatchState::Finished { .. } => return Err(MatchError::WrongState("has ended")),
            MatchState::Running { .. } => {}
            MatchState::Proposed { accepted, .. } => {
                accepted.extend(named);
                let mut players = held.teams.iter().flat_map(|team| &team.players);
                if players.all(|p| accepted.contains(&p.player.id)) {
                    held.state = MatchState::Running { since_ms: now_ms };
                    for ticket in held.teams.iter().flat_map(|team| &team.tickets) {
                        let (match_id, at_ms) = (id, now_ms);
                        self.set_state(number, ticket, TicketState::Matched { match_id, at_ms });
                    }
                }
            }
        }
        self.queues.matches.insert(id, (number, held.clone()));
        Ok(QueueChanged::Match(Box::new(held)))
    }

    pub(super) fn decline(
        &mut self,
        id: MatchId,
        who: &Who,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let (_, held) = self.find_match(id)?;
        let named = named(&held, who)?;
        match &held.state {
            MatchState::Running { .. } => return Err(MatchError::WrongState("has begun")),
            MatchState::Finished { .. } => return Err(MatchError::WrongState("has ended")),
            MatchState::Failed { because_of, .. } if !named.is_subset(because_of) => {
                return Err(MatchError::WrongState("has failed"));
            }
            MatchState::Failed { .. } => {}
            MatchState::Proposed { .. } => self.fail(id, named, TicketEnd::Declined, now_ms),
        }
        Ok(QueueChanged::Match(Box::new(self.find_match(id)?.1)))
    }

    pub(super) fn finish(
        &mut self,
        id: MatchId,
        result: MatchResult,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let (number, mut held) = self.find_match(id)?;
        match &held.state {
            MatchState::Running { .. } => {}
            MatchState::Proposed { .. } => return Err(MatchError::WrongState("has not begun")),
            MatchState::Failed { .. } => return Err(MatchError::WrongState("has failed")),
            MatchState::Finished { result: first, .. } if *first != result => {
                return Err(MatchError::ResultDiffers);
            }
            MatchState::Finished { .. } => return Ok(QueueChanged::Match(Box::new(held))),
        }
        let (mut ratings, mut effects) = (Vec::new(), Vec::new());
        if let MatchResult::Placements(places) = &result {
            check(places, held.teams.len())?;
            if let Some(settings) = self.settings(number).cloned() {
                ratings = self.rate(number, &held, places, now_ms);
                for feed in &settings.boards {
                    effects.extend(self.feed(&feed.board, &feed.submit, &ratings, places));
                }
            }
        }
        for line in &mut self.queues.backfills {
            let open = line.backfill.state == BackfillState::Open;
            if line.backfill.match_id == id && open {
                line.backfill.state = BackfillState::Ended;
                line.backfill.open.clear();
            }
        }
        held.state = MatchState::Finished {
            at_ms: now_ms,
            result,
            ratings,
            boards: effects,
        };
        self.queues.matches.insert(id, (number, held.clone()));
        Ok(QueueChanged::Match(Box::new(held)))
    }

    fn rate(
        &mut self,
        number: Number,
        held: &Match,
        places: &[u32],
        now_ms: i64,
    ) -> Vec<RatingChange> {
        let system = self.settings(number).unwrap().rating_system;
        let mut changes = Vec::new();
        let (mut teams, mut team_places) = (Vec::new(), Vec::new());
        for (team, line) in held.teams.iter().enumerate() {
            let there: Vec<_> = line.players.iter().filter(|p| !p.left).collect();
            if there.is_empty() {
                continue;
            }
            let before = |p: &&MatchPlayer| {
                let stored = self.queues.ratings.get(&(number, p.player.id));
                stored.map_or(p.player.rating, |rated| rated.rating)
            };
            let ratings: Vec<Rating> = there.iter().map(before).collect();
            for (player, before) in there.iter().zip(&ratings) {
                let (player, before) = (player.player.id, *before);
                let after = before;
                changes.push(RatingChange {
                    player,
                    team,
                    before,
                    after,
                });
            }
            teams.push(ratings);
            team_places.push(places[team]);
        }
        let after = system.rate(&teams, &team_places).into_iter().flatten();
        for (change, after) in changes.iter_mut().zip(after) {
            change.after = after;
            if change.player != PlayerId::NIL {
                let key = (number, change.player);
                let matches = self
                    .queues
                    .ratings
                    .get(&key)
                    .map_or(0, |rated| rated.matches);
                let rated = Rated {
                    rating: after,
                    matches: matches + 1,
                    rated_at_ms: now_ms,
                };
                self.queues.ratings.insert(key, rated);
            }
        }
        changes
    }

    fn feed(
        &mut self,
        board: &BoardId,
        feed: &Feed,
        ratings: &[RatingChange],
        places: &[u32],
    ) -> Vec<BoardEffect> {
        let mut effects = Vec::new();
        for change in ratings
            .iter()
            .filter(|change| change.player != PlayerId::NIL)
        {
            let place = places[change.team];
            let first_alone = place == 1 && places.iter().filter(|p| **p == 1).count() == 1;
            let given = match feed {
                Feed::Rating => Some((Operator::Last, change.after.mean)),
                Feed::CautiousRating => {
                    let rating = change.after;
                    Some((Operator::Last, rating.mean - 3.0 * rating.deviation))
                }
                Feed::Wins if first_alone => Some((Operator::Sum, 1.0)),
                Feed::Wins => None,
                Feed::Points(points) => {
                    let points = points.get(place as usize - 1);
                    points.map(|points| (Operator::Sum, *points))
                }
            };
            if let Some((operator, score)) = given {
                effects.push(self.give(board, change.player, operator, score));
            }
        }
        effects
    }

    fn give(
        &mut self,
        board: &BoardId,
        player: PlayerId,
        operator: Operator,
        score: f64,
    ) -> BoardEffect {
        let submission = Submission {
            operator: Some(operator),
            ..Submission::new(player, Score::new(score).unwrap())
        };
        let outcome = self.submit(board, &submission).ok();
        let outcome = outcome.filter(|outcome| outcome.applied);
        BoardEffect {
            board: board.clone(),
            player,
            score: outcome.map(|outcome| outcome.score),
            rank: outcome.and_then(|outcome| outcome.rank),
        }
    }
}

/// The ticket's players with their roles; `None` where these are not as many.
pub(super) fn seated(ticket: &Ticketed, roles: &[Option<Role>]) -> Option<Vec<MatchPlayer>> {
    let queued = &ticket.queued.ticket;
    if queued.players.len() != roles.len() {
        return None;
    }
    let seated = queued
        .players
        .iter()
        .zip(roles)
        .map(|(player, role)| MatchPlayer {
            player: player.clone(),
            ticket: queued.id.clone(),
            role: role.clone(),
            left: false,
        });
    Some(seated.collect())
}

fn named(held: &Match, who: &Who) -> Result<BTreeSet<PlayerId>, MatchError> {
    let players = held.teams.iter().flat_map(|team| &team.players);
    let players = players.filter(|player| !player.left);
    let is_named = |player: &&MatchPlayer| match who {
        Who::Player(id) => player.player.id == *id && *id != PlayerId::NIL,
        Who::Ticket(id) => player.ticket == *id,
    };
    let named: BTreeSet<_> = players.filter(is_named).map(|p| p.player.id).collect();
    if named.is_empty() {
        return Err(MatchError::NotInMatch(match who {
            Who::Player(id) => format!("player {id}"),
            Who::Ticket(id) => format!("ticket {id}"),
        }));
    }
    Ok(named)
}

/// Every place but the first has the one before it among the others, or as many better ones as it says.
fn check(places: &[u32], teams: usize) -> Result<(), MatchError> {
    if places.len() != teams {
        let reason = "the placements must be one for each team";
        return Err(MatchError::BadResult(reason));
    }
    let explained = |place: &u32| {
        let better = places.iter().filter(|other| *other < place).count();
        *place == 1
            || (*place > 1 && (places.contains(&(place - 1)) || better == *place as usize - 1))
    };
    if places.iter().all(explained) {
        return Ok(());
    }
    let reason = "the placements must begin at 1, and leave out numbers after ties alone";
    Err(MatchError::BadResult(reason))
}
