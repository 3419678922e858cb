//! Stores, and nodes that share them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testkit::{RedisCluster, RedisLaunch, RedisServer};

use crate::queues::Client;
use crate::server::Server;

const PATIENCE: Duration = Duration::from_secs(60);
/// A busy machine is not to be taken for a dead master.
const NODE_TIMEOUT_MS: &str = "30000";
/// A disk that others keep busy is to be seen in latencies, and not to end the run: with `everysec` Redis waits for
/// it for up to 2 s, which is as long as a node waits for Redis by default.
const RESPONSE_TIMEOUT: &str = "20s";
/// What is the same for few players and many.
const BUFFERS: [&str; 3] = [
    "mem_clients_normal:",
    "mem_total_replication_buffers:",
    "mem_aof_buffer:",
];
/// A line for each key: its name and bytes.
const KEYS: &str = "local lines = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  lines[#lines + 1] = key .. ' ' .. redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')
end
return table.concat(lines, '\\n')";

/// Where nodes keep what they have.
pub enum Store {
    Embedded(TempDir),
    Redis(Box<RedisServer>),
    Cluster(RedisCluster),
}

impl Store {
    pub fn embedded() -> Result<Self> {
        Ok(Store::Embedded(tempfile::tempdir()?))
    }

    /// One server with an append only file, which is synced so.
    pub fn redis(appendfsync: &str) -> Self {
        Store::Redis(Box::new(lasting(appendfsync).start()))
    }

    /// Three masters with a replica each; files are synced every second.
    pub fn cluster() -> Self {
        let cluster = RedisCluster::start_with(lasting("everysec"));
        for node in cluster.nodes() {
            node.config_set("cluster-node-timeout", NODE_TIMEOUT_MS);
        }
        Store::Cluster(cluster)
    }

    /// Starts a node on it that serves.
    pub fn node(&self, agon: &Path, durability: Option<&str>) -> Result<Server> {
        let mut command = Command::new(agon);
        command.args(["--listen", "127.0.0.1:0"]);
        command.env("AGON_LOG__LEVEL", "warn");
        match self {
            Store::Embedded(dir) => command.arg("--data-dir").arg(dir.path()),
            Store::Redis(redis) => command.args(["--store", &redis.url()]),
            Store::Cluster(cluster) => command.args(["--store", &cluster.url()]),
        };
        if let Some(durability) = durability {
            command.env("AGON_STORE__DURABILITY", durability);
            command.env("AGON_STORE__RESPONSE_TIMEOUT", RESPONSE_TIMEOUT);
        }
        let server = Server::start(&mut command)?;
        until_ready(server.address)?;
        Ok(server)
    }

    /// Memory that the masters use, in bytes, but for buffers, once no file is being rewritten.
    pub fn memory(&self) -> Result<u64> {
        let masters = self.masters();
        let end = Instant::now() + PATIENCE;
        while masters.iter().any(|master| is_busy(master)) {
            ensure!(Instant::now() < end, "a file is rewritten for too long");
            sleep(Duration::from_millis(200));
        }
        // Buffers of what was sent are given back.
        sleep(Duration::from_secs(3));
        masters.iter().map(|master| used(master)).sum()
    }

    /// The masters; none where the store is embedded.
    pub fn masters(&self) -> Vec<&RedisServer> {
        match self {
            Store::Embedded(_) => Vec::new(),
            Store::Redis(redis) => vec![redis],
            Store::Cluster(cluster) => {
                let masters = cluster.masters().into_iter();
                masters.map(|at| &cluster.nodes()[at]).collect()
            }
        }
    }
}

fn lasting(appendfsync: &str) -> RedisLaunch {
    let launch = RedisServer::launch().set("appendonly", "yes");
    launch.set("appendfsync", appendfsync)
}

fn is_busy(master: &RedisServer) -> bool {
    let told = master.text(&["INFO", "persistence"]);
    told.contains("aof_rewrite_in_progress:1") || told.contains("aof_rewrite_scheduled:1")
}

fn used(master: &RedisServer) -> Result<u64> {
    let told = master.text(&["INFO", "memory"]);
    let buffers = BUFFERS.map(|name| number(&told, name));
    let buffers: u64 = buffers.into_iter().sum::<Result<u64>>()?;
    Ok(number(&told, "used_memory:")?.saturating_sub(buffers))
}

fn number(told: &str, name: &str) -> Result<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    Ok(line.context("Redis tells no memory")?.trim().parse()?)
}

fn until_ready(node: SocketAddr) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    let mut client = Client::connect(node, PATIENCE)?;
    while client.ask("GET", "/readyz", "")?.0 != 200 {
        ensure!(Instant::now() < end, "the store is not opened");
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The bytes of each key of a server, by its name without the room.
pub fn keys(redis: &RedisServer) -> Result<Vec<(String, u64)>> {
    let told = redis.text(&["EVAL", KEYS, "0"]);
    let key = |line: &str| {
        let (name, bytes) = line.split_once(' ')?;
        let (_, suffix) = name.split_once("}:")?;
        Some((suffix.to_owned(), bytes.parse().ok()?))
    };
    let keys = told.lines().map(|line| key(line).context("an odd key"));
    keys.collect()
}
