//! Nodes of a cluster that are cut off from clients and from each other, where they are behind relays.

use super::RedisCluster;
use crate::redis_server::Relays;

impl RedisCluster {
    /// Cuts a node off from everybody, both ways.
    pub fn cut_off(&self, node: usize) {
        let own = self.relays(node);
        own.main.cut();
        self.cut_off_from_nodes(node);
    }

    /// Cuts a node off from all other nodes, both ways, and not from clients.
    pub fn cut_off_from_nodes(&self, node: usize) {
        let own = self.relays(node);
        own.bus.cut();
        for other in (0..self.nodes.len()).filter(|other| *other != node) {
            let other = self.relays(other);
            own.main.cut_from(other.source);
            other.main.cut_from(own.source);
            other.bus.cut_from(own.source);
        }
    }

    /// Takes back all that was cut, and returns once what was held has been passed on.
    pub fn heal(&self) {
        for node in 0..self.nodes.len() {
            let relays = self.relays(node);
            relays.bus.heal();
            relays.main.heal();
        }
    }

    fn relays(&self, node: usize) -> &Relays {
        let relays = self.nodes[node].relays();
        relays.expect("only what was started behind relays can be cut")
    }
}
