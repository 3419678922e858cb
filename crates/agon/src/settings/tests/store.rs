//! Which store is meant, what is refused, and that no password comes to light.

use super::*;

const SECRET: &str = "hunter2";

fn url(settings: &Settings) -> String {
    settings.store.url.to_string()
}

fn in_force(settings: &Settings) -> String {
    toml::to_string(settings).unwrap()
}

#[test]
fn a_store_can_be_named_in_a_word_or_in_a_section() {
    let word = "store = \"redis://h:1\"\n[server]\nlisten = \"127.0.0.1:9\"";
    let section = "[store]\nurl = \"redis://h:1\"\nprefix = \"a\"";
    let variable = [("AGON_STORE", "redis://h:1")];
    for (toml, variables) in [(word, &[][..]), (section, &[]), ("", &variable)] {
        let settings = load(toml, variables, Flags::default()).unwrap();
        assert_eq!(url(&settings), "redis://h:1", "{toml}");
    }
    let settings = load("store = \"embedded\"", &[], Flags::default()).unwrap();
    assert_eq!(settings, Settings::default());
    for good in ["rediss://h", "redis-cluster://a,b:7", "rediss-cluster://a"] {
        let settings = load(&format!("store = \"{good}\""), &[], Flags::default()).unwrap();
        assert!(!settings.store.is_embedded());
    }
}

#[test]
fn words_and_sections_of_different_sources_go_together() {
    let variables = [
        ("AGON_STORE__PREFIX", "arena"),
        ("AGON_STORE__PARTITIONS", "4"),
    ];
    let settings = load("store = \"redis://h:1\"", &variables, Flags::default()).unwrap();
    assert_eq!(
        (url(&settings).as_str(), settings.store.partitions),
        ("redis://h:1", 4)
    );
    assert_eq!(settings.store.prefix, "arena");
    let section = "[store]\nurl = \"redis://h:1\"\nprefix = \"arena\"";
    let flags = Flags {
        store: Some("redis://h:3".to_owned()),
        ..Flags::default()
    };
    let settings = load(section, &[("AGON_STORE", "redis://h:2")], flags).unwrap();
    assert_eq!(
        (url(&settings).as_str(), settings.store.prefix.as_str()),
        ("redis://h:3", "arena")
    );
    let twice = [
        ("AGON_STORE", "redis://a"),
        ("AGON_STORE__URL", "redis://b"),
    ];
    assert!(refusal("", &twice).contains("mean the same"));
}

#[test]
fn settings_of_the_other_store_are_refused() {
    let redis = "[store]\nurl = \"redis://:hunter2@h\"\n";
    for (toml, variables, expected) in [
        (
            format!("{redis}data_dir = \"/d\""),
            vec![],
            ["store.data_dir", "/d", "embedded"],
        ),
        (
            format!("{redis}cache = \"1 MiB\""),
            vec![],
            ["store.cache", "1 MiB", "leave it out"],
        ),
        (
            redis.to_owned(),
            vec![("AGON_STORE__MAX_QUEUE", "7")],
            ["store.max_queue", "7", "redis://:***@h:6379"],
        ),
        (
            "[store]\nprefix = \"a\"".to_owned(),
            vec![],
            ["store.prefix", "a", "is a setting of Redis"],
        ),
    ] {
        let refusal = refusal(&toml, &variables);
        for part in expected {
            assert!(
                refusal.contains(part),
                "{refusal:?} should contain {part:?}"
            );
        }
    }
    let flags = Flags {
        data_dir: Some("/d".into()),
        ..Flags::default()
    };
    let refusal = load("store = \"redis://h\"", &[], flags).unwrap_err();
    assert!(refusal.contains("store.data_dir = /d"), "{refusal}");
}

#[test]
fn a_data_directory_that_an_image_sets_for_all_is_let_pass() {
    let variables = [
        ("AGON_STORE", "redis://h"),
        ("AGON_STORE__DATA_DIR", "/var/lib/agon/store"),
    ];
    let settings = load("", &variables, Flags::default()).unwrap();
    assert!(!settings.store.is_embedded());
    assert!(!in_force(&settings).contains("data_dir"));
}

#[test]
fn what_is_wrong_with_a_store_is_named_with_what_would_be_right() {
    for (setting, expected) in [
        (
            "url = \"http://h\"",
            ["store.url", "http://h", "redis://localhost"],
        ),
        (
            "url = \"redis://\"",
            ["store.url", "redis://", "expected embedded"],
        ),
        (
            "prefix = \"A b\"",
            ["store.prefix", "A b", "1 to 32 of a-z"],
        ),
        (
            "partitions = 4097",
            ["store.partitions", "4097", "1 to 4096"],
        ),
        ("connections = 0", ["store.connections", "0", "1 to 256"]),
        (
            "response_timeout = \"0s\"",
            ["store.response_timeout", "0s", "10ms to 1m"],
        ),
        ("patience = \"2m\"", ["store.patience", "2m", "10ms to 1m"]),
        (
            "durability = \"often\"",
            ["store.durability", "often", "everysec"],
        ),
        ("wait_replicas = 0", ["store.wait_replicas", "0", "1 to 16"]),
        (
            "ca_file = \"ca.pem\"",
            ["store.ca_file", "ca.pem", "rediss://"],
        ),
        ("databse = 7", ["store.databse", "unknown field", "prefix"]),
    ] {
        let url = if setting.starts_with("url") {
            ""
        } else {
            "url = \"redis://h\"\n"
        };
        let refusal = refusal(&format!("[store]\n{url}{setting}"), &[]);
        for part in expected {
            assert!(
                refusal.contains(part),
                "{refusal:?} should contain {part:?}"
            );
        }
    }
}

#[test]
fn passwords_are_read_from_a_url_a_file_or_a_variable() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "0123\n").unwrap();
    let file = file.display().to_string();
    let variable = [
        ("AGON_STORE", "redis://h"),
        ("AGON_STORE__PASSWORD", "0123"),
    ];
    let file = [
        ("AGON_STORE", "redis://h"),
        ("AGON_STORE__PASSWORD_FILE", &file),
    ];
    for variables in [variable, file] {
        let settings = load("", &variables, Flags::default()).unwrap();
        let options = settings.store.redis().unwrap().unwrap();
        assert_eq!(options.address, "redis://:0123@h".parse().unwrap());
    }
    let missing = [
        ("AGON_STORE", "redis://h"),
        ("AGON_STORE__PASSWORD_FILE", "/none"),
    ];
    let settings = load("", &missing, Flags::default()).unwrap();
    let (key, value, reason) = settings.store.redis().unwrap_err();
    assert_eq!((key, value.as_str()), ("password_file", "/none"));
    assert!(reason.contains("No such file"), "{reason}");
    let both = [
        ("AGON_STORE", "redis://u:a@h"),
        ("AGON_STORE__PASSWORD", "b"),
    ];
    assert!(refusal("", &both).contains("not several"));
}

#[test]
fn passwords_are_not_shown() {
    for (toml, variables) in [
        ("[store]\nurl = \"redis://u:hunter2@h:x\"", vec![]),
        ("", vec![("AGON_STORE", "redis://u:hunter2@h@i j")]),
        ("[store]\nurl = \"http://u:hunter2@h\"", vec![]),
        ("[store]\nurl = [\"redis://u:hunter2@h\"]", vec![]),
        ("[store]\nurl = \"redis://u:hunter2@h", vec![]),
        ("[store]\npassword = \"hunter2", vec![]),
        ("[store]\npassword = [\"hunter2\"]", vec![]),
        ("[store]\npasswrod = \"hunter2\"", vec![]),
        (
            "[store]\nurl = \"redis://u:hunter2@h\"\npassword = \"hunter2\"",
            vec![],
        ),
        ("[store]\npassword = \"hunter2\"", vec![]),
        (
            "[store]\nurl = \"redis://u:hunter2@h\"\ndata_dir = \"d\"",
            vec![],
        ),
        ("", vec![("AGON_STORE_PASSWORD", SECRET)]),
        ("", vec![("AGON_REDIS_PASSWORD", SECRET)]),
    ] {
        let refusal = refusal(toml, &variables);
        assert!(!refusal.contains(SECRET), "{refusal}");
    }
    for toml in [
        "store = \"redis://u:hunter2@h:7\"",
        "[store]\nurl = \"redis://u@h\"\npassword = \"hunter2\"",
    ] {
        let settings = load(toml, &[], Flags::default()).unwrap();
        let shown = format!("{settings:?}{}", in_force(&settings));
        assert!(!shown.contains(SECRET) && shown.contains('u'), "{shown}");
    }
}

#[test]
fn the_example_of_redis_is_the_defaults_and_documents_each_setting() {
    let lines = EXAMPLE.lines().skip_while(|l| *l != "# [store]");
    let lines = lines.take_while(|l| l.starts_with("# "));
    let example: String = lines.map(|l| format!("{}\n", &l[2..])).collect();
    let settings = load(&example, &[], Flags::default()).unwrap();
    let shown = toml::Value::try_from(&settings.store).unwrap();
    for key in shown.as_table().unwrap().keys() {
        assert!(
            example.contains(&format!("\n{key} = ")),
            "{key} is not in the example"
        );
    }
    let defaults = "[store]\nurl = \"rediss://agon@redis.example:6379\"\n\
        password_file = \"redis-password\"\nca_file = \"redis-ca.pem\"";
    let defaults = load(defaults, &[], Flags::default()).unwrap();
    assert_eq!(settings.store, defaults.store);
}
