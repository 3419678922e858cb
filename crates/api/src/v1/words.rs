//! The words of boards and matchmaking, for the API document alone: the domain has its own types for them.
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

/// How a ticket stands. `waiting` and `proposed` may change, the others stay.
#[derive(ToSchema)]
#[schema(example = "waiting")]
#[serde(rename_all = "snake_case")]
pub(crate) enum TicketStatus {
    Waiting,
    Proposed,
    Matched,
    Cancelled,
    Expired,
}

/// Why a ticket was cancelled: its client asked for it, one of its players declined a match, or did not
/// accept it in time, or was erased, or the queue was deleted.
#[derive(ToSchema)]
#[schema(example = "requested")]
#[serde(rename_all = "snake_case")]
pub(crate) enum TicketEnd {
    Requested,
    Declined,
    NotAccepted,
    PlayerDeleted,
    QueueDeleted,
}

/// How a match stands. One that is proposed begins or fails; one that is being held has a result at its
/// end.
#[derive(ToSchema)]
#[schema(example = "running")]
#[serde(rename_all = "snake_case")]
pub(crate) enum MatchStatus {
    Proposed,
    Failed,
    Running,
    Finished,
}

/// How a backfill stands: seats are open, all are taken, it was taken back, or the match has ended.
#[derive(ToSchema)]
#[schema(example = "open")]
#[serde(rename_all = "snake_case")]
pub(crate) enum BackfillStatus {
    Open,
    Filled,
    Cancelled,
    Ended,
}
