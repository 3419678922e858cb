//! The names, types and labels that dashboards and alerts rely on, here and in `docs/metrics.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use testkit::{App, Launch, RedisServer, Scrape};

use crate::{AGON, create_players, create_ticket, hasty, put, start, until};

const CONTRACT: [(&str, &str, &str); 50] = [
    ("http_requests_total", "counter", "method route status"),
    ("http_request_duration_seconds", "histogram", "method route"),
    ("http_requests_in_flight", "gauge", ""),
    ("agon_http_connections_open", "gauge", ""),
    ("agon_store_commits_total", "counter", ""),
    ("agon_store_commit_changes", "histogram", ""),
    ("agon_store_commit_duration_seconds", "histogram", ""),
    ("agon_store_commit_failures_total", "counter", ""),
    ("agon_store_queue_changes", "gauge", ""),
    ("agon_store_queue_refused_total", "counter", ""),
    ("agon_store_available", "gauge", ""),
    ("agon_store_recovery_duration_seconds", "gauge", ""),
    ("agon_store_players", "gauge", ""),
    ("agon_store_boards", "gauge", ""),
    ("agon_store_entries", "gauge", ""),
    ("agon_store_index_bytes", "gauge", ""),
    ("agon_store_disk_bytes", "gauge", ""),
    ("agon_upstream_calls_total", "counter", "upstream"),
    (
        "agon_upstream_attempts_total",
        "counter",
        "attempt upstream",
    ),
    ("agon_upstream_wins_total", "counter", "attempt upstream"),
    (
        "agon_upstream_attempts_ended_total",
        "counter",
        "outcome upstream",
    ),
    (
        "agon_upstream_hedges_withheld_total",
        "counter",
        "reason upstream",
    ),
    (
        "agon_upstream_calls_refused_total",
        "counter",
        "reason upstream",
    ),
    ("agon_upstream_calls_coalesced_total", "counter", "upstream"),
    (
        "agon_upstream_attempt_duration_seconds",
        "histogram",
        "upstream",
    ),
    (
        "agon_upstream_answer_duration_seconds",
        "histogram",
        "upstream",
    ),
    ("agon_upstream_calls_in_flight", "gauge", "upstream"),
    ("agon_upstream_attempts_in_flight", "gauge", "upstream"),
    ("agon_upstream_endpoints", "gauge", "upstream"),
    ("agon_upstream_endpoints_in_use", "gauge", "upstream"),
    ("agon_upstream_circuit_state", "gauge", "state upstream"),
    ("agon_upstream_hedge_delay_seconds", "gauge", "upstream"),
    ("agon_queue_tickets_waiting", "gauge", "queue"),
    ("agon_queue_oldest_wait_seconds", "gauge", "queue"),
    ("agon_queue_tickets_total", "counter", "outcome queue"),
    ("agon_queue_matches_total", "counter", "queue"),
    ("agon_queue_wait_seconds", "histogram", "queue"),
    ("agon_queue_rating_spread", "histogram", "queue"),
    ("agon_matchmaker_pass_duration_seconds", "histogram", ""),
    ("agon_match_requests_in_flight", "gauge", ""),
    ("process_cpu_seconds_total", "counter", ""),
    ("process_resident_memory_bytes", "gauge", ""),
    ("process_virtual_memory_bytes", "gauge", ""),
    ("process_open_fds", "gauge", ""),
    ("process_max_fds", "gauge", ""),
    ("process_threads", "gauge", ""),
    ("process_start_time_seconds", "gauge", ""),
    ("agon_uptime_seconds", "gauge", ""),
    ("agon_build_info", "gauge", "revision version"),
    ("agon_ready", "gauge", ""),
];

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");

/// Of an Agon that has had something to do.
fn scrape() -> Scrape {
    busy(&start())
}

fn busy(app: &App) -> Scrape {
    create_players(app, 2);
    put(
        app,
        "/v1/queues/q",
        &json!({"teams": {"count": 2, "min_size": 1}}),
    );
    create_ticket(app, "q", "a", 0);
    let passes = "agon_matchmaker_pass_duration_seconds_count";
    until("a look was taken", || {
        Scrape::of(app).value(passes, &[]) > 0.0
    });
    Scrape::of(app)
}

type Told = BTreeMap<String, (String, String)>;

fn told(scrape: &Scrape) -> Told {
    let families = scrape.families().map(|(name, family)| {
        let labels = family.labels().join(" ");
        (name.to_owned(), (family.kind.clone(), labels))
    });
    families.collect()
}

#[test]
fn everything_is_there_by_its_name_type_and_labels() {
    let expected: Told = CONTRACT
        .iter()
        .map(|(name, kind, labels)| ((*name).into(), ((*kind).into(), (*labels).into())))
        .collect();
    assert_eq!(expected.len(), CONTRACT.len());
    assert_eq!(told(&scrape()), expected);
}

/// The rows of the sections that are, or are not, about Redis.
fn documented(is_meant: impl Fn(&str) -> bool) -> Told {
    let mut section = "";
    let lines = DOCUMENT.lines().filter(|line| {
        section = line.strip_prefix("## ").unwrap_or(section);
        is_meant(section)
    });
    // | `name` | type | labels | meaning |
    let rows = lines.filter(|line| line.starts_with("| `"));
    let rows = rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, meaning] = cells[..] else {
            panic!("{line}");
        };
        assert!(!meaning.is_empty(), "{line}");
        let labels: BTreeSet<&str> = labels.split([',', ' ']).filter(|l| !l.is_empty()).collect();
        let labels: Vec<&str> = labels.iter().map(|label| label.trim_matches('`')).collect();
        let name = name.trim_matches('`').to_owned();
        (name, (kind.to_owned(), labels.join(" ")))
    });
    let rows: Vec<_> = rows.collect();
    let document: Told = rows.iter().cloned().collect();
    assert_eq!(document.len(), rows.len(), "one is there twice");
    document
}

#[test]
fn the_document_says_what_is_told() {
    assert_eq!(documented(|section| section != "Redis"), told(&scrape()));
}

#[test]
fn the_document_says_what_is_told_of_a_store_on_redis() {
    let redis = RedisServer::start();
    let app = hasty(Launch::node(AGON, &redis.url())).start();
    let mut expected = documented(|section| section != "Store");
    let available = "agon_store_available";
    let of_store = documented(|section| section == "Store");
    expected.insert(available.to_owned(), of_store[available].clone());
    assert_eq!(told(&busy(&app)), expected);
}

#[test]
fn the_process_is_told_as_it_is() {
    let scrape = scrape();
    let value = |name| scrape.value(name, &[]);
    assert!(value("process_cpu_seconds_total") >= 0.0);
    let resident = value("process_resident_memory_bytes");
    assert!(resident > 1e6 && resident < value("process_virtual_memory_bytes"));
    // A socket that listens, one that asks, and the store's files; less than are allowed.
    assert!(value("process_open_fds") >= 3.0);
    assert!(value("process_open_fds") < value("process_max_fds"));
    // A main thread, one for requests, the writer, the matchmaker.
    assert!(value("process_threads") >= 4.0);
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let (started, up) = (
        value("process_start_time_seconds"),
        value("agon_uptime_seconds"),
    );
    assert!(up > 0.0);
    // The system tells the time of its start in whole seconds.
    assert!(
        started <= now + 2.0 && started + up <= now + 2.0,
        "{started} {up} {now}"
    );
    let (labels, one) = scrape.all("agon_build_info").next().unwrap();
    assert_eq!(
        (labels["version"].as_str(), one),
        (env!("CARGO_PKG_VERSION"), 1.0)
    );
}
