use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

/// Requests by template, method and status, as they would be told.
fn counts(requests: &Requests) -> BTreeMap<(String, &'static str, String), u64> {
    let mut counts = BTreeMap::new();
    for (template, method, ends) in requests.ends() {
        for (status, count) in ends.by_status() {
            counts.insert((template.to_owned(), method, status), count);
        }
    }
    counts
}

fn key(template: &str, method: &'static str, status: &str) -> (String, &'static str, String) {
    (template.to_owned(), method, status.to_owned())
}

impl Requests {
    fn begin_at(&self, method: &Method, template: &str) -> Measured<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Measured {
            requests: self,
            ends: self.route(template).ends(method),
            since: Instant::now(),
            replied: false,
        }
    }
}

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let requests = Requests::new();
    for status in [200, 200, 404, 599] {
        let status = StatusCode::from_u16(status).unwrap();
        requests.begin_at(&Method::GET, "/a/{b}").replied(status);
    }
    requests
        .begin_at(&Method::POST, "/a/{b}")
        .replied(StatusCode::OK);
    let odd = Method::from_bytes(b"BREW").unwrap();
    let now = Instant::now();
    requests
        .begin(&odd, None, now)
        .replied(StatusCode::NOT_FOUND);
    let expected = BTreeMap::from([
        (key("/a/{b}", "GET", "200"), 2),
        (key("/a/{b}", "GET", "404"), 1),
        (key("/a/{b}", "GET", "other"), 1),
        (key("/a/{b}", "POST", "200"), 1),
        (key("none", "other", "404"), 1),
    ]);
    assert_eq!(counts(&requests), expected);
    let get = requests.route("/a/{b}").ends(&Method::GET);
    assert_eq!(get.took.distribution().count, 4);
}

#[test]
fn one_that_is_dropped_counts_as_gone_and_has_no_duration() {
    let requests = Requests::new();
    let under_way = || requests.under_way.load(Ordering::Relaxed);
    let first = requests.begin_at(&Method::GET, "/a");
    let second = requests.begin_at(&Method::GET, "/a");
    assert_eq!(under_way(), 2);
    drop(first);
    assert_eq!(under_way(), 1);
    second.replied(StatusCode::OK);
    assert_eq!(under_way(), 0);
    let expected = BTreeMap::from([(key("/a", "GET", "200"), 1), (key("/a", "GET", "499"), 1)]);
    assert_eq!(counts(&requests), expected);
    let get = requests.route("/a").ends(&Method::GET);
    assert_eq!(get.took.distribution().count, 1);
}

#[tokio::test(start_paused = true)]
async fn time_counts_from_the_arrival() {
    let requests = Requests::new();
    let since = Instant::now();
    tokio::time::advance(Duration::from_millis(700)).await;
    requests
        .begin(&Method::PUT, None, since)
        .replied(StatusCode::OK);
    let took = requests.no_route.ends(&Method::PUT).took.distribution();
    assert_eq!((took.count, took.sum), (1, 0.7));
}

#[test]
fn many_threads_find_the_same_counters() {
    let requests = Requests::new();
    let templates: Vec<String> = (0..SLOTS / 4).map(|n| format!("/route/{n}")).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for template in templates.iter().cycle().take(templates.len() * 25) {
                    requests
                        .begin_at(&Method::GET, template)
                        .replied(StatusCode::OK);
                }
            });
        }
    });
    let counts = counts(&requests);
    assert_eq!(counts.len(), templates.len());
    assert!(counts.values().all(|count| *count == 100), "{counts:?}");
}

#[test]
fn the_statuses_are_in_order() {
    assert!(STATUSES.is_sorted());
    for status in (100..600).filter_map(|n| StatusCode::from_u16(n).ok()) {
        let known = status.canonical_reason().is_some();
        let told = STATUSES.contains(&status.as_u16()) && status.as_u16() != GONE;
        assert_eq!(told, known, "{status}");
    }
}
