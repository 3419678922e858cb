//! `/v1/matches`: matches looked at, accepted, declined, and what they came to.

use axum::Json;
use axum::extract::{FromRequest, OriginalUri, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use boards::{Guard, PlayerId};
use fields::{Fields, FromFields, FromValue, integer};
use matchmaking::{MatchId, MatchResult, QueueChange, QueueChanged, TicketId, Who};
use serde_json::Value;
use utoipa::ToSchema;

use super::match_body::MatchBody;
use crate::access::By;
use crate::body::JsonObject;
use crate::idempotency::{Guarded, KeyHeader, Reply};
use crate::openapi::{AcceptErrors, FinishErrors, MatchReadErrors};
use crate::path::{FirstName, MatchPath};
use crate::problem::{Code, Problem};
use crate::state::Api;
use crate::verbs::{is_verb, not_allowed};

/// As many as a match can have teams.
const MAX_PLACES: usize = 32;

/// For whom a match is accepted or declined: a player, or all of a ticket.
#[derive(ToSchema)]
#[schema(as = Who, example = json!({"player_id": "e4cdb120-28fc-4285-a78d-eb48660b7730"}))]
#[allow(
    dead_code,
    reason = "describes the body, which is read as the domain's own type"
)]
pub(crate) struct WhoSchema {
    /// The one or the other.
    #[schema(value_type = Option<String>, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: Option<PlayerId>,
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "t1")]
    ticket_id: Option<TicketId>,
}

pub(crate) struct NewWho(Who);

impl FromFields for NewWho {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let player = fields.optional::<PlayerId>("player_id");
        let ticket = fields.optional::<TicketId>("ticket_id");
        match (player?, ticket?) {
            (Some(player), None) => Some(NewWho(Who::Player(player))),
            (None, Some(ticket)) => Some(NewWho(Who::Ticket(ticket))),
            (None, None) => fields.missing("player_id"),
            (Some(_), Some(_)) => {
                fields.fault("ticket_id", "must not stand beside player_id");
                None
            }
        }
    }
}

/// What a match came to: placements, or that it was abandoned.
#[derive(ToSchema)]
#[schema(as = NewResult, example = json!({"placements": [1, 2]}))]
#[allow(
    dead_code,
    reason = "describes the body, which is read as the domain's own type"
)]
pub(crate) struct ResultSchema {
    /// For each team its place, 1 the best; equal ones drew.
    #[schema(value_type = Option<Vec<u32>>, min_items = 1, max_items = 32, example = json!([1, 2]))]
    placements: Option<Vec<u32>>,
    /// `true` where it was not played to its end: nobody's rating changes.
    #[schema(example = false)]
    abandoned: Option<bool>,
}

pub(crate) struct NewResult(MatchResult);

impl FromFields for NewResult {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let placements = fields.optional_list::<Place>("placements");
        let abandoned = fields.optional::<Flag>("abandoned");
        let abandoned = abandoned?.is_some_and(|Flag(flag)| flag);
        match placements? {
            Some(_) if abandoned => {
                fields.fault("placements", "must not be of a match that was abandoned");
                None
            }
            None if abandoned => Some(NewResult(MatchResult::Abandoned)),
            None => fields.missing("placements"),
            Some(places) if places.len() > MAX_PLACES => {
                fields.fault("placements", "may have 32 items");
                None
            }
            Some(places) => {
                let places = places.into_iter().map(|Place(place)| place);
                Some(NewResult(MatchResult::Placements(places.collect())))
            }
        }
    }
}

struct Place(u32);

impl FromValue for Place {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let place = integer(value).and_then(|place| u32::try_from(place).ok());
        let place = place.filter(|place| (1..=MAX_PLACES as u32).contains(place));
        place
            .map(Place)
            .ok_or("must be a whole number from 1 to 32")
    }
}

struct Flag(bool);

impl FromValue for Flag {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        value.as_bool().map(Flag).ok_or("must be true or false")
    }
}

/// A match
#[utoipa::path(get, path = "/v1/matches/{match}", tag = "matchmaking", params(MatchPath), responses(
    (status = 200, description = "The match", body = MatchBody),
    MatchReadErrors,
))]
pub(crate) async fn get_match(
    State(api): State<Api>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    FirstName(name): FirstName,
    by: By,
) -> Result<Json<MatchBody>, Problem> {
    if is_verb(uri.path()) {
        return Err(not_allowed(&method, uri.path()));
    }
    let MatchPath { id } = MatchPath::parse(&name)?;
    let of = api.matches.find_match(id).await?;
    by.may_see_match(&of)?;
    Ok(Json(MatchBody::from(&*of)))
}

/// Accept a match
///
/// For a player, or for all of a ticket. Once all have, it begins. Who has accepted has.
#[utoipa::path(post, path = "/v1/matches/{match}:accept", tag = "matchmaking", params(MatchPath, KeyHeader), request_body = WhoSchema, responses(
    (status = 200, description = "The match", body = MatchBody),
    AcceptErrors,
))]
pub(crate) async fn accept_match(
    api: Api,
    match_id: MatchId,
    by: By,
    Guarded { body, guard }: Guarded<JsonObject<NewWho>>,
) -> Result<Reply<MatchBody>, Problem> {
    let JsonObject(NewWho(who)) = body;
    by.may_answer(&api, match_id, &who).await?;
    change(&api, QueueChange::Accept { match_id, who }, guard).await
}

/// Decline a match
///
/// The tickets of those who decline are cancelled, the others wait again as if they had never stopped.
#[utoipa::path(post, path = "/v1/matches/{match}:decline", tag = "matchmaking", params(MatchPath, KeyHeader), request_body = WhoSchema, responses(
    (status = 200, description = "The match", body = MatchBody),
    AcceptErrors,
))]
pub(crate) async fn decline_match(
    api: Api,
    match_id: MatchId,
    by: By,
    Guarded { body, guard }: Guarded<JsonObject<NewWho>>,
) -> Result<Reply<MatchBody>, Problem> {
    let JsonObject(NewWho(who)) = body;
    by.may_answer(&api, match_id, &who).await?;
    change(&api, QueueChange::Decline { match_id, who }, guard).await
}

/// `POST /v1/matches/{match}:accept` and `:decline`. The router does not tell apart what stands behind a
/// parameter in the same part of a path.
pub(crate) async fn post_match(
    State(api): State<Api>,
    FirstName(name): FirstName,
    request: Request,
) -> Result<Response, Problem> {
    let Some((id, verb)) = name.rsplit_once(':') else {
        return Err(not_allowed(request.method(), request.uri().path()));
    };
    let verb = match verb {
        "accept" | "decline" => verb,
        _ => {
            let detail = format!("there is nothing at {}", request.uri().path());
            return Err(Problem::new(Code::NotFound, detail));
        }
    };
    let MatchPath { id } = MatchPath::parse(id)?;
    let by = By::of(request.extensions());
    let body = Guarded::from_request(request, &api).await?;
    let reply = match verb {
        "accept" => accept_match(api, id, by, body).await?,
        _ => decline_match(api, id, by, body).await?,
    };
    Ok(reply.into_response())
}

/// Say what a match came to
///
/// Once and for all: ratings and boards change with it. The same again has the same answer, another is
/// refused.
#[utoipa::path(post, path = "/v1/matches/{match}/result", tag = "matchmaking", params(MatchPath, KeyHeader), request_body = ResultSchema, responses(
    (status = 200, description = "The match, with what the result did", body = MatchBody),
    FinishErrors,
))]
pub(crate) async fn finish_match(
    State(api): State<Api>,
    MatchPath { id: match_id }: MatchPath,
    Guarded { body, guard }: Guarded<JsonObject<NewResult>>,
) -> Result<Reply<MatchBody>, Problem> {
    let JsonObject(NewResult(result)) = body;
    change(&api, QueueChange::Finish { match_id, result }, guard).await
}

async fn change(
    api: &Api,
    change: QueueChange,
    guard: Option<Guard>,
) -> Result<Reply<MatchBody>, Problem> {
    let receipt = api.change_queue(change, guard).await?;
    match receipt.changed {
        QueueChanged::Match(of) => Ok(Reply {
            status: StatusCode::OK,
            replayed: receipt.replayed,
            body: MatchBody::from(&*of),
        }),
        other => Err(Problem::unexpected_of_queue(&other)),
    }
}
