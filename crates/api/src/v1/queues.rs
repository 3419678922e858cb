//! `/v1/queues`: queues made, changed, listed, deleted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fields::{Fields, FromFields};
use match_json::{NewQueue, QueueSettingsSchema, SettingsBody};
use matchmaking::{QueueChange, QueueChanged, QueueId, QueueInfo, QueueSettings};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::JsonObject;
use crate::openapi::{DeleteQueueErrors, PutQueueErrors, QueueErrors, ReadErrors};
use crate::path::QueuePath;
use crate::problem::Problem;
use crate::query::{Query, QueuesQuery};
use crate::state::Api;

/// A queue.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queue {
    #[schema(value_type = String, example = "ranked-5v5")]
    queue: QueueId,
    #[serde(flatten)]
    settings: SettingsBody,
    /// Tickets that wait.
    #[schema(example = 120)]
    waiting_tickets: u64,
    /// Tickets in matches that have to be accepted.
    #[schema(example = 10)]
    proposed_tickets: u64,
}

impl From<QueueInfo> for Queue {
    fn from(info: QueueInfo) -> Self {
        Queue {
            queue: info.id,
            settings: SettingsBody::from(&*info.settings),
            waiting_tickets: info.waiting,
            proposed_tickets: info.proposed,
        }
    }
}

/// Some queues.
#[derive(Serialize, ToSchema)]
pub(crate) struct Queues {
    /// By name.
    queues: Vec<Queue>,
    /// What to send as `after` for those that follow; null after the last.
    #[schema(value_type = Option<String>, required = true, example = "ranked-5v5")]
    next: Option<QueueId>,
}

/// The settings of a queue, as they are read.
pub(crate) struct NewSettings(QueueSettings);

impl FromFields for NewSettings {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        NewQueue::from_fields(fields).map(|NewQueue(settings)| NewSettings(settings))
    }
}

/// Make a queue, or change its settings
///
/// What is left out of the settings has its default, also where the queue had another value. Rules that
/// contradict each other are refused, each contradiction with its place. Tickets that wait are matched by
/// the new rules.
#[utoipa::path(put, path = "/v1/queues/{queue}", tag = "matchmaking", params(QueuePath), request_body = QueueSettingsSchema, responses(
    (status = 200, description = "Changed", body = Queue),
    (status = 201, description = "Made", body = Queue),
    PutQueueErrors,
))]
pub(crate) async fn put_queue(
    State(api): State<Api>,
    QueuePath { queue }: QueuePath,
    JsonObject(NewSettings(settings)): JsonObject<NewSettings>,
) -> Result<(StatusCode, Json<Queue>), Problem> {
    let change = QueueChange::PutQueue {
        queue: queue.clone(),
        settings: Box::new(settings),
    };
    let status = match api.change_queue(change, None).await?.changed {
        QueueChanged::Put { created: true } => StatusCode::CREATED,
        QueueChanged::Put { created: false } => StatusCode::OK,
        other => return Err(Problem::unexpected_of_queue(&other)),
    };
    let info = api.matches.queue(&queue).await?;
    Ok((status, Json(info.into())))
}

/// A queue
#[utoipa::path(get, path = "/v1/queues/{queue}", tag = "matchmaking", params(QueuePath), responses(
    (status = 200, description = "The queue", body = Queue),
    QueueErrors,
))]
pub(crate) async fn get_queue(
    State(api): State<Api>,
    QueuePath { queue }: QueuePath,
) -> Result<Json<Queue>, Problem> {
    Ok(Json(api.matches.queue(&queue).await?.into()))
}

/// Delete a queue
///
/// With its tickets, proposals, backfills and ratings. Its matches can still be read, and finished without
/// ratings.
#[utoipa::path(delete, path = "/v1/queues/{queue}", tag = "matchmaking", params(QueuePath), responses(
    (status = 204, description = "Deleted"),
    DeleteQueueErrors,
))]
pub(crate) async fn delete_queue(
    State(api): State<Api>,
    QueuePath { queue }: QueuePath,
) -> Result<StatusCode, Problem> {
    api.change_queue(QueueChange::DeleteQueue(queue), None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Queues by name
#[utoipa::path(get, path = "/v1/queues", tag = "matchmaking", params(QueuesQuery), responses(
    (status = 200, description = "The queues", body = Queues),
    ReadErrors,
))]
pub(crate) async fn list_queues(
    State(api): State<Api>,
    Query(QueuesQuery { limit, after }): Query<QueuesQuery>,
) -> Result<Json<Queues>, Problem> {
    // One more than is wanted tells whether there are any.
    let mut infos = api.matches.queues(after.as_ref(), limit + 1).await?;
    let more = infos.len() > limit;
    infos.truncate(limit);
    let next = infos.last().filter(|_| more).map(|info| info.id.clone());
    Ok(Json(Queues {
        queues: infos.into_iter().map(Queue::from).collect(),
        next,
    }))
}
