//! JSON bodies: their media type, their size, their time, their faults.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::Value;

use crate::fields::{FromFields, read_object};
use crate::problem::{Code, Fault, Problem};
use crate::state::{Api, Limits};

/// A body of more than this is parsed away from the threads that serve requests.
const LARGE_BYTES: usize = 256 * 1024;

/// A JSON object.
pub(crate) struct JsonObject<T>(pub(crate) T);

/// A JSON object or an array of them.
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: FromFields + Send + 'static> FromRequest<Api> for JsonObject<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let bytes = read(request, &api.limits).await?;
        parse(bytes, |bytes| object(bytes).map(JsonObject)).await
    }
}

impl<T: FromFields + Send + 'static> FromRequest<Api> for OneOrMany<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let bytes = read(request, &api.limits).await?;
        parse(bytes, one_or_many).await
    }
}

/// Receives a JSON body within its limits.
async fn read(request: Request, limits: &Limits) -> Result<Bytes, Problem> {
    require_json(request.headers())?;
    let max = limits.max_body_bytes;
    if declared_length(request.headers()).is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let body = Limited::new(request.into_body(), max);
    match tokio::time::timeout(limits.body_read_timeout, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(too_large(max)),
        Ok(Err(e)) => Err(Problem::new(
            Code::MalformedJson,
            format!("the body ended early: {e}"),
        )),
        Err(_) => {
            let limit = limits.body_read_timeout;
            Err(Problem::new(
                Code::BodyTimeout,
                format!("the body did not arrive within {limit:?}"),
            ))
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(max: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body may have {max} bytes"))
}

/// A web page of another origin can post forms and plain text to a local server without asking;
/// JSON it cannot.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/");
    if subtype.is_some_and(|s| s == "json" || s.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        Code::UnsupportedMediaType.example_detail(),
    ))
}

async fn parse<T: Send + 'static>(
    bytes: Bytes,
    how: impl FnOnce(&[u8]) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if bytes.len() <= LARGE_BYTES {
        return how(&bytes);
    }
    let parsed = tokio::task::spawn_blocking(move || how(&bytes)).await;
    parsed.unwrap_or_else(|_| {
        Err(Problem::new(
            Code::Internal,
            Code::Internal.example_detail(),
        ))
    })
}

fn object<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(malformed)?;
    let mut faults = Vec::new();
    let object = read_object(&value, "", &mut faults);
    object.ok_or_else(|| Problem::faults(Code::InvalidRequest, faults))
}

fn one_or_many<T: FromFields>(bytes: &[u8]) -> Result<OneOrMany<T>, Problem> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'[') {
        many(bytes).map(OneOrMany::Many)
    } else {
        object(bytes).map(OneOrMany::One)
    }
}

fn many<T: FromFields>(bytes: &[u8]) -> Result<Vec<T>, Problem> {
    let mut faults = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let items = Items {
        faults: &mut faults,
        of: std::marker::PhantomData,
    };
    let items = items.deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    if faults.is_empty() {
        Ok(items)
    } else {
        Err(Problem::faults(Code::InvalidRequest, faults))
    }
}

/// Reads an array item by item, so that a large one is never held as JSON values as a whole.
struct Items<'a, T> {
    faults: &'a mut Vec<Fault>,
    of: std::marker::PhantomData<T>,
}

impl<'de, T: FromFields> DeserializeSeed<'de> for Items<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: FromFields> Visitor<'de> for Items<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        let mut place = 0_usize;
        while let Some(value) = array.next_element::<Value>()? {
            let pointer = format!("/{place}");
            items.extend(read_object::<T>(&value, &pointer, self.faults));
            place = place
                .checked_add(1)
                .ok_or_else(|| A::Error::custom("too many items"))?;
        }
        Ok(items)
    }
}

fn malformed(error: serde_json::Error) -> Problem {
    // Numbers beyond a double are well-formed JSON; the parser is only unable to hold them.
    let text = error.to_string();
    let detail = text.replace("number out of range", "a number is out of range");
    Problem::new(Code::MalformedJson, detail)
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
