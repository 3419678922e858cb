//! What is done to the system while it is under load, and how it was meant to be borne.

use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::RedisCluster;

use crate::client::Meter;
use crate::nodes::{NODES, Nodes};

/// The longest that all of it may be without a successful answer to anybody, on a machine with much else to do.
pub const PATIENCE: Duration = Duration::from_secs(30);
const CALM: Duration = Duration::from_secs(4);
/// A lead lasts five seconds.
const LONGER_THAN_A_LEAD: Duration = Duration::from_secs(9);
const LIMIT: Duration = Duration::from_secs(60);

/// All of it, one after the other, with some calm in between.
pub fn all(nodes: &Nodes, redis: &RedisCluster, meter: &Meter) {
    meter.note("all is well");
    sleep(CALM);
    kill_nodes(nodes, meter);
    fail_a_master_over(redis, meter);
    pause_the_leader(nodes, meter);
}

/// Each of them once, and the one that is up again serves while the next is down.
fn kill_nodes(nodes: &Nodes, meter: &Meter) {
    for node in 0..NODES {
        nodes.kill(node);
        meter.note("kill -9 of a node");
        sleep(CALM / 2);
        nodes.restart(node);
        meter.note("the node is started again");
        sleep(CALM / 2);
    }
}

/// The master that has the list of boards and queues, so that all kinds of requests need it.
fn fail_a_master_over(redis: &RedisCluster, meter: &Meter) {
    let of = "{agon:0}";
    let master = redis.master_of(of);
    redis.kill(master);
    meter.note("kill -9 of a master of Redis");
    let killed = Instant::now();
    while redis.master_of(of) == master {
        assert!(killed.elapsed() < LIMIT, "no replica takes over");
        sleep(Duration::from_millis(100));
    }
    meter.note("its replica has taken over");
    // Alone it has no replica, which the promise asks for: changes there wait for this.
    redis.restart(master);
    meter.note("the former master is started again");
    redis.wait_until_well();
    meter.note("the cluster is well");
    sleep(CALM);
}

fn pause_the_leader(nodes: &Nodes, meter: &Meter) {
    let begun = Instant::now();
    let leader = loop {
        if let Some(leader) = nodes.leader() {
            break leader;
        }
        assert!(begun.elapsed() < LIMIT, "nobody forms matches");
        sleep(Duration::from_millis(50));
    };
    nodes.signal(leader, "STOP");
    meter.note("SIGSTOP of the node that forms matches");
    sleep(LONGER_THAN_A_LEAD);
    nodes.signal(leader, "CONT");
    meter.note("SIGCONT");
    sleep(CALM);
}
