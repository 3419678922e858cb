//! TLS: handshakes that are good, bad and stalled; certificates that are renewed while connections are
//! served, and those that are no good.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use testkit::{App, raw_exchange};

use crate::secure::{PATIENCE, Secure};

fn is_served(secure: &Secure, app: &App) -> bool {
    let reply = secure.get(app, "/healthz");
    reply.is_ok_and(|reply| reply.starts_with("HTTP/1.1 200 "))
}

/// Waits until a condition holds; panics after a minute.
fn until(what: &str, app: &App, mut condition: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!(
        "in a minute it did not come about that {what}:\n{}",
        app.log()
    );
}

fn times(log: &str, text: &str) -> usize {
    log.matches(text).count()
}

#[test]
fn requests_are_served_under_the_certificate() {
    let secure = Secure::new();
    let app = secure.launch().start();
    assert!(is_served(&secure, &app), "{}", app.log());
    let other = Secure::new();
    assert!(other.get(&app, "/healthz").is_err(), "another was trusted");
    assert!(is_served(&secure, &app));
}

#[test]
fn a_probe_with_the_same_settings_asks_under_tls() {
    let secure = Secure::new();
    let app = secure.launch().start();
    let probe = Command::new(env!("CARGO_BIN_EXE_agon"))
        .args(["healthcheck", "--timeout", "1m"])
        .env("AGON_SERVER__LISTEN", app.address().to_string())
        .env("AGON_SERVER__TLS__CERT_FILE", secure.cert_file())
        .env("AGON_SERVER__TLS__KEY_FILE", secure.key_file())
        .output()
        .unwrap();
    assert!(probe.status.success(), "{probe:?}");
    assert_eq!(probe.stdout, b"{\"status\":\"ok\"}\n");
}

#[test]
fn browsers_are_told_to_come_back_encrypted_only_where_that_is_set() {
    let secure = Secure::new();
    let app = secure.launch().start();
    let reply = secure.get(&app, "/healthz").unwrap();
    assert!(!reply.contains("strict-transport-security"), "{reply}");
    let app = secure
        .launch()
        .set("SERVER__TLS__HSTS_MAX_AGE", "1d")
        .start();
    let reply = secure.get(&app, "/healthz").unwrap();
    assert!(
        reply.contains("strict-transport-security: max-age=86400\r\n"),
        "{reply}"
    );
}

#[test]
fn a_renewed_certificate_is_taken_while_connections_are_served() {
    let mut secure = Secure::new();
    let app = secure.launch().start();
    let mut old = secure.connect(&app);
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    old.write_all(request).unwrap();
    assert!(Secure::reply(&mut old).starts_with("HTTP/1.1 200 "));
    secure.renew();
    until("the new certificate is taken", &app, || {
        is_served(&secure, &app)
    });
    // Who began with the old one goes on.
    old.write_all(request).unwrap();
    assert!(Secure::reply(&mut old).starts_with("HTTP/1.1 200 "));
}

#[test]
fn told_by_a_signal_it_reads_the_certificate_at_once() {
    let mut secure = Secure::new();
    let app = secure.launch().start();
    secure.renew();
    app.signal("HUP");
    until("it was read", &app, || {
        app.log().contains("certificate read anew")
    });
    assert!(is_served(&secure, &app));
}

#[test]
fn a_bad_new_certificate_is_told_once_and_the_old_one_stays() {
    let secure = Secure::new();
    let app = secure.launch().start();
    let good = std::fs::read(secure.cert_file()).unwrap();
    let error = "the new certificate is not used";
    std::fs::write(secure.cert_file(), "no certificate").unwrap();
    until("it was told", &app, || app.log().contains(error));
    assert!(is_served(&secure, &app));
    // Five more readings say nothing new.
    sleep(Duration::from_secs(5));
    assert_eq!(times(&app.log(), error), 1, "{}", app.log());
    std::fs::write(secure.cert_file(), good).unwrap();
    until("it was read", &app, || {
        app.log().contains("certificate read anew")
    });
    assert!(is_served(&secure, &app));
}

#[test]
fn a_certificate_about_to_end_is_warned_of_once() {
    let secure = Secure::new();
    let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(secure.key_file(), key.serialize_pem()).unwrap();
    std::fs::write(secure.cert_file(), params.self_signed(&key).unwrap().pem()).unwrap();
    let app = secure.launch().start();
    let warning = "the certificate ended at 2020-02-01";
    until("it was warned", &app, || app.log().contains(warning));
    sleep(Duration::from_secs(3));
    assert_eq!(times(&app.log(), warning), 1, "{}", app.log());
}

#[test]
fn it_does_not_start_with_files_that_are_no_good() {
    let secure = Secure::new();
    let other = Secure::new();
    let key = std::fs::read(secure.key_file()).unwrap();
    std::fs::copy(other.key_file(), secure.key_file()).unwrap();
    let log = secure.launch().try_start().err().expect("it started");
    let file = secure.key_file().to_str().unwrap().to_owned();
    assert!(
        log.contains("server.tls.key_file") && log.contains(&file),
        "{log}"
    );
    assert!(log.contains("does not belong to the certificate"), "{log}");
    std::fs::write(secure.key_file(), key).unwrap();
    std::fs::write(secure.cert_file(), "hello").unwrap();
    let log = secure.launch().try_start().err().expect("it started");
    assert!(log.contains("server.tls.cert_file"), "{log}");
    std::fs::remove_file(secure.cert_file()).unwrap();
    let log = secure.launch().try_start().err().expect("it started");
    assert!(log.contains("No such file"), "{log}");
    // The command that checks settings says the same.
    let checked = Command::new(env!("CARGO_BIN_EXE_agon"))
        .arg("check-config")
        .env("AGON_SERVER__TLS__CERT_FILE", secure.cert_file())
        .env("AGON_SERVER__TLS__KEY_FILE", secure.key_file())
        .output()
        .unwrap();
    assert!(!checked.status.success());
    assert!(String::from_utf8_lossy(&checked.stderr).contains("No such file"));
}

#[test]
fn a_key_that_may_not_be_read_is_told() {
    let secure = Secure::new();
    let nobody = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(secure.key_file(), nobody).unwrap();
    if std::fs::read(secure.key_file()).is_ok() {
        // Whoever may read everything cannot try this.
        return;
    }
    let log = secure.launch().try_start().err().expect("it started");
    assert!(log.contains("key_file") && log.contains("denied"), "{log}");
}

#[test]
fn half_a_setting_is_refused() {
    let secure = Secure::new();
    let log = testkit::Launch::new(env!("CARGO_BIN_EXE_agon"))
        .set(
            "SERVER__TLS__CERT_FILE",
            secure.cert_file().to_str().unwrap(),
        )
        .try_start()
        .err()
        .expect("it started");
    assert!(
        log.contains("server.tls") && log.contains("key_file"),
        "{log}"
    );
}

#[test]
fn what_is_no_handshake_is_refused_and_others_are_served() {
    let secure = Secure::new();
    let app = secure.launch().start();
    let noise: Vec<u8> = (0..5000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    for bytes in [
        &b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xff\xff\xff\xff\xff",
        b"\x16\x03\x01\xff\xff",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &noise,
    ] {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        let _ = stream.write_all(bytes);
        assert!(is_served(&secure, &app), "while {}", bytes.escape_ascii());
    }
    // In the clear there is not even an error: what comes back is an alert of TLS.
    let reply = raw_exchange(
        app.address(),
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        PATIENCE,
    );
    assert!(!reply.contains("HTTP/"), "{reply}");
}

#[test]
fn a_handshake_that_does_not_go_on_is_ended() {
    let secure = Secure::new();
    let app = secure
        .launch()
        .set("SERVER__TLS__HANDSHAKE_TIMEOUT", "300ms")
        .start();
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(beginning).unwrap();
        let read = stream.read(&mut [0; 64]);
        assert!(matches!(read, Ok(0)), "{read:?}");
    }
    assert!(is_served(&secure, &app));
}

#[test]
fn a_handshake_that_trickles_is_ended() {
    let secure = Secure::new();
    let app = secure
        .launch()
        .set("SERVER__TLS__HANDSHAKE_TIMEOUT", "300ms")
        .start();
    let mut stream = TcpStream::connect(app.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    stream
        .write_all(b"\x16\x03\x01\x20\x00\x01\x00\x1f\xfc\x03\x03")
        .unwrap();
    // A byte every 20 ms, for a minute at most.
    let closed = (0..3000).any(|_| {
        let read = stream.read(&mut [0; 64]);
        matches!(read, Ok(0)) || stream.write_all(b"y").is_err()
    });
    assert!(closed);
}

#[test]
fn a_request_head_that_does_not_end_closes_the_connection() {
    let secure = Secure::new();
    let app = secure
        .launch()
        .set("SERVER__HEADER_READ_TIMEOUT", "300ms")
        .start();
    let mut stream = secure.connect(&app);
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).unwrap();
    assert!(Secure::reply(&mut stream).starts_with("HTTP/1.1 200 "));
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    let mut rest = Vec::new();
    // The end comes, in order or not, and before the client's patience.
    let end = stream.read_to_end(&mut rest);
    let patience = end.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!patience && rest.is_empty(), "{rest:?}");
}

#[test]
fn stalled_handshakes_take_places_and_give_way() {
    let secure = Secure::new();
    let app = secure
        .launch()
        .set("SERVER__MAX_CONNECTIONS", "4")
        .set("SERVER__TLS__HANDSHAKE_TIMEOUT", "1h")
        .start();
    let stalled: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(app.address()).unwrap();
            stream.write_all(b"\x16\x03\x01").unwrap();
            stream
        })
        .collect();
    assert!(is_served(&secure, &app));
    drop(stalled);
}
