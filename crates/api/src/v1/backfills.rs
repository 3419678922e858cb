//! `…/backfills`: open seats of running matches, which are filled before new matches are made.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use boards::PlayerId;
use fields::{Fields, FromFields};
use matchmaking::{
    Backfill, BackfillId, BackfillState, MatchId, NewBackfill, OpenSeat, QueueChange, QueueChanged,
    QueueId, Role, TicketId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::body::JsonObject;
use crate::idempotency::{Guarded, KeyHeader, NewIds, Reply};
use crate::openapi::{BackfillErrors, CancelBackfillErrors, CreateBackfillErrors};
use crate::path::{BackfillPath, QueuePath};
use crate::problem::Problem;
use crate::state::Api;
use crate::time::Time;

/// Neither can more leave a match than are in it, nor more join.
const MAX_SEATS: usize = 256;
const MAX_TEAMS: u64 = 32;

/// A request to fill seats of a running match.
#[derive(ToSchema)]
#[schema(as = NewBackfill)]
#[allow(
    dead_code,
    reason = "describes the body, which is read as the domain's own type"
)]
pub(crate) struct BackfillSchema {
    /// Made up, if missing.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "b1")]
    backfill_id: Option<BackfillId>,
    #[schema(value_type = String, format = Uuid, example = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11")]
    match_id: MatchId,
    /// Players who have left; their seats are open, with their roles.
    #[schema(value_type = Option<Vec<String>>, max_items = 256, example = json!(["e4cdb120-28fc-4285-a78d-eb48660b7730"]))]
    left: Option<Vec<PlayerId>>,
    /// Seats that are open beside those, up to the largest size of a team. The seat of an erased player may be
    /// among them: it counts as free.
    #[schema(max_items = 256)]
    seats: Option<Vec<SeatSchema>>,
}

/// A seat that somebody may take.
#[derive(ToSchema)]
#[schema(as = NewSeat)]
#[allow(
    dead_code,
    reason = "describes the body, which is read as the domain's own type"
)]
pub(crate) struct SeatSchema {
    /// The team, counted from 0.
    #[schema(value_type = u32, minimum = 0, maximum = 31, example = 0)]
    team: usize,
    /// What the player has to be willing to be; anything, if missing.
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9_-]{1,32}$", example = "tank")]
    role: Option<Role>,
}

/// The same, as it is read.
pub(crate) struct BackfillBody {
    id: Option<BackfillId>,
    match_id: MatchId,
    left: Vec<PlayerId>,
    seats: Vec<OpenSeat>,
}

impl FromFields for BackfillBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.optional("backfill_id");
        let match_id = fields.required("match_id");
        let left = fields.optional_list::<PlayerId>("left");
        let seats = fields.optional_objects::<NewSeat>("seats", MAX_SEATS);
        let (left, seats) = (left?.unwrap_or_default(), seats?.unwrap_or_default());
        if left.len() > MAX_SEATS {
            fields.fault("left", "may have 256 items");
            return None;
        }
        if left.is_empty() && seats.is_empty() {
            fields.fault("seats", "must have an item where nobody has left");
            return None;
        }
        Some(BackfillBody {
            id: id?,
            match_id: match_id?,
            left,
            seats: seats.into_iter().map(|NewSeat(seat)| seat).collect(),
        })
    }
}

struct NewSeat(OpenSeat);

impl FromFields for NewSeat {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let team = match fields.whole("team", 0..=MAX_TEAMS - 1) {
            Some(None) => fields.missing("team"),
            other => other.flatten(),
        };
        let role = fields.optional("role");
        Some(NewSeat(OpenSeat {
            team: team? as usize,
            role: role?,
        }))
    }
}

/// A request to fill seats, and how far it has come.
#[derive(Serialize, ToSchema)]
#[schema(as = Backfill)]
pub(crate) struct BackfillReply {
    #[schema(value_type = String, example = "b1")]
    backfill_id: BackfillId,
    #[schema(value_type = String, example = "ranked-5v5")]
    queue: QueueId,
    #[schema(value_type = String, format = Uuid, example = "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11")]
    match_id: MatchId,
    #[schema(value_type = words::BackfillStatus, inline)]
    status: BackfillState,
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:10:00Z")]
    created_at: Time,
    /// Seats that are still open.
    open: Vec<Seat>,
    /// Tickets that have taken seats.
    #[schema(value_type = Vec<String>, example = json!(["t12"]))]
    filled_by: Vec<TicketId>,
}

/// A seat that is open.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenSeat)]
pub(crate) struct Seat {
    /// The team, counted from 0.
    #[schema(example = 0)]
    team: usize,
    /// What the player has to be willing to be; null: anything.
    #[schema(value_type = Option<String>, required = true, example = "tank")]
    role: Option<Role>,
}

impl From<&Backfill> for BackfillReply {
    fn from(backfill: &Backfill) -> Self {
        let seat = |seat: &OpenSeat| Seat {
            team: seat.team,
            role: seat.role.clone(),
        };
        BackfillReply {
            backfill_id: backfill.id.clone(),
            queue: backfill.queue.clone(),
            match_id: backfill.match_id,
            status: backfill.state,
            created_at: Time::from_ms(backfill.created_at_ms),
            open: backfill.open.iter().map(seat).collect(),
            filled_by: backfill.filled_by.clone(),
        }
    }
}

/// Fill seats of a running match
///
/// Those of players who have left, and others. They are filled before new matches are made, by the same
/// rules, and who fills them does not have to accept. A second request of the same `backfill_id` and the same content
/// is answered like the first.
#[utoipa::path(post, path = "/v1/queues/{queue}/backfills", tag = "matchmaking", params(QueuePath, KeyHeader), request_body = BackfillSchema, responses(
    (status = 201, description = "The backfill", body = BackfillReply),
    CreateBackfillErrors,
))]
pub(crate) async fn create_backfill(
    State(api): State<Api>,
    QueuePath { queue }: QueuePath,
    Guarded { body, guard }: Guarded<JsonObject<BackfillBody>>,
) -> Result<Reply<BackfillReply>, Problem> {
    let JsonObject(body) = body;
    let backfill = NewBackfill {
        id: body.id.unwrap_or_else(|| NewIds::under(guard).ticket()),
        match_id: body.match_id,
        left: body.left,
        seats: body.seats,
    };
    let change = QueueChange::CreateBackfill { queue, backfill };
    let receipt = api.change_queue(change, guard).await?;
    Ok(Reply {
        status: StatusCode::CREATED,
        replayed: receipt.replayed,
        body: backfill_of(receipt.changed)?,
    })
}

/// A backfill
///
/// It can be read for an hour after it has ended.
#[utoipa::path(get, path = "/v1/queues/{queue}/backfills/{backfill}", tag = "matchmaking", params(BackfillPath), responses(
    (status = 200, description = "The backfill", body = BackfillReply),
    BackfillErrors,
))]
pub(crate) async fn get_backfill(
    State(api): State<Api>,
    BackfillPath { queue, backfill }: BackfillPath,
) -> Result<Json<BackfillReply>, Problem> {
    let backfill = api.matches.backfill(&queue, &backfill).await?;
    Ok(Json(BackfillReply::from(&*backfill)))
}

/// Take back a backfill
///
/// What of it is still open. Who has joined the match stays.
#[utoipa::path(delete, path = "/v1/queues/{queue}/backfills/{backfill}", tag = "matchmaking", params(BackfillPath), responses(
    (status = 200, description = "The backfill, as it is now", body = BackfillReply),
    CancelBackfillErrors,
))]
pub(crate) async fn cancel_backfill(
    State(api): State<Api>,
    BackfillPath { queue, backfill }: BackfillPath,
) -> Result<Json<BackfillReply>, Problem> {
    let change = QueueChange::CancelBackfill { queue, backfill };
    let receipt = api.change_queue(change, None).await?;
    Ok(Json(backfill_of(receipt.changed)?))
}

fn backfill_of(changed: QueueChanged) -> Result<BackfillReply, Problem> {
    match changed {
        QueueChanged::Backfill(backfill) => Ok(BackfillReply::from(&*backfill)),
        other => Err(Problem::unexpected_of_queue(&other)),
    }
}
