//! What `/metrics` tells of upstreams.

use testkit::Scrape;

use crate::act::Act;
use crate::scripted::Scripted;
use crate::setup::{LONG, agon_on, until};

fn of(scrape: &Scrape, name: &str, label: Option<(&str, &str)>) -> f64 {
    let upstream = ("upstream", "default");
    let labels: Vec<_> = [upstream].into_iter().chain(label).collect();
    scrape.value(name, &labels)
}

#[test]
fn calls_and_attempts_are_counted_as_they_end() {
    // A call that is answered, one whose attempts are refused, one whose attempts make no sense.
    let script = [
        vec![Act::time(1)],
        vec![Act::status(500); 3],
        vec![Act::json("nonsense"); 3],
    ];
    let upstream = Scripted::new(script.concat(), Act::time(1));
    let app = agon_on(&upstream, "");
    for status in [200, 502, 502] {
        let reply = app.get(&format!("/api/smart?{LONG}"));
        assert_eq!(reply.status, status);
    }
    let scrape = Scrape::of(&app);
    assert_eq!(of(&scrape, "agon_upstream_calls_total", None), 3.0);
    let attempts = "agon_upstream_attempts_total";
    let numbers = ["1", "2", "3"].map(|n| of(&scrape, attempts, Some(("attempt", n))));
    assert_eq!(numbers, [3.0, 2.0, 2.0]);
    assert_eq!(scrape.all(attempts).count(), 3);
    let wins = "agon_upstream_wins_total";
    let numbers = ["1", "2", "3"].map(|n| of(&scrape, wins, Some(("attempt", n))));
    assert_eq!(numbers, [1.0, 0.0, 0.0]);
    let ended = "agon_upstream_attempts_ended_total";
    let outcomes = ["failed", "invalid", "cancelled", "timed_out"];
    let outcomes = outcomes.map(|outcome| of(&scrape, ended, Some(("outcome", outcome))));
    assert_eq!(outcomes, [3.0, 3.0, 0.0, 0.0]);
    let durations = of(
        &scrape,
        "agon_upstream_attempt_duration_seconds_count",
        None,
    );
    assert_eq!(durations, 7.0);
    let answers = of(&scrape, "agon_upstream_answer_duration_seconds_count", None);
    assert_eq!(answers, 1.0);
    assert_eq!(of(&scrape, "agon_upstream_hedge_delay_seconds", None), 0.3);
    let circuit = "agon_upstream_circuit_state";
    let states = ["closed", "open", "half_open"];
    let states = states.map(|state| of(&scrape, circuit, Some(("state", state))));
    assert_eq!(states, [1.0, 0.0, 0.0]);
}

#[test]
fn what_is_under_way_or_refused_is_told() {
    let upstream = Scripted::always(Act::hang());
    let app = agon_on(&upstream, "max_in_flight = 1\nhedges = 0");
    let mut connection = app.connect();
    connection.request(&format!("GET /api/smart?{LONG}"), "", b"");
    let under_way = |scrape: &Scrape| {
        let names = [
            "agon_upstream_calls_in_flight",
            "agon_upstream_attempts_in_flight",
        ];
        names.map(|name| of(scrape, name, None))
    };
    until("it is under way", || {
        under_way(&Scrape::of(&app)) == [1.0; 2]
    });
    assert_eq!(app.get(&format!("/api/smart?{LONG}")).status, 503);
    let scrape = Scrape::of(&app);
    let refused = "agon_upstream_calls_refused_total";
    assert_eq!(of(&scrape, refused, Some(("reason", "busy"))), 1.0);
    assert_eq!(of(&scrape, refused, Some(("reason", "circuit"))), 0.0);
    assert_eq!(scrape.all("agon_upstream_attempts_total").count(), 1);
    drop(connection);
    until("it is given up", || {
        under_way(&Scrape::of(&app)) == [0.0; 2]
    });
    let cancelled = Some(("outcome", "cancelled"));
    let ended = "agon_upstream_attempts_ended_total";
    until("it is counted", || {
        of(&Scrape::of(&app), ended, cancelled) == 1.0
    });
}
