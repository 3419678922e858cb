//! `GET /v1/upstreams`: what there is to call, and how it does.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use upstreams::{HistogramCounts, Upstream};
use utoipa::ToSchema;

use crate::openapi::NoErrors;
use crate::state::Api;

/// An upstream: what it is by its settings, what was counted since the start, what goes on now.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpstreamStatus {
    #[schema(example = "default")]
    name: String,
    /// The policy of calls that name none.
    #[schema(example = "smart")]
    policy: &'static str,
    /// `closed`: calls go through; `open`: they are refused; `half_open`: one may try.
    #[schema(example = "closed")]
    circuit: &'static str,
    /// URLs it has, and those of them that are not left out for a while.
    #[schema(example = 1)]
    endpoints: usize,
    #[schema(example = 1)]
    endpoints_in_use: usize,
    /// How long the first attempt is given before hedges are sent.
    #[schema(example = 300.0)]
    delay_ms: f64,
    /// Calls under way.
    #[schema(example = 0)]
    calls_in_flight: usize,
    /// Attempts under way.
    #[schema(example = 0)]
    attempts_in_flight: u64,
    /// Calls that were let through.
    #[schema(example = 10)]
    calls: u64,
    /// Attempts sent, the first of their calls, the second, and so on.
    #[schema(example = json!([10, 4, 4]))]
    attempts_sent: Vec<u64>,
    /// Calls answered, by the first attempt, the second, and so on.
    #[schema(example = json!([6, 2, 1]))]
    attempts_won: Vec<u64>,
    /// Attempts that ended without success.
    #[schema(example = 2)]
    attempts_failed: u64,
    /// Those of them that were answered with what was no success by its type, size or content.
    #[schema(example = 1)]
    attempts_invalid: u64,
    /// Attempts given up because another won or the caller went away.
    #[schema(example = 5)]
    attempts_cancelled: u64,
    /// Attempts that were under way at the deadline.
    #[schema(example = 2)]
    attempts_timed_out: u64,
    /// Hedges not sent because the budget was used up.
    #[schema(example = 0)]
    hedges_over_budget: u64,
    /// Times that hedges waited because the upstream had asked for a pause.
    #[schema(example = 0)]
    hedges_held_back: u64,
    /// Hedges not sent because they could not have made it.
    #[schema(example = 0)]
    hedges_too_late: u64,
    /// Calls that shared the answer of another.
    #[schema(example = 0)]
    calls_coalesced: u64,
    /// Calls refused because too many were under way.
    #[schema(example = 0)]
    calls_refused_busy: u64,
    /// Calls refused because the circuit was open.
    #[schema(example = 0)]
    calls_refused_circuit: u64,
    /// Of attempts that succeeded or failed.
    attempt_latency: LatencyCounts,
    /// Of calls that were answered with a success.
    answer_latency: LatencyCounts,
}

/// Latencies counted.
#[derive(Serialize, ToSchema)]
struct LatencyCounts {
    #[schema(example = 9)]
    count: u64,
    #[schema(example = 2700.0)]
    sum_ms: f64,
    /// How many took at most so long.
    buckets: Vec<LatencyBucket>,
}

#[derive(Serialize, ToSchema)]
struct LatencyBucket {
    #[schema(example = 500.0)]
    at_most_ms: f64,
    #[schema(example = 8)]
    count: u64,
}

impl From<HistogramCounts> for LatencyCounts {
    fn from(counts: HistogramCounts) -> Self {
        let finite = counts.at_most.iter().filter(|(bound, _)| bound.is_finite());
        LatencyCounts {
            count: counts.count(),
            sum_ms: counts.sum_s * 1000.0,
            buckets: finite
                .map(|&(bound, count)| LatencyBucket {
                    at_most_ms: bound * 1000.0,
                    count,
                })
                .collect(),
        }
    }
}

impl UpstreamStatus {
    fn of(name: &str, upstream: &Upstream) -> Self {
        let numbers = upstream.numbers();
        let hedging = numbers.hedging;
        UpstreamStatus {
            name: name.to_owned(),
            policy: upstream.policy().as_str(),
            circuit: numbers.circuit.as_str(),
            endpoints: numbers.endpoints,
            endpoints_in_use: numbers.endpoints_in_use,
            delay_ms: hedging.delay.as_secs_f64() * 1000.0,
            calls_in_flight: numbers.calls_in_flight,
            attempts_in_flight: hedging.in_flight,
            calls: hedging.calls,
            attempts_sent: hedging.sent,
            attempts_won: hedging.won,
            attempts_failed: hedging.failed,
            attempts_invalid: numbers.invalid,
            attempts_cancelled: hedging.cancelled,
            attempts_timed_out: hedging.timed_out,
            hedges_over_budget: hedging.budget_exhausted,
            hedges_held_back: hedging.held_back,
            hedges_too_late: hedging.too_late,
            calls_coalesced: numbers.coalesced,
            calls_refused_busy: numbers.busy,
            calls_refused_circuit: numbers.circuit_refused,
            attempt_latency: hedging.attempt_latency.into(),
            answer_latency: hedging.answer_latency.into(),
        }
    }
}

/// List the upstreams
///
/// All upstreams by name, with what was counted since the start. Where they are is not told.
#[utoipa::path(get, path = "/v1/upstreams", tag = "upstreams", responses(
    (status = 200, description = "The upstreams", body = Vec<UpstreamStatus>),
    NoErrors,
))]
pub(crate) async fn list(State(api): State<Api>) -> Json<Vec<UpstreamStatus>> {
    let upstreams = api.upstreams.iter();
    Json(
        upstreams
            .map(|(name, upstream)| UpstreamStatus::of(name, upstream))
            .collect(),
    )
}
