//! `POST …/scores:batch`: scores of many players for one board, each taken or refused by itself.

use axum::extract::State;
use axum::http::StatusCode;
use boards::{BoardId, Change, Changed, Guard, Outcome, PlayerId, Refusal, Submission};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::scores::{Effect, PlayerScore, PlayerScoreOutcome};
use crate::body::{JsonList, ListBody};
use crate::fields::{Fields, FromFields, read_object};
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::BatchErrors;
use crate::path::BoardPath;
use crate::problem::{Code, Fault, Problem};
use crate::state::Api;

/// Scores of some players.
#[derive(ToSchema)]
pub(crate) struct BoardScores {
    #[schema(min_items = 1, max_items = 10_000)]
    #[allow(dead_code, reason = "describes the list, which is read apart")]
    scores: Vec<PlayerScore>,
}

impl FromFields for BoardScores {
    fn from_fields(_: &mut Fields<'_>) -> Option<Self> {
        let scores = Vec::new();
        Some(BoardScores { scores })
    }
}

impl ListBody for BoardScores {
    type Item = PlayerScore;
    const LIST: &'static str = "scores";
    const MAX_ITEMS: usize = 10_000;

    fn item(value: &Value, pointer: &str, faults: &mut Vec<Fault>) -> Option<PlayerScore> {
        read_object(value, pointer, faults)
    }
}

/// Why one of several was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusalBody {
    /// As in a problem.
    #[schema(example = "player_not_found")]
    code: &'static str,
    #[schema(example = "there is no player e4cdb120-28fc-4285-a78d-eb48660b7730")]
    detail: String,
}

impl From<Refusal> for RefusalBody {
    fn from(refusal: Refusal) -> Self {
        RefusalBody {
            code: Code::from(&refusal).as_str(),
            detail: refusal.to_string(),
        }
    }
}

/// A score that was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlayerScoreRefusal {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    error: RefusalBody,
}

/// What became of one of several scores.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BoardScoreOutcome {
    /// It was taken.
    Taken(PlayerScoreOutcome),
    /// It was refused.
    Refused(PlayerScoreRefusal),
}

/// What became of several scores.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoardScoresReceipt {
    /// In the order of the scores.
    outcomes: Vec<BoardScoreOutcome>,
    /// How many count now.
    #[schema(example = 1)]
    applied: usize,
    /// How many were taken and do not count, as where a better score stays.
    #[schema(example = 0)]
    unchanged: usize,
    #[schema(example = 0)]
    refused: usize,
}

/// Submit scores to a board
///
/// In order, each taken or refused by itself.
#[utoipa::path(post, path = "/v1/boards/{board}/scores:batch", tag = "scores", params(BoardPath, KeyHeader), request_body = BoardScores, responses(
    (status = 200, description = "What became of each", body = BoardScoresReceipt),
    BatchErrors,
))]
pub(crate) async fn submit_board_scores(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    Guarded { body, guard }: Guarded<JsonList<BoardScores>>,
) -> Result<Reply<BoardScoresReceipt>, Problem> {
    submit_list(&api, board, body, guard).await
}

/// Scores of a list, in order, as one change.
pub(crate) async fn submit_list(
    api: &Api,
    board: BoardId,
    body: JsonList<BoardScores>,
    guard: Option<Guard>,
) -> Result<Reply<BoardScoresReceipt>, Problem> {
    let submissions: Vec<Submission> = body.items.into_iter().map(Submission::from).collect();
    let players: Vec<PlayerId> = submissions.iter().map(|s| s.player).collect();
    // A board that is not there would have each score refused by itself, which helps nobody.
    api.boards.board(&board).await?;
    let change = Change::SubmitBatch {
        submissions: to_board(&board, submissions),
        all_or_nothing: false,
    };
    let receipt = api.change(change, guard).await?;
    Ok(Reply {
        status: StatusCode::OK,
        replayed: receipt.replayed,
        body: summed(players, batch(receipt.changed)?),
    })
}

pub(crate) fn to_board(
    board: &BoardId,
    submissions: Vec<Submission>,
) -> Vec<(BoardId, Submission)> {
    let submissions = submissions.into_iter();
    submissions.map(|s| (board.clone(), s)).collect()
}

/// What became of each of several submissions.
pub(crate) fn batch(changed: Changed) -> Result<Vec<Result<Outcome, Refusal>>, Problem> {
    match changed {
        Changed::Batch(outcomes) => Ok(outcomes),
        other => Err(Problem::unexpected(&other)),
    }
}

fn summed(players: Vec<PlayerId>, done: Vec<Result<Outcome, Refusal>>) -> BoardScoresReceipt {
    let count =
        |which: fn(&Result<Outcome, Refusal>) -> bool| done.iter().filter(|o| which(o)).count();
    let refused = count(Result::is_err);
    let applied = count(|o| o.as_ref().is_ok_and(|o| o.applied));
    let unchanged = done.len() - refused - applied;
    let outcome = |(player_id, outcome): (PlayerId, Result<Outcome, Refusal>)| match outcome {
        Ok(outcome) => BoardScoreOutcome::Taken(PlayerScoreOutcome {
            player_id,
            effect: Effect::from(outcome),
        }),
        Err(refusal) => BoardScoreOutcome::Refused(PlayerScoreRefusal {
            player_id,
            error: refusal.into(),
        }),
    };
    BoardScoresReceipt {
        outcomes: players.into_iter().zip(done).map(outcome).collect(),
        applied,
        unchanged,
        refused,
    }
}
