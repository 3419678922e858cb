//! Who may do what: two layers, inside of `observe`, through which every request goes.
//!
//! The first ([`identify`]) finds out who the caller is, once, and leaves that with the request as
//! `access::Caller`. The second ([`permit`]) asks the table of needs whether that is enough. The limits of callers
//! are between the two, so what is refused here counts for who asked. What a player may do for itself alone, the
//! handlers ask in `players.rs`. A route that the table does not have is served to nobody as long as access is
//! closed, so one that was forgotten is noticed and not exploited.

mod needs;
mod players;

use access::{Caller, Need, Refusal};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Problem};
use crate::state::Api;
use crate::verbs::{methods_at, not_allowed};

pub(crate) use needs::described_need;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");
const INVALID: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

/// Finds out who the caller is, or says why its proof is not good. Whoever sends none is nobody that is known.
pub(crate) async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    match note_caller(&api, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Lets a request in whose caller may do what it asks, or says why not.
pub(crate) async fn permit(State(api): State<Api>, request: Request, next: Next) -> Response {
    match permitted(&api, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Both in one, for where nothing stands between them: a layer costs every request something.
pub(crate) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let known = note_caller(&api, &mut request).await;
    match known.and_then(|()| permitted(&api, &request)) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Leaves who the caller is with the request, where that matters.
async fn note_caller(api: &Api, request: &mut Request) -> Result<(), Problem> {
    if !api.access.is_open() && takes_proof(request) {
        let caller = caller(api, request.headers()).await?;
        request.extensions_mut().insert(caller);
    }
    Ok(())
}

/// Whether it matters who the caller is: not where there is nothing, nor where everybody may anyway.
pub(crate) fn takes_proof(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>();
    route.is_some_and(|route| {
        let need = needs::need(route.as_str(), request.method());
        need.is_none_or(|need| need.scope.is_some())
    })
}

async fn caller(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let Some(credential) = bearer(headers)? else {
        return Ok(Caller::Anonymous);
    };
    let caller = api.access.caller(credential, api.clock.now_ms()).await;
    caller.map_err(|refusal| match refusal {
        Refusal::NoTokenKeys => Problem::new(Code::TokenKeysUnavailable, refusal.to_string()),
        refusal => invalid(refusal.to_string()),
    })
}

fn permitted(api: &Api, request: &Request) -> Result<(), Problem> {
    let route = request.extensions().get::<MatchedPath>();
    // Where there is nothing, or all is open, nobody has to say who they are.
    let Some(route) = route.filter(|_| !api.access.is_open()) else {
        return Ok(());
    };
    let need = needs::need(route.as_str(), request.method());
    let need = need.ok_or_else(|| undeclared(route.as_str(), request))?;
    match By::of(request.extensions()) {
        By(caller) if caller.may(need) => Ok(()),
        By(Caller::Anonymous) => {
            let problem = Problem::of(Code::Unauthenticated);
            Err(problem.with_header((WWW_AUTHENTICATE, CHALLENGE)))
        }
        By(caller) => Err(beyond(&caller, need)),
    }
}

/// What is sent behind `Bearer`, which is written in any case; `None` where nothing is.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(sent) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(invalid("there must be one authorization header"));
    }
    let parts = sent.to_str().ok().and_then(|text| text.split_once(' '));
    let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let credential = bearer.map(|(_, credential)| credential.trim());
    let expected = "authorization must be Bearer and a key or a player's token";
    credential.map(Some).ok_or_else(|| invalid(expected))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidToken, detail).with_header((WWW_AUTHENTICATE, INVALID))
}

/// A caller who is known, and may not.
fn beyond(caller: &Caller, need: Need) -> Problem {
    let scope = need.scope.map_or("", access::Scope::as_str);
    let detail = match caller {
        Caller::Player(_) => {
            format!("takes a key with the scope {scope}; a player's token does not do")
        }
        _ => format!("takes a key with the scope {scope}"),
    };
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    let problem = Problem::new(Code::Forbidden, detail);
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => problem.with_header((WWW_AUTHENTICATE, challenge)),
        Err(_) => problem,
    }
}

/// A method that the path does not have, or a route that the table of needs lacks.
fn undeclared(route: &str, request: &Request) -> Problem {
    let methods = needs::methods_of(route);
    if methods.is_empty() {
        let error = Problem::of(Code::Internal);
        return error.because(format!("no need is declared for {route}"));
    }
    let path = request.uri().path();
    let problem = not_allowed(request.method(), path);
    match HeaderValue::try_from(methods.join(",")) {
        Ok(methods) if methods_at(path).is_none() => problem.with_header((ALLOW, methods)),
        _ => problem,
    }
}

/// Who a request is from.
pub(crate) struct By(pub(crate) Caller);

impl By {
    /// As the layer has left it; nobody that is known, where there is none.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        By(extensions.get().cloned().unwrap_or(Caller::Anonymous))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(By::of(&parts.extensions))
    }
}
