//! `POST /v1/match`: matches out of rules and tickets that the body brings, with nothing stored.
//!
//! A request is reckoned on a blocking thread. There is a limit to how many are at once, and beyond it a
//! request is refused rather than kept waiting: it would hold its body in memory, and its caller up. The
//! deadline is for the caller. A computation cannot be stopped from outside, so one that is late goes on
//! and keeps its place until it ends; it ends, since a body has at most so many bytes and tickets, and
//! the work grows about as they do.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use match_json::{MatchReply, MatchRequest, MatchRequestSchema};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::body::receive_within;
use crate::openapi::MatchErrors;
use crate::problem::{Code, Problem};
use crate::state::Api;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What requests for matches may cost.
#[derive(Clone, Copy, Debug)]
pub struct MatchLimits {
    /// Bytes of a body.
    pub max_body_bytes: usize,
    /// Requests that are reckoned at once; at least 1.
    pub max_concurrent: usize,
    /// How long one may take, from when its body is there.
    pub deadline: Duration,
}

/// Places for requests that are being reckoned.
#[derive(Clone)]
pub(crate) struct MatchSlots {
    pub(crate) limits: MatchLimits,
    slots: Arc<Semaphore>,
}

impl MatchSlots {
    pub(crate) fn new(limits: MatchLimits) -> Self {
        let slots = limits.max_concurrent.clamp(1, Semaphore::MAX_PERMITS);
        MatchSlots {
            limits,
            slots: Arc::new(Semaphore::new(slots)),
        }
    }

    /// How many are being reckoned, those whose clients have gone away among them.
    pub(crate) fn taken(&self) -> usize {
        let slots = self.limits.max_concurrent.clamp(1, Semaphore::MAX_PERMITS);
        slots.saturating_sub(self.slots.available_permits())
    }

    pub(crate) fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let slot = self.slots.clone().try_acquire_owned();
        slot.map_err(|_| {
            let limit = self.limits.max_concurrent;
            let detail = format!("{limit} requests for matches are being reckoned already");
            Problem::new(Code::Overloaded, detail)
        })
    }
}

/// Match tickets
///
/// Stateless: the rules and the tickets are in the body, the matches and the reason why each other ticket
/// is in none in the reply. The same body has the same reply, byte by byte. A ticket's rating is the mean
/// of its players'. The body may be larger than others, 64 MiB by default.
#[utoipa::path(post, path = "/v1/match", tag = "matchmaking", request_body = MatchRequestSchema, responses(
    (status = 200, description = "The matches", body = MatchReply),
    MatchErrors,
))]
pub(crate) async fn match_tickets(
    State(api): State<Api>,
    request: Request,
) -> Result<Response, Problem> {
    let limits = api.matching.limits;
    let body = receive_within(request, limits.max_body_bytes, api.limits.body_read_timeout).await?;
    let slot = api.matching.take()?;
    let reckoning = spawn_blocking(move || {
        let reply = reply(&body);
        drop(slot);
        reply
    });
    match tokio::time::timeout(limits.deadline, reckoning).await {
        Ok(Ok(reply)) => Ok(([(CONTENT_TYPE, JSON)], reply?).into_response()),
        Ok(Err(_)) => Err(Problem::of(Code::Internal)),
        Err(_) => Err(late(limits.deadline)),
    }
}

fn reply(body: &Bytes) -> Result<Vec<u8>, Problem> {
    let request = MatchRequest::from_json(body)?;
    // Plain data with text keys always has a JSON form.
    Ok(serde_json::to_vec(&request.reply()).unwrap_or_default())
}

fn late(deadline: Duration) -> Problem {
    let detail = format!("the matches were not found within {deadline:?}; send fewer tickets");
    Problem::new(Code::MatchTimeout, detail)
}
