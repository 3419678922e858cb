//! Tickets of different nodes, and who forms the matches.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{App, RedisServer, Scrape};

use crate::setup::{create_players, get, node, player, post, put, two, until};

/// A lead is over after five seconds, and others ask every second; the machine is busy.
const TAKEOVER: Duration = Duration::from_secs(15);

/// A queue for two.
pub fn put_queue(app: &App) {
    let rules = json!({"teams": {"count": 2, "min_size": 1}});
    put(app, "/v1/queues/duel", &rules);
}

/// A ticket of one player.
pub fn create_ticket(app: &App, number: usize) -> String {
    let body = json!({"players": [{"player_id": player(number)}]});
    let ticket = post(app, "/v1/queues/duel/tickets", &body);
    ticket["ticket_id"].as_str().unwrap().to_owned()
}

/// What is told of a ticket.
pub fn ticket(app: &App, id: &str, query: &str) -> Value {
    get(app, &format!("/v1/queues/duel/tickets/{id}{query}"))
}

/// Whether a node leads the queue.
pub fn leads(app: &App) -> bool {
    Scrape::of(app).value("agon_redis_queues_led", &[]) > 0.0
}

/// Two nodes of which the first leads a queue, so many players, and the ticket of the first of them, which waits.
fn leader_first(redis: &RedisServer, players: usize) -> (App, App, String) {
    let (a, b) = two(redis);
    create_players(&a, players);
    put_queue(&a);
    let waiting = create_ticket(&a, 0);
    until("one of the nodes leads", || leads(&a) || leads(&b));
    let (leader, other) = if leads(&a) { (a, b) } else { (b, a) };
    (leader, other, waiting)
}

/// Waits until a ticket is matched; panics after a minute.
#[track_caller]
fn until_matched(app: &App, id: &str) {
    until("the ticket is matched", || {
        ticket(app, id, "?wait=1s")["status"] == "matched"
    });
}

#[test]
fn tickets_of_two_nodes_are_matched_and_who_waits_elsewhere_is_woken() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 20);
    put_queue(&a);
    for pair in 0..10 {
        let (first, second) = if pair % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let mine = create_ticket(first, 2 * pair);
        let other = thread::scope(|scope| {
            // It waits on the node that has not made it.
            let waiting = scope.spawn(|| {
                let started = Instant::now();
                (ticket(second, &mine, "?wait=30s"), started.elapsed())
            });
            thread::sleep(Duration::from_millis(100));
            let other = create_ticket(second, 2 * pair + 1);
            let (seen, took) = waiting.join().unwrap();
            assert_eq!(seen["status"], "matched", "{seen}");
            assert!(
                took < Duration::from_secs(10),
                "it was woken after {took:?}"
            );
            other
        });
        let matches = [&mine, &other].map(|id| ticket(first, id, "")["match_id"].clone());
        assert!(matches[0].is_string() && matches[0] == matches[1]);
        let id = matches[0].as_str().unwrap();
        let result = json!({"placements": [1, 2]});
        post(first, &format!("/v1/matches/{id}/result"), &result);
        let held = get(second, &format!("/v1/matches/{id}"));
        assert_eq!(held["status"], "finished");
    }
}

#[test]
fn a_queue_whose_leader_is_killed_has_another_within_seconds() {
    let redis = RedisServer::start();
    let (mut leader, other, waiting) = leader_first(&redis, 4);
    assert!(!leads(&other), "one at a time");
    leader.kill();
    let killed = Instant::now();
    create_ticket(&other, 1);
    until_matched(&other, &waiting);
    assert!(killed.elapsed() < TAKEOVER, "{:?}", killed.elapsed());
    println!("the queue was taken over after {:?}", killed.elapsed());
}

#[test]
fn a_leader_that_stops_in_order_hands_over_at_once() {
    let redis = RedisServer::start();
    let (mut leader, other, waiting) = leader_first(&redis, 4);
    assert!(leader.stop().success());
    let stopped = Instant::now();
    create_ticket(&other, 1);
    until_matched(&other, &waiting);
    // Less than a lead lasts: the other need not wait until it is over.
    assert!(
        stopped.elapsed() < Duration::from_secs(4),
        "{:?}",
        stopped.elapsed()
    );
}

#[test]
fn a_leader_that_was_stopped_and_goes_on_puts_nobody_into_a_second_match() {
    let redis = RedisServer::start();
    let (leader, other, waiting) = leader_first(&redis, 8);
    let mut tickets = vec![waiting];
    leader.signal("STOP");
    tickets.extend((1..4).map(|n| create_ticket(&other, n)));
    for id in &tickets {
        until_matched(&other, id);
    }
    leader.signal("CONT");
    tickets.extend((4..8).map(|n| create_ticket(&leader, n)));
    let mut matches: Vec<String> = Vec::new();
    for id in &tickets {
        until_matched(&leader, id);
        let of = ticket(&other, id, "")["match_id"]
            .as_str()
            .unwrap()
            .to_owned();
        matches.push(of);
    }
    matches.sort();
    let pairs = matches.chunks(2).all(|pair| pair[0] == pair[1]);
    matches.dedup();
    assert!(pairs && matches.len() == 4, "{matches:?}");
}

#[test]
fn a_node_that_comes_later_takes_part() {
    let redis = RedisServer::start();
    let a = node(&redis.url()).start();
    create_players(&a, 2);
    put_queue(&a);
    let waiting = create_ticket(&a, 0);
    let b = node(&redis.url()).start();
    assert_eq!(ticket(&b, &waiting, "")["status"], "waiting");
    create_ticket(&b, 1);
    until_matched(&b, &waiting);
}
