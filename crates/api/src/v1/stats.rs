//! `…/stats`: the scores of a board in figures.

use axum::Json;
use axum::extract::State;
use boards::{Bucket, Score, SeasonId, Stats};
use serde::Serialize;
use utoipa::ToSchema;

use super::entry::number;
use super::queries::{StatsQuery, ViewQuery};
use crate::openapi::ViewErrors;
use crate::path::BoardPath;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::Api;

/// The scores of a board or segment in figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoardStats {
    /// Ranked entries.
    #[schema(example = 1000)]
    total: u64,
    /// The lowest score; null where there are no entries.
    #[schema(value_type = Option<f64>, required = true, example = 0)]
    min: Option<Score>,
    /// The highest score; null where there are no entries.
    #[schema(value_type = Option<f64>, required = true, example = 100)]
    max: Option<Score>,
    /// None where there are no entries.
    percentiles: Vec<PercentileScore>,
    /// Parts of one width from the lowest score to the highest; none where there are no entries.
    histogram: Vec<HistogramPart>,
    /// The season that was read.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
}

/// A score that a share of the entries do not exceed.
#[derive(Serialize, ToSchema)]
pub(crate) struct PercentileScore {
    #[schema(value_type = f64, example = 50)]
    percent: Score,
    /// The lowest score such that at least this share of the entries is at or below it.
    #[schema(value_type = f64, example = 42)]
    score: Score,
}

/// A part of a histogram.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistogramPart {
    /// Its lowest score.
    #[schema(value_type = f64, example = 40)]
    from: Score,
    /// Where the next part begins; of the last one, its highest score.
    #[schema(value_type = f64, example = 45)]
    to: Score,
    /// Entries in it.
    #[schema(example = 50)]
    count: u64,
}

impl From<Stats> for BoardStats {
    fn from(stats: Stats) -> Self {
        let percentile = |(percent, score)| PercentileScore {
            percent: number(percent).unwrap_or_default(),
            score,
        };
        let part = |bucket: Bucket| HistogramPart {
            from: bucket.from,
            to: bucket.to,
            count: bucket.count,
        };
        BoardStats {
            total: stats.total,
            min: stats.min,
            max: stats.max,
            percentiles: stats.percentiles.into_iter().map(percentile).collect(),
            histogram: stats.histogram.into_iter().map(part).collect(),
            season: stats.season,
        }
    }
}

/// A board in figures
#[utoipa::path(get, path = "/v1/boards/{board}/stats", tag = "entries", params(BoardPath, StatsQuery, ViewQuery), responses(
    (status = 200, description = "The figures", body = BoardStats),
    ViewErrors,
))]
pub(crate) async fn board_stats(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    Query((view, query)): Query<(ViewQuery, StatsQuery)>,
) -> Result<Json<BoardStats>, Problem> {
    let view = view.of(board);
    let StatsQuery {
        percentiles,
        buckets,
    } = query;
    let stats = api.boards.stats(&view, &percentiles, buckets).await?;
    Ok(Json(stats.into()))
}
