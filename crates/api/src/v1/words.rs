//! The words of a board's settings, for the API document alone: the domain has its own types for them.
#![allow(
    dead_code,
    reason = "describes values that the domain reads and writes"
)]

use utoipa::ToSchema;

/// Which score ranks first: the highest or the lowest.
#[derive(ToSchema)]
#[schema(example = "desc")]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    Desc,
    Asc,
}

/// How a submission changes a score: adds to it, replaces it if that ranks higher, or replaces it.
#[derive(ToSchema)]
#[schema(example = "best")]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operator {
    Sum,
    Best,
    Last,
}

/// Which ranks equal scores get: 1 2 3 4, who was first above; 1 2 2 4; or 1 2 2 3.
#[derive(ToSchema)]
#[schema(example = "ordinal")]
#[serde(rename_all = "lowercase")]
pub(crate) enum RankMode {
    Ordinal,
    Shared,
    Dense,
}

/// Who may submit scores, once there are access keys: servers alone, or players too, each for itself.
#[derive(ToSchema)]
#[schema(example = "server")]
#[serde(rename_all = "lowercase")]
pub(crate) enum Authority {
    Server,
    Player,
}
