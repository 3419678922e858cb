//! The way between a node and Redis is cut, in whichever way: that node refuses in time, the other goes on, nothing
//! counts twice however late it arrives, nobody is matched by who was cut off, and all goes on by itself afterwards.

use std::thread;

use serde_json::{Value, json};
use testkit::{App, RedisServer, Relay, Reply};

use crate::matches::{create_ticket, leads, put_queue, ticket};
use crate::outage::{bounded, insist, is_ready};
use crate::setup::{
    assert_unavailable, create_players, get, node, player, post, put, score, submit, until,
};

/// Attempts to have something arrive before the node has noticed that it is cut off.
const ATTEMPTS: usize = 10;

/// Two nodes on one Redis, each with a way of its own.
struct Two {
    a: App,
    b: App,
    way_of_a: Relay,
    way_of_b: Relay,
    _redis: RedisServer,
}

fn two() -> Two {
    let redis = RedisServer::start();
    let (way_of_a, way_of_b) = (Relay::to(redis.port()), Relay::to(redis.port()));
    let two = Two {
        a: node(&way_of_a.url()).start(),
        b: node(&way_of_b.url()).start(),
        way_of_a,
        way_of_b,
        _redis: redis,
    };
    create_players(&two.a, 8);
    put(&two.a, "/v1/boards/points", &json!({"operator": "sum"}));
    two
}

impl Two {
    /// Heals the way of the first node and waits until that has noticed.
    fn heal(&self) {
        self.way_of_a.heal();
        until("it is ready again", || is_ready(&self.a));
    }

    /// Waits until the first node has noticed that it is cut off; the second has nothing to notice.
    fn is_told(&self) {
        until("it is not ready", || !is_ready(&self.a));
        assert_unavailable(&bounded(|| self.a.get("/readyz")));
        assert_eq!(self.a.get("/healthz").status, 200);
        assert!(is_ready(&self.b));
    }
}

#[track_caller]
fn assert_replayed(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.json());
    assert_eq!(reply.header("idempotency-replayed"), Some("true"));
}

#[test]
fn a_node_that_is_cut_off_refuses_in_time_and_the_other_goes_on() {
    let two = two();
    let cuts = [
        Relay::cut,
        Relay::cut_requests,
        Relay::cut_replies,
        Relay::refuse,
    ];
    for (n, cut) in cuts.into_iter().enumerate() {
        let (mine, other) = (format!("mine-{n}"), format!("other-{n}"));
        cut(&two.way_of_a);
        thread::scope(|scope| {
            // At the same time, as the first takes all of its time.
            let reading = scope.spawn(|| bounded(|| two.a.get("/leaderboard")));
            assert_unavailable(&bounded(|| submit(&two.a, "points", 0, 1.0, &mine)));
            assert_unavailable(&reading.join().unwrap());
        });
        two.is_told();
        let done = bounded(|| submit(&two.b, "points", 1, 1.0, &other));
        assert_eq!(done.status, 200, "{}", done.json());
        two.heal();
        insist(&two.a, "points", 0, 1.0, &mine);
        assert_eq!(score(&two.b, "points", 0), (n + 1) as f64, "after cut {n}");
        assert_eq!(score(&two.a, "points", 1), (n + 1) as f64, "after cut {n}");
    }
}

#[test]
fn what_was_done_counts_once_although_its_reply_was_lost() {
    let two = two();
    submit(&two.a, "points", 0, 1.0, "before");
    // Where the machine is slow, the node may have noticed the cut before it was asked.
    let key = (0..ATTEMPTS).map(|n| format!("lost-{n}")).find(|key| {
        two.way_of_a.cut_replies();
        assert_unavailable(&bounded(|| submit(&two.a, "points", 0, 1.0, key)));
        let has_arrived = score(&two.b, "points", 0) == 2.0;
        if !has_arrived {
            two.heal();
            submit(&two.b, "points", 0, -1.0, &format!("not-{key}"));
            insist(&two.a, "points", 0, 1.0, key);
        }
        has_arrived
    });
    let key = key.expect("it never arrived");
    two.is_told();
    assert_unavailable(&bounded(|| submit(&two.a, "points", 0, 1.0, &key)));
    assert_replayed(&submit(&two.b, "points", 0, 1.0, &key));
    two.heal();
    assert_replayed(&insist(&two.a, "points", 0, 1.0, &key));
    assert_eq!(score(&two.a, "points", 0), 2.0);
}

/// Without a key, to whom that it may have been done is the truth.
fn submit_without_key(app: &App, number: usize) -> Reply {
    let body = json!({"player_id": player(number), "score": 1});
    app.post("/v1/boards/points/scores", &body)
}

#[test]
fn what_arrives_after_it_was_given_up_counts_once_under_a_key() {
    let two = two();
    let has_arrived = (0..ATTEMPTS).any(|n| {
        let key = format!("late-{n}");
        two.way_of_a.cut();
        thread::scope(|scope| {
            let keyless = scope.spawn(|| bounded(|| submit_without_key(&two.a, 1)));
            assert_unavailable(&bounded(|| submit(&two.a, "points", 0, 1.0, &key)));
            assert_unavailable(&keyless.join().unwrap());
        });
        let repeated = submit(&two.b, "points", 0, 1.0, &key);
        assert_eq!(repeated.header("idempotency-replayed"), None);
        assert_eq!(repeated.json()["score"], n + 1);
        two.heal();
        assert_replayed(&insist(&two.a, "points", 0, 1.0, &key));
        assert_eq!(score(&two.b, "points", 0), (n + 1) as f64);
        // That this one counts shows that what was held has arrived.
        let path = format!("/v1/boards/points/entries/{}", player(1));
        two.b.get(&path).status == 200
    });
    assert!(has_arrived, "nothing arrived late");
    assert_eq!(score(&two.a, "points", 1), 1.0);
}

/// The id of the match that a message announces: the sixteen bytes that follow the key of the hash of matches, and one
/// between them that says how many there are.
fn announced(message: &[u8]) -> String {
    let key = b":matches\xb0";
    let at = message.windows(key.len()).position(|part| part == key);
    let at = at.expect("it announces no match") + key.len();
    let digits = message[at..at + 16]
        .iter()
        .map(|byte| format!("{byte:02x}"));
    let digits: String = digits.collect();
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| &digits[group]).join("-")
}

#[test]
fn a_leader_that_is_cut_off_while_it_announces_a_match_announces_nothing_later() {
    let two = two();
    put_queue(&two.a);
    let mut tickets = vec![create_ticket(&two.a, 0)];
    until("one of them leads", || leads(&two.a) || leads(&two.b));
    let (leader, way, other) = match leads(&two.a) {
        true => (&two.a, &two.way_of_a, &two.b),
        false => (&two.b, &two.way_of_b, &two.a),
    };
    // Something that every announcement writes, and nothing else of a node that was not asked for anything.
    way.cut_at(b":spreads");
    tickets.push(create_ticket(other, 1));
    until("it is about to announce a match", || way.caught().is_some());
    let given_up = announced(&way.caught().unwrap());
    until("it is not ready", || !is_ready(leader));
    let refused = bounded(|| leader.get("/v1/queues/duel"));
    assert_unavailable(&refused);
    let made = matched(other, &tickets);
    assert!(!leads(leader) && leads(other));

    way.heal();
    until("it is ready again", || is_ready(leader));
    assert_eq!(
        matched(leader, &tickets),
        made,
        "their match is another now"
    );
    assert_ne!(made[0], given_up);
    for app in [leader, other] {
        let found = app.get(&format!("/v1/matches/{given_up}"));
        assert_eq!(found.status, 404, "{}", found.json());
    }
    goes_on(leader, other);
}

/// The match of each, once they have one; it is one for both.
fn matched(app: &App, tickets: &[String]) -> Vec<String> {
    let of = |id: &String| {
        until("it is matched", || {
            ticket(app, id, "?wait=1s")["status"] == "matched"
        });
        let of = ticket(app, id, "")["match_id"].clone();
        of.as_str().unwrap().to_owned()
    };
    let of: Vec<String> = tickets.iter().map(of).collect();
    assert_eq!(of[0], of[1]);
    of
}

/// Who waits on the one is woken by what the other does, and can tell the result.
fn goes_on(one: &App, other: &App) {
    let mine = create_ticket(one, 2);
    let seen: Value = thread::scope(|scope| {
        let waiting = scope.spawn(|| ticket(one, &mine, "?wait=30s"));
        create_ticket(other, 3);
        waiting.join().unwrap()
    });
    assert_eq!(seen["status"], "matched", "{seen}");
    let of = seen["match_id"].as_str().unwrap();
    let result = json!({"placements": [1, 2]});
    post(one, &format!("/v1/matches/{of}/result"), &result);
    let held = get(other, &format!("/v1/matches/{of}"));
    assert_eq!(held["status"], "finished");
}
