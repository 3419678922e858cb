//! A ticket of a queue on the wire.

use std::collections::{BTreeMap, BTreeSet};

use boards::PlayerId;
use match_json::{AttributesBody, ReasonSchema, attributes_body};
use matchmaking::{
    Match, MatchId, MatchState, QueueId, QueuedTicket, Reason, Region, Role, TicketEnd, TicketId,
    TicketPlayer, TicketState, TicketView, WhyWaiting,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::match_body::MatchBody;
use super::words;
use crate::time::Time;

/// A ticket, without what the time of day has a part in: the answer to a change, which is the same when it
/// is asked for again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticket {
    #[schema(value_type = String, example = "ranked-5v5")]
    queue: QueueId,
    #[schema(value_type = String, example = "t1")]
    ticket_id: TicketId,
    #[schema(value_type = words::TicketStatus, inline)]
    status: &'static str,
    /// Its waiting time counts from here, through proposals that came to nothing.
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:00:00Z")]
    created_at: Time,
    /// When it expires unless it is matched.
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:10:00Z")]
    expires_at: Time,
    /// When it was matched, cancelled or expired.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-05-01T12:00:12.500Z")]
    ended_at: Option<Time>,
    #[schema(value_type = Option<words::TicketEnd>, inline, required = true)]
    cancelled_because: Option<TicketEnd>,
    /// The match that it is proposed for, or in.
    #[schema(value_type = Option<String>, format = Uuid, required = true, example = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11")]
    match_id: Option<MatchId>,
    /// The party.
    players: Vec<Player>,
    /// Larger ones are served first.
    #[schema(example = 0)]
    priority: i32,
    /// Players that nobody of the party wants to be in a match with.
    #[schema(value_type = Vec<String>, example = json!([]))]
    avoid: Vec<PlayerId>,
}

/// One of a party.
#[derive(Serialize, ToSchema)]
#[schema(as = TicketMember)]
pub(crate) struct Player {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    /// As it was sent, or as it was stored when the ticket was made.
    #[schema(example = 1510.0)]
    rating: f64,
    #[schema(example = 80.0)]
    deviation: f64,
    /// What the player is willing to be; anything, if empty.
    #[schema(value_type = Vec<String>, example = json!(["tank", "damage"]))]
    roles: Vec<Role>,
    #[schema(value_type = BTreeMap<String, f64>, example = json!({"eu": 31.0, "us": 120.0}))]
    latencies_ms: BTreeMap<Region, f64>,
    #[schema(value_type = BTreeMap<String, serde_json::Value>, example = json!({"mode": "ranked"}))]
    attributes: AttributesBody,
}

impl From<&TicketPlayer> for Player {
    fn from(player: &TicketPlayer) -> Self {
        Player {
            player_id: player.id,
            rating: player.rating.mean,
            deviation: player.rating.deviation,
            roles: player.roles.clone(),
            latencies_ms: player.latencies_ms.clone(),
            attributes: attributes_body(&player.attributes),
        }
    }
}

impl From<&QueuedTicket> for Ticket {
    fn from(queued: &QueuedTicket) -> Self {
        let ticket = &queued.ticket;
        Ticket {
            queue: queued.queue.clone(),
            ticket_id: ticket.id.clone(),
            status: status(&queued.state),
            created_at: Time::from_ms(queued.created_at_ms),
            expires_at: Time::from_ms(queued.expires_at_ms),
            ended_at: ended_at_ms(&queued.state).map(Time::from_ms),
            cancelled_because: match queued.state {
                TicketState::Cancelled { why, .. } => Some(why),
                _ => None,
            },
            match_id: queued.state.match_id(),
            players: ticket.players.iter().map(Player::from).collect(),
            priority: ticket.priority,
            avoid: ticket.avoid.clone(),
        }
    }
}

fn status(state: &TicketState) -> &'static str {
    match state {
        TicketState::Waiting => "waiting",
        TicketState::Proposed { .. } => "proposed",
        TicketState::Matched { .. } => "matched",
        TicketState::Cancelled { .. } => "cancelled",
        TicketState::Expired { .. } => "expired",
    }
}

fn ended_at_ms(state: &TicketState) -> Option<i64> {
    match state {
        TicketState::Waiting | TicketState::Proposed { .. } => None,
        TicketState::Matched { at_ms, .. }
        | TicketState::Cancelled { at_ms, .. }
        | TicketState::Expired { at_ms } => Some(*at_ms),
    }
}

/// A ticket as it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketNow {
    #[serde(flatten)]
    ticket: Ticket,
    /// How long it has waited, or had when that ended.
    #[schema(example = 12_500)]
    waited_ms: i64,
    /// How long tickets like it still wait, by those matched lately; null where nothing is known, and
    /// when it does not wait any more.
    #[schema(required = true, example = 8000)]
    estimated_wait_ms: Option<u64>,
    /// Why it waits, once that is known.
    reasons: Vec<WaitingReason>,
    /// Until when the match that is proposed has to be accepted.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-05-01T12:00:27.500Z")]
    accept_by: Option<Time>,
    /// Who has accepted the match that is proposed, in this ticket or another.
    #[schema(value_type = Vec<String>, example = json!(["e4cdb120-28fc-4285-a78d-eb48660b7730"]))]
    accepted: BTreeSet<PlayerId>,
    /// The match that the ticket is in, once it begins.
    #[serde(rename = "match")]
    #[schema(required = true)]
    of_match: Option<MatchBody>,
    /// Another after each change of the ticket and of its match; to be sent as `seen`.
    #[schema(example = 7)]
    version: u64,
}

/// Why a ticket waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingReason {
    #[schema(value_type = ReasonSchema, inline)]
    reason: Reason,
    /// The same in a sentence, with the figures.
    #[schema(example = "nearest compatible ticket is 340 away; limit 225 now, reached in 11.5 s")]
    detail: String,
}

impl From<WhyWaiting> for WaitingReason {
    fn from(why: WhyWaiting) -> Self {
        WaitingReason {
            reason: why.reason,
            detail: why.detail,
        }
    }
}

impl TicketNow {
    /// At this time.
    pub(crate) fn at(view: TicketView, now_ms: i64) -> Self {
        let state = &view.ticket.state;
        let until = ended_at_ms(state).unwrap_or(now_ms);
        let waits = *state == TicketState::Waiting;
        let (accept_by, accepted) = acceptance(&view);
        let of_match = view.of_match.as_deref();
        let of_match = of_match.filter(|_| matches!(state, TicketState::Matched { .. }));
        TicketNow {
            ticket: Ticket::from(&*view.ticket),
            waited_ms: until.saturating_sub(view.ticket.created_at_ms).max(0),
            estimated_wait_ms: view.estimated_wait_ms.filter(|_| waits),
            reasons: view
                .why
                .clone()
                .filter(|_| waits)
                .into_iter()
                .map(WaitingReason::from)
                .collect(),
            accept_by,
            accepted,
            of_match: of_match.map(MatchBody::from),
            version: view.version,
        }
    }
}

fn acceptance(view: &TicketView) -> (Option<Time>, BTreeSet<PlayerId>) {
    match proposal(view) {
        Some((accept_by_ms, accepted)) => (Some(Time::from_ms(accept_by_ms)), accepted.clone()),
        None => (None, BTreeSet::new()),
    }
}

/// Until when the match of a ticket has to be accepted, and who has.
fn proposal(view: &TicketView) -> Option<(i64, &BTreeSet<PlayerId>)> {
    let of_match: &Match = view.of_match.as_deref()?;
    match (&view.ticket.state, &of_match.state) {
        (
            TicketState::Proposed { .. },
            MatchState::Proposed {
                accept_by_ms,
                accepted,
            },
        ) => Some((*accept_by_ms, accepted)),
        _ => None,
    }
}

/// Whether the match of a ticket has still to be accepted by somebody of its party.
pub(crate) fn has_to_accept(view: &TicketView) -> bool {
    let players = &view.ticket.ticket.players;
    proposal(view).is_some_and(|(_, accepted)| players.iter().any(|p| !accepted.contains(&p.id)))
}
