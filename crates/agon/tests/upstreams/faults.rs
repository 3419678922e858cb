//! Upstreams that are broken, hostile or somebody else: none of what they send is passed on as an
//! answer, and after each of them Agon does what it did before.

use crate::act::{Act, End};
use crate::scripted::Scripted;
use crate::setup::{Calm, LONG, agon_on, assert_problem, attempts, until};

const JSON: &str = "content-type: application/json\r\n";
const TIME: &str = r#"{"time": 1}"#;
const GZIPPED_TIME: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xabV*\xc9\xccMU\xb2R0\xac\x05\x00A\x05\xac\xd9\x0b\x00\x00\x00";
const SETTINGS: &str = "max_body = \"64 KiB\"";

fn ok_with(headers: &str, rest: &str) -> Act {
    Act::raw(format!("HTTP/1.1 200 OK\r\n{headers}\r\n{rest}"))
}

/// Three times in a row, this is what every attempt meets; it fails before the deadline.
#[track_caller]
fn fails(app: &Calm, upstream: &Scripted, name: &str, act: Act) {
    upstream.play([], act);
    for _ in 0..3 {
        let reply = app.get(&format!("/api/first?{LONG}"));
        assert_eq!(reply.status, 502, "{name}: {reply:?}");
        assert_problem(&reply, 502, "upstream_failed");
        assert_eq!(attempts(&reply), 3, "{name}");
    }
    works(app, upstream, name);
}

/// The same with what would never end.
#[track_caller]
fn takes_too_long(app: &Calm, upstream: &Scripted, name: &str, act: Act) {
    upstream.play([], act);
    for _ in 0..3 {
        let reply = app.get("/api/first?timeout=200");
        assert_eq!(reply.status, 504, "{name}: {reply:?}");
        assert_problem(&reply, 504, "upstream_timeout");
        assert_eq!(attempts(&reply), 3, "{name}");
    }
    until(name, || upstream.under_way() == 0);
    works(app, upstream, name);
}

#[track_caller]
fn works(app: &Calm, upstream: &Scripted, after: &str) {
    upstream.play([], Act::time(7));
    let reply = app.get(&format!("/api/first?{LONG}"));
    assert_eq!(reply.status, 200, "after {after}: {reply:?}");
    assert_eq!(reply.body, br#"{"time": 7}"#, "after {after}");
    assert!(!app.log().contains("panicked"), "{after}: {}", app.log());
}

fn all(faults: Vec<(&str, Act)>) {
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, SETTINGS);
    for (name, act) in faults {
        fails(&app, &upstream, name, act);
    }
}

#[test]
fn other_statuses() {
    let mut faults = vec![
        ("204", Act::raw("HTTP/1.1 204 No Content\r\n\r\n")),
        (
            "304",
            Act::raw(format!(
                "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n{JSON}\r\n"
            )),
        ),
        ("202", Act::status(202)),
        ("206", Act::status(206)),
    ];
    faults.extend(
        [400, 401, 404, 429, 500, 503, 599].map(|status| ("an error", Act::status(status))),
    );
    all(faults);
}

#[test]
fn other_content() {
    let gzip = format!("content-encoding: gzip\r\n{JSON}");
    let nested = format!(
        r#"{{"time": 1, "x": {}{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    all(vec![
        ("not JSON", Act::json("<html>")),
        ("half of it", Act::json(r#"{"time": "#)),
        ("more than it", Act::json(r#"{"time": 1}{"time": 2}"#)),
        ("nothing", Act::json("")),
        ("a byte order mark", Act::json("\u{feff}{\"time\": 1}")),
        (
            "invalid UTF-8",
            Act::json(b"{\"time\": 1, \"x\": \"\xff\"}"),
        ),
        ("a number out of range", Act::json(r#"{"time": 1e400}"#)),
        ("NaN", Act::json(r#"{"time": NaN}"#)),
        ("very deep", Act::json(nested)),
        ("HTML", Act::reply(200, "content-type: text/html\r\n", TIME)),
        ("no media type", Act::reply(200, "", TIME)),
        ("gzip", Act::reply(200, &gzip, GZIPPED_TIME)),
        ("gzip by name", Act::reply(200, &gzip, TIME)),
        ("no object", Act::json("1")),
        ("no time", Act::json(r#"{"tim": 1}"#)),
        ("time as text", Act::json(r#"{"time": "1"}"#)),
        ("a fraction", Act::json(r#"{"time": 1.5}"#)),
        ("null", Act::json(r#"{"time": null}"#)),
    ]);
}

#[test]
fn broken_http() {
    let chunked = format!("transfer-encoding: chunked\r\n{JSON}");
    let many_headers: String = (0..20_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    all(vec![
        ("closed at once", Act::raw("").ending(End::Close)),
        (
            "half a head",
            Act::raw("HTTP/1.1 200 OK\r\ncont").ending(End::Close),
        ),
        (
            "no HTTP",
            Act::raw("SSH-2.0-OpenSSH_9.6\r\n\r\n").ending(End::Close),
        ),
        (
            "cut short",
            ok_with(&format!("content-length: 99\r\n{JSON}"), TIME).ending(End::Close),
        ),
        (
            "length too small",
            ok_with(&format!("content-length: 5\r\n{JSON}"), TIME).ending(End::Close),
        ),
        (
            "two lengths",
            ok_with(
                &format!("content-length: 11\r\ncontent-length: 12\r\n{JSON}"),
                TIME,
            )
            .ending(End::Close),
        ),
        (
            "no length",
            ok_with(&format!("content-length: eleven\r\n{JSON}"), TIME).ending(End::Close),
        ),
        (
            "a chunk cut short",
            ok_with(&chunked, "b\r\n{\"time\"").ending(End::Close),
        ),
        (
            "no last chunk",
            ok_with(&chunked, "b\r\n{\"time\": 1}\r\n").ending(End::Close),
        ),
        (
            "no chunk size",
            ok_with(&chunked, "x\r\n{\"time\": 1}\r\n0\r\n\r\n").ending(End::Close),
        ),
        (
            "a huge chunk",
            ok_with(&chunked, "fffffffffffffffff\r\n{").ending(End::Close),
        ),
        (
            "too many headers",
            ok_with(&format!("{many_headers}{JSON}"), TIME).ending(End::Close),
        ),
        (
            "a protocol switch",
            Act::raw(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
            )
            .ending(End::Close),
        ),
    ]);
}

#[test]
fn too_much() {
    let chunked = format!("transfer-encoding: chunked\r\n{JSON}");
    let piece = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let line = format!("x: {}\r\n", "y".repeat(1000));
    let over = format!("{TIME}{}", " ".repeat((64 << 10) - TIME.len() + 1));
    all(vec![
        ("a byte too many", Act::json(&over)),
        (
            "as many, chunked",
            ok_with(&chunked, &format!("10001\r\n{over}\r\n0\r\n\r\n")),
        ),
        ("a body without end", ok_with(&chunked, "").gushing(&piece)),
        (
            "a body without length or end",
            ok_with(JSON, "").gushing(" "),
        ),
        (
            "a length without limit",
            ok_with(
                &format!("content-length: 18446744073709551614\r\n{JSON}"),
                "",
            )
            .gushing(&piece),
        ),
        (
            "headers without end",
            Act::raw("HTTP/1.1 200 OK\r\n").gushing(&line),
        ),
    ]);
}

#[test]
fn what_never_ends() {
    let chunked = format!("transfer-encoding: chunked\r\n{JSON}");
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, SETTINGS);
    for (name, act) in [
        ("silence", Act::hang()),
        (
            "half a head",
            Act::raw("HTTP/1.1 200 OK\r\ncont").ending(End::Hang),
        ),
        (
            "a trickling head",
            Act::raw("HTTP/1.1 200 OK\r\n").trickling("x: y\r\n"),
        ),
        (
            "no body",
            ok_with(&format!("content-length: 11\r\n{JSON}"), "").ending(End::Hang),
        ),
        (
            "half a body",
            ok_with(&format!("content-length: 11\r\n{JSON}"), "{").ending(End::Hang),
        ),
        (
            "a trickling body",
            ok_with(&chunked, "").trickling("1\r\n \r\n"),
        ),
        (
            "a body without a last chunk",
            ok_with(&chunked, "b\r\n{\"time\": 1}\r\n").ending(End::Hang),
        ),
        (
            "early hints for ever",
            Act::raw("").trickling("HTTP/1.1 103 Early Hints\r\n\r\n"),
        ),
    ] {
        takes_too_long(&app, &upstream, name, act);
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Scripted::always(Act::time(1));
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, SETTINGS);
    for status in [300, 301, 302, 303, 307, 308] {
        let location = format!("location: http://{}/\r\n{JSON}", elsewhere.address());
        let refresh = location.replace("location: ", "refresh: 0; url=");
        fails(
            &app,
            &upstream,
            "a redirect",
            Act::reply(status, &location, TIME),
        );
        fails(
            &app,
            &upstream,
            "a refresh",
            Act::reply(status, &refresh, TIME),
        );
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn bytes_after_a_reply_are_not_the_next_one() {
    let forged = Act::time(666).bytes;
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, SETTINGS);
    for _ in 0..20 {
        let smuggling = Act::raw([Act::time(1).bytes, forged.clone()].concat());
        upstream.play([smuggling], Act::time(2));
        let reply = app.get(&format!("/v1/upstreams/default?{LONG}"));
        assert_eq!(reply.json()["time"], 1);
        let reply = app.get(&format!("/v1/upstreams/default?{LONG}"));
        assert_eq!(reply.json()["time"], 2);
    }
}

#[test]
fn nobody_learns_why() {
    let secret = "the-secret-of-the-upstream";
    let upstream = Scripted::always(Act::reply(
        500,
        &format!("x-secret: {secret}\r\n{JSON}"),
        secret,
    ));
    let app = agon_on(&upstream, SETTINGS);
    let reply = app.get(&format!("/api/first?{LONG}"));
    assert_problem(&reply, 502, "upstream_failed");
    let shown = format!("{reply:?}{}", String::from_utf8_lossy(&reply.body));
    for hidden in [secret, &upstream.address().to_string(), "hyper"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
