//! The table of needs against the router, the API document and the page for people.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;
use testkit::ReferenceStore;
use tower::ServiceExt;
use upstreams::Upstreams;

use super::*;
use crate::openapi::document_json;
use crate::routes::routes;
use crate::state::{Api, Limits};
use crate::v1::matching::MatchLimits;

const PAGE: &str = include_str!("../../../../../docs/access.md");

fn api() -> Api {
    let store = Arc::new(ReferenceStore::default());
    let limits = Limits {
        max_body_bytes: 1,
        body_read_timeout: Duration::from_secs(1),
        matching: MatchLimits {
            max_body_bytes: 1,
            max_concurrent: 1,
            deadline: Duration::from_secs(1),
        },
    };
    let none = Upstreams::new([]).unwrap_or_else(|(_, e)| panic!("{e}"));
    Api::new(store.clone(), store, none, limits)
}

/// A path for a route, with something in the place of each parameter.
fn filled(route: &str) -> String {
    let parts = route.split('{').enumerate();
    let part = |(n, text): (usize, &str)| match text.split_once('}') {
        Some((_, rest)) if n > 0 => format!("x{rest}"),
        _ => text.to_owned(),
    };
    parts.map(part).collect()
}

#[tokio::test]
async fn the_router_has_these_routes_with_these_methods() {
    let router = routes().with_state(api());
    let mut missing = Vec::new();
    for (route, _) in NEEDS {
        let request = Request::builder().method("BREW").uri(filled(route));
        let reply = router.clone().oneshot(request.body(Body::empty()).unwrap());
        let reply = reply.await.unwrap();
        if reply.status() == StatusCode::NOT_FOUND {
            missing.push(*route);
            continue;
        }
        assert_eq!(reply.status(), StatusCode::METHOD_NOT_ALLOWED, "{route}");
        let allowed = reply.headers()["allow"].to_str().unwrap();
        let allowed: BTreeSet<&str> = allowed.split(',').collect();
        assert_eq!(allowed, methods_of(route).into_iter().collect(), "{route}");
    }
    // A build without figures has no path for them.
    assert!(missing.is_empty(), "{missing:?}");
}

/// The operations of the API document.
fn operations() -> Vec<(String, String, Value)> {
    let document: Value = serde_json::from_str(&document_json()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let of_path = |(path, item): (String, Value)| {
        let methods = item.as_object().unwrap().clone();
        methods
            .into_iter()
            .map(move |(method, operation)| (path.clone(), method.to_uppercase(), operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[test]
fn every_operation_has_a_need_and_says_so() {
    let operations = operations();
    assert!(operations.len() >= 60);
    for (path, method, operation) in operations {
        let need = described_need(&path, &method.parse().unwrap());
        let need = need.unwrap_or_else(|| panic!("say in NEEDS what {method} {path} needs"));
        let responses = operation["responses"].as_object().unwrap();
        let security = operation["security"].as_array().unwrap();
        let scopes: Vec<&Value> = security.iter().filter_map(|s| s.get("key")).collect();
        let players = security.iter().any(|s| s.get("player").is_some());
        match need.scope {
            None => assert!(
                security.is_empty() && !responses.contains_key("401"),
                "{path}"
            ),
            Some(scope) => {
                assert_eq!(scopes, [&serde_json::json!([scope.as_str()])], "{path}");
                assert!(
                    responses.contains_key("401") && responses.contains_key("403"),
                    "{path}"
                );
            }
        }
        assert_eq!(players, need.players != Players::No, "{method} {path}");
    }
}

#[test]
fn the_page_for_people_says_the_same() {
    let mut rows = BTreeSet::new();
    for (path, method, _) in operations() {
        let Some(need) = described_need(&path, &method.parse().unwrap()) else {
            continue;
        };
        let scope = need.scope.map_or("–", Scope::as_str);
        let players = match need.players {
            Players::No => "",
            Players::Yes => "yes",
            Players::Own => "own",
        };
        rows.insert(format!("| `{method} {path}` | {scope} | {players} |"));
    }
    let is_of_a_request = |line: &&str| {
        let method = line
            .strip_prefix("| `")
            .and_then(|row| row.split_once(" /"));
        method.is_some_and(|(method, _)| method.parse::<Method>().is_ok())
    };
    let shown = PAGE.lines().filter(is_of_a_request).map(str::to_owned);
    let shown: BTreeSet<String> = shown.collect();
    let (lacks, stale) = (rows.difference(&shown), shown.difference(&rows));
    let (lacks, stale): (Vec<_>, Vec<_>) = (lacks.collect(), stale.collect());
    assert!(
        lacks.is_empty() && stale.is_empty(),
        "docs/access.md lacks\n{lacks:#?}\nand should not have\n{stale:#?}"
    );
}

#[test]
fn what_nobody_has_thought_of_is_not_there() {
    assert_eq!(need("/v1/boards/{board}", &Method::PATCH), None);
    assert_eq!(need("/v1/boards", &Method::POST), None);
    assert_eq!(need("/v2", &Method::GET), None);
    assert_eq!(need("/v1/boards", &Method::HEAD), Some(READ_ALL));
    assert_eq!(
        described_need("/v1/matches/{match}:accept", &Method::POST),
        Some(MATCH_OWN)
    );
    assert_eq!(
        described_need("/v1/upstreams/{name}/{path}", &Method::GET),
        Some(UPSTREAM)
    );
}
