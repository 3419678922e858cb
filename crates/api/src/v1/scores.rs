//! `POST …/scores`: one score for a board.

use axum::extract::State;
use axum::http::StatusCode;
use boards::{Change, Details, Metadata, Operator, Outcome, PlayerId, Score, SeasonId, Submission};
use serde::Serialize;
use utoipa::ToSchema;

use super::words;
use crate::access::By;
use crate::body::JsonObject;
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::ScoreErrors;
use crate::path::BoardPath;
use crate::problem::Problem;
use crate::score::submitted;
use crate::state::Api;
use crate::time::Time;
use fields::{Fields, FromFields};

/// A score, without the player and the board.
#[derive(ToSchema)]
pub(crate) struct NewScore {
    #[schema(value_type = f64, example = 42)]
    score: Score,
    /// How it changes the player's score; as the board says, if missing.
    #[schema(value_type = Option<words::Operator>, inline, example = "sum")]
    pub(super) operator: Option<Operator>,
    /// Kept with the entry while it has this score: up to 1,024 bytes as JSON.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, example = json!({"level": 7}))]
    metadata: Option<Metadata>,
    /// When it was achieved: RFC 3339 with any offset, to the millisecond.
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-05-01T12:00:00Z")]
    occurred_at: Option<Time>,
    /// Refused unless the entry has this score now; null: unless there is no entry.
    #[schema(value_type = Option<f64>, example = 41)]
    if_score: Option<Option<Score>>,
}

impl FromFields for NewScore {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let score = fields.required("score");
        let operator = fields.optional("operator");
        let metadata = fields.optional("metadata");
        let occurred_at = fields.optional("occurred_at");
        let if_score = fields.nullable("if_score");
        Some(NewScore {
            score: score?,
            operator: operator?,
            metadata: metadata?,
            occurred_at: occurred_at?,
            if_score: if_score?,
        })
    }
}

impl NewScore {
    pub(crate) fn of(self, player: PlayerId) -> Submission {
        Submission {
            player,
            score: self.score,
            operator: self.operator,
            details: Details {
                occurred_at_ms: self.occurred_at.map(Time::as_ms),
                metadata: self.metadata,
            },
            if_score: self.if_score,
        }
    }
}

/// A player's score.
#[derive(ToSchema)]
#[schema(example = json!({
    "player_id": "e4cdb120-28fc-4285-a78d-eb48660b7730",
    "score": 42,
    "metadata": {"level": 7},
    "occurred_at": "2024-05-01T12:00:00Z",
}))]
pub(crate) struct PlayerScore {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    #[serde(flatten)]
    score: NewScore,
}

impl FromFields for PlayerScore {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let player_id = fields.required("player_id");
        let score = NewScore::from_fields(fields);
        Some(PlayerScore {
            player_id: player_id?,
            score: score?,
        })
    }
}

impl From<PlayerScore> for Submission {
    fn from(sent: PlayerScore) -> Self {
        sent.score.of(sent.player_id)
    }
}

/// What a score did.
#[derive(Serialize, ToSchema)]
#[schema(as = ScoreOutcome)]
pub(crate) struct Effect {
    /// The player's score now.
    #[schema(value_type = f64, example = 42)]
    score: Score,
    /// The player's score before; null where it had no entry.
    #[schema(value_type = Option<f64>, required = true, example = 41)]
    previous_score: Option<Score>,
    /// The player's rank now, counted from 1; null where it is hidden, or was dropped from a full board.
    #[schema(required = true, example = 1)]
    rank: Option<u64>,
    /// The player's rank before; null where it had none.
    #[schema(required = true, example = 3)]
    previous_rank: Option<u64>,
    /// Ranked entries of the board now.
    #[schema(example = 1000)]
    total: u64,
    /// Whether the entry is of this score now: not where a better one stays.
    #[schema(example = true)]
    pub(crate) applied: bool,
    /// The season that it went to.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
}

impl From<Outcome> for Effect {
    fn from(outcome: Outcome) -> Self {
        Effect {
            score: outcome.score,
            previous_score: outcome.previous_score,
            rank: outcome.rank,
            previous_rank: outcome.previous_rank,
            total: outcome.total,
            applied: outcome.applied,
            season: outcome.season,
        }
    }
}

/// What a player's score did.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlayerScoreOutcome {
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    pub(crate) player_id: PlayerId,
    #[serde(flatten)]
    pub(crate) effect: Effect,
}

/// Submit a score to a board
///
/// Changes the player's score by the operator and makes the entry if the player has none. The reply means
/// that it is on disk.
#[utoipa::path(post, path = "/v1/boards/{board}/scores", tag = "scores", params(BoardPath, KeyHeader), request_body = PlayerScore, responses(
    (status = 200, description = "Taken; `applied` says whether it counts", body = PlayerScoreOutcome),
    ScoreErrors,
))]
pub(crate) async fn submit_board_score(
    State(api): State<Api>,
    BoardPath { board }: BoardPath,
    by: By,
    Guarded { body, guard }: Guarded<JsonObject<PlayerScore>>,
) -> Result<Reply<PlayerScoreOutcome>, Problem> {
    let submission = Submission::from(body.0);
    let player_id = submission.player;
    by.may_submit(&api, &board, player_id, submission.operator)
        .await?;
    let receipt = api
        .change(Change::Submit { board, submission }, guard)
        .await?;
    let effect = submitted(&receipt.changed)?.into();
    Ok(Reply {
        status: StatusCode::OK,
        replayed: receipt.replayed,
        body: PlayerScoreOutcome { player_id, effect },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use fields::read_object;

    fn read(body: Value) -> Option<Submission> {
        read_object::<PlayerScore>(&body, "", &mut Vec::new()).map(Submission::from)
    }

    #[test]
    fn a_condition_may_be_missing_or_null_or_a_number() {
        let id = "e4cdb120-28fc-4285-a78d-eb48660b7730";
        let condition = |if_score: Value| {
            let body = json!({"player_id": id, "score": 1, "if_score": if_score});
            read(body).map(|s| s.if_score)
        };
        let score = |value| Score::new(value).unwrap();
        let missing = read(json!({"player_id": id, "score": 1})).unwrap();
        assert_eq!(
            missing,
            Submission::new(PlayerId::parse(id).unwrap(), score(1.0))
        );
        assert_eq!(condition(json!(null)), Some(Some(None)));
        assert_eq!(condition(json!(0)), Some(Some(Some(score(0.0)))));
        assert_eq!(condition(json!(-0.5)), Some(Some(Some(score(-0.5)))));
        assert_eq!(condition(json!("1")), None);
    }

    #[test]
    fn details_are_read() {
        let submission = read(json!({
            "player_id": "e4cdb120-28fc-4285-a78d-eb48660b7730", "score": 1, "operator": "sum",
            "metadata": {"a": 1}, "occurred_at": "1970-01-01T01:00:00.25+01:00",
        }));
        let submission = submission.unwrap();
        assert_eq!(submission.operator, Some(Operator::Sum));
        assert_eq!(submission.details.occurred_at_ms, Some(250));
        let metadata = submission.details.metadata.unwrap();
        assert_eq!(metadata.as_json(), r#"{"a":1}"#);
    }
}
