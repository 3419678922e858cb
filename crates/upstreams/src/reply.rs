//! What is a success, and what a caller gets.

use std::time::{Duration, SystemTime};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use jsonschema::Validator;

use crate::client::causes;
use crate::error::Refusal;

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Attempts sent.
    pub attempts: u32,
    /// The attempt that succeeded first, from 1.
    pub winner: Option<u32>,
    /// JSON: the body of the winner, unchanged, or an array of all bodies.
    pub body: Bytes,
}

impl Reply {
    /// All bodies as one array, each as it came.
    pub(crate) fn array(bodies: &[(u32, Bytes)]) -> Bytes {
        let mut array = BytesMut::new();
        array.put_u8(b'[');
        for (n, (_, body)) in bodies.iter().enumerate() {
            if n > 0 {
                array.put_u8(b',');
            }
            array.put_slice(body);
        }
        array.put_u8(b']');
        array.freeze()
    }
}

/// The rule by which a reply is a success.
pub(crate) struct SuccessRule {
    pub(crate) statuses: Vec<StatusCode>,
    pub(crate) max_body_bytes: usize,
    pub(crate) schema: Option<Validator>,
}

impl SuccessRule {
    /// Reads a reply to its end and returns its body if it is a success.
    pub(crate) async fn read(&self, reply: Response<Incoming>) -> Result<Bytes, Refusal> {
        let (head, body) = reply.into_parts();
        if !self.statuses.contains(&head.status) {
            return Err(Refusal::Status(head.status.as_u16()));
        }
        require_json(&head.headers)?;
        let max = self.max_body_bytes;
        let body = Limited::new(body, max).collect().await;
        let body = body.map_err(|e| match e.downcast_ref::<LengthLimitError>() {
            Some(_) => Refusal::TooLarge(max),
            None => Refusal::Broken(causes(e.as_ref())),
        })?;
        let body = body.to_bytes();
        self.check(&body)?;
        Ok(body)
    }

    fn check(&self, body: &[u8]) -> Result<(), Refusal> {
        let text = str::from_utf8(body).map_err(|e| Refusal::NotJson(e.to_string()))?;
        let not_json = |e: serde_json::Error| Refusal::NotJson(e.to_string());
        let Some(schema) = &self.schema else {
            let _: serde::de::IgnoredAny = serde_json::from_str(text).map_err(not_json)?;
            return Ok(());
        };
        let value = serde_json::from_str(text).map_err(not_json)?;
        let valid = schema.validate(&value);
        valid.map_err(|e| Refusal::Schema(e.to_string()))
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| {
        let value = headers.get(name).map(http::HeaderValue::as_bytes);
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    };
    let encoding = text(CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(Refusal::Encoding(encoding));
    }
    let media_type = text(CONTENT_TYPE);
    let essence = media_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/");
    if subtype.is_some_and(|s| s == "json" || s.ends_with("+json")) {
        Ok(())
    } else {
        Err(Refusal::MediaType(media_type))
    }
}

/// For how long a reply asks its sender to be left alone: seconds or a date (RFC 9110, 10.2.3), of
/// statuses that mean "not now".
pub(crate) fn pushback(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let busy = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    let value = headers
        .get(RETRY_AFTER)
        .filter(|_| busy.contains(&status))?;
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(MAX_PAUSE));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let pause = until.duration_since(SystemTime::now()).ok()?;
    Some(pause.min(MAX_PAUSE))
}

/// Nobody is left alone for longer, whatever they say.
const MAX_PAUSE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn media_types() {
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/geo+json",
        ] {
            assert_eq!(require_json(&headers(CONTENT_TYPE, good)), Ok(()), "{good}");
        }
        for bad in [
            "text/json",
            "text/html",
            "application/jsonp",
            "json",
            "application/",
            "",
        ] {
            assert!(require_json(&headers(CONTENT_TYPE, bad)).is_err(), "{bad}");
        }
        assert!(require_json(&HeaderMap::new()).is_err());
    }

    #[test]
    fn bodies() {
        let rule = |schema: Option<&str>| SuccessRule {
            statuses: vec![StatusCode::OK],
            max_body_bytes: 100,
            schema: schema.map(|s| jsonschema::validator_for(&s.parse().unwrap()).unwrap()),
        };
        let any = rule(None);
        for good in ["{}", "[1, 2]", "null", " 1e3 ", "\"\u{e9}\""] {
            assert_eq!(any.check(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            &b""[..],
            b"{",
            b"{}{}",
            b"{'a':1}",
            b"\"\xff\"",
            b"NaN",
            b"\xef\xbb\xbf{}",
        ] {
            assert!(any.check(bad).is_err(), "{bad:?}");
        }
        let time = rule(Some(
            r#"{"type":"object","required":["time"],"properties":{"time":{"type":"integer"}}}"#,
        ));
        assert_eq!(time.check(br#"{"time": 5, "more": 1}"#), Ok(()));
        for bad in ["{}", "[]", r#"{"time": "5"}"#, r#"{"time": 1.5}"#] {
            assert!(
                matches!(time.check(bad.as_bytes()), Err(Refusal::Schema(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn pauses() {
        let pause = |status, value: &str| pushback(status, &headers(RETRY_AFTER, value));
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(pause(busy, "7"), Some(Duration::from_secs(7)));
        assert_eq!(pause(busy, "999999999999"), Some(MAX_PAUSE));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        assert!(pause(StatusCode::TOO_MANY_REQUESTS, &soon).unwrap() > Duration::from_secs(55));
        for (status, value) in [
            (StatusCode::OK, "7"),
            (busy, "-1"),
            (busy, "soon"),
            (busy, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            assert_eq!(pause(status, value), None, "{value}");
        }
    }
}
