//! What a caller may ask for, and how it is passed on: timeouts, policies, names, paths, queries.
//! What is refused is refused before anybody is called.

use crate::act::Act;
use crate::scripted::Scripted;
use crate::setup::{LONG, agon_on, assert_problem, attempts, last, raw_status, two};

#[test]
fn timeouts_that_are_none() {
    let upstream = Scripted::always(Act::time(1));
    let app = two(&upstream, "");
    let nines = "9".repeat(5000);
    for timeout in [
        "abc",
        "-1",
        "1.5",
        "60001",
        "",
        "+5",
        "%2B5",
        "%205",
        "5%20",
        "1e3",
        "0x5",
        "5ms",
        "18446744073709551616",
        "18446744073709551615",
        "%D9%A5",
        "null",
        "5;",
        "5%00",
        &nines,
        "5&timeout=5",
        "5&timeout=",
        "&timeout=5",
        "5&t%69meout=5",
    ] {
        for path in ["smart", "first", "all", "within-timeout"] {
            let reply = app.get(&format!("/api/{path}?timeout={timeout}"));
            assert_eq!(reply.status, 400, "{path} {timeout}");
            assert_problem(&reply, 400, "invalid_request");
        }
        for path in ["up", "default/a/b"] {
            let reply = app.get(&format!("/v1/upstreams/{path}?x=1&timeout={timeout}"));
            assert_eq!(reply.status, 400, "{path} {timeout}");
            assert_problem(&reply, 400, "invalid_request");
        }
    }
    assert_eq!(upstream.connections(), 0);
    for good in ["60000", "5000", "05000"] {
        assert_eq!(
            app.get(&format!("/api/smart?timeout={good}")).status,
            200,
            "{good}"
        );
    }
}

#[test]
fn timeouts_have_the_limits_of_the_settings() {
    let upstream = Scripted::always(Act::time(1));
    let app = agon_on(
        &upstream,
        "timeout_min = \"50ms\"\ntimeout_max = \"20s\"\ntimeout_default = \"20s\"",
    );
    for (timeout, status) in [("49", 400), ("20001", 400), ("20000", 200)] {
        let reply = app.get(&format!("/api/smart?timeout={timeout}"));
        assert_eq!(reply.status, status, "{timeout}");
    }
    assert_eq!(app.get("/api/smart").status, 200);
}

#[test]
fn policies_and_upstreams_that_are_none() {
    let upstream = Scripted::always(Act::time(1));
    let app = two(&upstream, "");
    for policy in [
        "",
        "fast",
        "SMART",
        "within_timeout",
        "smart,first",
        "smart&policy=smart",
    ] {
        let reply = app.get(&format!("/v1/upstreams/up?policy={policy}"));
        assert_eq!(reply.status, 400, "{policy}");
        assert_problem(&reply, 400, "invalid_request");
    }
    let address = upstream.address();
    for name in [
        "other",
        "UP",
        "up%20",
        "%75p%00",
        "127.0.0.1",
        &address.to_string(),
        "up@up",
    ] {
        for path in ["", "/a", "?timeout=x"] {
            let reply = app.get(&format!("/v1/upstreams/{name}{path}"));
            assert_eq!(reply.status, 404, "{name}{path}");
            assert_problem(&reply, 404, "upstream_not_found");
        }
    }
    assert_eq!(upstream.connections(), 0);
    let policies = [
        ("smart", 1),
        ("first", 3),
        ("all", 3),
        ("within-timeout", 3),
    ];
    for (policy, sent) in policies {
        let reply = app.get(&format!("/v1/upstreams/up?policy={policy}&{LONG}"));
        assert_eq!(reply.status, 200, "{policy}");
        assert_eq!(attempts(&reply), sent, "{policy}");
    }
}

#[test]
fn other_methods() {
    let upstream = Scripted::always(Act::time(1));
    let app = two(&upstream, "");
    let named = ["/v1/upstreams", "/v1/upstreams/up", "/v1/upstreams/up/a/b"];
    for path in [
        "/api/smart",
        "/api/first",
        "/api/all",
        "/api/within-timeout",
    ]
    .iter()
    .chain(&named)
    {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let mut connection = app.connect();
            connection.request(&format!("{method} {path}"), "", b"");
            let reply = connection.reply().unwrap();
            assert_problem(&reply, 405, "method_not_allowed");
            let allow = reply.header("allow").unwrap_or_default();
            assert!(
                allow.split(',').any(|m| m.trim() == "GET"),
                "{path}: {allow}"
            );
        }
    }
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn path_and_query_are_passed_on_as_they_are() {
    let upstream = Scripted::always(Act::time(1));
    // One attempt a call, so that what was asked last is what was asked for last.
    let app = two(&upstream, "hedges = 0");
    for (given, expected) in [
        ("", ""),
        ("?timeout=5000", ""),
        (
            "/a/b%20c?x=1&timeout=5000&y=%2F&policy=first",
            "/a/b%20c?x=1&y=%2F",
        ),
        ("/a//b/?x", "/a//b/?x"),
        (
            "/%C3%A9;p=1,2/...?q=a+b&q=&=&q=%00",
            "/%C3%A9;p=1,2/...?q=a+b&q=&=&q=%00",
        ),
        // A fragment has no place in a request; it is not sent on.
        ("/a?x=1#b", "/a?x=1"),
        (
            "/a%3Fb%23c%0d%0ax-injected:%201?timeouts=1",
            "/a%3Fb%23c%0d%0ax-injected:%201?timeouts=1",
        ),
    ] {
        assert_eq!(
            raw_status(&app, &format!("/v1/upstreams/up{given}"), "host: x\r\n"),
            "200"
        );
        let asked = last(&upstream);
        assert_eq!(
            asked.line,
            format!("GET /api/work{expected} HTTP/1.1"),
            "{given}"
        );
        assert!(asked.header("x-injected").is_empty());
    }
    // The classic paths have nothing to pass on.
    assert_eq!(
        app.get("/api/smart?x=1&timeout=5000&policy=all").status,
        200
    );
    assert_eq!(last(&upstream).line, "GET /api/work HTTP/1.1");
}

#[test]
fn no_path_leads_out_of_the_url() {
    let upstream = Scripted::always(Act::time(1));
    let app = two(&upstream, "");
    for path in [
        "..",
        "../x",
        "a/..",
        "a/../../x",
        ".",
        "./x",
        "a/./b",
        "%2e%2e",
        "%2E%2e/x",
        ".%2e/x",
        "%2e/x",
        "..%2f",
        "..%2Fx",
        "a%2f..%2fx",
        "..%5cx",
        "..\\x",
        "a\\..\\x",
        "a/..?x=1",
        "a b",
        "a\u{0}b",
    ] {
        let status = raw_status(&app, &format!("/v1/upstreams/up/{path}"), "host: x\r\n");
        assert_eq!(status, "400", "{path}");
    }
    assert_eq!(upstream.connections(), 0);
}
