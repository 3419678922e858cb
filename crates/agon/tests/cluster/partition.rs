//! A master of the cluster is cut off, under load: from everybody, for less and for more than its replica waits before
//! it takes over; and from the other servers alone, while the nodes still reach it and send it changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use testkit::{App, RedisCluster, RedisServer};

use crate::client::{Client, Meter};
use crate::games::{self, Gamer, check_games};
use crate::harm::PATIENCE;
use crate::nodes::Nodes;
use crate::scores::{self, Writer, check_scores};
use crate::{GAMERS, WRITERS, turn};

/// A key of the room that has the lists of boards and queues, so that all kinds of requests need its master.
const OF: &str = "{agon:0}";
const NODE_TIMEOUT: Duration = Duration::from_secs(3);
const A_MOMENT: Duration = Duration::from_millis(500);
const CALM: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(60);
/// A moment may become longer than it was meant to be, on a busy machine.
const ATTEMPTS: usize = 5;

#[test]
fn a_master_that_is_cut_off_is_waited_for_or_replaced_and_nothing_acknowledged_is_lost() {
    let _turn = turn();
    let timeout = NODE_TIMEOUT.as_millis().to_string();
    let launch = RedisServer::launch().set("cluster-node-timeout", &timeout);
    let redis = RedisCluster::behind_relays(launch);
    let nodes = Nodes::start(&redis.url());
    let meter = Meter::begin();
    let addresses = nodes.addresses();
    let clients: Vec<Client> = addresses
        .iter()
        .map(|at| Client::new(*at, &meter))
        .collect();
    scores::prepare(&clients[0]);
    games::prepare(&clients[0]);

    let over = AtomicBool::new(false);
    let (writers, gamers) = scope(|scope| {
        let (over, of) = (&over, |n: usize| &clients[n % clients.len()]);
        let writers = (0..WRITERS).map(|n| scope.spawn(move || Writer::work(n, of(n), over)));
        let gamers = (0..GAMERS).map(|n| scope.spawn(move || Gamer::play(n, of(n), over)));
        let (writers, gamers): (Vec<_>, Vec<_>) = (writers.collect(), gamers.collect());
        all(&redis, &meter);
        over.store(true, Ordering::Release);
        let writers: Vec<Writer> = writers.into_iter().map(|w| w.join().unwrap()).collect();
        let gamers: Vec<Gamer> = gamers.into_iter().map(|g| g.join().unwrap()).collect();
        (writers, gamers)
    });
    redis.wait_until_well();
    meter.report();
    for client in &clients {
        check_scores(client, &writers);
    }
    check_games(&clients[0], &gamers);
    nodes.each(|app: &App| assert_eq!(app.get("/readyz").status, 200, "{}", app.log()));
    assert!(
        meter.longest_silence() < PATIENCE,
        "it was away for too long"
    );
}

fn all(redis: &RedisCluster, meter: &Meter) {
    meter.note("all is well");
    sleep(CALM);
    for_a_moment(redis, meter);
    until_another_takes_over(redis, meter, "everybody", RedisCluster::cut_off);
    let from_servers = RedisCluster::cut_off_from_nodes;
    until_another_takes_over(redis, meter, "the other servers", from_servers);
}

/// So short that nobody takes over.
fn for_a_moment(redis: &RedisCluster, meter: &Meter) {
    let master = redis.master_of(OF);
    for _ in 0..ATTEMPTS {
        meter.note("a master is cut off from everybody for a moment");
        let begun = Instant::now();
        redis.cut_off(master);
        sleep(A_MOMENT);
        redis.heal();
        let was_short = begun.elapsed() < NODE_TIMEOUT / 2;
        meter.note("it is back");
        redis.wait_until_well();
        sleep(CALM);
        if was_short {
            assert_eq!(redis.master_of(OF), master, "somebody took over");
            return;
        }
    }
    panic!("the machine is too slow for a moment");
}

fn until_another_takes_over(
    redis: &RedisCluster,
    meter: &Meter,
    whom: &str,
    cut: fn(&RedisCluster, usize),
) {
    let master = redis.master_of(OF);
    let other = (master + 1) % redis.nodes().len();
    cut(redis, master);
    meter.note(&format!("a master is cut off from {whom}"));
    until("its replica takes over", || {
        redis.master_of_by(other, OF) != master
    });
    let successor = redis.master_of_by(other, OF);
    meter.note("its replica has taken over");
    sleep(CALM);
    redis.heal();
    meter.note("the former master is back");
    until("the former master gives in", || {
        !redis.masters().contains(&master)
    });
    redis.wait_until_well();
    meter.note("the cluster is well");
    assert_eq!(redis.master_of(OF), successor);
    sleep(CALM);
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "not so in {LIMIT:?}: {what}");
        sleep(Duration::from_millis(50));
    }
}
