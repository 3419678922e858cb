//! Errors on the wire: `application/problem+json` (RFC 9457) with a stable code.
//!
//! A problem has an outer message, for the client, and may have an inner one, for the log alone. Which
//! error of a store is which problem is said here and nowhere else.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use boards::{Changed, Refusal, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

mod code;
mod matchmaking;

pub(crate) use code::Code;
pub(crate) use fields::Fault;

pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Faults listed in one reply; the rest are counted.
const MAX_FAULTS: usize = 100;
const MAX_INNER_CHARS: usize = 200;
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// An error as a client sees it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A name for this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:agon:problem:player_not_found")]
    pub(crate) kind: String,
    /// The kind in words.
    #[schema(example = "There is no such player")]
    pub(crate) title: &'static str,
    /// The status of the reply.
    #[schema(example = 404)]
    pub(crate) status: u16,
    /// This case in words.
    #[schema(example = "there is no player e4cdb120-28fc-4285-a78d-eb48660b7730")]
    pub(crate) detail: String,
    /// The kind as a word that stays the same from version to version.
    #[schema(example = "player_not_found")]
    pub(crate) code: &'static str,
    /// The single faults, where the input has some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<Fault>,
    /// Of a stream of lines: how many were done, and stay done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 3000)]
    pub(crate) lines_done: Option<u64>,
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
    lines_done: Option<u64>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            inner: None,
            headers: Vec::new(),
            lines_done: None,
        }
    }

    /// What the code means, in its own words.
    pub(crate) fn of(code: Code) -> Self {
        Problem::new(code, code.example_detail())
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// In a stream of which this many lines were done before.
    pub(crate) fn after_lines(mut self, done: u64) -> Self {
        self.lines_done = Some(done);
        if done > 0 {
            let so_far = format!("{}, with {done} lines done", self.code.title());
            self.detail = match self.code {
                // It says that nothing was changed.
                Code::Overloaded => format!("{so_far}; try again in a moment"),
                _ => format!("{so_far}: {}", self.detail),
            };
        }
        self
    }

    /// With a reason that is for the log alone.
    pub(crate) fn because(self, inner: String) -> Self {
        Problem {
            inner: Some(inner),
            ..self
        }
    }

    pub(crate) fn with_header(mut self, header: (HeaderName, HeaderValue)) -> Self {
        self.headers.push(header);
        self
    }

    /// A request with faults, of which there is at least one.
    pub(crate) fn faults(code: Code, mut faults: Vec<Fault>) -> Self {
        let detail = Fault::summary(&faults);
        faults.truncate(MAX_FAULTS);
        Problem {
            faults,
            ..Problem::new(code, detail)
        }
    }

    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Problem::faults(Code::InvalidRequest, vec![Fault::parameter(name, detail)])
    }

    /// A list at this place with more items than it may have.
    pub(crate) fn too_many_items(pointer: &str, max: usize) -> Self {
        let detail = format!("may have {max} items");
        let fault = Fault::at(pointer.to_owned(), detail);
        Problem::faults(Code::TooManyItems, vec![fault])
    }

    /// One of several changes, at this place in the body, is refused, and with it all of them.
    pub(crate) fn refused(refusal: &Refusal, pointer: String) -> Self {
        let detail = refusal.to_string();
        Problem {
            faults: vec![Fault::at(pointer, detail.clone())],
            ..Problem::new(Code::from(refusal), detail)
        }
    }

    /// A cursor that is not one of ours, or not for what is asked.
    pub(crate) fn invalid_cursor() -> Self {
        let detail = Code::InvalidCursor.example_detail();
        Problem {
            faults: vec![Fault::parameter("cursor", detail)],
            ..Problem::of(Code::InvalidCursor)
        }
    }

    /// A fault of the server's own; the log is told what it was.
    pub(crate) fn internal(what: &impl std::fmt::Display) -> Self {
        Problem {
            inner: Some(what.to_string()),
            ..Problem::of(Code::Internal)
        }
    }

    /// A store answered with what does not belong to the question.
    pub(crate) fn unexpected(changed: &Changed) -> Self {
        Problem::answered(format!("{changed:?}"))
    }

    fn answered(changed: String) -> Self {
        // Of a large batch the beginning tells enough.
        let answer = format!("the store answered {changed}");
        Problem {
            inner: Some(answer.chars().take(MAX_INNER_CHARS).collect()),
            ..Problem::of(Code::Internal)
        }
    }

    fn store(code: Code, error: &StoreError) -> Self {
        Problem {
            inner: Some(error.to_string()),
            ..Problem::of(code)
        }
    }

    #[cfg(test)]
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let body = Problem::body(self.code, self.detail.clone(), self.faults.clone());
        serde_json::to_value(body).unwrap()
    }

    pub(crate) fn body(code: Code, detail: String, errors: Vec<Fault>) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:agon:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail,
            code: code.as_str(),
            errors,
            lines_done: None,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = code_of(&error);
        match &error {
            StoreError::Overloaded | StoreError::Unavailable { .. } => Problem::store(code, &error),
            StoreError::KeyInUse => {
                Problem::of(code).with_header((RETRY_AFTER, RETRY_AFTER_SECONDS))
            }
            StoreError::ForeignMark => Problem::invalid_cursor(),
            _ => Problem::new(code, error.to_string()),
        }
    }
}

fn code_of(error: &StoreError) -> Code {
    match error {
        StoreError::UnknownBoard(_) => Code::BoardNotFound,
        StoreError::UnknownPlayer(_) => Code::PlayerNotFound,
        StoreError::NoEntry(_) => Code::EntryNotFound,
        StoreError::UnknownSeason(_) => Code::SeasonNotFound,
        StoreError::NotASegment(_) => Code::NotASegment,
        StoreError::ForeignMark => Code::InvalidCursor,
        StoreError::Duplicate(_) => Code::PlayerExists,
        StoreError::Refused { refusal, .. } => Code::from(refusal),
        StoreError::OrderIsFixed => Code::OrderIsFixed,
        StoreError::Protected(_) => Code::BoardProtected,
        StoreError::KeyReused => Code::IdempotencyKeyReused,
        StoreError::KeyInUse => Code::IdempotencyKeyInUse,
        StoreError::TooManyAtOnce { .. } => Code::TooManyItems,
        StoreError::Overloaded => Code::Overloaded,
        StoreError::Unavailable { .. } => Code::StoreUnavailable,
    }
}

impl From<&Refusal> for Code {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::UnknownBoard(_) => Code::BoardNotFound,
            Refusal::UnknownPlayer(_) => Code::PlayerNotFound,
            Refusal::ScoreOverflow => Code::ScoreOverflow,
            Refusal::ScoreOutOfBounds(_) => Code::ScoreOutOfBounds,
            Refusal::ScoreChanged(_) => Code::ScoreConditionFailed,
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
        let mut body = Problem::body(self.code, self.detail, self.faults);
        body.lines_done = self.lines_done;
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
