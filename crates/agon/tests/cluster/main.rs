//! Three nodes behind nginx on a Redis Cluster, under load, while a node is killed, a master of Redis fails over,
//! and the node that forms matches is paused for longer than its lead lasts; and without nginx, while a master is cut
//! off.
//!
//! The promise that is kept here is `durability = "replicas"` with one replica: what is acknowledged has reached the
//! replica that takes over. Whoever gets no answer asks again under the same `Idempotency-Key`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod games;
mod harm;
mod nginx;
mod nodes;
mod partition;
mod scores;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use testkit::{RedisCluster, RedisServer};

use client::{Client, Meter};
use games::{Gamer, check_games};
use nginx::Nginx;
use nodes::Nodes;
use scores::{Writer, check_scores};

const WRITERS: usize = 4;
/// An even number: they play against each other.
const GAMERS: usize = 4;

/// A machine has enough to do with one of these tests.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn nothing_acknowledged_is_lost_nothing_counts_twice_and_nobody_is_in_two_matches() {
    let _turn = turn();
    let redis = RedisCluster::start_with(RedisServer::launch().set("appendonly", "yes"));
    let nodes = Nodes::start(&redis.url());
    let nginx = Nginx::start(&nodes.addresses());
    let meter = Meter::begin();
    let client = Client::new(nginx.address(), &meter);
    scores::prepare(&client);
    games::prepare(&client);

    let over = AtomicBool::new(false);
    let (writers, gamers) = std::thread::scope(|scope| {
        let (over, client) = (&over, &client);
        let writers = (0..WRITERS).map(|n| scope.spawn(move || Writer::work(n, client, over)));
        let gamers = (0..GAMERS).map(|n| scope.spawn(move || Gamer::play(n, client, over)));
        let (writers, gamers): (Vec<_>, Vec<_>) = (writers.collect(), gamers.collect());
        harm::all(&nodes, &redis, &meter);
        over.store(true, Ordering::Release);
        let writers: Vec<Writer> = writers.into_iter().map(|w| w.join().unwrap()).collect();
        let gamers: Vec<Gamer> = gamers.into_iter().map(|g| g.join().unwrap()).collect();
        (writers, gamers)
    });
    redis.wait_until_well();
    meter.report();
    check_scores(&client, &writers);
    check_games(&client, &gamers);
    // From each node itself as well, not from whom nginx happens to ask.
    for address in nodes.addresses() {
        check_scores(&Client::new(address, &meter), &writers);
    }
    assert!(
        meter.longest_silence() < harm::PATIENCE,
        "it was away for too long"
    );
}
