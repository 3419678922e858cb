//! What each operation needs, in the API document: schemes, scopes, and the two refusals.

use access::Players;
use axum::http::Method;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, RefOr};

use super::errors::problem;
use crate::access::described_need;
use crate::problem::Code;

const KEY: &str = "key";
const PLAYER: &str = "player";

/// The ways in which a caller can say who it is.
pub(super) fn add_schemes(components: &mut Components) {
    let key = "A server's key, made by `agon keys create`. It needs the scope that the operation names, or \
        `admin`. Where a server has neither keys nor tokens, nothing is needed.";
    let player = "A player's token, a JWT whose `sub` is the player's id: for what a player may do, \
        some of it for itself alone.";
    components.add_security_scheme(KEY, bearer("agon_…", key));
    components.add_security_scheme(PLAYER, bearer("JWT", player));
}

fn bearer(format: &str, description: &str) -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format(format)
        .description(Some(description));
    SecurityScheme::Http(scheme.build())
}

/// Says of the operations of a path what they need.
pub(super) fn describe(path: &str, item: &mut PathItem) {
    let operations = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
    ];
    for (method, operation) in operations {
        let need = described_need(path, &method);
        if let (Some(operation), Some(need)) = (operation, need) {
            let mut security = Vec::new();
            if let Some(scope) = need.scope {
                security.push(SecurityRequirement::new(KEY, [scope.as_str()]));
                add_refusals(operation);
            }
            if need.players != Players::No {
                security.push(SecurityRequirement::new(PLAYER, NO_SCOPES));
            }
            operation.security = Some(security);
        }
    }
}

const NO_SCOPES: [&str; 0] = [];

fn add_refusals(operation: &mut Operation) {
    for codes in [
        &[Code::Unauthenticated, Code::InvalidToken][..],
        &[Code::Forbidden],
    ] {
        let mut refusal = problem(codes);
        let challenge = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
            .description(Some("What is wrong, for programs (RFC 6750)"));
        let status = codes.first().map(|code| code.status().as_u16().to_string());
        if let Some(status) = status {
            if status == "401" {
                let name = "WWW-Authenticate".to_owned();
                refusal.headers.insert(name, RefOr::T(challenge.build()));
            }
            let responses = &mut operation.responses.responses;
            responses.insert(status, RefOr::T(refusal));
        }
    }
}
