//! `/v1/players/{player}/ratings` and `…/matches`: what matches have made of a player.

use axum::Json;
use axum::extract::State;
use boards::PlayerId;
use matchmaking::{HistoryMark, Match, PlayerRating, QueueId};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::match_body::MatchBody;
use crate::access::By;
use crate::openapi::{HistoryErrors, PlayerErrors};
use crate::path::PlayerPath;
use crate::problem::{Fault, Problem};
use crate::query::{FromQuery, Query, parameter, whole};
use crate::state::Api;
use crate::time::Time;

const DEFAULT_LIMIT: u64 = 10;
/// A match is larger than an entry.
const MAX_LIMIT: u64 = 100;

/// A player's ratings.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ratings {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    /// By queue; none of queues without a result of the player's.
    ratings: Vec<Rating>,
}

/// A player's rating in a queue.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueRating)]
pub(crate) struct Rating {
    #[schema(value_type = String, example = "ranked-5v5")]
    queue: QueueId,
    #[schema(example = 1516.3)]
    rating: f64,
    /// How well the rating is known, as a standard deviation.
    #[schema(example = 79.2)]
    deviation: f64,
    /// Rated matches behind it.
    #[schema(example = 31)]
    matches: u64,
    /// When the last of them had its result.
    #[schema(value_type = String, format = DateTime, example = "2024-05-01T12:30:00Z")]
    rated_at: Time,
}

impl From<PlayerRating> for Rating {
    fn from(rated: PlayerRating) -> Self {
        Rating {
            queue: rated.queue,
            rating: rated.rating.mean,
            deviation: rated.rating.deviation,
            matches: rated.matches,
            rated_at: Time::from_ms(rated.rated_at_ms),
        }
    }
}

/// Which page of a player's matches is wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Matches wanted.
    #[param(value_type = u64, minimum = 1, maximum = 100, default = 10, required = false)]
    limit: usize,
    /// `next` of the page before; the first page, if missing.
    #[param(required = false)]
    cursor: Option<String>,
}

impl FromQuery for HistoryQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        HistoryQuery {
            limit: whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_LIMIT, faults) as usize,
            cursor: parameter(query, "cursor", faults),
        }
    }
}

/// Some of a player's matches.
#[derive(Serialize, ToSchema)]
pub(crate) struct History {
    /// The latest first.
    matches: Vec<MatchBody>,
    /// What to send as `cursor` for those before; null after the last.
    #[schema(required = true, example = "AQAAAYJ0Xl8")]
    next: Option<String>,
}

/// A player's ratings
///
/// In each queue in which a match of the player's had a result.
#[utoipa::path(get, path = "/v1/players/{player}/ratings", tag = "matchmaking", params(PlayerPath), responses(
    (status = 200, description = "The ratings", body = Ratings),
    PlayerErrors,
))]
pub(crate) async fn player_ratings(
    State(api): State<Api>,
    PlayerPath { player }: PlayerPath,
    by: By,
) -> Result<Json<Ratings>, Problem> {
    by.require_own(player)?;
    let ratings = api.matches.ratings(player).await?;
    Ok(Json(Ratings {
        player_id: player,
        ratings: ratings.into_iter().map(Rating::from).collect(),
    }))
}

/// A player's matches
///
/// Those that have a result, the latest first.
#[utoipa::path(get, path = "/v1/players/{player}/matches", tag = "matchmaking", params(PlayerPath, HistoryQuery), responses(
    (status = 200, description = "The matches", body = History),
    HistoryErrors,
))]
pub(crate) async fn player_matches(
    State(api): State<Api>,
    PlayerPath { player }: PlayerPath,
    by: By,
    Query(HistoryQuery { limit, cursor }): Query<HistoryQuery>,
) -> Result<Json<History>, Problem> {
    by.require_own(player)?;
    let before = match cursor {
        Some(cursor) => Some(mark(&api, &cursor, player).await?),
        None => None,
    };
    // One more than is wanted tells whether there are any.
    let mut found = api.matches.history(player, before, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = match found.last().filter(|_| more) {
        Some(last) => Some(api.cursors().await?.write_history(mark_of(last), player)),
        None => None,
    };
    Ok(Json(History {
        matches: found.iter().map(|of| MatchBody::from(&**of)).collect(),
        next,
    }))
}

fn mark_of(last: &Match) -> HistoryMark {
    (last.created_at_ms, last.id)
}

async fn mark(api: &Api, cursor: &str, player: PlayerId) -> Result<HistoryMark, Problem> {
    let mark = api.cursors().await?.read_history(cursor, player);
    mark.ok_or_else(Problem::invalid_cursor)
}
