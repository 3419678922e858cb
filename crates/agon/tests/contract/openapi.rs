//! The OpenAPI document is true: what it describes is there, and what is there is as described.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod operations;
mod subject;

use std::collections::BTreeSet;

use operations::OPERATIONS;
use serde_json::{Value, json};
use subject::Subject;

use crate::setup::start;

const ADA: &str = "e4cdb120-28fc-4285-a78d-eb48660b7730";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const PROBLEM: &str = "application/problem+json";

#[test]
fn it_is_openapi_3_1_and_names_itself() {
    let Subject { app, document } = Subject::start();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Agon");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        app.get("/openapi.json").header("content-type"),
        Some("application/json")
    );
}

#[test]
fn it_describes_these_operations_and_no_others() {
    let subject = Subject::start();
    let mut found = BTreeSet::new();
    for (path, methods) in subject.document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap();
        found.extend(
            methods
                .keys()
                .map(|method| (path.as_str(), method.as_str())),
        );
    }
    let expected = OPERATIONS.map(|(path, method, _)| (path, method));
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn it_describes_the_errors_that_a_client_can_bring_about() {
    let subject = Subject::start();
    for (path, method, errors) in OPERATIONS {
        let operation = subject.operation(path, method);
        // Whoever needs a key can lack it, or have one that does not do.
        let refused = match operation["security"].as_array().unwrap().is_empty() {
            true => &[][..],
            false => &[401, 403],
        };
        let mut errors = [errors, refused].concat();
        errors.sort_unstable();
        let responses = operation["responses"].as_object().unwrap();
        let statuses = responses
            .keys()
            .map(|status| status.parse::<u16>().unwrap());
        let found: Vec<u16> = statuses
            .filter(|status| (400..500).contains(status))
            .collect();
        // Where there are limits, any request may be one too many, but for those for health.
        let limited = !["/healthz", "/readyz"].contains(&path);
        let (too_many, found): (Vec<u16>, _) = found.into_iter().partition(|s| *s == 429);
        assert_eq!(found, errors, "{method} {path}");
        assert_eq!(!too_many.is_empty(), limited, "{method} {path}");
    }
}

#[test]
fn it_describes_that_the_store_or_an_upstream_may_be_away() {
    // All others need the store, which is not open yet while the server starts, or an upstream.
    let need_nothing = ["/healthz", "/metrics", "/v1/log", "/v1/upstreams"];
    let subject = Subject::start();
    for (path, method, _) in OPERATIONS {
        let responses = subject.operation(path, method)["responses"]
            .as_object()
            .unwrap();
        assert_eq!(
            responses.contains_key("503"),
            !need_nothing.contains(&path),
            "{method} {path}"
        );
    }
}

#[test]
fn operations_are_told_apart_and_explained() {
    let subject = Subject::start();
    let mut ids = BTreeSet::new();
    for (path, method, _) in OPERATIONS {
        let operation = subject.operation(path, method);
        assert!(
            operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
            "{path}"
        );
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap()),
            "{path}"
        );
    }
}

/// Calls `visit` with every value in a document.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let subject = Subject::start();
    let mut references = Vec::new();
    walk(&subject.document, &mut |value| {
        references.extend(value["$ref"].as_str())
    });
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(subject.document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_body_has_an_example_that_fits_its_schema() {
    let subject = Subject::start();
    for (path, method, _) in OPERATIONS {
        let operation = subject.operation(path, method);
        let replies = operation["responses"].as_object().unwrap().values();
        for body in replies.chain(operation.get("requestBody")) {
            // A reply that says it all by its status has none.
            let contents = body.get("content").and_then(Value::as_object);
            for content in contents.into_iter().flat_map(|all| all.values()) {
                let schema = &content["schema"];
                let own = content["examples"].as_object().into_iter().flatten();
                let mut examples: Vec<Value> = own.map(|(_, e)| e["value"].clone()).collect();
                examples.extend(content.get("example").cloned());
                if examples.is_empty() {
                    let made = subject.example(schema);
                    examples.push(made.unwrap_or_else(|| panic!("{method} {path}: {content}")));
                }
                for example in examples {
                    let fits = subject.accepts(schema, &example);
                    assert_eq!(fits, Ok(()), "{method} {path}: {example}");
                }
            }
        }
    }
}

#[test]
fn the_examples_of_requests_work() {
    let subject = Subject::start();
    for (path, status) in [
        ("/user/create", 201),
        ("/score/submit", 200),
        ("/user/generate", 201),
    ] {
        let body = subject.example(subject.request_schema(path)).unwrap();
        let reply = subject.post(path, &body);
        assert_eq!(reply.status, status, "{path} {body}: {}", reply.json());
    }
}

#[test]
fn replies_are_as_described() {
    let subject = Subject::start();
    subject.get("/leaderboard/all", "/leaderboard/all");
    let ada = json!({"user_id": ADA, "display_name": "ada", "points": 0.5, "country": "GB"});
    assert_eq!(subject.post("/user/create", &ada).status, 201);
    for body in [
        json!({"display_name": "bob", "points": -7}),
        json!([]),
        json!([{"display_name": "c"}]),
    ] {
        assert_eq!(subject.post("/user/create", &body).status, 201);
    }
    assert_eq!(
        subject.post("/user/generate", &json!({"count": 20})).status,
        201
    );
    for body in [
        json!({"user_id": ADA, "score_worth": 1}),
        json!({"user_id": ADA, "score_worth": -1.5, "timestamp": 1_700_000_000.25}),
    ] {
        assert_eq!(subject.post("/score/submit", &body).status, 200);
    }
    for (path, filled) in [
        ("/leaderboard", "/leaderboard?limit=1000".to_owned()),
        ("/leaderboard/all", "/leaderboard/all".to_owned()),
        ("/leaderboard/{country}", "/leaderboard/gb".to_owned()),
        ("/profile/{guid}", format!("/profile/{ADA}")),
        ("/user/profile/{guid}", format!("/user/profile/{ADA}")),
        ("/api/smart", "/api/smart?timeout=5000".to_owned()),
        ("/api/first", "/api/first?timeout=5000".to_owned()),
        ("/api/all", "/api/all?timeout=5000".to_owned()),
        (
            "/api/within-timeout",
            "/api/within-timeout?timeout=50".to_owned(),
        ),
        ("/v1/upstreams", "/v1/upstreams".to_owned()),
        (
            "/v1/upstreams/{name}",
            "/v1/upstreams/default?policy=all&timeout=5000".to_owned(),
        ),
        (
            "/v1/upstreams/{name}/{path}",
            "/v1/upstreams/default/a/b?timeout=5000".to_owned(),
        ),
        ("/healthz", "/healthz".to_owned()),
        ("/readyz", "/readyz".to_owned()),
    ] {
        assert_eq!(subject.get(path, &filled).status, 200, "{path}");
    }
}

#[test]
fn errors_are_as_described() {
    let subject = Subject::start();
    for (path, filled, status) in [
        (
            "/leaderboard",
            "/leaderboard?limit=0&offset=x".to_owned(),
            400,
        ),
        (
            "/leaderboard/{country}",
            "/leaderboard/turkey".to_owned(),
            400,
        ),
        ("/profile/{guid}", "/profile/x".to_owned(), 400),
        ("/api/smart", "/api/smart?timeout=x".to_owned(), 400),
        ("/api/smart", "/api/smart?timeout=0".to_owned(), 504),
        ("/api/first", "/api/first?timeout=1".to_owned(), 504),
        (
            "/v1/upstreams/{name}",
            "/v1/upstreams/default?policy=x".to_owned(),
            400,
        ),
        ("/v1/upstreams/{name}", "/v1/upstreams/none".to_owned(), 404),
        ("/profile/{guid}", format!("/profile/{NOBODY}"), 404),
        (
            "/user/profile/{guid}",
            format!("/user/profile/{NOBODY}"),
            404,
        ),
    ] {
        assert_eq!(subject.get(path, &filled).status, status, "{filled}");
    }
    let ada = json!({"user_id": ADA, "display_name": "ada"});
    assert_eq!(subject.post("/user/create", &json!([ada, ada])).status, 409);
    let submission = json!({"user_id": NOBODY, "score_worth": 1});
    assert_eq!(subject.post("/score/submit", &submission).status, 404);
    for path in ["/user/create", "/score/submit", "/user/generate"] {
        assert_eq!(subject.post(path, &json!({})).status, 400);
        let reply = subject.app.send(path, Some("text/plain"), b"{}").unwrap();
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (415, Some(PROBLEM))
        );
        subject.check(path, "post", &reply);
    }
}

/// Bodies on both sides of each rule: the schema and the server have to agree on each of them.
#[test]
fn the_schemas_refuse_what_the_server_refuses() {
    let subject = Subject::start();
    let ada = json!({"user_id": ADA, "display_name": "ada"});
    assert_eq!(subject.app.post("/user/create", &ada).status, 201);
    let name = |name: &str| json!({"display_name": name});
    let submission = |worth: Value, timestamp: Value| json!({"user_id": ADA, "score_worth": worth, "timestamp": timestamp});
    let mut disagreements = Vec::new();
    for (path, body) in [
        ("/user/create", name("")),
        ("/user/create", name(&"ç".repeat(64))),
        ("/user/create", name(&"ç".repeat(65))),
        (
            "/user/create",
            json!({"display_name": "a", "rank": "x", "colour": 7}),
        ),
        (
            "/user/create",
            json!({"display_name": "a", "country": "TR"}),
        ),
        (
            "/user/create",
            json!({"display_name": "a", "country": "tur"}),
        ),
        (
            "/user/create",
            json!({"display_name": "a", "country": "çç"}),
        ),
        (
            "/user/create",
            json!({"display_name": "a", "country": null, "points": null, "user_id": null}),
        ),
        ("/user/create", json!({"display_name": null})),
        ("/user/create", json!([name("a"), {}])),
        ("/user/create", json!("a")),
        ("/score/submit", submission(json!(1), json!(0))),
        ("/score/submit", submission(json!(1), json!(-1))),
        (
            "/score/submit",
            submission(json!(1), json!(253_402_300_799_u64)),
        ),
        (
            "/score/submit",
            submission(json!(1), json!(253_402_300_800_u64)),
        ),
        ("/score/submit", submission(json!("1"), json!(0))),
        ("/score/submit", submission(json!(null), json!(0))),
        ("/score/submit", submission(json!(1), json!(null))),
        ("/user/generate", json!({"count": 0})),
        ("/user/generate", json!({"count": 1})),
        ("/user/generate", json!({"count": 1_000_001})),
        (
            "/user/generate",
            json!({"count": 1, "countries": ["tr"], "max_points": 0}),
        ),
        ("/user/generate", json!({"count": 1, "countries": []})),
        (
            "/user/generate",
            json!({"count": 1, "countries": ["turkey"]}),
        ),
        ("/user/generate", json!({"count": 1, "max_points": -1})),
        ("/user/generate", json!({"count": 1, "max_points": 1e300})),
    ] {
        let accepted = subject.accepts(subject.request_schema(path), &body);
        let reply = subject.app.post(path, &body);
        if accepted.is_ok() != (reply.status < 300) {
            disagreements.push(format!("{path} {body}: {accepted:?}, but {}", reply.status));
        }
    }
    assert!(disagreements.is_empty(), "{disagreements:#?}");
}

#[test]
fn the_yaml_says_the_same() {
    let app = start();
    let reply = app.get("/schema");
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").unwrap().contains("yaml"));
    let yaml = String::from_utf8(reply.body).unwrap();
    let lines: BTreeSet<&str> = yaml.lines().collect();
    for line in ["openapi: 3.1.0", "  title: Agon", "paths:", "components:"] {
        assert!(lines.contains(line), "{line}");
    }
    for (path, _, _) in OPERATIONS {
        assert!(lines.contains(format!("  {path}:").as_str()), "{path}");
    }
    let references = app
        .get("/openapi.json")
        .json()
        .to_string()
        .matches("\"$ref\"")
        .count();
    assert_eq!(yaml.matches("$ref: ").count(), references);
}

#[test]
fn the_pages_for_readers_need_no_other_host() {
    let app = start();
    for path in ["/", "/docs"] {
        let reply = app.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            reply
                .header("content-type")
                .unwrap()
                .starts_with("text/html"),
            "{path}"
        );
        let page = String::from_utf8(reply.body).unwrap();
        assert!(page.contains("/docs/start.js"), "{path}");
        let script = String::from_utf8(app.get("/docs/start.js").body).unwrap();
        assert!(script.contains("/openapi.json"));
        for attribute in ["src=\"", "href=\""] {
            for link in page.split(attribute).skip(1) {
                let link = link.split('"').next().unwrap();
                assert!(!link.contains("//"), "{path} needs {link}");
                if link.starts_with('/') {
                    assert_eq!(app.get(link).status, 200, "{path} needs {link}");
                }
            }
        }
    }
}
