//! Which server has which slot, as far as is known.
//!
//! A server that is alone has all of them.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use redis::Value;

use super::node::Node;
use crate::address::Host;
use crate::slots::{SLOTS, tag_in};

/// Nobody, as far as is known.
const NOBODY: u16 = u16::MAX;

/// Which server has which slot. Replaced as a whole when more is known.
pub(super) struct Topology {
    /// The masters.
    pub(super) masters: Vec<Arc<Node>>,
    /// All whom it makes sense to ask for another: masters and replicas.
    pub(super) everybody: Vec<Host>,
    /// For each slot the place of its master.
    slots: Box<[u16]>,
    /// Grows with each that replaces another.
    pub(super) generation: u64,
}

/// What a node says: ranges of slots and their servers, the master first.
pub(super) type Ranges = Vec<(RangeInclusive<u16>, Vec<Host>)>;

impl Topology {
    /// One server with all slots.
    pub(super) fn single(node: Arc<Node>) -> Self {
        Topology {
            everybody: vec![node.host.clone()],
            masters: vec![node],
            slots: vec![0; usize::from(SLOTS)].into(),
            generation: 0,
        }
    }

    /// Nothing is known but whom to ask.
    pub(super) fn unknown(seeds: Vec<Host>) -> Self {
        Topology {
            masters: Vec::new(),
            everybody: seeds,
            slots: vec![NOBODY; usize::from(SLOTS)].into(),
            generation: 0,
        }
    }

    /// What a node has said, following this one.
    pub(super) fn followed_by(&self, ranges: Ranges, node: impl Fn(&Host) -> Arc<Node>) -> Self {
        let mut next = Topology::unknown(Vec::new());
        next.generation = self.generation + 1;
        let mut places = HashMap::new();
        for (range, hosts) in ranges {
            let Some(master) = hosts.first() else {
                continue;
            };
            let place = *places.entry(master.clone()).or_insert_with(|| {
                next.masters.push(node(master));
                place_of_last(&next.masters)
            });
            range.for_each(|slot| next.slots[usize::from(slot)] = place);
            next.everybody.extend(hosts);
        }
        next.everybody.sort();
        next.everybody.dedup();
        next
    }

    /// The same, but this slot has moved.
    pub(super) fn with(&self, slot: u16, node: Arc<Node>) -> Self {
        let mut masters = self.masters.clone();
        let place = masters.iter().position(|n| n.host == node.host);
        let place = place
            .and_then(|p| u16::try_from(p).ok())
            .unwrap_or_else(|| {
                masters.push(node);
                place_of_last(&masters)
            });
        let mut slots = self.slots.clone();
        slots[usize::from(slot)] = place;
        Topology {
            masters,
            everybody: self.everybody.clone(),
            slots,
            generation: self.generation,
        }
    }

    /// Who has this slot.
    pub(super) fn master(&self, slot: u16) -> Option<&Arc<Node>> {
        self.masters.get(usize::from(self.slots[usize::from(slot)]))
    }

    /// A tag of keys that this master has, by its place; `None` for one that has lost its last slot.
    pub(super) fn tag_of(&self, place: usize) -> Option<String> {
        let has = |slot: u16| usize::from(self.slots[usize::from(slot)]) == place;
        (0..SLOTS).any(has).then(|| tag_in(has)).flatten()
    }
}

/// A cluster has a thousand nodes at the most.
fn place_of_last(masters: &[Arc<Node>]) -> u16 {
    u16::try_from(masters.len() - 1).unwrap_or(NOBODY)
}

/// Reads the reply to `CLUSTER SLOTS`. A node that does not know its own name, or keeps it to itself, leaves it
/// out: then it is `asked`, by which it was reached.
pub(super) fn ranges(reply: &Value, asked: &Host) -> Option<Ranges> {
    let Value::Array(entries) = reply else {
        return None;
    };
    let ranges = entries.iter().map(|entry| {
        let Value::Array(parts) = entry else {
            return None;
        };
        let [Value::Int(first), Value::Int(last), servers @ ..] = &parts[..] else {
            return None;
        };
        let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
        let hosts = servers.iter().map(|server| host(server, asked));
        (last < SLOTS).then_some(())?;
        Some((first..=last, hosts.collect::<Option<Vec<Host>>>()?))
    });
    ranges.collect()
}

fn host(server: &Value, asked: &Host) -> Option<Host> {
    let Value::Array(parts) = server else {
        return None;
    };
    let [name, Value::Int(port), ..] = &parts[..] else {
        return None;
    };
    let name = match name {
        Value::BulkString(name) if !name.is_empty() => String::from_utf8(name.clone()).ok()?,
        _ => asked.name.clone(),
    };
    Some(Host {
        name,
        port: u16::try_from(*port).ok()?,
    })
}
