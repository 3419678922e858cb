//! A match of a queue on the wire.

use std::collections::BTreeSet;

use boards::{BoardId, PlayerId, Score};
use matchmaking::{
    BoardEffect, Match, MatchId, MatchPlayer, MatchResult, MatchState, MatchTeam, QueueId,
    RatingChange, Region, Role, TicketId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::time::Time;

/// A match. The id of a player who has been erased is 00000000-0000-0000-0000-000000000000.
#[derive(Serialize, ToSchema)]
#[schema(as = Match)]
pub(crate) struct MatchBody {
    #[schema(value_type = String, format = Uuid, example = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11")]
    match_id: MatchId,
    #[schema(value_type = String, example = "ranked-5v5")]
    queue: QueueId,
    #[schema(value_type = words::MatchStatus, inline)]
    status: &'static str,
    /// When it was proposed or, where nobody has to accept, begun.
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:00:12.500Z")]
    created_at: Time,
    /// Its teams, in the order of the rules.
    teams: Vec<Team>,
    /// Where it is held.
    #[schema(value_type = Option<String>, required = true, example = "eu")]
    region: Option<Region>,
    /// Distance between the highest and the lowest rating of its tickets.
    #[schema(example = 84.0)]
    rating_spread: f64,
    /// Distance between the means of its best and its weakest team.
    #[schema(example = 12.0)]
    team_gap: f64,
    /// For each team how likely it was to win when it was formed.
    #[schema(example = json!([0.51, 0.49]))]
    win_probabilities: Vec<f64>,
    /// The longest that one of its tickets had waited.
    #[schema(example = 12_500)]
    longest_wait_ms: i64,
    #[serde(flatten)]
    state: State,
}

/// How a match stands; of what does not belong to its status there is nothing.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = MatchState)]
pub(crate) struct State {
    /// Until when it has to be accepted, while it is proposed.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-05-01T12:00:27.500Z")]
    accept_by: Option<Time>,
    /// Who has accepted, while it is proposed.
    #[schema(value_type = Vec<String>, example = json!([]))]
    accepted: BTreeSet<PlayerId>,
    /// Because of whom it failed.
    #[schema(value_type = Vec<String>, example = json!([]))]
    failed_because_of: BTreeSet<PlayerId>,
    /// Since when it is held.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-05-01T12:00:20Z")]
    running_since: Option<Time>,
    /// When it failed, or had a result.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-05-01T12:30:00Z")]
    ended_at: Option<Time>,
    /// What it came to.
    #[schema(required = true)]
    result: Option<ResultBody>,
    /// What the result did to ratings, in the order of teams and players.
    ratings: Vec<RatingEffect>,
    /// What the result did on boards.
    boards: Vec<OnBoard>,
}

/// A team of a match.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchTeam)]
pub(crate) struct Team {
    #[schema(value_type = Vec<String>, example = json!(["t1", "t9"]))]
    tickets: Vec<TicketId>,
    players: Vec<Player>,
    /// The mean of the players' ratings when it was formed.
    #[schema(example = 1498.2)]
    rating: f64,
}

/// A player of a match.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchPlayer)]
pub(crate) struct Player {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    #[schema(value_type = String, example = "t1")]
    ticket_id: TicketId,
    /// What the player is in the team; null where the rules have no role for it.
    #[schema(value_type = Option<String>, required = true, example = "tank")]
    role: Option<Role>,
    /// As it was when the ticket was made.
    #[schema(example = 1510.0)]
    rating: f64,
    #[schema(example = 80.0)]
    deviation: f64,
    /// Whether the player left the match before its end.
    #[schema(example = false)]
    left: bool,
}

/// What a match came to: placements, or that it was abandoned.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = MatchResult)]
pub(crate) enum ResultBody {
    /// For each team its place, 1 the best; equal ones drew.
    Placements {
        #[schema(example = json!([1, 2]))]
        placements: Vec<u32>,
    },
    /// It was not played to its end, and nobody's rating changes.
    Abandoned {
        #[schema(example = true)]
        abandoned: bool,
    },
}

/// What a result did to a player's rating.
#[derive(Serialize, ToSchema)]
pub(crate) struct RatingEffect {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    /// The team, counted from 0.
    #[schema(example = 0)]
    team: usize,
    #[schema(example = 1510.0)]
    rating_before: f64,
    #[schema(example = 80.0)]
    deviation_before: f64,
    #[schema(example = 1516.3)]
    rating: f64,
    #[schema(example = 79.2)]
    deviation: f64,
}

/// What a result did on a board.
#[derive(Serialize, ToSchema)]
#[schema(as = ResultOnBoard)]
pub(crate) struct OnBoard {
    #[schema(value_type = String, example = "weekly")]
    board: BoardId,
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    /// The score now; null where the board did not take it, as for want of the board or for its bounds.
    #[schema(value_type = Option<f64>, required = true, example = 1516.3)]
    score: Option<Score>,
    /// The rank now.
    #[schema(required = true, example = 12)]
    rank: Option<u64>,
}

impl From<&Match> for MatchBody {
    fn from(of: &Match) -> Self {
        MatchBody {
            match_id: of.id,
            queue: of.queue.clone(),
            status: status(&of.state),
            created_at: Time::from_ms(of.created_at_ms),
            teams: of.teams.iter().map(Team::from).collect(),
            region: of.region.clone(),
            rating_spread: of.rating_spread,
            team_gap: of.team_gap,
            win_probabilities: of.win_probabilities.clone(),
            longest_wait_ms: of.longest_wait_ms,
            state: State::from(&of.state),
        }
    }
}

fn status(state: &MatchState) -> &'static str {
    match state {
        MatchState::Proposed { .. } => "proposed",
        MatchState::Failed { .. } => "failed",
        MatchState::Running { .. } => "running",
        MatchState::Finished { .. } => "finished",
    }
}

impl From<&MatchState> for State {
    fn from(state: &MatchState) -> Self {
        let none = State::default();
        match state {
            MatchState::Proposed {
                accept_by_ms,
                accepted,
            } => State {
                accept_by: Some(Time::from_ms(*accept_by_ms)),
                accepted: accepted.clone(),
                ..none
            },
            MatchState::Failed { at_ms, because_of } => State {
                failed_because_of: because_of.clone(),
                ended_at: Some(Time::from_ms(*at_ms)),
                ..none
            },
            MatchState::Running { since_ms } => State {
                running_since: Some(Time::from_ms(*since_ms)),
                ..none
            },
            MatchState::Finished {
                at_ms,
                result,
                ratings,
                boards,
            } => State {
                ended_at: Some(Time::from_ms(*at_ms)),
                result: Some(result.into()),
                ratings: ratings.iter().map(RatingEffect::from).collect(),
                boards: boards.iter().map(OnBoard::from).collect(),
                ..none
            },
        }
    }
}

impl From<&MatchTeam> for Team {
    fn from(team: &MatchTeam) -> Self {
        Team {
            tickets: team.tickets.clone(),
            players: team.players.iter().map(Player::from).collect(),
            rating: team.rating,
        }
    }
}

impl From<&MatchPlayer> for Player {
    fn from(seated: &MatchPlayer) -> Self {
        Player {
            player_id: seated.player.id,
            ticket_id: seated.ticket.clone(),
            role: seated.role.clone(),
            rating: seated.player.rating.mean,
            deviation: seated.player.rating.deviation,
            left: seated.left,
        }
    }
}

impl From<&MatchResult> for ResultBody {
    fn from(result: &MatchResult) -> Self {
        match result {
            MatchResult::Placements(placements) => ResultBody::Placements {
                placements: placements.clone(),
            },
            MatchResult::Abandoned => ResultBody::Abandoned { abandoned: true },
        }
    }
}

impl From<&RatingChange> for RatingEffect {
    fn from(change: &RatingChange) -> Self {
        RatingEffect {
            player_id: change.player,
            team: change.team,
            rating_before: change.before.mean,
            deviation_before: change.before.deviation,
            rating: change.after.mean,
            deviation: change.after.deviation,
        }
    }
}

impl From<&BoardEffect> for OnBoard {
    fn from(effect: &BoardEffect) -> Self {
        OnBoard {
            board: effect.board.clone(),
            player_id: effect.player,
            score: effect.score,
            rank: effect.rank,
        }
    }
}
