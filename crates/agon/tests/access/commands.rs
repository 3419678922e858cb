//! `agon keys`: what is printed and where, what is refused, and what the file is like.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Output};

use crate::setup::*;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

#[test]
fn a_secret_is_all_of_standard_output_and_is_kept_nowhere() {
    let dir = directory();
    let data_dir = dir.path().join("data");
    let made = keys(
        &data_dir,
        &[
            "create",
            "--name",
            "game",
            "--scope",
            "submit,read",
            "--scope",
            "match",
        ],
    );
    let secret = secret_of(&made);
    assert!(
        secret.starts_with("agon_") && secret.len() == 5 + 8 + 1 + 43,
        "{secret}"
    );
    let hints = text(&made.stderr);
    assert!(
        hints.contains("read, submit, match") && hints.contains("first"),
        "{hints}"
    );
    let chance = chance_of(&secret);
    assert!(!hints.contains(chance), "{hints}");
    let file = data_dir.join("keys.toml");
    assert!(!std::fs::read_to_string(&file).unwrap().contains(chance));
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    // Others of the name are told of, and the next one is not the first.
    let again = keys(&data_dir, &["create", "--name", "game", "--scope", "read"]);
    let hints = text(&again.stderr);
    assert!(
        hints.contains(id_of(&secret)) && !hints.contains("first"),
        "{hints}"
    );
    assert_ne!(secret_of(&again), secret);
}

#[test]
fn keys_are_listed_without_secrets() {
    let dir = directory();
    let none = keys(dir.path(), &["list"]);
    assert_eq!(
        (text(&none.stdout), text(&none.stderr)),
        (String::new(), "there are no keys\n".into())
    );
    assert_eq!(text(&keys(dir.path(), &["list", "--json"]).stdout), "[]\n");
    let first = create_named(dir.path(), "one", "read");
    let second = secret_of(&keys(
        dir.path(),
        &[
            "create",
            "--name",
            "two",
            "--scope",
            "admin",
            "--expires",
            "90d",
        ],
    ));
    assert!(keys(dir.path(), &["revoke", &first]).status.success());
    let listed = keys(dir.path(), &["list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["id"], id_of(&first));
    assert_eq!(
        (&listed[0]["state"], &listed[1]["state"]),
        (&"revoked".into(), &"good".into())
    );
    assert!(listed[0]["expires"].is_null() && listed[1]["revoked"].is_null());
    let ends = listed[1]["expires"].as_str().unwrap();
    assert!(ends > listed[1]["created"].as_str().unwrap(), "{listed}");
    let table = text(&keys(dir.path(), &["list"]).stdout);
    assert_eq!(table.lines().count(), 3, "{table}");
    for secret in [first, second] {
        assert!(table.contains(id_of(&secret)));
        assert!(!table.contains(chance_of(&secret)));
    }
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let dir = directory();
    let secret = create(dir.path(), "read");
    let before = std::fs::read_to_string(dir.path().join("keys.toml")).unwrap();
    for (arguments, expected) in [
        (&["create", "--name", "a"][..], "--scope"),
        (&["create", "--scope", "read"][..], "--name"),
        (
            &["create", "--name", "a", "--scope", "all"][..],
            "expected read, submit",
        ),
        (&["create", "--name", "", "--scope", "read"][..], "1 to 64"),
        (
            &[
                "create",
                "--name",
                "a",
                "--scope",
                "read",
                "--expires",
                "90",
            ][..],
            "such as 90d",
        ),
        (&["revoke", "01234567"][..], "there is no key 01234567"),
        (&["revoke", "x"][..], "eight digits"),
    ] {
        let refused = failure(&keys(dir.path(), arguments));
        assert!(refused.contains(expected), "{arguments:?}: {refused}");
    }
    // The name of a key is not its secret.
    failure(&keys(
        dir.path(),
        &["create", "--name", &secret, "--scope", "read"],
    ));
    let after = std::fs::read_to_string(dir.path().join("keys.toml")).unwrap();
    assert_eq!(after, before);
}

#[test]
fn a_file_that_is_not_understood_is_left_as_it_is() {
    let dir = directory();
    let file = dir.path().join("keys.toml");
    std::fs::write(&file, "version = 1\n[[keys]]\nid = 7\n").unwrap();
    for arguments in [
        &["create", "--name", "a", "--scope", "read"][..],
        &["list"],
        &["revoke", "01234567"],
    ] {
        let refused = failure(&keys(dir.path(), arguments));
        assert!(refused.contains("keys.toml: line 3"), "{refused}");
    }
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "version = 1\n[[keys]]\nid = 7\n"
    );
    // Nor is a server started with it.
    let log = launch(dir.path()).try_start().err().unwrap();
    assert!(
        log.contains("access.keys_file") && log.contains("line 3"),
        "{log}"
    );
}

#[test]
fn the_file_may_be_anywhere() {
    let dir = directory();
    let file = dir.path().join("secrets/agon.toml");
    let made = Command::new(AGON)
        .args(["keys", "create", "--name", "a", "--scope", "read"])
        .env("AGON_ACCESS__KEYS_FILE", &file)
        .output()
        .unwrap();
    let secret = secret_of(&made);
    let data_dir = dir.path().join("data");
    let started = launch(&data_dir).set("ACCESS__KEYS_FILE", file.to_str().unwrap());
    let app = started.start();
    assert_eq!(get(&app, "/leaderboard", &secret).status, 200);
    is_problem(&get(&app, "/leaderboard", ""), 401, "unauthenticated");
    // A file that is asked for has to be there: without it access would be open.
    let missing = launch(&data_dir).set("ACCESS__KEYS_FILE", "/nonexistent/keys.toml");
    let log = missing.try_start().err().unwrap();
    assert!(
        log.contains("/nonexistent/keys.toml") && log.contains("agon keys create"),
        "{log}"
    );
}

#[test]
fn two_at_once_both_make_their_key_or_say_so() {
    let dir = directory();
    let start = || {
        Command::new(AGON)
            .args([
                "keys",
                "create",
                "--name",
                "a",
                "--scope",
                "read",
                "--data-dir",
            ])
            .arg(dir.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..8).map(|_| start()).collect();
    let mut made = 0;
    for child in running {
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            made += 1;
        } else {
            assert!(failure(&output).contains("try again"), "{output:?}");
        }
    }
    assert!(made > 0);
    let listed: serde_json::Value =
        serde_json::from_slice(&keys(dir.path(), &["list", "--json"]).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), made);
    let mode = std::fs::metadata(dir.path().join("keys.toml")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
}
