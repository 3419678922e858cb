//! `POST /score/submit`: points for a player.

use axum::extract::State;
use axum::http::StatusCode;
use boards::{
    BoardId, Change, Changed, Details, Operator, Outcome, PlayerId, Refusal, Score, StoreError,
    Submission,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::By;
use crate::body::JsonObject;
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::SubmitErrors;
use crate::problem::{Code, Problem};
use crate::state::Api;
use fields::{Fields, FromFields, FromValue};

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const MAX_TIMESTAMP: f64 = 253_402_300_799.0;
/// Whatever the board's own is: this path adds.
const OPERATOR: Option<Operator> = Some(Operator::Sum);

/// Points for a player.
#[derive(Debug, ToSchema)]
pub(crate) struct ScoreSubmission {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    user_id: PlayerId,
    /// Added to the player's points; may be fractional or negative.
    #[schema(value_type = f64, example = 11)]
    score_worth: Score,
    /// When the points were scored, in Unix seconds; now, if missing.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 253402300799_u64, example = 1_700_000_000)]
    timestamp: Option<Timestamp>,
}

impl FromFields for ScoreSubmission {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let user_id = fields.required("user_id");
        let score_worth = fields.required("score_worth");
        let timestamp = fields.optional("timestamp");
        Some(ScoreSubmission {
            user_id: user_id?,
            score_worth: score_worth?,
            timestamp: timestamp?,
        })
    }
}

impl ScoreSubmission {
    fn to_domain(&self) -> Submission {
        Submission {
            operator: OPERATOR,
            details: Details {
                occurred_at_ms: self.timestamp.map(Timestamp::as_ms),
                metadata: None,
            },
            ..Submission::new(self.user_id, self.score_worth)
        }
    }
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreReceipt {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    user_id: PlayerId,
    #[schema(value_type = f64, example = 11)]
    score_worth: Score,
    /// Unix seconds, as sent; the time of the server if none was.
    #[schema(value_type = f64, example = 1_700_000_000)]
    timestamp: Timestamp,
    /// The player's points now.
    #[schema(value_type = f64, example = 5022)]
    points: Score,
    /// The player's rank now, unless it is hidden.
    #[schema(example = 1)]
    #[schema(required = true, example = 1)]
    rank: Option<u64>,
    /// The player's rank before.
    #[schema(required = true, example = 3)]
    previous_rank: Option<u64>,
}

/// Unix seconds, whole or not, from 1970 to 9999.
#[derive(Clone, Copy, Debug, Serialize)]
struct Timestamp(Score);

impl Timestamp {
    fn from_ms(ms: i64) -> Self {
        Timestamp(Score::new((ms / 1000) as f64).unwrap_or_default())
    }

    fn as_ms(self) -> i64 {
        (self.0.get() * 1000.0) as i64
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let seconds = value.as_f64().filter(|s| (0.0..=MAX_TIMESTAMP).contains(s));
        let seconds = seconds.and_then(|s| Score::new(s).ok());
        seconds
            .map(Timestamp)
            .ok_or("must be Unix seconds from 0 to 253402300799")
    }
}

/// Submit a score
///
/// Adds points to a player's, also where the board `global` has been given another operator. The reply means
/// that they are on disk. A repeated request adds them again, unless it has the same idempotency key.
#[utoipa::path(post, path = "/score/submit", tag = "leaderboard", params(KeyHeader), request_body = ScoreSubmission, responses(
    (status = 200, description = "The points were added", body = ScoreReceipt),
    SubmitErrors,
))]
pub(crate) async fn submit_score(
    State(api): State<Api>,
    by: By,
    Guarded { body, guard }: Guarded<JsonObject<ScoreSubmission>>,
) -> Result<Reply<ScoreReceipt>, Problem> {
    let JsonObject(submission) = body;
    let board = BoardId::global();
    by.may_submit(&api, &board, submission.user_id, OPERATOR)
        .await?;
    let change = Change::Submit {
        board,
        submission: submission.to_domain(),
    };
    let receipt = api.change(change, guard).await.map_err(refused)?;
    let outcome = submitted(&receipt.changed)?;
    let timestamp = submission.timestamp;
    Ok(Reply {
        status: StatusCode::OK,
        replayed: receipt.replayed,
        body: ScoreReceipt {
            user_id: submission.user_id,
            score_worth: submission.score_worth,
            timestamp: timestamp.unwrap_or_else(|| Timestamp::from_ms(receipt.at_ms)),
            points: outcome.score,
            rank: outcome.rank,
            previous_rank: outcome.previous_rank,
        },
    })
}

/// This path had its word for a sum that is too large before there was a code of its own.
fn refused(error: StoreError) -> Problem {
    match &error {
        StoreError::Refused {
            refusal: Refusal::ScoreOverflow,
            ..
        } => Problem::new(Code::InvalidRequest, error.to_string()),
        _ => error.into(),
    }
}

/// What a single submission did.
pub(crate) fn submitted(changed: &Changed) -> Result<Outcome, Problem> {
    match changed {
        Changed::Submitted(outcome) => Ok(*outcome),
        other => Err(Problem::unexpected(other)),
    }
}
