//! Passwords: where they may come from, and that they come to light nowhere.

use std::process::{Command, Output};

use testkit::{RedisServer, Scrape};

use crate::AGON;
use crate::setup::{free_address, node, until};

const SECRET: &str = "dont-tell-anybody";

fn guarded() -> RedisServer {
    let redis = RedisServer::start();
    // The tests themselves go on as the user that needs no password.
    let secret = format!(">{SECRET}");
    redis.command(&["ACL", "SETUSER", "agon", "on", &secret, "~*", "&*", "+@all"]);
    redis
}

fn with_password(redis: &RedisServer, password: &str) -> String {
    let credentials = format!("redis://agon{password}@");
    redis.url().replace("redis://", &credentials)
}

fn check_config(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(AGON);
    command.arg("check-config");
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn passwords_are_taken_from_a_url_a_file_or_a_variable_and_not_shown() {
    let redis = guarded();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let file = file.display().to_string();
    for launch in [
        node(&with_password(&redis, &format!(":{SECRET}"))),
        node(&with_password(&redis, "")).set("STORE__PASSWORD", SECRET),
        node(&with_password(&redis, "")).set("STORE__PASSWORD_FILE", &file),
    ] {
        let launch = launch
            .set("LOG__LEVEL", "trace")
            .set("LOG__REQUESTS", "true");
        let app = launch.start();
        assert_eq!(app.get("/leaderboard").status, 200);
        redis.config_set("maxmemory", "1");
        until("it is not ready", || app.get("/readyz").status == 503);
        redis.config_set("maxmemory", "0");
        until("it is ready", || app.get("/readyz").status == 200);
        assert!(!app.log().contains(SECRET));
        assert!(!format!("{:?}", Scrape::of(&app)).contains(SECRET));
    }
}

#[test]
fn a_wrong_password_is_told_without_it() {
    let redis = guarded();
    let launch = node(&with_password(&redis, ":another-secret"));
    let app = launch.listen(free_address()).begin();
    until("it says why it waits", || {
        app.log().contains("authentication failed")
    });
    assert!(!app.log().contains("another-secret"), "{}", app.log());
    assert_eq!(app.get("/readyz").status, 503);
}

#[test]
fn check_config_shows_what_is_in_force_without_passwords() {
    let url = format!("redis-cluster://agon:{SECRET}@a:7000,b");
    let shown = check_config(&[("AGON_STORE", &url), ("AGON_STORE__PREFIX", "arena")]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success());
    assert!(
        text.contains("redis-cluster://agon:***@a:7000,b:6379"),
        "{text}"
    );
    assert!(
        text.contains("prefix = \"arena\"") && !text.contains("data_dir"),
        "{text}"
    );
    assert!(!text.contains(SECRET), "{text}");
    let variable = [
        ("AGON_STORE", "redis://h"),
        ("AGON_STORE__PASSWORD", SECRET),
    ];
    let shown = check_config(&variable);
    assert!(shown.status.success() && !String::from_utf8(shown.stdout).unwrap().contains(SECRET));
    for wrong in [
        &[("AGON_STORE", "redis://:dont-tell-anybody@h:none")][..],
        &[("AGON_STORE_PASSWORD", SECRET)],
        &[
            ("AGON_STORE", "redis://h"),
            ("AGON_STORE__PASSWORD_FILE", "/none"),
        ],
        &[("AGON_STORE", &url), ("AGON_STORE__PASSWORD", SECRET)],
        &[("AGON_STORE", &url), ("AGON_STORE__CACHE", "1 MiB")],
    ] {
        let refused = check_config(wrong);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success(), "{wrong:?}");
        assert!(
            error.contains("store") && !error.contains(SECRET),
            "{error}"
        );
    }
}
