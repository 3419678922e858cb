//! The OpenAPI document, made from the handlers' own types.

use std::collections::BTreeMap;

use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr};
use utoipa::{IntoResponses, OpenApi};

use crate::problem::{Code, PROBLEM_JSON, Problem, ProblemBody};
use crate::routes;

/// What the document says of the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Agon",
        description = "Leaderboards with exact live ranks, and hedged calls to slow services. A reply that says \"done\" means on disk.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "leaderboard", description = "The board `global`: points add up, most points first, ties to who was first"),
        (name = "players", description = "Players and their profiles"),
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
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
    document
}

type Responses = BTreeMap<String, RefOr<Response>>;

/// The replies for these codes; codes of one status share a reply, with an example each.
fn problems(codes: &[Code]) -> Responses {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status
            .entry(code.status().as_u16())
            .or_default()
            .push(*code);
    }
    let reply = |(status, codes): (u16, Vec<Code>)| (status.to_string(), RefOr::T(problem(&codes)));
    by_status.into_iter().map(reply).collect()
}

fn problem(codes: &[Code]) -> Response {
    let titles: Vec<&str> = codes.iter().map(|c| c.title()).collect();
    let examples = codes.iter().map(|code| {
        let body = Problem::body(*code, code.example_detail().to_owned(), Vec::new());
        let example = utoipa::openapi::example::ExampleBuilder::new()
            .summary(code.title())
            .value(serde_json::to_value(body).ok());
        (code.as_str(), example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .examples_from_iter(examples)
        .build();
    ResponseBuilder::new()
        .description(titles.join("; "))
        .content(PROBLEM_JSON, content)
        .build()
}

/// What can fail by a fault of the server alone.
pub(crate) struct NoErrors;
/// Reading everything.
pub(crate) struct ReadAllErrors;
/// Reading a list.
pub(crate) struct ReadErrors;
/// Reading what may not be there.
pub(crate) struct ReadOneErrors;
/// A change.
pub(crate) struct ChangeErrors;
/// A change to what may not be there.
pub(crate) struct ChangeOneErrors;
/// A change that makes something.
pub(crate) struct CreateErrors;
/// A call to the default upstream.
pub(crate) struct UpstreamErrors;
/// The same where failures of the upstream are no errors.
pub(crate) struct UpstreamAllErrors;
/// A call to an upstream by name.
pub(crate) struct UpstreamNamedErrors;
/// Not ready.
pub(crate) struct NotReady;

const CHANGE: [Code; 8] = [
    Code::MalformedJson,
    Code::InvalidRequest,
    Code::BodyTimeout,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::Internal,
    Code::Overloaded,
    Code::StoreUnavailable,
];

impl IntoResponses for NoErrors {
    fn responses() -> Responses {
        problems(&[Code::Internal])
    }
}

impl IntoResponses for ReadAllErrors {
    fn responses() -> Responses {
        problems(&[Code::Internal, Code::StoreUnavailable])
    }
}

impl IntoResponses for ReadErrors {
    fn responses() -> Responses {
        problems(&[Code::InvalidRequest, Code::Internal, Code::StoreUnavailable])
    }
}

impl IntoResponses for ReadOneErrors {
    fn responses() -> Responses {
        problems(&[
            Code::InvalidRequest,
            Code::PlayerNotFound,
            Code::EntryNotFound,
            Code::Internal,
            Code::StoreUnavailable,
        ])
    }
}

impl IntoResponses for ChangeErrors {
    fn responses() -> Responses {
        problems(&CHANGE)
    }
}

impl IntoResponses for ChangeOneErrors {
    fn responses() -> Responses {
        problems(&[&CHANGE[..], &[Code::PlayerNotFound]].concat())
    }
}

impl IntoResponses for CreateErrors {
    fn responses() -> Responses {
        problems(&[&CHANGE[..], &[Code::PlayerExists]].concat())
    }
}

const UPSTREAM: [Code; 5] = [
    Code::InvalidRequest,
    Code::UpstreamNotFound,
    Code::Internal,
    Code::UpstreamBusy,
    Code::UpstreamUnavailable,
];

impl IntoResponses for UpstreamErrors {
    fn responses() -> Responses {
        problems(
            &[
                &UPSTREAM[..],
                &[Code::UpstreamFailed, Code::UpstreamTimeout],
            ]
            .concat(),
        )
    }
}

impl IntoResponses for UpstreamAllErrors {
    fn responses() -> Responses {
        problems(&UPSTREAM)
    }
}

impl IntoResponses for UpstreamNamedErrors {
    fn responses() -> Responses {
        UpstreamErrors::responses()
    }
}

impl IntoResponses for NotReady {
    fn responses() -> Responses {
        problems(&[Code::Draining, Code::StoreUnavailable])
    }
}
