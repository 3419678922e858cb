//! Limits of requests where it is known who asks: by the name of a key, by the player, by failed proofs.

use serde_json::json;
use testkit::tokens::Signer;
use testkit::{App, Launch, Reply};

use crate::setup::{
    ADA, AGON, BOB, ask, claims, create, create_named, directory, get, is_problem, post,
    with_tokens,
};

const PATH: &str = "/leaderboard";

/// One request a quarter of an hour, after so many at once, for each kind of caller.
fn limited(data_dir: &std::path::Path, kind: &str, burst: &str) -> Launch {
    Launch::on(AGON, data_dir)
        .set(&format!("RATE_LIMIT__{kind}_PER_S"), "0.001")
        .set(&format!("RATE_LIMIT__{kind}_BURST"), burst)
}

fn statuses(app: &App, credential: &str, times: usize) -> Vec<u16> {
    let ask = |_| get(app, PATH, credential).status;
    (0..times).map(ask).collect()
}

fn policy(reply: &Reply) -> &str {
    reply.header("ratelimit-policy").unwrap_or_default()
}

#[test]
fn a_key_is_counted_with_those_of_its_name_and_apart_from_others() {
    let directory = directory();
    let first = create_named(directory.path(), "game", "read");
    let second = create_named(directory.path(), "game", "read");
    let other = create_named(directory.path(), "site", "read");
    let app = limited(directory.path(), "SERVER", "3").start();
    assert_eq!(statuses(&app, &first, 2), [200, 200]);
    assert_eq!(statuses(&app, &second, 2), [200, 429]);
    let refused = get(&app, PATH, &first);
    is_problem(&refused, 429, "rate_limited");
    assert_eq!(policy(&refused), "\"server\";q=3;w=3000");
    assert_eq!(statuses(&app, &other, 3), [200, 200, 200]);
}

#[test]
fn with_keys_servers_have_no_limit_unless_it_is_set() {
    let directory = directory();
    let key = create(directory.path(), "read");
    let app = Launch::on(AGON, directory.path()).start();
    let reply = get(&app, PATH, &key);
    assert_eq!((reply.status, policy(&reply)), (200, ""));
    // Nobody has to say who they are for this one, and whoever does not is counted by address.
    let reply = get(&app, "/openapi.json", "");
    assert_eq!(policy(&reply), "\"anonymous\";q=200;w=4");
}

#[test]
fn a_player_is_counted_apart_from_others_at_the_same_address() {
    let directory = directory();
    let data_dir = directory.path().join("data");
    let admin = create(&data_dir, "admin");
    let signer = Signer::ed25519();
    let jwks = directory.path().join("jwks.json");
    std::fs::write(&jwks, testkit::tokens::jwks(&[signer.jwk("1")])).unwrap();
    let app = with_tokens(limited(&data_dir, "PLAYER", "2"), &jwks, "EdDSA").start();
    for player in [ADA, BOB] {
        let body = json!({"user_id": player, "display_name": "p"});
        assert_eq!(post(&app, "/user/create", &admin, &body).status, 201);
    }
    // Another token is the same player still.
    let token = |player: &str| signer.token(Some("1"), &claims(player));
    assert_eq!(statuses(&app, &token(ADA), 2), [200, 200]);
    assert_eq!(statuses(&app, &token(ADA), 1), [429]);
    assert_eq!(statuses(&app, &token(BOB), 2), [200, 200]);
}

#[test]
fn after_several_failed_proofs_no_more_are_looked_at_for_a_while() {
    let directory = directory();
    let key = create(directory.path(), "read");
    let app = limited(directory.path(), "FAILURES", "3").start();
    assert_eq!(statuses(&app, "wrong", 5), [401, 401, 401, 401, 429]);
    // A right one might be a guess as well.
    let refused = get(&app, PATH, &key);
    is_problem(&refused, 429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    // Where none is needed, one does no harm.
    for path in ["/healthz", "/openapi.json"] {
        assert_eq!(get(&app, path, &key).status, 200);
    }
}

#[test]
fn refusals_count_for_who_is_refused() {
    let directory = directory();
    let data_dir = directory.path().join("data");
    let key = create(&data_dir, "read");
    let signer = Signer::ed25519();
    let jwks = directory.path().join("jwks.json");
    std::fs::write(&jwks, testkit::tokens::jwks(&[signer.jwk("1")])).unwrap();
    let launch = limited(&data_dir, "PLAYER", "3")
        .set("RATE_LIMIT__SERVER_PER_S", "0.001")
        .set("RATE_LIMIT__SERVER_BURST", "3")
        .set("RATE_LIMIT__ANONYMOUS_PER_S", "0.001")
        .set("RATE_LIMIT__ANONYMOUS_BURST", "3");
    let app = with_tokens(launch, &jwks, "EdDSA").start();
    let token = |player: &str| signer.token(Some("1"), &claims(player));
    for (kind, credential) in [("player", token(ADA)), ("server", key)] {
        let forbidden = ask(
            &app,
            "PUT",
            "/v1/boards/weekly",
            &credential,
            Some(&json!({})),
        );
        is_problem(&forbidden, 403, "forbidden");
        let expected = format!("\"{kind}\";q=3;w=3000");
        assert_eq!(policy(&forbidden), expected);
        let wrong = ask(&app, "PATCH", PATH, &credential, None);
        is_problem(&wrong, 405, "method_not_allowed");
        assert_eq!(policy(&wrong), expected);
        assert_eq!(get(&app, "/v1/log", &credential).status, 403);
        assert_eq!(statuses(&app, &credential, 1), [429]);
    }
    // Who is not known is counted by network.
    let nobody = get(&app, PATH, "");
    is_problem(&nobody, 401, "unauthenticated");
    assert_eq!(policy(&nobody), "\"anonymous\";q=3;w=3000");
    assert_eq!(statuses(&app, "", 3), [401, 401, 429]);
    // Others are not meant.
    assert_eq!(statuses(&app, &token(BOB), 1), [200]);
}
