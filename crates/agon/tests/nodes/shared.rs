//! Two nodes on one Redis are one Agon: what is set on one is in force on the other with the next request.

use std::thread;

use serde_json::json;
use testkit::RedisServer;

use crate::setup::{create_players, get, player, post, put, score, submit, two};

const ROUNDS: usize = 20;

#[test]
fn boards_that_are_made_changed_or_deleted_are_so_on_all_nodes_at_once() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 2);
    // Often, since what is "nearly at once" passes once.
    for round in 0..ROUNDS {
        let board = format!("board-{round}");
        put(
            &a,
            &format!("/v1/boards/{board}"),
            &json!({"operator": "sum"}),
        );
        assert_eq!(
            submit(&b, &board, 0, 5.0, &format!("{round}-1")).status,
            200
        );
        put(
            &b,
            &format!("/v1/boards/{board}"),
            &json!({"operator": "best", "max_score": 7}),
        );
        let best = submit(&a, &board, 0, 6.0, &format!("{round}-2"));
        assert_eq!(best.json()["score"], 6, "the operator of now");
        assert_eq!(
            submit(&a, &board, 0, 8.0, &format!("{round}-3")).status,
            400
        );
        let deleted = a.request("DELETE", &format!("/v1/boards/{board}"), &[], None);
        assert_eq!(deleted.unwrap().status, 204);
        assert_eq!(
            submit(&b, &board, 0, 1.0, &format!("{round}-4")).status,
            404
        );
        assert_eq!(b.get(&format!("/v1/boards/{board}")).status, 404);
    }
}

#[test]
fn queues_that_are_made_changed_or_deleted_are_so_on_all_nodes_at_once() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 2);
    let party = json!({"players": [{"player_id": player(0)}, {"player_id": player(1)}]});
    for round in 0..ROUNDS {
        let queue = format!("/v1/queues/queue-{round}");
        let tickets = format!("{queue}/tickets");
        put(&a, &queue, &json!({"teams": {"count": 2, "min_size": 1}}));
        let reply = b.post(&tickets, &party);
        assert_eq!(reply.status, 400, "a party of two fits no team of one");
        put(&b, &queue, &json!({"teams": {"count": 2, "min_size": 2}}));
        let ticket = post(&a, &tickets, &party);
        let path = format!("{tickets}/{}", ticket["ticket_id"].as_str().unwrap());
        assert_eq!(get(&b, &path)["status"], "waiting");
        let deleted = b.request("DELETE", &queue, &[], None).unwrap();
        assert_eq!(deleted.status, 204);
        assert_eq!(a.post(&tickets, &party).status, 404);
        assert_eq!(a.get(&path).status, 404);
    }
}

#[test]
fn a_key_counts_once_whichever_nodes_it_is_sent_to() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 1);
    put(&a, "/v1/boards/points", &json!({"operator": "sum"}));
    let rounds = 25;
    for round in 0..rounds {
        let key = format!("key-{round}");
        thread::scope(|scope| {
            for app in [&a, &b, &a, &b] {
                let key = &key;
                scope.spawn(move || {
                    let reply = submit(app, "points", 0, 1.0, key);
                    // Still under way elsewhere, or done.
                    assert!(matches!(reply.status, 200 | 409), "{}", reply.json());
                });
            }
        });
        for app in [&a, &b] {
            let reply = submit(app, "points", 0, 1.0, &key);
            assert_eq!(reply.header("idempotency-replayed"), Some("true"));
            assert_eq!(reply.json()["score"], round + 1);
        }
        let other = submit(&b, "points", 0, 2.0, &key);
        assert_eq!(other.status, 422);
    }
    assert_eq!(score(&a, "points", 0), f64::from(rounds));
}

#[test]
fn what_was_acknowledged_by_one_node_is_read_from_the_other() {
    let redis = RedisServer::start();
    let (a, b) = two(&redis);
    create_players(&a, 40);
    put(&a, "/v1/boards/points", &json!({"operator": "sum"}));
    for n in 0..40 {
        let (to, from) = if n % 2 == 0 { (&a, &b) } else { (&b, &a) };
        // All equal, so that ranks tell who was first.
        let receipt = submit(to, "points", n, 7.0, &format!("k{n}")).json();
        assert_eq!(receipt["rank"], n + 1, "after those who were before");
        let entry = get(from, &format!("/v1/boards/points/entries/{}", player(n)));
        assert_eq!(entry["rank"], n + 1);
    }
}
