//! The OpenAPI document, made from the handlers' own types.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi as Document, RefOr};
use utoipa::{IntoResponses, OpenApi};

use crate::idempotency::REPLAYED;
use crate::problem::ProblemBody;
use crate::rate_limit::EXEMPT;
use crate::routes;
use crate::v1::{matches, simulation};

mod errors;
mod flat;
mod security;

pub(crate) use errors::*;

/// What the document says of the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Agon",
        description = "Leaderboards with exact live ranks, matchmaking, and hedged calls to slow services. A reply that says \"done\" means on disk.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    // Those that the router cannot tell apart; the others are described where they are routed.
    paths(matches::accept_match, matches::decline_match, simulation::simulate_queue),
    components(schemas(ProblemBody)),
    tags(
        (name = "leaderboard", description = "The board `global`: points add up, most points first, ties to who was first"),
        (name = "players", description = "Players and their profiles"),
        (name = "boards", description = "Boards and their settings"),
        (name = "scores", description = "Scores for boards, one by one, in lists, or as a stream"),
        (name = "entries", description = "What stands on a board, with exact ranks"),
        (name = "seasons", description = "The periods of a board"),
        (name = "matchmaking", description = "Queues, tickets and matches; and matches out of a single request"),
        (name = "upstreams", description = "Calls to slow services, answered before a deadline"),
        (name = "operations", description = "For those who run it"),
    ),
)]
pub(crate) struct About;

/// The OpenAPI 3.1 document as JSON.
pub fn document_json() -> String {
    // The document is plain data, which always has a JSON form.
    document().to_pretty_json().unwrap_or_default()
}

/// The OpenAPI 3.1 document as YAML.
pub fn document_yaml() -> String {
    document().to_yaml().unwrap_or_default()
}

fn document() -> Document {
    let mut document = routes::described().into_openapi();
    // The router marks a parameter that may have slashes; OpenAPI knows no such mark.
    let paths = std::mem::take(&mut document.paths.paths).into_iter();
    document.paths.paths = paths
        .map(|(path, mut item)| {
            let path = path.replace("{*", "{");
            item.post.as_mut().map(describe_replays);
            security::describe(&path, &mut item);
            if !EXEMPT.contains(&path.as_str()) {
                describe_limits(&mut item);
            }
            (path, item)
        })
        .collect();
    if let Some(components) = &mut document.components {
        flat::flatten(&mut components.schemas);
        security::add_schemes(components);
    }
    document
}

/// Says of the replies to requests with an idempotency key that they may come again.
fn describe_replays(operation: &mut Operation) {
    let parameters = operation.parameters.iter().flatten();
    let takes_key =
        |p: &RefOr<Parameter>| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Header);
    if !parameters.into_iter().any(takes_key) {
        return;
    }
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            response
                .headers
                .insert(REPLAYED.to_owned(), RefOr::T(replayed()));
        }
    }
}

/// Says that any request may be one too many.
fn describe_limits(item: &mut PathItem) {
    let operations = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
    ];
    for operation in operations.into_iter().flatten() {
        let responses = &mut operation.responses.responses;
        responses.extend(TooManyRequests::responses());
    }
}

fn replayed() -> Header {
    HeaderBuilder::new()
        .schema(Some(
            ObjectBuilder::new().schema_type(Type::Boolean).build(),
        ))
        .description(Some(
            "`true` where the request was carried out earlier, under the same key",
        ))
        .build()
}
