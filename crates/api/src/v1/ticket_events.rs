//! `…/tickets/{ticket}/events`: what becomes of a ticket, told to those who watch it.
//!
//! Changes of the ticket and of its match are told at once. Why it waits and for how long still change all
//! the time; they are told now and then. Nothing is kept for a slow reader: it is told how things are when
//! its connection has room.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use matchmaking::{MatchError, QueueId, TicketId, TicketView};
use tokio::time::{Instant, timeout_at};

use super::events::{LAST_EVENT_ID, RETRY, SIGN_OF_LIFE};
use super::ticket::TicketNow;
use crate::access::By;
use crate::openapi::TicketErrors;
use crate::path::TicketPath;
use crate::problem::Problem;
use crate::state::Api;
use crate::stay::Stay;

/// Between two looks at a ticket that has not changed.
const PAUSE: Duration = Duration::from_secs(5);

/// Watch a ticket
///
/// Server-sent events named `ticket`: one at once, then one for each change; while it waits, also one now
/// and then where the reason for that is another. After the event that says how the ticket has ended, the
/// stream ends, and a client that comes back with the id of that event gets 204, which tells it to stay
/// away. A client that comes back with the id of another is not told again what it knows. When the server stops,
/// the stream ends; one that begins while it stops, after a second.
#[utoipa::path(get, path = "/v1/queues/{queue}/tickets/{ticket}/events", tag = "matchmaking",
    params(
        TicketPath,
        ("last-event-id" = Option<String>, Header, description = "The id of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "Events until the ticket has ended; `data` is a TicketNow", content_type = "text/event-stream", body = String,
            example = json!("event: ticket\nid: 7\ndata: {\"queue\":\"ranked-5v5\",\"ticket_id\":\"t1\",\"status\":\"waiting\"}\n\n")),
        (status = 204, description = "The client has seen how the ticket has ended"),
        TicketErrors,
    ))]
pub(crate) async fn ticket_events(
    State(api): State<Api>,
    TicketPath { queue, ticket }: TicketPath,
    by: By,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = api.matches.ticket(&queue, &ticket).await?;
    by.may_see_ticket(&view)?;
    let seen = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let knows = seen.is_some_and(|seen| seen == view.version.to_string());
    if knows && view.ticket.state.is_final() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let watcher = Watcher {
        stay: api.stay(),
        api,
        queue,
        ticket,
        told: knows.then(|| Told::of(&view)),
        ended: false,
    };
    let alive = KeepAlive::new().interval(SIGN_OF_LIFE);
    let events = stream::unfold(watcher, Watcher::next);
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

struct Watcher {
    api: Api,
    stay: Stay,
    queue: QueueId,
    ticket: TicketId,
    /// What the client has been told.
    told: Option<Told>,
    /// Whether that was the end.
    ended: bool,
}

/// What of a ticket is told again when it changes.
#[derive(PartialEq)]
struct Told {
    version: u64,
    why: Option<matchmaking::Reason>,
}

impl Told {
    fn of(view: &TicketView) -> Self {
        Told {
            version: view.version,
            why: view.why.as_ref().map(|why| why.reason),
        }
    }
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        // A ticket or queue that is gone has nothing more to be told.
        let event = self.event().await.ok()??;
        Some((Ok(event), self))
    }

    /// The next event; `None` after the last.
    async fn event(&mut self) -> Result<Option<Event>, MatchError> {
        loop {
            // Streams have no end of their own that a stop could wait for. But each has its first event.
            if self.ended || (self.told.is_some() && self.stay.is_over()) {
                return Ok(None);
            }
            let view = self.api.matches.ticket(&self.queue, &self.ticket).await?;
            let now = Told::of(&view);
            let version = now.version;
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now);
                self.ended = view.ticket.state.is_final();
                return Ok(Some(self.tell(view)));
            }
            self.wait(version).await?;
        }
    }

    fn tell(&self, view: TicketView) -> Event {
        let id = view.version.to_string();
        let now = TicketNow::at(view, self.api.clock.now_ms());
        // Plain data with text keys always has a JSON form.
        let data = serde_json::to_string(&now).unwrap_or_default();
        Event::default()
            .event("ticket")
            .id(id)
            .retry(RETRY)
            .data(data)
    }

    async fn wait(&self, version: u64) -> Result<(), MatchError> {
        let until = Instant::now() + PAUSE;
        let changed = self
            .api
            .matches
            .ticket_changed(&self.queue, &self.ticket, version);
        tokio::select! {
            changed = timeout_at(until, changed) => changed.unwrap_or(Ok(())),
            () = self.stay.end() => Ok(()),
        }
    }
}
