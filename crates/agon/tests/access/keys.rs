//! A key's life as a server sees it: made, used, replaced, revoked, expired, all while it runs; and what a
//! server without keys does.

use std::net::UdpSocket;

use serde_json::json;
use testkit::App;

use crate::setup::*;

/// Waits until a key is good, or is not any more.
fn until_status(app: &App, secret: &str, status: u16) {
    until(&format!("{} has {status}", id_of(secret)), || {
        get(app, "/leaderboard", secret).status == status
    });
}

#[test]
fn without_keys_all_is_open_until_the_first_is_made() {
    let dir = directory();
    let app = launch(dir.path()).start();
    assert_eq!(get(&app, "/v1/boards", "").status, 200);
    // Nobody knows it, and nobody asks.
    assert_eq!(get(&app, "/v1/boards", "agon_00000000_x").status, 200);
    let secret = create(dir.path(), "read");
    until("access is closed", || {
        get(&app, "/v1/boards", "").status == 401
    });
    assert_eq!(get(&app, "/v1/boards", &secret).status, 200);
    for path in [
        "/healthz",
        "/readyz",
        "/",
        "/docs",
        "/openapi.json",
        "/schema",
    ] {
        for credential in ["", "x", &secret] {
            assert_eq!(get(&app, path, credential).status, 200, "{path}");
        }
    }
}

#[test]
fn a_key_takes_anothers_place_without_a_restart_and_retries_count_once() {
    let dir = directory();
    let old = create_named(dir.path(), "game", "submit,read");
    let app = launch(dir.path()).start();
    let create_ada = json!({"user_id": ADA, "display_name": "ada"});
    assert_eq!(post(&app, "/user/create", &old, &create_ada).status, 201);
    let submit = |secret: &str| {
        let authorization = format!("Bearer {secret}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "match-17"),
        ];
        let body = json!({"user_id": ADA, "score_worth": 5}).to_string();
        app.request("POST", "/score/submit", &headers, Some(body.as_bytes()))
            .unwrap()
    };
    assert_eq!(submit(&old).json()["points"], 5);
    let new = create_named(dir.path(), "game", "submit,read");
    until_status(&app, &new, 200);
    assert!(keys(dir.path(), &["revoke", id_of(&old)]).status.success());
    until_status(&app, &old, 401);
    let refused = get(&app, "/leaderboard", &old);
    is_problem(&refused, 401, "invalid_token");
    assert_eq!(refused.json()["detail"], "the key was revoked");
    let again = submit(&new);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["points"], 5);
    // Another caller's request is another request, whatever its key.
    let other = create_named(dir.path(), "other", "submit,read");
    until_status(&app, &other, 200);
    let reply = submit(&other);
    assert_eq!(reply.header("idempotency-replayed"), None);
    assert_eq!(reply.json()["points"], 10);
}

#[test]
fn revoking_the_last_key_opens_nothing_not_even_at_the_next_start() {
    let dir = directory();
    let secret = create(dir.path(), "admin");
    let mut app = launch(dir.path()).start();
    assert!(
        keys(dir.path(), &["revoke", id_of(&secret)])
            .status
            .success()
    );
    until_status(&app, &secret, 401);
    is_problem(&get(&app, "/leaderboard", ""), 401, "unauthenticated");
    app.stop();
    let app = launch(dir.path()).start();
    is_problem(&get(&app, "/leaderboard", ""), 401, "unauthenticated");
    is_problem(&get(&app, "/leaderboard", &secret), 401, "invalid_token");
}

#[test]
fn a_key_expires_while_the_server_runs() {
    let dir = directory();
    let made = keys(
        dir.path(),
        &[
            "create",
            "--name",
            "a",
            "--scope",
            "read",
            "--expires",
            "3s",
        ],
    );
    let secret = secret_of(&made);
    let app = launch(dir.path()).start();
    until_status(&app, &secret, 401);
    assert_eq!(
        get(&app, "/leaderboard", &secret).json()["detail"],
        "the key has expired"
    );
}

#[test]
fn a_broken_file_changes_nothing_and_is_logged_once() {
    let dir = directory();
    let secret = create(dir.path(), "read");
    let app = launch(dir.path()).start();
    let file = dir.path().join("keys.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let logged = |what: &str| app.log().lines().filter(|l| l.contains(what)).count();
    std::fs::write(
        &file,
        format!("{good}\n[[keys]]\nid = \"x\"\nsecret = \"{secret}\""),
    )
    .unwrap();
    until("it is logged", || logged("cannot be used") == 1);
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(logged("cannot be used"), 1, "{}", app.log());
    assert_eq!(get(&app, "/leaderboard", &secret).status, 200);
    is_problem(&get(&app, "/leaderboard", ""), 401, "unauthenticated");
    std::fs::remove_file(&file).unwrap();
    until("that it is gone is logged", || logged("it is gone") == 1);
    assert_eq!(get(&app, "/leaderboard", &secret).status, 200);
    // Back, with another key in it.
    std::fs::write(&file, &good).unwrap();
    let other = create(dir.path(), "read");
    until_status(&app, &other, 200);
    for secret in [secret, other] {
        let chance = chance_of(&secret);
        assert!(!app.log().contains(chance), "{}", app.log());
    }
}

/// The address of this machine that others would reach it by; it stays unused where there is none.
fn public_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: it only has the system choose an address.
    let reached = socket
        .connect("192.0.2.1:9")
        .and_then(|()| socket.local_addr());
    let address = reached.map_or("0.0.0.0".to_owned(), |a| a.ip().to_string());
    format!("{address}:0")
}

#[test]
fn a_public_address_takes_a_key_or_insistence() {
    let dir = directory();
    let listen = public_address();
    let check = |arguments: &[&str]| {
        std::process::Command::new(AGON)
            .args(["check-config", "--listen", &listen, "--data-dir"])
            .arg(dir.path())
            .args(arguments)
            .output()
            .unwrap()
    };
    let refused = check(&[]);
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && reason.contains("agon keys create"),
        "{reason}"
    );
    assert!(reason.contains("--insecure-open"), "{reason}");
    assert!(check(&["--insecure-open"]).status.success());
    let secret = create(dir.path(), "read");
    assert!(check(&[]).status.success());
    // To insist opens nothing where there are keys.
    let app = launch(dir.path()).argument("--insecure-open").start();
    is_problem(&get(&app, "/leaderboard", ""), 401, "unauthenticated");
    assert_eq!(get(&app, "/leaderboard", &secret).status, 200);
}

#[test]
fn credentials_that_are_none_are_told_how_to_be_some() {
    let dir = directory();
    let secret = create(dir.path(), "read");
    let app = launch(dir.path()).start();
    let with =
        |headers: &[(&str, &str)]| app.request("GET", "/leaderboard", headers, None).unwrap();
    let nothing = with(&[]);
    is_problem(&nothing, 401, "unauthenticated");
    assert_eq!(nothing.header("www-authenticate"), Some("Bearer"));
    let wrong = format!("{}x", &secret[..secret.len() - 1]);
    for sent in [
        "Basic YTpi",
        "Bearer",
        "Bearer ",
        &secret,
        &format!("Bearer {wrong}"),
        &format!("Bearer {secret}x"),
        "Bearer agon_00000000_x",
        "Bearer a.b.c",
    ] {
        let reply = with(&[("authorization", sent)]);
        is_problem(&reply, 401, "invalid_token");
        let challenge = Some("Bearer error=\"invalid_token\"");
        assert_eq!(reply.header("www-authenticate"), challenge, "{sent}");
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!body.contains(chance_of(&secret)), "{body}");
    }
    let bearer = format!("bearer  {secret}");
    assert_eq!(with(&[("authorization", &bearer)]).status, 200);
    let twice = [
        ("authorization", bearer.as_str()),
        ("authorization", bearer.as_str()),
    ];
    is_problem(&with(&twice), 401, "invalid_token");
}

#[test]
fn other_methods_and_paths_are_answered_as_ever() {
    let dir = directory();
    let secret = create(dir.path(), "read");
    let app = launch(dir.path()).start();
    let status = |method: &str, path: &str, credential: &str| {
        ask(&app, method, path, credential, None).status
    };
    assert_eq!(status("HEAD", "/leaderboard", ""), 401);
    assert_eq!(status("HEAD", "/leaderboard", &secret), 200);
    assert_eq!(status("GET", "/leaderbord", ""), 404);
    for credential in ["", &secret] {
        for method in ["OPTIONS", "DELETE"] {
            let reply = ask(&app, method, "/v1/boards", credential, None);
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, Some("GET,HEAD")),
                "{method}"
            );
        }
    }
}
