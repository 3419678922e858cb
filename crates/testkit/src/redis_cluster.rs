//! A real Redis Cluster of three masters and three replicas on loopback.

mod cuts;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use redis::Value;

use crate::redis_server::{RedisLaunch, RedisServer};

const MASTERS: usize = 3;
const NODES: usize = 6;
const SLOTS: usize = 16384;
/// After so long without a word a node is taken for dead, and a replica stands for election.
const NODE_TIMEOUT_MS: &str = "1500";
const LIMIT: Duration = Duration::from_secs(60);

/// A running cluster. Each node is a [`RedisServer`], and is told of by its place: at first the masters are 0 to 2
/// and the replicas of each 3 to 5; after a failover that may be otherwise.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts it and waits until every node says that it is well.
    pub fn start() -> Self {
        RedisCluster::start_with(RedisServer::launch())
    }

    /// With settings for every node.
    pub fn start_with(launch: RedisLaunch) -> Self {
        RedisCluster::start_each(launch, |_, launch| launch)
    }

    /// The same with a relay on each way, be it a client's or between nodes, so that nodes can be cut off.
    pub fn behind_relays(launch: RedisLaunch) -> Self {
        RedisCluster::start_each(launch, |node, launch| launch.relayed(source(node)))
    }

    fn start_each(launch: RedisLaunch, change: fn(u8, RedisLaunch) -> RedisLaunch) -> Self {
        let launch = launch
            .set_default("cluster-node-timeout", NODE_TIMEOUT_MS)
            .set_default("cluster-replica-validity-factor", "0")
            .in_cluster();
        let start = |node| change(node, launch.clone()).start();
        let nodes = std::thread::scope(|scope| {
            let starting = (1..)
                .take(NODES)
                .map(|node| scope.spawn(move || start(node)));
            let starting: Vec<_> = starting.collect();
            let started = starting.into_iter().map(|thread| thread.join().unwrap());
            started.collect()
        });
        let cluster = RedisCluster { nodes };
        cluster.assemble();
        cluster
    }

    fn assemble(&self) {
        for (i, node) in self.nodes.iter().enumerate() {
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(i + 1).to_string()]);
        }
        for (i, master) in self.nodes[..MASTERS].iter().enumerate() {
            let first = (SLOTS * i / MASTERS).to_string();
            let last = (SLOTS * (i + 1) / MASTERS - 1).to_string();
            master.command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        }
        for node in &self.nodes[1..] {
            let (port, bus) = node.known_by();
            let (port, bus) = (port.to_string(), bus.to_string());
            self.nodes[0].command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        self.wait("every node knows all", |node| {
            let info = node.text(&["CLUSTER", "INFO"]);
            info.contains("cluster_known_nodes:6") && info.contains("cluster_state:ok")
        });
        for (replica, master) in self.nodes[MASTERS..].iter().zip(&self.nodes) {
            let id = master.text(&["CLUSTER", "MYID"]);
            replica.command(&["CLUSTER", "REPLICATE", &id]);
        }
        self.wait("every master has its replica", |node| {
            let ranges = ranges(&node.command(&["CLUSTER", "SLOTS"]));
            ranges.iter().all(|(_, _, ports)| ports.len() == 2)
        });
        self.wait_until_well();
    }

    /// Waits until each node that runs says that the cluster is well, agrees on who has the slots, and, if it is a
    /// replica, follows its master.
    pub fn wait_until_well(&self) {
        self.wait("the cluster is well", |node| {
            let state = node.text(&["CLUSTER", "INFO"]);
            let is_well = state.contains("cluster_state:ok")
                && state.contains("cluster_slots_ok:16384")
                && state.contains("cluster_slots_fail:0");
            let replication = node.text(&["INFO", "replication"]);
            let is_in_step = replication.contains("role:master")
                || replication.contains("master_link_status:up");
            is_well && is_in_step && self.agrees(node)
        });
    }

    fn agrees(&self, node: &RedisServer) -> bool {
        let first = self.nodes.iter().find(|n| n.is_running()).unwrap();
        let slots = |node: &RedisServer| {
            let mut slots = ranges(&node.command(&["CLUSTER", "SLOTS"]));
            slots.sort_unstable();
            slots
        };
        slots(node) == slots(first)
    }

    fn wait(&self, what: &str, is_so: impl Fn(&RedisServer) -> bool) {
        let started = Instant::now();
        let running = || self.nodes.iter().filter(|node| node.is_running());
        while !running().all(&is_so) {
            if started.elapsed() > LIMIT {
                let states = running().map(|n| n.text(&["CLUSTER", "NODES"]));
                panic!(
                    "not so in {LIMIT:?}: {what}\n{}",
                    states.collect::<Vec<_>>().join("\n")
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Its address: `redis-cluster://`, or `rediss-cluster://` where it has nothing but TLS, with two of the nodes, as
    /// the others are to be found out.
    pub fn url(&self) -> String {
        let (first, last) = (&self.nodes[0], &self.nodes[NODES - 1]);
        let (scheme, host) = match first.has_only_tls() {
            true => ("rediss-cluster", "localhost"),
            false => ("redis-cluster", "127.0.0.1"),
        };
        let port = |node: &RedisServer| node.known_by().0;
        format!("{scheme}://{host}:{},{host}:{}", port(first), port(last))
    }

    /// All nodes.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// The places of those that are masters by their own account, of those that run.
    pub fn masters(&self) -> Vec<usize> {
        let is_master = |node: &RedisServer| {
            node.is_running() && node.text(&["INFO", "replication"]).contains("role:master")
        };
        (0..NODES).filter(|i| is_master(&self.nodes[*i])).collect()
    }

    /// The place of the master that has the slot of this key, by the account of a node that runs.
    pub fn master_of(&self, key: &str) -> usize {
        let asked = self.nodes.iter().position(RedisServer::is_running);
        self.master_of_by(asked.unwrap(), key)
    }

    /// The same by the account of this node.
    pub fn master_of_by(&self, asked: usize, key: &str) -> usize {
        let slot = self.slot(key);
        let slots = ranges(&self.nodes[asked].command(&["CLUSTER", "SLOTS"]));
        let (_, _, ports) = slots
            .into_iter()
            .find(|(a, b, _)| (*a..=*b).contains(&slot))
            .unwrap();
        self.nodes
            .iter()
            .position(|n| i64::from(n.known_by().0) == ports[0])
            .unwrap()
    }

    /// The slot of a key, by the account of a node that runs.
    pub fn slot(&self, key: &str) -> i64 {
        let asked = self.nodes.iter().find(|node| node.is_running()).unwrap();
        redis::from_redis_value(asked.command(&["CLUSTER", "KEYSLOT", key])).unwrap()
    }

    /// Ends a node with `SIGKILL`.
    pub fn kill(&self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node again, with what it knew of the cluster.
    pub fn restart(&self, node: usize) {
        self.nodes[node].restart();
    }

    /// Begins to move the slot of a key to another master: from now on the old one answers `ASK` for the keys that
    /// it lacks.
    pub fn begin_move(&self, key: &str, to: usize) {
        let (slot, from) = (self.slot(key).to_string(), self.master_of(key));
        let id = |node: usize| self.nodes[node].text(&["CLUSTER", "MYID"]);
        self.nodes[to].command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)]);
        self.nodes[from].command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)]);
    }

    /// Moves these keys, of one slot, and then the slot, which [`RedisCluster::begin_move`] was begun with.
    pub fn finish_move(&self, keys: &[&str], to: usize) {
        let (slot, from) = (self.slot(keys[0]).to_string(), self.master_of(keys[0]));
        let port = self.nodes[to].port().to_string();
        let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        migrate.extend(keys);
        self.nodes[from].command(&migrate);
        let id = self.nodes[to].text(&["CLUSTER", "MYID"]);
        for node in [to, from] {
            self.nodes[node].command(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]);
        }
    }
}

/// Where a node's own connections come from, by which relays know whose they are.
fn source(node: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 1, node).into()
}

/// First and last slot and the servers' ports, the master's first and the others in order, of each range.
fn ranges(reply: &Value) -> Vec<(i64, i64, Vec<i64>)> {
    let Value::Array(entries) = reply else {
        panic!("odd slots: {reply:?}");
    };
    let range = |entry: &Value| match entry {
        Value::Array(parts) => match &parts[..] {
            [Value::Int(first), Value::Int(last), servers @ ..] => {
                let mut ports: Vec<i64> = servers.iter().filter_map(port).collect();
                ports[1..].sort_unstable();
                Some((*first, *last, ports))
            }
            _ => None,
        },
        _ => None,
    };
    entries
        .iter()
        .map(|e| range(e).expect("odd slots"))
        .collect()
}

fn port(server: &Value) -> Option<i64> {
    match server {
        Value::Array(parts) => match parts[1] {
            Value::Int(port) => Some(port),
            _ => None,
        },
        _ => None,
    }
}
