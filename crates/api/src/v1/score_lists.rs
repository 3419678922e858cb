//! `POST …/scores:batch` and `POST /v1/scores:batch`: several scores at once, of many players for one
//! board, each for itself, or of one player for many boards, all or none.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use boards::{BoardId, Change, Changed, Guard, Outcome, PlayerId, Refusal, StoreError, Submission};
use serde::Serialize;
use utoipa::ToSchema;

use super::scores::{Effect, NewScore, PlayerScore, PlayerScoreOutcome};
use crate::body::{JsonList, ListBody};
use crate::fields::{Fields, FromFields};
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::PlayerScoresErrors;
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

/// A score for a board.
#[derive(ToSchema)]
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
    Guarded { body, guard }: Guarded<JsonList<PlayerScores>>,
) -> Result<Reply<PlayerScoresReceipt>, Problem> {
    let player_id = body.head.player_id;
    let boards: Vec<BoardId> = body.items.iter().map(|item| item.board.clone()).collect();
    require_distinct(&boards)?;
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
    let faults: Vec<Fault> = again.map(fault).collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::faults(Code::InvalidRequest, faults))
    }
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
