//! `/`, `/docs`, `/openapi.json`, `/schema`: the API described, for people and for programs.

use std::sync::{Arc, LazyLock};

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};
use axum::response::{Html, IntoResponse, Response};
use utoipa_swagger_ui::Config;

use crate::openapi::{document_json, document_yaml};
use crate::path::FirstName;
use crate::problem::{Code, Problem};

/// The page is our own, so that it stands at `/` too; what it loads is Swagger UI's.
const PAGE: &str = include_str!("docs.html");

/// Starts what the page loads. A file of its own, so that the page needs no script inside it.
const START: &str = include_str!("docs.js");

/// The page loads from here alone, and no other page may show it inside itself. Swagger UI writes styles
/// into its elements and has pictures in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

pub(crate) async fn page() -> impl IntoResponse {
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(PAGE))
}

pub(crate) async fn asset(FirstName(file): FirstName) -> Result<Response, Problem> {
    if file == "start.js" {
        return Ok(([(CONTENT_TYPE, "text/javascript")], START).into_response());
    }
    let missing = || Problem::new(Code::NotFound, format!("there is nothing at /docs/{file}"));
    let found = utoipa_swagger_ui::serve(&file, Arc::new(Config::default()));
    let found = found.ok().flatten().ok_or_else(missing)?;
    let content_type = [(CONTENT_TYPE, found.content_type)];
    Ok((StatusCode::OK, content_type, found.bytes).into_response())
}

pub(crate) async fn openapi_json() -> Response {
    static JSON: LazyLock<String> = LazyLock::new(document_json);
    ([(CONTENT_TYPE, "application/json")], JSON.as_str()).into_response()
}

pub(crate) async fn openapi_yaml() -> Response {
    static YAML: LazyLock<String> = LazyLock::new(document_yaml);
    ([(CONTENT_TYPE, "application/yaml")], YAML.as_str()).into_response()
}
