//! What has been made of tickets, on the wire.

use std::time::Duration;

use boards::PlayerId;
use matchmaking::{
    Formation, FormedMatch, FormedTeam, Reason, Region, Role, Seat, Ticket, TicketId, Unmatched,
};
use serde::Serialize;

/// Matches, and why each of the other tickets is in none.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatchReply<'a> {
    /// The matches.
    matches: Vec<FormedMatchBody<'a>>,
    /// The tickets that are in none, in the order in which they were sent.
    unmatched: Vec<UnmatchedBody<'a>>,
}

/// A match.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FormedMatch))]
pub struct FormedMatchBody<'a> {
    /// Its teams, in the order of the rules.
    teams: Vec<FormedTeamBody<'a>>,
    /// The region in which the worst latency is least; null where the players have none in common.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, required = true, example = "eu"))]
    region: Option<Region>,
    /// Distance between the highest and the lowest rating of its tickets.
    #[cfg_attr(feature = "openapi", schema(example = 84.0))]
    rating_spread: f64,
    /// Distance between the means of its best and its weakest team.
    #[cfg_attr(feature = "openapi", schema(example = 12.0))]
    team_gap: f64,
    /// For each team how likely it is to win.
    #[cfg_attr(feature = "openapi", schema(example = json!([0.51, 0.49])))]
    win_probabilities: Vec<f64>,
    /// The longest that one of its tickets has waited.
    #[cfg_attr(feature = "openapi", schema(example = 12.5))]
    longest_wait_s: f64,
}

/// A team of a match.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FormedTeam))]
pub struct FormedTeamBody<'a> {
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, example = json!(["t1", "t9"])))]
    tickets: Vec<&'a TicketId>,
    players: Vec<SeatBody>,
    /// The mean of the players' ratings.
    #[cfg_attr(feature = "openapi", schema(example = 1498.2))]
    rating: f64,
}

/// A player's place in a team.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Seat))]
pub struct SeatBody {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730"))]
    player_id: PlayerId,
    /// What the player is to be; null where the rules have no role for it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, required = true, example = "tank"))]
    role: Option<Role>,
}

/// A ticket that is in no match.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = UnmatchedTicket))]
pub struct UnmatchedBody<'a> {
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "t7"))]
    ticket_id: &'a TicketId,
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::Reason, inline))]
    reason: Reason,
    /// The same in a sentence, with the figures.
    #[cfg_attr(
        feature = "openapi",
        schema(
            example = "nearest compatible ticket is 340 away; limit 225 now, reached in 11.5 s"
        )
    )]
    detail: String,
}

type Sent = (Ticket, Duration);

impl<'a> MatchReply<'a> {
    /// Of what has been made of these tickets.
    pub(crate) fn new(formation: Formation, sent: &'a [Sent]) -> Self {
        let matches = formation.matches.into_iter();
        let unmatched = formation.unmatched.into_iter();
        MatchReply {
            matches: matches.map(|formed| formed_match(formed, sent)).collect(),
            unmatched: unmatched
                .map(|ticket| unmatched_ticket(ticket, sent))
                .collect(),
        }
    }
}

fn formed_match(formed: FormedMatch, sent: &[Sent]) -> FormedMatchBody<'_> {
    let teams = formed.teams.into_iter();
    FormedMatchBody {
        teams: teams.map(|team| formed_team(team, sent)).collect(),
        region: formed.region,
        rating_spread: formed.rating_spread,
        team_gap: formed.team_gap,
        win_probabilities: formed.win_probabilities,
        longest_wait_s: formed.longest_wait.as_secs_f64(),
    }
}

fn formed_team(team: FormedTeam, sent: &[Sent]) -> FormedTeamBody<'_> {
    let seat = |seat: Seat| SeatBody {
        player_id: sent[seat.ticket].0.players[seat.player].id,
        role: seat.role,
    };
    FormedTeamBody {
        tickets: team.tickets.iter().map(|at| &sent[*at].0.id).collect(),
        players: team.seats.into_iter().map(seat).collect(),
        rating: team.rating,
    }
}

fn unmatched_ticket(unmatched: Unmatched, sent: &[Sent]) -> UnmatchedBody<'_> {
    UnmatchedBody {
        ticket_id: &sent[unmatched.ticket].0.id,
        reason: unmatched.reason,
        detail: unmatched.detail,
    }
}
