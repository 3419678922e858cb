//! Where settings come from, what is refused, and that the example tells the truth.

use super::*;

mod store;

const EXAMPLE: &str = include_str!("../../../../agon.example.toml");

fn load(toml: &str, variables: &[(&str, &str)], flags: Flags) -> Result<Settings, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agon.toml");
    std::fs::write(&file, toml).unwrap();
    let variables = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Settings::load(Some(&file), Some(variables.collect()), flags).map_err(|e| e.to_string())
}

fn refusal(toml: &str, variables: &[(&str, &str)]) -> String {
    load(toml, variables, Flags::default()).unwrap_err()
}

#[test]
fn the_example_is_the_defaults_and_documents_each_setting() {
    assert_eq!(
        load(EXAMPLE, &[], Flags::default()).unwrap(),
        Settings::default()
    );
    let defaults = toml::Value::try_from(Settings::default()).unwrap();
    let sections = defaults.as_table().unwrap().iter();
    // Upstreams have sections of their own names, of which there are none by default.
    for (section, settings) in sections.filter(|(name, _)| *name != "upstreams") {
        assert!(EXAMPLE.contains(&format!("[{section}]\n")), "{section}");
        for key in settings.as_table().unwrap().keys() {
            let lines: Vec<&str> = EXAMPLE.lines().collect();
            let at = lines
                .iter()
                .position(|l| l.starts_with(&format!("{key} = ")));
            let at = at.unwrap_or_else(|| panic!("{section}.{key} is not in the example"));
            assert!(
                lines[at - 1].starts_with("# "),
                "{section}.{key} has no comment"
            );
        }
    }
}

/// A section of the example that is a comment, as if it were not.
fn example_section(name: &str) -> String {
    let first = format!("# [{name}]");
    let lines = EXAMPLE.lines().skip_while(|l| *l != first);
    lines
        .map_while(|l| Some(format!("{}\n", l.strip_prefix("# ")?)))
        .collect()
}

#[test]
fn the_example_of_tls_is_the_defaults_and_documents_each_setting() {
    let example = example_section("server.tls");
    let example_tls = load(&example, &[], Flags::default()).unwrap().server.tls;
    let files = "[server.tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"";
    let tls = load(files, &[], Flags::default()).unwrap().server.tls;
    assert_eq!(example_tls, tls);
    for key in toml::Value::try_from(tls)
        .unwrap()
        .as_table()
        .unwrap()
        .keys()
    {
        assert!(
            example.contains(&format!("\n{key} = ")),
            "{key} is not in the example"
        );
    }
    assert!(refusal("[server.tls]\ncert_file = \"a\"", &[]).contains("key_file"));
}

#[test]
fn lists_can_be_set_by_variables() {
    let variables = [
        ("AGON_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1"),
        ("AGON_CORS__ALLOWED_ORIGINS", "https://game.example"),
    ];
    let settings = load("", &variables, Flags::default()).unwrap();
    let networks = settings.server.trusted_proxies;
    let networks: Vec<String> = networks.iter().map(|n| n.0.to_string()).collect();
    assert_eq!(networks, ["10.0.0.0/8", "192.0.2.1/32"]);
    assert_eq!(settings.cors.allowed_origins, ["https://game.example"]);
}

#[test]
fn the_example_of_an_upstream_is_the_defaults_and_documents_each_setting() {
    let example = example_section("upstreams.default");
    let url = "http://127.0.0.1:9000/api/work";
    for key in ["budget = 0.2\n", "schema_file = \"schema.json\"\n"] {
        assert!(example.contains(key), "{key}");
    }
    let defaults = example
        .replace("budget = 0.2\n", "")
        .replace("schema_file = ", "# ");
    let settings = load(&defaults, &[], Flags::default()).unwrap();
    assert_eq!(
        settings.upstreams["default"],
        UpstreamSection::at(url).unwrap()
    );
    // Every key there is: those that have no default are two.
    let known = toml::Value::try_from(UpstreamSection::at(url).unwrap()).unwrap();
    let known = known.as_table().unwrap().keys().map(String::as_str);
    let mut previous = "";
    for key in known.chain(["budget", "schema_file"]) {
        let at = example.find(&format!("\n{key} = "));
        assert!(at.is_some(), "{key} is not in the example");
    }
    for line in example.lines() {
        let documented = previous.starts_with('#') || previous.contains(" = ");
        assert!(!line.contains(" = ") || documented, "{line} has no comment");
        previous = line;
    }
}

/// The section `[access.tokens]` of the example, as if it were no comment.
fn example_tokens() -> String {
    let lines = EXAMPLE.lines().skip_while(|l| *l != "# [access.tokens]");
    let lines = lines.take_while(|l| l.starts_with("# "));
    lines.map(|l| format!("{}\n", &l[2..])).collect()
}

#[test]
fn the_example_of_tokens_is_the_defaults_and_documents_each_setting() {
    let example = example_tokens();
    let others = ["jwks_file = ", "hs256_secret_file = "];
    let one = others
        .iter()
        .fold(example.clone(), |text, key| text.replace(key, "# "));
    let settings = load(&one, &[], Flags::default()).unwrap();
    let tokens = settings.access.tokens.clone().unwrap();
    let defaults = super::access::TokensSection::default();
    assert_eq!(
        (tokens.leeway, tokens.jwks_refresh),
        (defaults.leeway, defaults.jwks_refresh)
    );
    assert!(settings.access.jwks_url().is_some());
    let known = toml::Value::try_from(tokens).unwrap();
    let known = known.as_table().unwrap().keys().map(String::as_str);
    for key in known.chain(["jwks_file", "hs256_secret_file"]) {
        let at = example.find(&format!("\n{key} = "));
        assert!(at.is_some(), "{key} is not in the example");
    }
    let refusal = refusal(&example, &[]);
    assert!(refusal.contains("access.tokens = 3"), "{refusal}");
}

#[test]
fn upstreams_are_refused_with_the_key_and_what_would_be_right() {
    let url = "url = \"http://up/\"";
    for (name, settings, expected) in [
        (
            "default",
            "",
            ["upstreams.default.url", "0", "either url or urls"],
        ),
        (
            "default",
            "url = \"up\"",
            ["upstreams.default.url", "up", "such as http://"],
        ),
        ("UP", url, ["upstreams.UP", "UP", "a-z"]),
        (
            "up",
            &format!("{url}\nurls = [\"http://b/\"]"),
            ["upstreams.up.url", "2", "either"],
        ),
        (
            "up",
            &format!("{url}\npolicy = \"fast\""),
            ["upstreams.up.policy", "fast", "smart"],
        ),
        (
            "up",
            &format!("{url}\ndelay = \"300\""),
            ["upstreams.up.delay", "300", "p95"],
        ),
        (
            "up",
            &format!("{url}\nhedges = 17"),
            ["upstreams.up.hedges", "17", "0 to 16"],
        ),
        (
            "up",
            &format!("{url}\nbudget = -0.1"),
            ["upstreams.up.budget", "-0.1", "0 to"],
        ),
        (
            "up",
            &format!("{url}\nmax_in_flight = 0"),
            ["upstreams.up.max_in_flight", "0", "more than 0"],
        ),
        (
            "up",
            &format!("{url}\ntimeout_default = \"2m\""),
            ["upstreams.up.timeout_default", "2m", "timeout_max"],
        ),
        (
            "up",
            &format!("{url}\ncircuit_open = \"2h\""),
            ["upstreams.up.circuit_open", "2h", "at most 1h"],
        ),
        (
            "up",
            &format!("{url}\naccept_statuses = [20]"),
            ["upstreams.up.accept_statuses", "20", "200 to 599"],
        ),
        (
            "up",
            &format!("{url}\nforward_headers = [\"Cookie\"]"),
            [
                "upstreams.up.forward_headers",
                "Cookie",
                "neither credentials",
            ],
        ),
        (
            "up",
            &format!("{url}\nschema_file = \"/none\""),
            ["upstreams.up.schema_file", "/none", "No such file"],
        ),
        (
            "up",
            &format!("{url}\ncolour = 1"),
            ["upstreams.up.colour", "1", "expected"],
        ),
    ] {
        let refusal = refusal(&format!("[upstreams.{name}]\n{settings}"), &[]);
        for part in expected {
            assert!(
                refusal.contains(part),
                "{refusal:?} should contain {part:?}"
            );
        }
    }
}

#[test]
fn upstreams_can_be_set_by_variables() {
    let variables = [
        ("AGON_UPSTREAMS__DEFAULT__URL", "http://up:9000/"),
        ("AGON_UPSTREAMS__DEFAULT__HEDGES", "1"),
    ];
    let settings = load("", &variables, Flags::default()).unwrap();
    let upstreams = settings.upstreams().unwrap();
    assert_eq!(upstreams[0].0, "default");
    assert_eq!(upstreams[0].1.hedging.hedges, 1);
    assert!(upstreams[0].1.schema.is_some());
}

#[test]
fn where_a_server_listens_is_read_without_the_rest() {
    let address = |variables: &[(&str, &str)]| {
        let variables = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let address = Settings::address(None, Some(variables.collect()), Flags::default());
        address.map(|a| (a.listen.to_string(), a.tls))
    };
    assert_eq!(address(&[]).unwrap(), ("127.0.0.1:8000".to_owned(), false));
    let public = [
        ("AGON_SERVER__LISTEN", "0.0.0.0:80"),
        ("AGON_SERVER__TLS__CERT_FILE", "/none"),
        ("AGON_ACCESS__TOKENS__ISSUER", ""),
        ("AGON_STORE__MAX_QUEUE", "many"),
    ];
    assert_eq!(address(&public).unwrap(), ("0.0.0.0:80".to_owned(), true));
    let refused = address(&[("AGON_SERVER__LISTEN", "here")]).unwrap_err();
    assert!(refused.to_string().contains("server.listen = here"));
}

#[test]
fn later_sources_win() {
    let toml = "[server]\nlisten = \"127.0.0.1:1\"\nmax_body = \"1 MiB\"\n[log]\nlevel = \"warn\"";
    let variables = [
        ("AGON_SERVER__LISTEN", "127.0.0.1:2"),
        ("AGON_SERVER__MAX_BODY", "2 MiB"),
        ("AGON_STORE__MAX_QUEUE", "7"),
    ];
    let listen = Some("127.0.0.1:3".parse().unwrap());
    let settings = load(
        toml,
        &variables,
        Flags {
            listen,
            ..Flags::default()
        },
    )
    .unwrap();
    assert_eq!(settings.server.listen.port(), 3);
    assert_eq!(settings.server.max_body, Size(2 << 20));
    assert_eq!(settings.store.max_queue, 7);
    assert_eq!(settings.log.level, api::LogLevel::Warn);
}

#[test]
fn refusals_name_the_key_the_value_and_what_would_be_right() {
    for (toml, variables, expected) in [
        (
            "[server]\nlisten = \"here\"",
            vec![],
            ["server.listen", "here", "socket address"],
        ),
        (
            "[server]\nmax_body = \"16 apples\"",
            vec![],
            ["server.max_body", "16 apples", "such as 16 MiB"],
        ),
        (
            "[server]\nmax_body = 16",
            vec![],
            ["server.max_body", "16", "such as 16 MiB"],
        ),
        (
            "[server]\nidle_timeout = 5",
            vec![],
            ["server.idle_timeout", "5", "such as 30s"],
        ),
        (
            "[server]\nmax_connections = -1",
            vec![],
            ["server.max_connections", "-1", "expected"],
        ),
        (
            "[server]\nmax_connections = 0",
            vec![],
            ["server.max_connections", "0", "at least 1"],
        ),
        (
            "[server]\nmax_header = \"1 KiB\"",
            vec![],
            ["server.max_header", "1024 B", "8 KiB"],
        ),
        (
            "[server]\nlisten = \"0.0.0.0:80\"",
            vec![],
            ["server.listen", "0.0.0.0:80", "--insecure-open"],
        ),
        (
            "[sever]\nlisten = \"x\"",
            vec![],
            ["sever", "unknown field", "server"],
        ),
        (
            "[server]\nlissten = \"x\"",
            vec![],
            ["server.lissten", "x", "listen"],
        ),
        (
            "[log]\nlevel = \"loud\"",
            vec![],
            ["log.level", "loud", "debug"],
        ),
        (
            "",
            vec![("AGON_SERVER__LISTN", "x")],
            ["server.listn", "x", "listen"],
        ),
        (
            "",
            vec![("AGON_STORE__MAX_QUEUE", "many")],
            ["store.max_queue", "many", "integer"],
        ),
    ] {
        let refusal = refusal(toml, &variables);
        for part in expected {
            assert!(
                refusal.contains(part),
                "{refusal:?} should contain {part:?}"
            );
        }
    }
}

#[test]
fn files_that_are_missing_or_not_toml_are_refused() {
    let missing = Settings::load(
        Some(Path::new("/none.toml")),
        Some(HashMap::new()),
        Flags::default(),
    );
    assert!(missing.unwrap_err().to_string().contains("/none.toml"));
    assert!(refusal("[server\n", &[]).contains("agon.toml"));
}
