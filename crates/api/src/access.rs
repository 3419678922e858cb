//! Who may do what: one layer, inside of `observe`, through which every request goes.
//!
//! It tells who the caller is, once, asks the table of needs whether that is enough, and leaves the caller
//! with the request as `access::Caller`. What a player may do for itself alone, the handlers ask in
//! `players.rs`. A route that the table does not have is served to nobody as long as access is closed, so
//! one that was forgotten is noticed and not exploited.

mod needs;
mod players;

use access::{Access, Caller, Need, Refusal};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Problem};
use crate::routes::not_allowed;
use crate::state::Api;

pub(crate) use needs::described_need;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");
const INVALID: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

/// Lets a request in, or says why not.
pub(crate) async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    match caller(&api, route, method, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(
    api: &Api,
    route: Option<MatchedPath>,
    method: Method,
    headers: &HeaderMap,
) -> Result<Caller, Problem> {
    // Where there is nothing, or all is open, nobody has to say who they are.
    let Some(route) = route.filter(|_| !api.access.is_open()) else {
        return Ok(Caller::Anonymous);
    };
    let need = needs::need(route.as_str(), &method);
    let need = need.ok_or_else(|| undeclared(route.as_str(), &method))?;
    if need.scope.is_none() {
        return Ok(Caller::Anonymous);
    }
    let caller = identify(&api.access, headers, api.clock.now_ms()).await?;
    if caller.may(need) {
        Ok(caller)
    } else {
        Err(beyond(&caller, need))
    }
}

/// Who the credential is of.
async fn identify(access: &Access, headers: &HeaderMap, now_ms: i64) -> Result<Caller, Problem> {
    let credential = bearer(headers)?;
    let caller = access.caller(credential, now_ms).await;
    caller.map_err(|refusal| match refusal {
        Refusal::NoTokenKeys => Problem::new(Code::TokenKeysUnavailable, refusal.to_string()),
        refusal => invalid(refusal.to_string()),
    })
}

/// What is sent behind `Bearer`, which is written in any case.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let sent = all.next().ok_or_else(|| {
        Problem::of(Code::Unauthenticated).with_header((WWW_AUTHENTICATE, CHALLENGE))
    })?;
    if all.next().is_some() {
        return Err(invalid("there must be one authorization header"));
    }
    let parts = sent.to_str().ok().and_then(|text| text.split_once(' '));
    let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let credential = bearer.map(|(_, credential)| credential.trim());
    credential.ok_or_else(|| invalid("authorization must be Bearer and a key or a player's token"))
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
fn undeclared(route: &str, method: &Method) -> Problem {
    let methods = needs::methods_of(route);
    if methods.is_empty() {
        let error = Problem::of(Code::Internal);
        return error.because(format!("no need is declared for {route}"));
    }
    let allow = HeaderValue::try_from(methods.join(",")).ok();
    let headers = allow.map(|allow| (ALLOW, allow));
    let problem = not_allowed(method);
    headers.into_iter().fold(problem, Problem::with_header)
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
