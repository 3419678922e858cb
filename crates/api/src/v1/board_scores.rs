//! `POST …/scores:batch`: scores of many players for one board, each taken or refused by itself.

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use boards::{BoardId, Change, Changed, Guard, Outcome, PlayerId, Refusal, Submission};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::scores::{Effect, PlayerScore, PlayerScoreOutcome};
use super::stream::{ScoreLines, StreamReceipt, submit_lines};
use crate::body::{JsonList, is_ndjson};
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::BatchErrors;
use crate::path::BoardPath;
use crate::problem::{Code, Fault, Problem};
use crate::state::Api;
use fields::{Fields, FromFields, ListBody, read_object};

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

/// A body of scores for a board.
pub(crate) enum ScoresBody {
    List(Guarded<JsonList<BoardScores>>),
    Lines(ScoreLines),
}

impl FromRequest<Api> for ScoresBody {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if is_ndjson(request.headers()) {
            return ScoreLines::of(request, &api.limits).map(ScoresBody::Lines);
        }
        let list = Guarded::from_request(request, api).await;
        list.map(ScoresBody::List)
    }
}

/// What became of a body of scores.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ScoresReceipt {
    /// Of a list: of each.
    List(BoardScoresReceipt),
    /// Of lines: in sum.
    Lines(StreamReceipt),
}

/// Submit scores to a board
///
/// In order, each taken or refused by itself: as a list, or as lines of any number (NDJSON), of which each
/// is a score and may have 65,536 bytes. Lines are taken 1,000 at a time, and those that are taken stay,
/// also where the stream fails later: the problem's `lines_done` says how many. With an idempotency key the
/// whole stream can be sent again, and goes on where it stopped; one that differs in the lines that were taken, or
/// goes on after the end of one that was taken whole, is refused.
#[utoipa::path(post, path = "/v1/boards/{board}/scores:batch", tag = "scores", params(BoardPath, KeyHeader),
    request_body(content(
        (BoardScores = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"player_id\": \"e4cdb120-28fc-4285-a78d-eb48660b7730\", \"score\": 42}\n")),
    )),
    responses(
        (status = 200, description = "What became of each, or of all in sum", body = ScoresReceipt),
        BatchErrors,
    ))]
pub(crate) async fn submit_board_scores(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    body: ScoresBody,
) -> Result<Reply<ScoresReceipt>, Problem> {
    match body {
        ScoresBody::List(Guarded { body, guard }) => {
            let reply = submit_list(&api, board, body, guard).await?;
            Ok(reply.map(ScoresReceipt::List))
        }
        ScoresBody::Lines(lines) => {
            let reply = submit_lines(&api, board, lines).await?;
            Ok(reply.map(ScoresReceipt::Lines))
        }
    }
}

/// Scores of a list, in order, as one change.
async fn submit_list(
    api: &Api,
    board: BoardId,
    body: JsonList<BoardScores>,
    guard: Option<Guard>,
) -> Result<Reply<BoardScoresReceipt>, Problem> {
    let submissions = body.items.into_iter();
    let submissions = submissions.map(|sent| (board.clone(), Submission::from(sent)));
    let submissions: Vec<(BoardId, Submission)> = submissions.collect();
    let players: Vec<PlayerId> = submissions.iter().map(|(_, s)| s.player).collect();
    let change = Change::SubmitBatch {
        submissions,
        all_or_nothing: false,
    };
    let receipt = api.change(change, guard).await?;
    Ok(Reply {
        status: StatusCode::OK,
        replayed: receipt.replayed,
        body: summed(players, batch(receipt.changed)?),
    })
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
