//! `…/seasons`: the periods of a board, listed and ended.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use boards::{Change, Changed, Season, SeasonId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::NoBody;
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::{BoardErrors, RotateErrors};
use crate::path::BoardPath;
use crate::problem::Problem;
use crate::state::Api;
use crate::time::Time;

/// A period of a board.
#[derive(Serialize, ToSchema)]
#[schema(as = Season)]
pub(crate) struct SeasonBody {
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:00:00Z")]
    started_at: Time,
    /// Null for the present one.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-06-01T12:00:00Z")]
    ended_at: Option<Time>,
}

impl From<Season> for SeasonBody {
    fn from(season: Season) -> Self {
        SeasonBody {
            season: season.season,
            started_at: Time::from_ms(season.started_at_ms),
            ended_at: season.ended_at_ms.map(Time::from_ms),
        }
    }
}

/// The seasons of a board.
#[derive(Serialize, ToSchema)]
pub(crate) struct Seasons {
    /// The present one first.
    seasons: Vec<SeasonBody>,
}

/// The seasons of a board
///
/// Those that are kept.
#[utoipa::path(get, path = "/v1/boards/{board}/seasons", tag = "seasons", params(BoardPath), responses(
    (status = 200, description = "The seasons", body = Seasons),
    BoardErrors,
))]
pub(crate) async fn list_seasons(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
) -> Result<Json<Seasons>, Problem> {
    let seasons = api.boards.seasons(&board).await?;
    Ok(Json(Seasons {
        seasons: seasons.into_iter().map(SeasonBody::from).collect(),
    }))
}

/// End the present season
///
/// And begin the next, without entries.
#[utoipa::path(post, path = "/v1/boards/{board}/seasons:rotate", tag = "seasons", params(BoardPath, KeyHeader), responses(
    (status = 200, description = "The new season", body = SeasonBody),
    RotateErrors,
))]
pub(crate) async fn rotate_season(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    Guarded { guard, .. }: Guarded<NoBody>,
) -> Result<Reply<SeasonBody>, Problem> {
    let receipt = api.change(Change::Rotate(board), guard).await?;
    match receipt.changed {
        Changed::Rotated(season) => Ok(Reply {
            status: StatusCode::OK,
            replayed: receipt.replayed,
            body: season.into(),
        }),
        other => Err(Problem::unexpected(&other)),
    }
}
