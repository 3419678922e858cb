//! Each scope against each route that the API document has: the right one gets through, and no other.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::setup::*;

const SCOPES: [&str; 5] = ["read", "submit", "match", "upstream", "admin"];

/// One operation, as the document says.
struct Operation {
    method: String,
    path: String,
    /// `None` where nothing is needed.
    scope: Option<String>,
    players: bool,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array().unwrap();
            let key = security.iter().find_map(|s| s.get("key"));
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                scope: key.map(|scopes| scopes[0].as_str().unwrap().to_owned()),
                players: security.iter().any(|s| s.get("player").is_some()),
            });
        }
    }
    operations
}

/// A path with something in each place that is right in form and names nothing that exists.
fn filled(path: &str) -> String {
    [
        ("{board}", "no-board"),
        ("{queue}", "no-queue"),
        ("{player}", ADA),
        ("{guid}", ADA),
        ("{ticket}", "t1"),
        ("{backfill}", "b1"),
        ("{match}", "0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11"),
        ("{country}", "tr"),
        ("{name}", "none"),
        ("{path}", "a"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (name, value)| {
        path.replace(name, value)
    })
}

#[test]
fn each_scope_opens_its_routes_and_no_others() {
    let dir = directory();
    let secrets = SCOPES.map(|scope| (scope, create_named(dir.path(), scope, scope)));
    let app = launch(dir.path()).start();
    let operations = operations(&app.get("/openapi.json").json());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for Operation {
        method,
        path,
        scope,
        ..
    } in &operations
    {
        // A body that nobody can read: whoever gets through gets told so, and nothing is changed.
        let body = (method == "POST" || method == "PUT").then(|| json!([7]));
        let reply = |credential: &str| ask(&app, method, &filled(path), credential, body.as_ref());
        let Some(scope) = scope else {
            assert_eq!(reply("").status, 200, "{path}");
            continue;
        };
        is_problem(&reply(""), 401, "unauthenticated");
        for (own, secret) in &secrets {
            let reply = reply(secret);
            if own == scope || *own == "admin" {
                assert!(
                    !matches!(reply.status, 401 | 403 | 405),
                    "{own}: {method} {path}"
                );
                *seen.entry(*own).or_default() += 1;
            } else {
                is_problem(&reply, 403, "forbidden");
                let detail = reply.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.ends_with(&format!("the scope {scope}")), "{detail}");
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                assert_eq!(reply.header("www-authenticate"), Some(challenge.as_str()));
            }
        }
    }
    // Each has some, and admin the sum of what the others have and more.
    assert!(SCOPES.iter().all(|scope| seen[scope] >= 5), "{seen:?}");
    let others: usize = SCOPES[..4].iter().map(|scope| seen[scope]).sum();
    assert!(seen["admin"] > others, "{seen:?}");
}

#[test]
fn players_get_where_players_may_and_nowhere_else() {
    let game = Game::start();
    let operations = operations(&game.app.get("/openapi.json").json());
    let (mut may, mut may_not) = (0, 0);
    for Operation {
        method,
        path,
        scope,
        players,
    } in &operations
    {
        let body = (method == "POST" || method == "PUT").then(|| json!([7]));
        let reply = game.by(ADA, method, &filled(path), body.as_ref());
        if scope.is_none() {
            continue;
        } else if *players {
            assert!(!matches!(reply.status, 401 | 403 | 405), "{method} {path}");
            may += 1;
        } else {
            is_problem(&reply, 403, "forbidden");
            let detail = reply.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("a player's token does not do"), "{detail}");
            may_not += 1;
        }
    }
    assert!(may >= 20 && may_not >= 20, "{may} and {may_not}");
}
