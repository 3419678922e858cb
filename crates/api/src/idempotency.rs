//! `Idempotency-Key`: a change that is asked for twice is made once, and answered alike both times.
//!
//! The store keeps the answer with the change, under digests of the key and of the request. What is not
//! kept is the reply itself: it is made again from the request and the answer, so nothing in it may
//! come from anywhere else, such as the clock or chance.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use boards::{Guard, PlayerId};
use matchmaking::TicketId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::access::By;
use crate::body::{FromBody, parse, receive};
use crate::problem::{Code, Problem};
use crate::state::Api;

pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const REPLAYED: &str = "idempotency-replayed";
const MAX_KEY_BYTES: usize = 255;

/// The header of a request that is to be carried out once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header, which is read by name")]
pub(crate) struct KeyHeader {
    /// Chosen by the client: the same request sent again with the same key within 24 hours changes
    /// nothing more and gets the first reply again.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]{1,255}$",
        example = "9b2f6c1e-submit-17",
        required = false
    )]
    key: Option<String>,
}

/// A digest of the key that a client sent.
#[derive(Clone, Copy)]
pub(crate) struct Key([u8; 16]);

impl Key {
    /// The key of this request, if it has one.
    ///
    /// It is its caller's alone: nobody gets the answer to another's request by guessing its key.
    pub(crate) fn of_request(request: &Request) -> Result<Option<Key>, Problem> {
        let key = Key::sent(request.headers())?;
        Ok(key.map(|key| key.within(&By::of(request.extensions()))))
    }

    /// The key of these headers, if they have one.
    fn sent(headers: &HeaderMap) -> Result<Option<Key>, Problem> {
        let mut keys = headers.get_all(KEY).iter();
        let Some(key) = keys.next() else {
            return Ok(None);
        };
        let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
        let fit = visible && (1..=MAX_KEY_BYTES).contains(&key.len()) && keys.next().is_none();
        fit.then(|| Some(Key::of(key.as_bytes())))
            .ok_or_else(|| Problem::of(Code::InvalidIdempotencyKey))
    }

    fn of(key: &[u8]) -> Key {
        let digest = Sha256::new().chain_update(b"agon idempotency key\0");
        Key(half(digest.chain_update(key)))
    }

    /// The key of this caller. While access is open there is one caller, to whom all keys are left as they
    /// are.
    fn within(self, by: &By) -> Key {
        match by.realm() {
            None => self,
            Some((kind, name)) => {
                let digest = Sha256::new().chain_update(kind).chain_update(self.0);
                Key(half(digest.chain_update(name)))
            }
        }
    }

    /// The key of one part of a request that is carried out in parts.
    pub(crate) fn of_part(self, part: u64) -> Key {
        let digest = Sha256::new().chain_update(self.0);
        Key(half(digest.chain_update(part.to_be_bytes())))
    }

    /// What guards a request under this key.
    pub(crate) fn guard(self, request: RequestDigest) -> Guard {
        Guard {
            key: self.0,
            request: half(request.0),
        }
    }
}

/// A digest of a request, as far as it has come.
#[derive(Clone)]
pub(crate) struct RequestDigest(Sha256);

impl RequestDigest {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let digest = Sha256::new().chain_update(method.as_str());
        RequestDigest(
            digest
                .chain_update("\n")
                .chain_update(path)
                .chain_update("\n"),
        )
    }

    pub(crate) fn with(mut self, body: &[u8]) -> Self {
        self.add(body);
        self
    }

    pub(crate) fn add(&mut self, body: &[u8]) {
        self.0.update(body);
    }
}

/// The first half of a digest: 128 bits are beyond chance and beyond search.
fn half(digest: Sha256) -> [u8; 16] {
    let digest = digest.finalize();
    std::array::from_fn(|n| digest[n])
}

/// A body, and what guards the change that it asks for.
pub(crate) struct Guarded<B> {
    pub(crate) body: B,
    pub(crate) guard: Option<Guard>,
}

impl<B: FromBody> FromRequest<Api> for Guarded<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let key = Key::of_request(&request)?;
        let key = key.map(|key| {
            (
                key,
                RequestDigest::of(request.method(), request.uri().path()),
            )
        });
        let bytes = receive(request, &api.limits).await?;
        parse(bytes, move |bytes| {
            let body = B::from_body(bytes)?;
            let guard = key.map(|(key, digest)| key.guard(digest.with(bytes)));
            Ok(Guarded { body, guard })
        })
        .await
    }
}

/// Ids for players, tickets and backfills that were sent without one.
///
/// Under a key they follow from the key and the request, so that they are the same when it comes again.
/// From the request too: a key that is used anew after its time must not lead to players that exist.
#[derive(Clone, Copy)]
pub(crate) struct NewIds(Option<Guard>);

impl NewIds {
    pub(crate) fn under(guard: Option<Guard>) -> Self {
        NewIds(guard)
    }

    /// The id of the player at this place.
    pub(crate) fn at(self, place: usize) -> PlayerId {
        self.0
            .map_or_else(PlayerId::random, |guard| derived(guard, place))
    }
}

impl NewIds {
    /// The name of a ticket or a backfill.
    pub(crate) fn ticket(self) -> TicketId {
        TicketId::of(self.at(0))
    }
}

/// A UUID of version 8, RFC 9562: its bits are whatever one likes, but for version and variant.
fn derived(guard: Guard, place: usize) -> PlayerId {
    let digest = Sha256::new()
        .chain_update(guard.key)
        .chain_update(guard.request)
        .chain_update((place as u64).to_be_bytes());
    let mut bytes = half(digest);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    PlayerId::from_bytes(bytes)
}

/// A reply to a request that may have been carried out earlier.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    pub(crate) status: StatusCode,
    pub(crate) replayed: bool,
    pub(crate) body: T,
}

impl<T> Reply<T> {
    pub(crate) fn map<U>(self, how: impl FnOnce(T) -> U) -> Reply<U> {
        Reply {
            status: self.status,
            replayed: self.replayed,
            body: how(self.body),
        }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.replayed {
            let headers = response.headers_mut();
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use access::Caller;

    use super::*;

    fn headers(keys: &[&[u8]]) -> HeaderMap {
        let value = |key: &&[u8]| (KEY, HeaderValue::from_bytes(key).unwrap());
        keys.iter().map(value).collect()
    }

    fn guard(key: &str, method: Method, path: &str, body: &str) -> Guard {
        let request = RequestDigest::of(&method, path).with(body.as_bytes());
        Key::of(key.as_bytes()).guard(request)
    }

    #[test]
    fn keys_are_short_visible_and_sent_once() {
        assert!(Key::sent(&headers(&[])).unwrap().is_none());
        for good in [&b"a"[..], b"!~", &[b'x'; 255]] {
            assert!(Key::sent(&headers(&[good])).unwrap().is_some());
        }
        for bad in [
            &[&b""[..]][..],
            &[b"a b"],
            &[b"a\t"],
            &["ü".as_bytes()],
            &[&[b'x'; 256]],
            &[b"a", b"a"],
            &[b"a", b"b"],
        ] {
            assert!(Key::sent(&headers(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn digests_are_of_all_that_counts() {
        let first = guard("k", Method::POST, "/a", "{}");
        assert_eq!(first, guard("k", Method::POST, "/a", "{}"));
        assert_ne!(first.key, guard("l", Method::POST, "/a", "{}").key);
        for other in [
            guard("k", Method::PUT, "/a", "{}"),
            guard("k", Method::POST, "/b", "{}"),
            guard("k", Method::POST, "/a", "{ }"),
        ] {
            assert_eq!(first.key, other.key);
            assert_ne!(first.request, other.request);
        }
    }

    #[test]
    fn digests_stay_what_they_are() {
        // They are on disk: another version of Agon has to make the same ones.
        let Guard { key, request } = guard("k", Method::POST, "/a", "{}");
        let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
        assert_eq!(hex(key), "4099043b3a640c37755dde58f07b3d9c");
        assert_eq!(hex(request), "2a7d94a743c4c534485b760dcedebbef");
    }

    #[test]
    fn callers_have_keys_of_their_own() {
        let key = |name: &str, n: u8| {
            let new = access::NewKey {
                name: name.to_owned(),
                scopes: access::Scopes::default(),
                expires_ms: None,
            };
            Caller::Key(Arc::new(new.with(&access::Secret::of([n; 36]), 0)))
        };
        let player = |n: u8| Caller::Player(PlayerId::from_bytes([n; 16]));
        let within = |caller: Caller| Key::of(b"k").within(&By(caller)).0;
        assert_eq!(within(Caller::Anonymous), Key::of(b"k").0);
        let callers = [
            Caller::Anonymous,
            key("a", 1),
            key("b", 1),
            player(1),
            player(2),
        ];
        let keys: HashSet<[u8; 16]> = callers.map(within).into_iter().collect();
        assert_eq!(keys.len(), 5);
        // A key that takes another's place has its name.
        assert_eq!(within(key("a", 1)), within(key("a", 2)));
    }

    #[test]
    fn parts_have_keys_of_their_own() {
        let key = Key::of(b"k");
        assert_eq!(key.of_part(1).0, key.of_part(1).0);
        assert_ne!(key.of_part(0).0, key.0);
        assert_ne!(key.of_part(0).0, key.of_part(1).0);
    }

    #[test]
    fn ids_under_a_key_come_again() {
        let ids = NewIds::under(Some(guard("k", Method::POST, "/a", "{}")));
        assert_eq!(ids.at(0), ids.at(0));
        assert_ne!(ids.at(0), ids.at(1));
        let others = NewIds::under(Some(guard("k", Method::POST, "/a", "{ }")));
        assert_ne!(ids.at(0), others.at(0));
        let text = ids.at(7).to_string();
        assert_eq!(&text[14..15], "8");
        assert!("89ab".contains(&text[19..20]));
        let random = NewIds::under(None);
        assert_ne!(random.at(0), random.at(0));
    }
}
