//! What all clones of a connected Redis share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::connector::Connector;
use super::health::Health;
use super::node::Node;
use super::topology::Topology;
use crate::address::Host;
use crate::failure::ConnectError;
use crate::numbers::Counted;
use crate::options::Options;

/// What all clones of a connected Redis share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) connector: Arc<Connector>,
    pub(super) topology: ArcSwap<Topology>,
    /// All servers that were ever mentioned since the last look.
    nodes: Mutex<HashMap<Host, Arc<Node>>>,
    /// Held by who looks for the topology; when the last look ended.
    pub(super) looking: tokio::sync::Mutex<Option<Instant>>,
    pub(super) health: Health,
    pub(super) counted: Arc<Counted>,
}

impl Shared {
    /// With nothing connected yet.
    pub(super) fn new(options: &Options) -> Result<Self, ConnectError> {
        options.check()?;
        let shared = Shared {
            connector: Arc::new(Connector::new(options)?),
            options: options.clone(),
            topology: ArcSwap::from_pointee(Topology::unknown(options.address.hosts.clone())),
            nodes: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            health: Health::default(),
            counted: Arc::default(),
        };
        if let ([host], false) = (&options.address.hosts[..], options.address.cluster) {
            let only = Topology::single(shared.node(host));
            shared.topology.store(Arc::new(only));
        }
        Ok(shared)
    }

    /// The server there; the same for everybody who asks, so that its links are.
    pub(super) fn node(&self, host: &Host) -> Arc<Node> {
        let mut nodes = self.nodes.lock();
        let node = nodes.entry(host.clone()).or_insert_with(|| {
            let connector = Arc::clone(&self.connector);
            let counted = Arc::clone(&self.counted);
            let links = self.options.connections;
            Arc::new(Node::new(host.clone(), connector, links, counted))
        });
        Arc::clone(node)
    }

    /// Forgets servers that are no part of the cluster any more, and so closes their links.
    pub(super) fn forget_strangers(&self, topology: &Topology) {
        let is_known = |host: &Host| topology.everybody.binary_search(host).is_ok();
        self.nodes.lock().retain(|host, _| is_known(host));
    }
}
