//! Queues, and looking for matches.

use serde_json::json;
use testkit::{App, Launch, Scrape};

use crate::{AGON, create_players, create_ticket, delete, hasty, put, start, until};

fn tickets(scrape: &Scrape, queue: &str) -> [f64; 4] {
    ["created", "matched", "cancelled", "expired"].map(|outcome| {
        let labels = [("queue", queue), ("outcome", outcome)];
        scrape.value("agon_queue_tickets_total", &labels)
    })
}

fn waiting(scrape: &Scrape, queue: &str) -> f64 {
    scrape.value("agon_queue_tickets_waiting", &[("queue", queue)])
}

fn put_queue(app: &App, queue: &str) {
    let settings = json!({"teams": {"count": 2, "min_size": 1}});
    put(app, &format!("/v1/queues/{queue}"), &settings);
}

#[test]
fn tickets_and_matches_are_counted_as_they_end() {
    let app = start();
    create_players(&app, 5);
    put_queue(&app, "q");
    for (n, id) in ["a", "b"].into_iter().enumerate() {
        create_ticket(&app, "q", id, n);
    }
    until("they are matched", || {
        tickets(&Scrape::of(&app), "q")[1] == 2.0
    });
    create_ticket(&app, "q", "c", 2);
    delete(&app, "/v1/queues/q/tickets/c");
    create_ticket(&app, "q", "d", 3);
    let scrape = Scrape::of(&app);
    assert_eq!(tickets(&scrape, "q"), [4.0, 2.0, 1.0, 0.0]);
    assert_eq!(waiting(&scrape, "q"), 1.0);
    let queue = [("queue", "q")];
    assert_eq!(scrape.value("agon_queue_matches_total", &queue), 1.0);
    assert_eq!(scrape.value("agon_queue_wait_seconds_count", &queue), 2.0);
    assert_eq!(scrape.value("agon_queue_rating_spread_count", &queue), 1.0);
    // Both have the first rating.
    assert_eq!(scrape.value("agon_queue_rating_spread_sum", &queue), 0.0);
    assert!(scrape.value("agon_matchmaker_pass_duration_seconds_count", &[]) >= 1.0);
    let oldest = || Scrape::of(&app).value("agon_queue_oldest_wait_seconds", &queue);
    until("it has waited", || oldest() > 0.05);
    delete(&app, "/v1/queues/q");
    let scrape = Scrape::of(&app);
    assert_eq!(scrape.all("agon_queue_tickets_total").count(), 0);
    assert_eq!(scrape.all("agon_queue_wait_seconds_count").count(), 0);
}

#[test]
fn tickets_that_wait_too_long_are_counted_as_expired() {
    let app = start();
    create_players(&app, 1);
    let settings = json!({"teams": {"count": 2, "min_size": 1}, "ticket_ttl_ms": 100});
    put(&app, "/v1/queues/q", &settings);
    create_ticket(&app, "q", "a", 0);
    until("it expires", || {
        tickets(&Scrape::of(&app), "q") == [1.0, 0.0, 0.0, 1.0]
    });
    assert_eq!(waiting(&Scrape::of(&app), "q"), 0.0);
}

#[test]
fn a_start_counts_nothing_of_what_it_finds() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = hasty(Launch::on(AGON, dir.path())).start();
    create_players(&app, 3);
    put_queue(&app, "q");
    for (n, id) in ["a", "b", "c"].into_iter().enumerate() {
        create_ticket(&app, "q", id, n);
    }
    until("two are matched", || {
        tickets(&Scrape::of(&app), "q")[1] == 2.0
    });
    app.kill();
    let app = hasty(Launch::on(AGON, dir.path())).start();
    let scrape = Scrape::of(&app);
    assert_eq!(tickets(&scrape, "q"), [0.0; 4]);
    let queue = [("queue", "q")];
    assert_eq!(scrape.value("agon_queue_matches_total", &queue), 0.0);
    assert_eq!(waiting(&scrape, "q"), 1.0);
    assert!(scrape.value("agon_queue_oldest_wait_seconds", &queue) > 0.0);
}

#[test]
fn a_hundred_queues_have_a_label_and_the_others_share_one() {
    let app = start();
    create_players(&app, 5);
    // One that has the others' name, too, is one of them.
    put_queue(&app, "other");
    create_ticket(&app, "other", "a", 0);
    let scrape = Scrape::of(&app);
    assert_eq!(scrape.all("agon_queue_tickets_waiting").count(), 1);
    assert_eq!(waiting(&scrape, "other"), 1.0);
    for n in 0..103 {
        put_queue(&app, &format!("q{n:03}"));
    }
    for (n, queue) in ["q000", "q101", "q102"].into_iter().enumerate() {
        create_ticket(&app, queue, "a", n);
    }
    let scrape = Scrape::of(&app);
    // `other` is the first by name, and 99 more have room.
    let queues: Vec<&str> = scrape
        .all("agon_queue_tickets_waiting")
        .map(|(labels, _)| labels["queue"].as_str())
        .collect();
    assert_eq!(queues.len(), 100);
    assert!(queues.contains(&"q098") && !queues.contains(&"q099"));
    assert_eq!(waiting(&scrape, "q000"), 1.0);
    assert_eq!(waiting(&scrape, "other"), 3.0);
    assert_eq!(tickets(&scrape, "other"), [3.0, 0.0, 0.0, 0.0]);
    let labels = [("queue", "other")];
    assert!(scrape.value("agon_queue_oldest_wait_seconds", &labels) > 0.0);
}
