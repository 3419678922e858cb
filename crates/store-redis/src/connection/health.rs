//! Whether Redis can be used right now.
//!
//! Every second, and at once when a call has failed, each master is asked to run a script that is entitled to
//! change things and does nothing. A server that would refuse changes refuses that as well, for the same reasons:
//! memory full, disk full, too few replicas, no master, cluster down. So readiness is known without a call, and
//! without writing anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use parking_lot::Mutex;
use redis::{Pipeline, Value};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::node::Node;
use super::shared::Shared;
use super::topology::Topology;
use crate::failure::RedisFailure;

const INTERVAL: Duration = Duration::from_secs(1);
/// Between two checks even when calls keep failing.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
const PROBE: &str = "#!lua\nreturn 1";

/// What is known of it.
#[derive(Default)]
pub(super) struct Health {
    is_ready: AtomicBool,
    /// What keeps it from being ready, to be logged when it changes.
    trouble: Mutex<Option<String>>,
    wake: Notify,
    /// A slot was found with another server than was known.
    has_moved: AtomicBool,
}

impl Health {
    pub(super) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Relaxed)
    }

    /// Asks for a check now.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Asks for a look at who has which slots.
    pub(super) fn note_move(&self) {
        self.has_moved.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// It has just been reached and checked.
    pub(super) fn begin(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
    }

    /// What calls were answered. A script's own errors say nothing of the server.
    pub(super) fn note(&self, answers: &[Result<Value, RedisFailure>]) {
        let failures = answers.iter().filter_map(|answer| answer.as_ref().err());
        let mut troubles = failures.filter(|f| !matches!(f, RedisFailure::Script { .. }));
        if let Some(failure) = troubles.next() {
            self.is_ready.store(false, Ordering::Relaxed);
            self.change(Some(failure.to_string()));
            self.wake();
        }
    }

    fn conclude(&self, trouble: Option<String>) {
        self.is_ready.store(trouble.is_none(), Ordering::Relaxed);
        self.change(trouble);
    }

    /// Logs the first trouble of an outage and its end, not each of a thousand calls.
    fn change(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock();
        match (&*known, &trouble) {
            (None, Some(reason)) => tracing::warn!(%reason, "Redis cannot be used"),
            (Some(_), None) => tracing::info!("Redis can be used"),
            _ => {}
        }
        *known = trouble;
    }
}

/// Checks for as long as anybody has it.
pub(super) async fn watch(shared: Weak<Shared>) {
    loop {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let trouble = shared.check().await;
        shared.health.conclude(trouble);
        let pause = timeout(INTERVAL, shared.health.wake.notified());
        let _ = pause.await;
        drop(shared);
        sleep(SHORTEST_INTERVAL).await;
    }
}

impl Shared {
    /// What is wrong. Where a server does not answer as it should, or slots have moved, the others are asked who
    /// has its slots, and it is tried once more.
    async fn check(&self) -> Option<String> {
        let has_moved = self.health.has_moved.swap(false, Ordering::Relaxed);
        if !has_moved && self.probe_all().await.is_none() {
            return None;
        }
        // If nobody can tell, the probes say why.
        let _ = self
            .look(Instant::now() + self.options.response_timeout)
            .await;
        self.probe_all().await
    }

    async fn probe_all(&self) -> Option<String> {
        let topology: Arc<Topology> = self.topology.load_full();
        if topology.masters.is_empty() {
            return Some("no server is known".to_owned());
        }
        let probes = topology.masters.iter().enumerate();
        let probes = probes.map(|(place, node)| self.probe(&topology, place, node));
        join_all(probes).await.into_iter().flatten().next()
    }

    async fn probe(&self, topology: &Topology, place: usize, node: &Node) -> Option<String> {
        let tag = topology.tag_of(place)?;
        let key = format!("{}:{{{tag}}}:ready", self.options.prefix);
        let mut pipeline = Pipeline::new();
        pipeline.cmd("EVAL").arg(PROBE).arg(1).arg(key);
        let limit = self.ask_replicas(&mut pipeline, true);
        let exchange = node.exchange(&pipeline, Instant::now() + limit, limit);
        match exchange.await {
            Ok(replies) => self.trouble_in(&replies, node),
            Err(broken) => Some(broken.reason()),
        }
    }

    fn trouble_in(&self, replies: &[Value], node: &Node) -> Option<String> {
        if let Some(Value::ServerError(error)) = replies.first() {
            let details = error.details().unwrap_or_default();
            return Some(format!("{}: {} {details}", node.host, error.code()));
        }
        let lacking = self.lacking_replicas(replies.get(1))?;
        Some(format!("{}: {lacking}", node.host))
    }
}
