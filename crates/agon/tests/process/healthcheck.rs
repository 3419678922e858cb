//! `agon healthcheck`: what it asks, and what its exit code and its one line say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::TcpListener;
use std::process::{Command, Output};

use testkit::{App, Launch};

const AGON: &str = env!("CARGO_BIN_EXE_agon");

/// A probe of the server that settings would start which listens there. It has a minute, as machines may be
/// busy; no test waits for it to pass.
fn probe(listen: &str, arguments: &[&str]) -> Output {
    let mut probe = Command::new(AGON);
    probe.arg("healthcheck").args(arguments);
    if !arguments.contains(&"--timeout") {
        probe.args(["--timeout", "1m"]);
    }
    probe.env("AGON_SERVER__LISTEN", listen);
    probe.output().unwrap()
}

fn at(app: &App, arguments: &[&str]) -> Output {
    probe(&app.address().to_string(), arguments)
}

fn well(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn unwell(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn it_asks_what_the_settings_would_start() {
    let app = Launch::new(AGON).start();
    assert_eq!(well(&at(&app, &[])), "{\"status\":\"ok\"}\n");
    assert_eq!(well(&at(&app, &["--ready"])), "{\"status\":\"ready\"}\n");
    // Settings for all addresses mean loopback to a probe.
    let listen = format!("0.0.0.0:{}", app.address().port());
    well(&probe(&listen, &[]));
    // Flags win over variables, as with serve.
    let listen = app.address().to_string();
    well(&probe("127.0.0.1:1", &["--listen", &listen]));
}

#[test]
fn what_only_a_start_would_refuse_says_nothing_of_the_server() {
    let app = Launch::new(AGON).start();
    // As in a container whose server alone was told `--insecure-open`.
    let listen = format!("0.0.0.0:{}", app.address().port());
    well(&probe(&listen, &[]));
    // The server keeps its keys while the file cannot be understood.
    let keys = app.data_dir().join("keys.toml");
    std::fs::write(&keys, "what?").unwrap();
    let data_dir = app.data_dir().to_str().unwrap();
    let listen = app.address().to_string();
    well(&probe(&listen, &["--data-dir", data_dir]));
    let config = app.data_dir().join("agon.toml");
    let broken =
        "[access]\nkeys_file = \"/none\"\n[upstreams.default]\nurl = 7\n[rate_limit]\nnew = 1\n";
    std::fs::write(&config, broken).unwrap();
    well(&probe(&listen, &["--config", config.to_str().unwrap()]));
    // Where it listens has to be readable.
    std::fs::write(&config, "[server\n").unwrap();
    let message = unwell(&probe(&listen, &["--config", config.to_str().unwrap()]));
    assert!(message.contains("cannot read the settings"), "{message}");
}

#[test]
fn who_drains_is_alive_but_not_ready() {
    let mut app = Launch::new(AGON).set("SERVER__DRAIN_DELAY", "1h").start();
    app.signal("TERM");
    while app.get("/readyz").status == 200 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    well(&at(&app, &[]));
    let message = unwell(&at(&app, &["--ready"]));
    assert!(message.contains("/readyz answers 503: {"), "{message}");
    assert!(message.contains("\"draining\""), "{message}");
    assert_eq!(app.stop().code(), Some(0));
}

#[test]
fn a_url_is_asked_as_it_is() {
    let app = Launch::new(AGON).start();
    let url = |path: &str| format!("http://{}{path}", app.address());
    // Settings do not matter then.
    let asked = probe("nonsense", &["--url", &url("/leaderboard?limit=1")]);
    assert_eq!(well(&asked), "[]\n");
    let message = unwell(&probe("nonsense", &["--url", &url("/none")]));
    assert!(message.contains("/none answers 404"), "{message}");
    // More than is read: the status is what counts.
    let openapi = well(&probe("nonsense", &["--url", &url("/openapi.json")]));
    assert!(openapi.contains("no short body"), "{openapi}");
}

#[test]
fn who_does_not_answer_is_not_well() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let nobody = nobody.unwrap().to_string();
    let message = unwell(&probe(&nobody, &[]));
    let expected = format!("agon: http://{nobody}/healthz does not answer: ");
    assert!(message.starts_with(&expected), "{message}");
    // The system accepts connections for it; nobody ever reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = silent.local_addr().unwrap().to_string();
    let message = unwell(&probe(&listen, &["--timeout", "50ms"]));
    assert!(
        message.ends_with("does not answer within 50ms\n"),
        "{message}"
    );
}

#[test]
fn who_speaks_something_else_is_not_well() {
    use std::io::Write;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap().to_string();
    let speaking = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        // The probe may be gone before all is said.
        let _ = stream.write_all(b"220 mail ready\r\n");
    });
    let message = unwell(&probe(&listen, &[]));
    assert!(message.contains("/healthz does not answer"), "{message}");
    speaking.join().unwrap();
}

#[test]
fn what_cannot_be_asked_is_told() {
    for (listen, arguments, expected) in [
        ("127.0.0.1:0", &[][..], "say where it is with --url"),
        ("here", &[], "server.listen"),
        ("", &["--url", "localhost:8000"], "http:// or https://"),
        ("", &["--url", "ftp://localhost/"], "http:// or https://"),
        ("", &["--url", "/healthz"], "no host"),
    ] {
        let message = unwell(&probe(listen, arguments));
        assert!(message.contains(expected), "{message} {expected}");
    }
}
