//! How many attempts are sent, when, which of them is the answer, and when there is none.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::act::{Act, End};
use crate::scripted::Scripted;
use crate::setup::{Calm, LONG, agon_on, assert_problem, attempts, until, winner};

const FEW_MS: &str = "delay = \"100ms\"";
/// So that a first attempt is given the time it takes, on a slow machine too.
const NO_HASTE: &str = "delay = \"20s\"";

#[test]
fn a_fast_answer_takes_one_attempt_and_is_not_touched() {
    let body =
        "\n{ \"z\" :1 ,\t\"time\":  5,\"a\":[ 1.0e0, 0.10 ],\"\\u0061\":\"\u{e9}\", \"a\":null }  ";
    let upstream = Scripted::always(Act::json(body));
    let app = agon_on(&upstream, NO_HASTE);
    let reply = app.get(&format!("/api/smart?{LONG}"));
    assert_eq!(
        (reply.status, attempts(&reply), winner(&reply)),
        (200, 1, Some(1))
    );
    assert_eq!(String::from_utf8(reply.body.clone()).unwrap(), body);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!((upstream.requests(), upstream.connections()), (1, 1));
}

#[test]
fn what_is_large_chunked_or_announced_is_a_success() {
    let json = "content-type: application/json\r\n";
    let chunks = "9\r\n{\"time\": \r\n2;x=y\r\n1}\r\n0\r\nx-trailer: 1\r\n\r\n";
    let full = format!("{{\"time\": 1{}}}", " ".repeat((1 << 20) - 11));
    for act in [
        Act::raw(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{json}\r\n{chunks}"
        )),
        Act::reply(
            200,
            "content-type: application/vnd.x+json; charset=utf-8\r\n",
            r#"{"time": 1}"#,
        ),
        Act::reply(201, "Content-Type: Application/JSON\r\n", r#"{"time": 1}"#),
        Act::reply(
            200,
            &format!("content-encoding: identity\r\n{json}"),
            r#"{"time": 1}"#,
        ),
        Act::raw(
            [
                b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_vec(),
                Act::time(1).bytes,
            ]
            .concat(),
        ),
        Act::raw(format!("HTTP/1.1 200 OK\r\n{json}\r\n{{\"time\": 1}}")).ending(End::Close),
        Act::raw(format!("HTTP/1.0 200 OK\r\n{json}\r\n{{\"time\": 1}}")).ending(End::Close),
        Act::json(r#"{"time": 123456789012345678901234567890, "time": 1}"#),
        Act::json(full),
    ] {
        let shown = String::from_utf8_lossy(&act.bytes[..60]).into_owned();
        let upstream = Scripted::always(act);
        let app = agon_on(&upstream, NO_HASTE);
        let reply = app.get(&format!("/api/smart?{LONG}"));
        assert_eq!((reply.status, attempts(&reply)), (200, 1), "{shown}");
        assert_eq!(reply.json()["time"], 1, "{shown}");
    }
}

#[test]
fn a_slow_first_attempt_is_hedged_after_300_ms() {
    let upstream = Scripted::new([Act::hang()], Act::time(7));
    let app = agon_on(&upstream, "");
    let start = Instant::now();
    let reply = app.get(&format!("/api/smart?{LONG}"));
    assert_eq!((reply.status, attempts(&reply)), (200, 3));
    assert!(matches!(winner(&reply), Some(2 | 3)), "{reply:?}");
    assert_eq!(reply.json()["time"], 7);
    // Only what is too early is told here: the others may be as late as the machine is slow.
    for hedge in &upstream.asked()[1..] {
        assert!(hedge.at - start >= Duration::from_millis(300));
    }
}

#[test]
fn the_first_attempt_may_still_win_after_hedges_were_sent() {
    let upstream = Scripted::new([Act::time(1).after_ms(400)], Act::hang());
    let app = agon_on(&upstream, FEW_MS);
    let reply = app.get(&format!("/api/smart?{LONG}"));
    assert_eq!(
        (reply.status, attempts(&reply), winner(&reply)),
        (200, 3, Some(1))
    );
    until("the hedges are given up", || upstream.left() == 2);
}

#[test]
fn a_first_attempt_that_fails_is_hedged_at_once() {
    for failure in [
        Act::status(500),
        Act::json("{"),
        Act::raw("").ending(End::Close),
    ] {
        let upstream = Scripted::new([failure], Act::time(7));
        let app = agon_on(&upstream, NO_HASTE);
        let start = Instant::now();
        let reply = app.get(&format!("/api/smart?{LONG}"));
        assert_eq!((reply.status, attempts(&reply)), (200, 3));
        assert!(matches!(winner(&reply), Some(2 | 3)), "{reply:?}");
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "it waited for the delay"
        );
    }
}

#[test]
fn a_failed_hedge_does_not_end_the_call() {
    let script = [
        Act::status(500),
        Act::status(500),
        Act::time(3).after_ms(100),
    ];
    let upstream = Scripted::new(script, Act::status(500));
    let app = agon_on(&upstream, "");
    let reply = app.get(&format!("/api/smart?{LONG}"));
    assert_eq!((reply.status, attempts(&reply)), (200, 3));
    assert_eq!(upstream.requests(), 3);
}

#[test]
fn when_all_fail_it_is_said_without_waiting() {
    let upstream = Scripted::always(Act::status(500));
    let app = agon_on(&upstream, "");
    for (n, path) in (1..).zip(["/api/smart", "/api/first", "/api/all"]) {
        let reply = app.get(&format!("{path}?{LONG}"));
        assert_problem(&reply, 502, "upstream_failed");
        assert_eq!(
            (attempts(&reply), upstream.requests()),
            (3, 3 * n),
            "{path}"
        );
    }
    let reply = app.get(&format!("/api/within-timeout?{LONG}"));
    assert_eq!(
        (reply.status, attempts(&reply), winner(&reply)),
        (200, 3, None)
    );
    assert_eq!(reply.json(), json!([]));
}

#[test]
fn nobody_listening_is_a_failure_like_any_other() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let app = crate::setup::agon(&format!(
        "[upstreams.default]\nurl = \"http://{address}/\"\n"
    ));
    let reply = app.get(&format!("/api/smart?{LONG}"));
    assert_problem(&reply, 502, "upstream_failed");
    assert_eq!(attempts(&reply), 3);
}

#[test]
fn the_first_success_of_three_is_the_answer() {
    let script = [Act::hang(), Act::status(500), Act::time(3).after_ms(50)];
    let upstream = Scripted::new(script, Act::hang());
    let app = agon_on(&upstream, NO_HASTE);
    let reply = app.get(&format!("/api/first?{LONG}"));
    assert_eq!((reply.status, attempts(&reply)), (200, 3));
    assert_eq!(reply.json(), json!({"time": 3}));
    assert!(matches!(winner(&reply), Some(1..=3)));
}

#[test]
fn all_successes_come_in_the_order_in_which_they_came() {
    let script = [
        Act::time(1).after_ms(800),
        Act::time(2).after_ms(400),
        Act::time(3),
    ];
    let upstream = Scripted::new(script, Act::hang());
    let app = agon_on(&upstream, NO_HASTE);
    let reply = app.get(&format!("/api/all?{LONG}"));
    assert_eq!((reply.status, attempts(&reply)), (200, 3));
    assert_eq!(reply.json(), json!([{"time": 3}, {"time": 2}, {"time": 1}]));
    upstream.play(
        [Act::status(500), Act::time(5).after_ms(100), Act::time(4)],
        Act::hang(),
    );
    let reply = app.get(&format!("/api/all?{LONG}"));
    assert_eq!(reply.json(), json!([{"time": 4}, {"time": 5}]));
    upstream.play([Act::time(1), Act::time(2), Act::hang()], Act::hang());
    assert_problem(&app.get("/api/all?timeout=300"), 504, "upstream_timeout");
}

#[test]
fn what_came_in_time_is_the_answer() {
    let script = [Act::time(1), Act::status(500), Act::hang()];
    let upstream = Scripted::new(script, Act::hang());
    let app = agon_on(&upstream, NO_HASTE);
    let start = Instant::now();
    let reply = app.get("/api/within-timeout?timeout=500");
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert_eq!((reply.status, attempts(&reply)), (200, 3));
    assert_eq!(reply.json(), json!([{"time": 1}]));
    let reply = app.get("/api/within-timeout?timeout=100");
    assert_eq!(
        (reply.status, winner(&reply), reply.json()),
        (200, None, json!([]))
    );
}

#[test]
fn no_time_is_no_attempt() {
    let upstream = Scripted::always(Act::time(1));
    let app = agon_on(&upstream, "");
    for path in ["/api/smart", "/api/first", "/api/all"] {
        let reply = app.get(&format!("{path}?timeout=0"));
        assert_problem(&reply, 504, "upstream_timeout");
        assert_eq!(attempts(&reply), 0);
    }
    let reply = app.get("/api/within-timeout?timeout=0");
    assert_eq!((reply.status, reply.json()), (200, json!([])));
    assert_eq!(upstream.connections(), 0);
}

/// How far after its deadline each of twenty calls was answered, and how far after the same time, slept away here, a
/// call that needs nothing was; each in order of size. They take turns, so that both meet the same machine.
fn lateness(app: &Calm, path: &str, timeout: u64, status: u16) -> [Vec<Duration>; 2] {
    let wait = Duration::from_millis(timeout);
    let (mut late, mut machine) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let start = Instant::now();
        let reply = app.get(&format!("{path}?timeout={timeout}"));
        let after = start.elapsed().checked_sub(wait);
        assert_eq!(reply.status, status, "{path}");
        late.push(after.unwrap_or_else(|| panic!("{path}: before the deadline")));
        let start = Instant::now();
        std::thread::sleep(wait);
        assert_eq!(app.get("/healthz").status, 200);
        machine.push(start.elapsed().saturating_sub(wait));
    }
    late.sort_unstable();
    machine.sort_unstable();
    [late, machine]
}

#[test]
fn the_deadline_is_kept() {
    let slow_body = Act::raw(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{",
    );
    for act in [Act::hang(), slow_body.ending(End::Hang)] {
        let upstream = Scripted::always(act);
        let app = agon_on(&upstream, FEW_MS);
        for (path, timeout, status) in [
            ("/api/smart", 50, 504),
            ("/api/smart", 150, 504),
            ("/api/first", 50, 504),
            ("/api/all", 50, 504),
            ("/api/within-timeout", 50, 200),
        ] {
            let [late, machine] = lateness(&app, path, timeout, status);
            for (place, more_ms) in [(10, 20), (19, 500)] {
                let allowed = machine[place] + Duration::from_millis(more_ms);
                assert!(late[place] <= allowed, "{path}: {late:?}, {machine:?}");
            }
        }
    }
}

#[test]
fn losers_are_given_up() {
    let upstream = Scripted::new([Act::hang()], Act::time(1));
    let app = agon_on(&upstream, FEW_MS);
    assert_eq!(app.get(&format!("/api/smart?{LONG}")).status, 200);
    until("the first attempt is given up", || {
        upstream.under_way() == 0
    });
}

/// With an upstream of its own: an attempt that was given up above may still arrive, and take somebody's place.
#[test]
fn losers_and_the_late_are_given_up() {
    // Late enough for the losers to be there by then.
    let upstream = Scripted::new([Act::time(1).after_ms(1000)], Act::hang());
    let app = agon_on(&upstream, FEW_MS);
    assert_eq!(app.get(&format!("/api/first?{LONG}")).status, 200);
    assert_eq!(upstream.requests(), 3);
    until("both losers are given up", || upstream.under_way() == 0);
    assert_eq!(app.get("/api/first?timeout=1000").status, 504);
    assert_eq!(upstream.requests(), 6);
    until("the deadline ends attempts", || upstream.under_way() == 0);
}

#[test]
fn a_caller_who_goes_away_takes_the_attempts_along() {
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, "delay = \"1s\"");
    let mut caller = app.connect();
    caller.request("GET /api/smart?timeout=60000", "", b"");
    until("the attempt is there", || upstream.requests() == 1);
    drop(caller);
    until("the attempt is given up", || upstream.left() == 1);
    let mut caller = app.connect();
    caller.request("GET /api/all?timeout=60000", "", b"");
    until("three attempts are there", || upstream.requests() == 4);
    drop(caller);
    until("the attempts are given up", || upstream.left() == 4);
    // Longer than the delay after which hedges would have gone out.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(upstream.requests(), 4);
    let status = &app.get("/v1/upstreams").json()[0];
    assert_eq!(status["attempts_in_flight"], 0);
    assert_eq!(status["calls_in_flight"], 0);
}
