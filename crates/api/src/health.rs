//! `GET /healthz` and `/readyz`: for whoever restarts the process, and for whoever routes to it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::NotReady;
use crate::problem::{Code, Problem};
use crate::state::Api;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Alive: the process answers
#[utoipa::path(get, path = "/healthz", tag = "operations", responses(
    (status = 200, description = "Alive", body = Health),
))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Ready: the store is open and takes changes, and the server is not about to stop
#[utoipa::path(get, path = "/readyz", tag = "operations", responses(
    (status = 200, description = "Ready", body = Health),
    NotReady,
))]
pub(crate) async fn readyz(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    let not_ready = |code: Code| Err(Problem::new(code, code.example_detail()));
    if api.is_draining() {
        not_ready(Code::Draining)
    } else if !api.boards.is_ready() {
        not_ready(Code::StoreUnavailable)
    } else {
        Ok(Json(Health { status: "ready" }))
    }
}
