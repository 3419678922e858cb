//! `…/tickets`: tickets made, looked at and waited for, cancelled.
//!
//! Whoever waits for a ticket can do so without a memory: a loop of requests with `wait` misses nothing
//! that it has to act on. It is answered when the ticket changes, but soon where that is over already and
//! the party has still to accept its match.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use fields::Fault;
use match_json::{TicketSchema, read_ticket};
use matchmaking::{QueueChange, QueueChanged, TicketView};
use tokio::time::{Instant, timeout_at};
use utoipa::IntoParams;

use super::ticket::{Ticket, TicketNow, has_to_accept};
use crate::access::By;
use crate::body::FromBody;
use crate::idempotency::{Guarded, KeyHeader, NewIds, Reply};
use crate::openapi::{CancelTicketErrors, CreateTicketErrors, TicketErrors};
use crate::path::{QueuePath, TicketPath};
use crate::problem::Problem;
use crate::query::{FromQuery, Query, duration, optional_whole};
use crate::state::Api;

const MAX_WAIT: Duration = Duration::from_secs(60);
/// How long a request without `seen` is kept where the party has to accept a match: it may be that its
/// client knows that, and it may be that it does not.
const MAX_WAIT_TO_ACCEPT: Duration = Duration::from_secs(1);

/// How long a client waits for a ticket to change.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// How long to wait for a change, up to a minute; with none until then the reply is the ticket as it
    /// is. No time, if missing.
    #[param(value_type = String, pattern = "^[0-9]{1,9}(ms|s|m)$", example = "30s", required = false)]
    wait: Duration,
    /// The `version` that the client has seen: where the ticket has another, the reply comes at once. If
    /// missing, the one that it has when the request comes.
    #[param(value_type = u64, minimum = 0, example = 7, required = false)]
    seen: Option<u64>,
}

impl FromQuery for WaitQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        let wait = duration(query, "wait", MAX_WAIT, faults);
        WaitQuery {
            wait: wait.unwrap_or_default(),
            seen: optional_whole(query, "seen", 0..=u64::MAX, faults),
        }
    }
}

/// A ticket, as it is read.
pub(crate) struct NewTicket(match_json::TicketBody);

impl FromBody for NewTicket {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem> {
        let ticket = fields::whole(bytes, read_ticket)?;
        Ok(NewTicket(ticket))
    }
}

/// Make a ticket
///
/// A second one of the same `ticket_id` and the same content is answered like the first, so that it is
/// safe to repeat. A player waits in one ticket of a queue at the most. Who comes without a rating has the
/// stored one.
#[utoipa::path(post, path = "/v1/queues/{queue}/tickets", tag = "matchmaking", params(QueuePath, KeyHeader), request_body = TicketSchema, responses(
    (status = 201, description = "The ticket", body = Ticket),
    CreateTicketErrors,
))]
pub(crate) async fn create_ticket(
    State(api): State<Api>,
    QueuePath { queue }: QueuePath,
    by: By,
    Guarded { body, guard }: Guarded<NewTicket>,
) -> Result<Reply<Ticket>, Problem> {
    let ticket = body.0.named(|| NewIds::under(guard).ticket());
    by.may_make(&ticket)?;
    let change = QueueChange::CreateTicket { queue, ticket };
    let receipt = api.change_queue(change, guard).await?;
    Ok(Reply {
        status: StatusCode::CREATED,
        replayed: receipt.replayed,
        body: ticket_of(receipt.changed)?,
    })
}

/// A ticket
///
/// With `wait`, once it changes or the time is over. A ticket to which nothing more can happen is answered
/// at once; and where its party has a match to accept, a request without `seen` waits for a second at
/// the most. A ticket can be read for an hour after it has ended. A server that is about to stop answers those
/// who wait, and keeps who asks after that for a second.
#[utoipa::path(get, path = "/v1/queues/{queue}/tickets/{ticket}", tag = "matchmaking", params(TicketPath, WaitQuery), responses(
    (status = 200, description = "The ticket", body = TicketNow),
    TicketErrors,
))]
pub(crate) async fn get_ticket(
    State(api): State<Api>,
    TicketPath { queue, ticket }: TicketPath,
    by: By,
    Query(query): Query<WaitQuery>,
) -> Result<Json<TicketNow>, Problem> {
    let mut view = api.matches.ticket(&queue, &ticket).await?;
    by.may_see_ticket(&view)?;
    if let Some((seen, until)) = awaited(&view, &query) {
        let stay = api.stay();
        tokio::select! {
            changed = timeout_at(until, api.matches.ticket_changed(&queue, &ticket, seen)) => {
                changed.unwrap_or(Ok(()))?;
            }
            () = stay.end() => {}
        }
        view = api.matches.ticket(&queue, &ticket).await?;
    }
    Ok(Json(TicketNow::at(view, api.clock.now_ms())))
}

/// What a client waits for, and until when; `None`: for nothing.
fn awaited(view: &TicketView, query: &WaitQuery) -> Option<(u64, Instant)> {
    if query.wait.is_zero() || view.ticket.state.is_final() {
        return None;
    }
    let wait = match query.seen {
        Some(seen) if seen != view.version => return None,
        None if has_to_accept(view) => query.wait.min(MAX_WAIT_TO_ACCEPT),
        _ => query.wait,
    };
    Some((view.version, Instant::now() + wait))
}

/// Cancel a ticket
///
/// One that is proposed for a match declines it. One that is cancelled already stays so.
#[utoipa::path(delete, path = "/v1/queues/{queue}/tickets/{ticket}", tag = "matchmaking", params(TicketPath), responses(
    (status = 200, description = "The ticket, cancelled", body = Ticket),
    CancelTicketErrors,
))]
pub(crate) async fn cancel_ticket(
    State(api): State<Api>,
    TicketPath { queue, ticket }: TicketPath,
    by: By,
) -> Result<Json<Ticket>, Problem> {
    if by.is_player() {
        // Who is in a ticket never changes, so it does not matter that this is looked at before.
        by.may_see_ticket(&api.matches.ticket(&queue, &ticket).await?)?;
    }
    let change = QueueChange::CancelTicket { queue, ticket };
    let receipt = api.change_queue(change, None).await?;
    Ok(Json(ticket_of(receipt.changed)?))
}

fn ticket_of(changed: QueueChanged) -> Result<Ticket, Problem> {
    match changed {
        QueueChanged::Ticket(ticket) => Ok(Ticket::from(&*ticket)),
        other => Err(Problem::unexpected_of_queue(&other)),
    }
}
