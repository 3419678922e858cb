//! What a caller cannot bring about: that another host is asked, or that the upstream learns what was
//! meant for Agon alone.

use std::net::SocketAddr;

use crate::act::Act;
use crate::scripted::Scripted;
use crate::setup::{AGON, agon, last, raw_status, section, two, with_headers};

/// That the upstream was asked by its own name, below its own URL.
#[track_caller]
fn assert_own(upstream: &Scripted, before: usize, base: &str) {
    let address = upstream.address().to_string();
    let asked = upstream.asked();
    assert_eq!(asked.len(), before + 1);
    assert_eq!(asked[before].header("host"), [&address]);
    let start = format!("GET {base}");
    assert!(
        asked[before].line.starts_with(&start),
        "{:?}",
        asked[before]
    );
    assert!(
        !asked[before]
            .headers
            .iter()
            .any(|(n, _)| n.starts_with("x-forwarded"))
    );
}

fn attacks(evil: SocketAddr) -> Vec<(String, String)> {
    let up = "/v1/upstreams/up";
    let host = "host: agon\r\n".to_owned();
    let mut attacks: Vec<_> = [
        format!("{up}//{evil}/"),
        format!("{up}///{evil}/"),
        format!("{up}/@{evil}/"),
        format!("{up}/:x@{evil}/"),
        format!("{up}/http://{evil}/"),
        format!("{up}/%2F%2F{evil}/"),
        format!("{up}/%40{evil}/"),
        format!("{up}?url=http://{evil}/&host={evil}"),
        format!("http://{evil}{up}"),
        format!("http://{evil}{up}/a"),
    ]
    .map(|target| (target, host.clone()))
    .into();
    for headers in [
        format!("host: {evil}\r\n"),
        format!("host: agon\r\nx-forwarded-host: {evil}\r\nx-forwarded-for: {evil}\r\n"),
        format!("host: agon\r\nforwarded: host={evil}\r\nx-host: {evil}\r\n"),
        format!("host: agon\r\nx-original-url: http://{evil}/\r\nx-rewrite-url: //{evil}/\r\n"),
    ] {
        attacks.push((up.to_owned(), headers));
    }
    attacks
}

#[test]
fn nobody_chooses_the_host() {
    let (upstream, evil) = (
        Scripted::always(Act::time(1)),
        Scripted::always(Act::time(666)),
    );
    for base in ["", "/", "/api/work"] {
        let url = format!("http://{}{base}", upstream.address());
        let app = agon(&format!(
            "[upstreams.up]\nurl = \"{url}\"\ndelay = \"20s\"\n"
        ));
        for (target, headers) in attacks(evil.address()) {
            let before = upstream.requests();
            let status = raw_status(&app, &target, &headers);
            assert_eq!(status, "200", "{target} {headers}");
            assert_own(&upstream, before, if base.is_empty() { "/" } else { base });
        }
    }
    assert_eq!(evil.connections(), 0);
}

#[test]
fn credentials_and_what_belongs_to_a_connection_stay_behind() {
    let upstream = Scripted::always(Act::time(1));
    let app = two(
        &upstream,
        "forward_headers = [\"x-trace\", \"accept-language\"]",
    );
    let headers = "authorization: Bearer secret\r\ncookie: a=secret\r\ncookie2: secret\r\n\
        proxy-authorization: Basic secret\r\nte: trailers\r\ntrailer: x-secret\r\n\
        keep-alive: timeout=5\r\nproxy-connection: keep-alive\r\nconnection: x-secret\r\n\
        x-secret: secret\r\nx-api-key: secret\r\naccept-encoding: gzip, br\r\nrange: bytes=0-1\r\n\
        if-none-match: secret\r\nexpect: 100-continue\r\nreferer: secret\r\n\
        x-trace: one\r\nX-Trace: two\r\naccept-language: tr\r\n";
    for target in ["/api/smart?timeout=5000", "/v1/upstreams/up/a?timeout=5000"] {
        assert_eq!(with_headers(&app, target, headers).status, 200, "{target}");
        let asked = last(&upstream);
        assert_eq!(asked.header("x-trace"), ["one", "two"]);
        assert_eq!(asked.header("accept-language"), ["tr"]);
        for (name, value) in &asked.headers {
            let known = ["host", "accept", "user-agent", "x-trace", "accept-language"];
            assert!(known.contains(&name.as_str()), "{name}: {value}");
        }
    }
}

#[test]
fn a_header_that_a_caller_says_is_for_the_connection_stays_behind() {
    let upstream = Scripted::always(Act::time(1));
    let app = two(&upstream, "forward_headers = [\"x-trace\", \"x-hop\"]");
    let headers = "connection: keep-alive, X-Hop\r\nx-hop: secret\r\nx-trace: 1\r\n";
    let reply = with_headers(&app, "/v1/upstreams/up?timeout=5000", headers);
    assert_eq!(reply.status, 200);
    let asked = last(&upstream);
    assert_eq!(asked.header("x-trace"), ["1"]);
    assert!(asked.header("x-hop").is_empty(), "{asked:?}");
}

#[test]
fn settings_cannot_pass_credentials_on_either() {
    let upstream = Scripted::always(Act::time(1));
    for name in [
        "authorization",
        "Cookie",
        "connection",
        "host",
        "transfer-encoding",
        "a b",
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let settings = section(
            "default",
            &upstream,
            &format!("forward_headers = [\"{name}\"]"),
        );
        std::fs::write(file.path(), settings).unwrap();
        let launch = testkit::Launch::new(AGON).argument("--config");
        let log = launch.argument(file.path().to_str().unwrap()).try_start();
        let log = log.err().unwrap_or_else(|| panic!("{name} is taken"));
        assert!(log.contains("forward_headers"), "{log}");
    }
}
