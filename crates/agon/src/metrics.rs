//! What the binary adds to the metrics: the process, its connections, its build; and the store and its
//! queues, once there is a store.

use std::sync::Arc;
use std::time::Instant;

use api::{Distribution, Families, Metrics};

use crate::threads::RequestThreads;

#[cfg(target_os = "linux")]
mod process;
mod queues;
mod redis;
mod store;

pub(crate) use queues::{add_matchmaker, add_queues, add_shared_queues};
pub(crate) use redis::add_redis;
pub(crate) use store::add_store;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What it was built from, where whoever built it has said so.
const REVISION: Option<&str> = option_env!("GIT_REVISION");

/// Adds what is known as long as the process lives, which has just been started.
pub(crate) fn add_process(metrics: &Metrics, threads: Arc<RequestThreads>) {
    let started = Instant::now();
    metrics.add(move |to| {
        tell_build(to);
        to.gauge("agon_uptime_seconds", "How long this server has been up.")
            .value(&[], started.elapsed().as_secs_f64());
        to.gauge("agon_http_connections_open", "Connections that are open.")
            .whole(&[], threads.connections() as u64);
    });
    #[cfg(target_os = "linux")]
    metrics.add(process::tell);
}

fn tell_build(to: &mut Families) {
    let labels = [
        ("version", VERSION),
        ("revision", REVISION.unwrap_or("unknown")),
    ];
    to.gauge("agon_build_info", "Always 1; the labels say what runs.")
        .whole(&labels, 1);
}

fn distribution(of: &boards::Histogram) -> Distribution {
    Distribution {
        at_most: of.at_most.clone(),
        count: of.count,
        sum: of.sum,
    }
}
