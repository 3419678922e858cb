//! JSON bodies: their media type, their size, their time, their faults.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::{Code, Problem};
use crate::state::{Api, Limits};
use fields::{Fields, FromFields, ListBody, Unread};

mod lines;

pub(crate) use lines::{Line, LineBody, MAX_LINE_BYTES, is_ndjson};

/// A body of more than this is parsed away from the threads that serve requests.
const LARGE_BYTES: usize = 256 * 1024;

/// What a body can be read as.
pub(crate) trait FromBody: Sized + Send + 'static {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem>;
}

/// A JSON object.
pub(crate) struct JsonObject<T>(pub(crate) T);

/// No body, or an object in which nothing is asked for.
pub(crate) struct NoBody;

/// A JSON object with a list.
pub(crate) struct JsonList<B: ListBody> {
    pub(crate) head: B,
    pub(crate) items: Vec<B::Item>,
}

/// A JSON object or an array of them.
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: FromFields + Send + 'static> FromRequest<Api> for JsonObject<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let bytes = receive(request, &api.limits).await?;
        parse(bytes, JsonObject::from_body).await
    }
}

impl<B: ListBody> FromRequest<Api> for JsonList<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let bytes = receive(request, &api.limits).await?;
        parse(bytes, JsonList::from_body).await
    }
}

impl FromFields for NoBody {
    fn from_fields(_: &mut Fields<'_>) -> Option<Self> {
        Some(NoBody)
    }
}

impl FromBody for NoBody {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.trim_ascii().is_empty() {
            return Ok(NoBody);
        }
        object(bytes)
    }
}

impl<T: FromFields + Send + 'static> FromBody for JsonObject<T> {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem> {
        object(bytes).map(JsonObject)
    }
}

impl<B: ListBody> FromBody for JsonList<B> {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem> {
        let (head, items) = fields::list_body(bytes)?;
        Ok(JsonList { head, items })
    }
}

impl<T: FromFields + Send + 'static> FromBody for OneOrMany<T> {
    fn from_body(bytes: &[u8]) -> Result<Self, Problem> {
        let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
        if first == Some(&b'[') {
            Ok(OneOrMany::Many(fields::array(bytes)?))
        } else {
            object(bytes).map(OneOrMany::One)
        }
    }
}

/// Receives a JSON body within its limits.
pub(crate) async fn receive(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    receive_within(request, limits.max_body_bytes, limits.body_read_timeout).await
}

/// Receives a JSON body of at most so many bytes in at most this time.
pub(crate) async fn receive_within(
    request: Request,
    max: usize,
    time: Duration,
) -> Result<Bytes, Problem> {
    require_json(request.headers())?;
    if declared_length(request.headers()).is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let body = Limited::new(request.into_body(), max);
    match tokio::time::timeout(time, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(too_large(max)),
        Ok(Err(e)) => Err(ended_early(&e)),
        Err(_) => Err(timed_out(time)),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn ended_early(error: &dyn std::fmt::Display) -> Problem {
    let detail = format!("the body ended early: {error}");
    Problem::new(Code::MalformedJson, detail)
}

fn timed_out(limit: Duration) -> Problem {
    Problem::new(
        Code::BodyTimeout,
        format!("the body did not arrive within {limit:?}"),
    )
}

fn too_large(max: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body may have {max} bytes"))
}

/// A web page of another origin can post forms and plain text to a local server without asking;
/// JSON it cannot.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    require_plain(headers)?;
    match media_type(headers) {
        Some(media_type) if !is_json(&media_type) => Err(Problem::of(Code::UnsupportedMediaType)),
        _ => Ok(()),
    }
}

/// Whether it is `application/json` or ends with `+json`, whatever kind it is of.
fn is_json(media_type: &str) -> bool {
    let is_word = |text: &str| {
        let fit = |b: u8| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b);
        !text.is_empty() && text.bytes().all(fit)
    };
    let parts = media_type.split_once('/');
    parts.is_some_and(|(kind, subtype)| match subtype.strip_suffix("+json") {
        Some(of) => is_word(kind) && is_word(of),
        None => (kind, subtype) == ("application", "json"),
    })
}

/// A body is read as it comes; one that is compressed would only be malformed.
pub(crate) fn require_plain(headers: &HeaderMap) -> Result<(), Problem> {
    let encodings = headers.get_all(CONTENT_ENCODING);
    if encodings
        .iter()
        .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Ok(());
    }
    let detail = "a content-encoding is not taken; send the body as it is";
    let identity = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Err(Problem::new(Code::UnsupportedMediaType, detail).with_header(identity))
}

/// The media type of a body without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// Parses a body, a large one away from the threads that serve requests.
pub(crate) async fn parse<T: Send + 'static>(
    bytes: Bytes,
    how: impl FnOnce(&[u8]) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if bytes.len() <= LARGE_BYTES {
        return how(&bytes);
    }
    let parsed = tokio::task::spawn_blocking(move || how(&bytes)).await;
    parsed.unwrap_or_else(|_| Err(Problem::of(Code::Internal)))
}

/// Parses one object.
pub(crate) fn object<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    Ok(fields::object(bytes)?)
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Malformed(error) => Problem::new(Code::MalformedJson, fields::said(&error)),
            Unread::TooManyItems { pointer, max } => Problem::too_many_items(&pointer, max),
            Unread::Faults(faults) => Problem::faults(Code::InvalidRequest, faults),
        }
    }
}

/// The body of a reply that is sent piece by piece; a problem on the way cuts it off.
pub(crate) fn stream_of(
    chunks: impl futures_util::Stream<Item = Result<Bytes, Problem>> + Send + 'static,
) -> Body {
    use futures_util::StreamExt;
    Body::from_stream(
        chunks.map(|chunk| chunk.map_err(|p| std::io::Error::other(format!("{p:?}")))),
    )
}
