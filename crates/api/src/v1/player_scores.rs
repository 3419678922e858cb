//! `POST /v1/scores:batch`: scores of one player for several boards, all or none.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use boards::{BoardId, Change, Outcome, PlayerId, Refusal, StoreError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::board_scores::batch;
use super::scores::{Effect, NewScore};
use crate::access::By;
use crate::body::JsonList;
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::PlayerScoresErrors;
use crate::problem::{Fault, Problem};
use crate::query::no_faults;
use crate::state::Api;
use fields::{Fields, FromFields, ListBody, read_object};

/// A score for a board.
#[derive(ToSchema)]
#[schema(example = json!({"board": "weekly", "score": 42, "metadata": {"level": 7}}))]
pub(crate) struct BoardScore {
    #[schema(value_type = String, example = "weekly")]
    board: BoardId,
    #[serde(flatten)]
    score: NewScore,
}

impl FromFields for BoardScore {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let board = fields.required("board");
        let score = NewScore::from_fields(fields);
        Some(BoardScore {
            board: board?,
            score: score?,
        })
    }
}

/// Scores of one player for several boards.
#[derive(ToSchema)]
pub(crate) struct PlayerScores {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    /// Each for another board.
    #[schema(min_items = 1, max_items = 100)]
    #[allow(dead_code, reason = "describes the list, which is read apart")]
    scores: Vec<BoardScore>,
}

impl FromFields for PlayerScores {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(PlayerScores {
            player_id: fields.required("player_id")?,
            scores: Vec::new(),
        })
    }
}

impl ListBody for PlayerScores {
    type Item = BoardScore;
    const LIST: &'static str = "scores";
    const MAX_ITEMS: usize = 100;

    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<BoardScore> {
        read_object(value, pointer, faults)
    }
}

/// What a score for a board did.
#[derive(Serialize, ToSchema)]
pub(crate) struct OnBoard {
    #[schema(value_type = String, example = "weekly")]
    board: BoardId,
    #[serde(flatten)]
    effect: Effect,
}

/// What the scores did.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlayerScoresReceipt {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    /// In the order of the scores.
    outcomes: Vec<OnBoard>,
}

/// Submit one player's scores to several boards
///
/// All or none: where one is refused, its place is told and nothing changes.
#[utoipa::path(post, path = "/v1/scores:batch", tag = "scores", params(KeyHeader), request_body = PlayerScores, responses(
    (status = 200, description = "All taken", body = PlayerScoresReceipt),
    PlayerScoresErrors,
))]
pub(crate) async fn submit_player_scores(
    State(api): State<Api>,
    by: By,
    Guarded { body, guard }: Guarded<JsonList<PlayerScores>>,
) -> Result<Reply<PlayerScoresReceipt>, Problem> {
    let player_id = body.head.player_id;
    let boards: Vec<BoardId> = body.items.iter().map(|item| item.board.clone()).collect();
    require_distinct(&boards)?;
    for item in &body.items {
        by.may_submit(&api, &item.board, player_id, item.score.operator)
            .await?;
    }
    let submissions = body.items.into_iter();
    let change = Change::SubmitBatch {
        submissions: submissions
            .map(|item| (item.board, item.score.of(player_id)))
            .collect(),
        all_or_nothing: true,
    };
    let receipt = api.change(change, guard).await.map_err(refused)?;
    Ok(Reply {
        status: StatusCode::OK,
        replayed: receipt.replayed,
        body: PlayerScoresReceipt {
            player_id,
            outcomes: all_taken(boards, batch(receipt.changed)?)?,
        },
    })
}

fn require_distinct(boards: &[BoardId]) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    let again = boards
        .iter()
        .enumerate()
        .filter(|(_, board)| !seen.insert(*board));
    let fault = |(place, _)| Fault::at(format!("/scores/{place}/board"), "must not be repeated");
    no_faults(again.map(fault).collect())
}

fn refused(error: StoreError) -> Problem {
    match error {
        StoreError::Refused { at, refusal } => Problem::refused(&refusal, format!("/scores/{at}")),
        other => other.into(),
    }
}

fn all_taken(
    boards: Vec<BoardId>,
    done: Vec<Result<Outcome, Refusal>>,
) -> Result<Vec<OnBoard>, Problem> {
    let on_board = |(at, (board, outcome)): (usize, (BoardId, Result<Outcome, Refusal>))| {
        let outcome = outcome.map_err(|refusal| refused(StoreError::Refused { at, refusal }))?;
        let effect = Effect::from(outcome);
        Ok(OnBoard { board, effect })
    };
    let pairs = boards.into_iter().zip(done);
    pairs.enumerate().map(on_board).collect()
}
