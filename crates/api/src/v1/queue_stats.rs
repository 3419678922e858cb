//! `…/stats`: how a queue does.

use axum::Json;
use axum::extract::State;
use match_json::ReasonSchema;
use matchmaking::{QueueId, QueueStats, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::QueueErrors;
use crate::path::QueuePath;
use crate::problem::Problem;
use crate::state::Api;

/// How a queue does: what there is now, and the matches made lately, an hour's or those of 10,000 tickets,
/// whichever is less.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueStats)]
pub(crate) struct Stats {
    #[schema(value_type = String, example = "ranked-5v5")]
    queue: QueueId,
    #[schema(example = 120)]
    waiting_tickets: u64,
    #[schema(example = 180)]
    waiting_players: u64,
    /// Tickets in matches that have to be accepted.
    #[schema(example = 10)]
    proposed_tickets: u64,
    #[schema(example = 1)]
    open_backfills: u64,
    /// Matches that are being held.
    #[schema(example = 40)]
    running_matches: u64,
    /// Matches announced in the last minute.
    #[schema(example = 12.0)]
    matches_per_minute: f64,
    /// How long matched tickets had waited; null without any.
    #[schema(required = true)]
    wait_ms: Option<WaitPercentiles>,
    /// Distances of ratings in matches; null without any.
    #[schema(required = true)]
    rating_spread: Option<SpreadPercentiles>,
    /// Why the waiting tickets wait.
    waiting_because: Vec<ReasonCount>,
}

/// Half of the values are at or below the first, 99 % at or below the last.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitPercentiles {
    #[schema(example = 8000)]
    p50: u64,
    #[schema(example = 21_000)]
    p90: u64,
    #[schema(example = 30_000)]
    p95: u64,
    #[schema(example = 45_000)]
    p99: u64,
}

/// Half of the values are at or below the first, 99 % at or below the last.
#[derive(Serialize, ToSchema)]
pub(crate) struct SpreadPercentiles {
    #[schema(example = 60.5)]
    p50: f64,
    #[schema(example = 140.0)]
    p90: f64,
    #[schema(example = 190.0)]
    p95: f64,
    #[schema(example = 310.0)]
    p99: f64,
}

/// How many tickets wait for a reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReasonCount {
    #[schema(value_type = ReasonSchema, inline)]
    reason: Reason,
    #[schema(example = 17)]
    tickets: u64,
}

impl Stats {
    fn of(queue: QueueId, stats: QueueStats) -> Self {
        let reasons = stats.reasons.into_iter();
        Stats {
            queue,
            waiting_tickets: stats.waiting_tickets,
            waiting_players: stats.waiting_players,
            proposed_tickets: stats.proposed_tickets,
            open_backfills: stats.open_backfills,
            running_matches: stats.running_matches,
            matches_per_minute: stats.matches_per_minute,
            wait_ms: stats.wait_ms.map(|[p50, p90, p95, p99]| WaitPercentiles {
                p50,
                p90,
                p95,
                p99,
            }),
            rating_spread: stats
                .rating_spread
                .map(|[p50, p90, p95, p99]| SpreadPercentiles { p50, p90, p95, p99 }),
            waiting_because: reasons
                .map(|(reason, tickets)| ReasonCount { reason, tickets })
                .collect(),
        }
    }
}

/// How a queue does
#[utoipa::path(get, path = "/v1/queues/{queue}/stats", tag = "matchmaking", params(QueuePath), responses(
    (status = 200, description = "The figures", body = Stats),
    QueueErrors,
))]
pub(crate) async fn queue_stats(
    State(api): State<Api>,
    QueuePath { queue }: QueuePath,
) -> Result<Json<Stats>, Problem> {
    let stats = api.matches.queue_stats(&queue, api.clock.now_ms()).await?;
    Ok(Json(Stats::of(queue, stats)))
}
