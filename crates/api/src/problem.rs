//! Errors on the wire: `application/problem+json` (RFC 9457) with a stable code.
//!
//! A problem has an outer message, for the client, and may have an inner one, for the log alone.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use boards::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Faults listed in one reply; the rest are counted.
const MAX_FAULTS: usize = 100;
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// What went wrong, in a word that stays the same from version to version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    MalformedJson,
    InvalidRequest,
    NotFound,
    PlayerNotFound,
    BoardNotFound,
    MethodNotAllowed,
    BodyTimeout,
    PlayerExists,
    BodyTooLarge,
    UnsupportedMediaType,
    Internal,
    Overloaded,
    StoreUnavailable,
    Draining,
    UpstreamNotFound,
    UpstreamFailed,
    UpstreamTimeout,
    UpstreamBusy,
    UpstreamUnavailable,
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Code::MalformedJson => "malformed_json",
            Code::InvalidRequest => "invalid_request",
            Code::NotFound => "not_found",
            Code::PlayerNotFound => "player_not_found",
            Code::BoardNotFound => "board_not_found",
            Code::MethodNotAllowed => "method_not_allowed",
            Code::BodyTimeout => "body_timeout",
            Code::PlayerExists => "player_exists",
            Code::BodyTooLarge => "body_too_large",
            Code::UnsupportedMediaType => "unsupported_media_type",
            Code::Internal => "internal",
            Code::Overloaded => "overloaded",
            Code::StoreUnavailable => "store_unavailable",
            Code::Draining => "draining",
            Code::UpstreamNotFound => "upstream_not_found",
            Code::UpstreamFailed => "upstream_failed",
            Code::UpstreamTimeout => "upstream_timeout",
            Code::UpstreamBusy => "upstream_busy",
            Code::UpstreamUnavailable => "upstream_unavailable",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Code::MalformedJson | Code::InvalidRequest => StatusCode::BAD_REQUEST,
            Code::NotFound
            | Code::PlayerNotFound
            | Code::BoardNotFound
            | Code::UpstreamNotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Code::PlayerExists => StatusCode::CONFLICT,
            Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Code::UpstreamFailed => StatusCode::BAD_GATEWAY,
            Code::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            Code::Overloaded
            | Code::StoreUnavailable
            | Code::Draining
            | Code::UpstreamBusy
            | Code::UpstreamUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Code::MalformedJson => "The body is not JSON",
            Code::InvalidRequest => "The request is not valid",
            Code::NotFound => "There is nothing at this path",
            Code::PlayerNotFound => "There is no such player",
            Code::BoardNotFound => "There is no such board",
            Code::MethodNotAllowed => "This path does not take this method",
            Code::BodyTimeout => "The body did not arrive in time",
            Code::PlayerExists => "The player exists already",
            Code::BodyTooLarge => "The body is too large",
            Code::UnsupportedMediaType => "The body has to be JSON",
            Code::Internal => "Something went wrong here",
            Code::Overloaded => "Too much is waiting already",
            Code::StoreUnavailable => "The store cannot take changes at present",
            Code::Draining => "This server is about to stop",
            Code::UpstreamNotFound => "There is no such upstream",
            Code::UpstreamFailed => "The upstream gave no good answer",
            Code::UpstreamTimeout => "The upstream gave no good answer in time",
            Code::UpstreamBusy => "Too many calls to the upstream are under way",
            Code::UpstreamUnavailable => "The upstream has not answered for a while",
        }
    }

    /// What the code means where no case at hand says it better.
    pub(crate) fn example_detail(self) -> &'static str {
        match self {
            Code::MalformedJson => "expected value at line 1 column 1",
            Code::InvalidRequest => "the first fault in words, and 1 more",
            Code::NotFound => "there is nothing at /leaderbord",
            Code::PlayerNotFound => "there is no player e4cdb120-28fc-4285-a78d-eb48660b7730",
            Code::BoardNotFound => "there is no board weekly",
            Code::MethodNotAllowed => "GET does not work here; see the allow header",
            Code::BodyTimeout => "the body did not arrive within 30 s",
            Code::PlayerExists => "/user_id belongs to a player that exists",
            Code::BodyTooLarge => "the body may have 16777216 bytes",
            Code::UnsupportedMediaType => "content-type must be application/json",
            Code::Internal => "the log has it under this reply's x-request-id",
            Code::Overloaded => "nothing was changed; try again in a moment",
            Code::StoreUnavailable => "nothing was changed; try again later",
            Code::Draining => "send requests elsewhere",
            Code::UpstreamNotFound => "there is no upstream identity",
            Code::UpstreamFailed => "all attempts failed before the deadline",
            Code::UpstreamTimeout => "no attempt succeeded before the deadline",
            Code::UpstreamBusy => "nothing was sent; try again in a moment",
            Code::UpstreamUnavailable => "nothing was sent; retry-after says when to try again",
        }
    }
}

/// One fault of a request that may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Where in the body it is, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/0/user_id")]
    pub(crate) pointer: Option<String>,
    /// Which part of the path or query it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    pub(crate) parameter: Option<String>,
    /// What is wrong there.
    #[schema(example = "must be a UUID")]
    pub(crate) detail: String,
}

impl Fault {
    pub(crate) fn at(pointer: String, detail: impl Into<String>) -> Self {
        Fault {
            pointer: Some(pointer),
            parameter: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Fault {
            pointer: None,
            parameter: Some(name.to_owned()),
            detail: detail.into(),
        }
    }
}

/// An error as a client sees it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A name for this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:agon:problem:player_not_found")]
    pub(crate) kind: String,
    /// The kind in words.
    pub(crate) title: &'static str,
    /// The status of the reply.
    pub(crate) status: u16,
    /// This case in words.
    pub(crate) detail: String,
    /// The kind as a word that stays the same from version to version.
    #[schema(example = "player_not_found")]
    pub(crate) code: &'static str,
    /// The single faults, where the input has some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<Fault>,
}

/// An error on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    faults: Vec<Fault>,
    /// For the log alone.
    inner: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            inner: None,
            headers: Vec::new(),
        }
    }

    /// What the code means, in its own words.
    pub(crate) fn of(code: Code) -> Self {
        Problem::new(code, code.example_detail())
    }

    pub(crate) fn with_header(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// A request with faults, of which there is at least one.
    pub(crate) fn faults(code: Code, mut faults: Vec<Fault>) -> Self {
        let first = faults.first().map(|f| {
            let place = f.pointer.as_deref().or(f.parameter.as_deref());
            format!(
                "{} {}",
                place.filter(|p| !p.is_empty()).unwrap_or("the body"),
                f.detail
            )
        });
        let mut detail = first.unwrap_or_default();
        if faults.len() > 1 {
            detail = format!("{detail}, and {} more", faults.len() - 1);
        }
        faults.truncate(MAX_FAULTS);
        Problem {
            code,
            detail,
            faults,
            inner: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Problem::faults(Code::InvalidRequest, vec![Fault::parameter(name, detail)])
    }

    fn store(code: Code, error: &StoreError) -> Self {
        Problem {
            inner: Some(error.to_string()),
            ..Problem::new(code, code.example_detail())
        }
    }

    pub(crate) fn body(code: Code, detail: String, errors: Vec<Fault>) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:agon:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail,
            code: code.as_str(),
            errors,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::UnknownBoard(_) => Problem::new(Code::BoardNotFound, error.to_string()),
            StoreError::UnknownPlayer(_) => Problem::new(Code::PlayerNotFound, error.to_string()),
            StoreError::ScoreOverflow => Problem::new(Code::InvalidRequest, error.to_string()),
            StoreError::Duplicate(_) => Problem::new(Code::PlayerExists, error.to_string()),
            StoreError::Overloaded => Problem::store(Code::Overloaded, &error),
            StoreError::Unavailable { .. } => Problem::store(Code::StoreUnavailable, &error),
        }
    }
}

/// What the log is told about a failed request; travels beside the reply, never in it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let failure = Failure {
            code: self.code.as_str(),
            message: self.inner.unwrap_or_else(|| self.detail.clone()),
        };
        let body = Problem::body(self.code, self.detail, self.faults);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        headers.extend(self.headers);
        response.extensions_mut().insert(failure);
        response
    }
}
