//! All players in memory, found by id.

use std::hash::BuildHasher;

use boards::{Player, PlayerId};
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::paged::Paged;

/// Tables by the top bits of the hash: growing one of them moves a small part of the players, so
/// that no reader waits while ten million are moved.
const SHARD_BITS: u32 = 8;

/// A player's number in this process, dense from 0; it stands for the player in the indexes, where
/// a UUID would take four times the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot(pub(crate) u32);

pub(crate) struct Players {
    slots: Paged<Player>,
    shards: Vec<HashTable<u32>>,
    hasher: DefaultHashBuilder,
}

impl Players {
    pub(crate) fn new() -> Self {
        Players {
            slots: Paged::new(),
            shards: (0..1 << SHARD_BITS).map(|_| HashTable::new()).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Player> {
        self.slots.get(slot.0 as usize)
    }

    pub(crate) fn find(&self, id: PlayerId) -> Option<Slot> {
        let hash = self.hasher.hash_one(id);
        let same = |slot: &u32| self.slots.get(*slot as usize).is_some_and(|p| p.id == id);
        self.shards[shard(hash)].find(hash, same).map(|s| Slot(*s))
    }

    /// Adds a player whose id is not there yet.
    pub(crate) fn add(&mut self, player: Player) -> Slot {
        let slot = self.slots.len() as u32;
        let hash = self.hasher.hash_one(player.id);
        self.slots.push(player);
        let (slots, hasher) = (&self.slots, &self.hasher);
        let rehash = |s: &u32| slots.get(*s as usize).map_or(0, |p| hasher.hash_one(p.id));
        self.shards[shard(hash)].insert_unique(hash, slot, rehash);
        Slot(slot)
    }
}

/// A table takes its own bits from the bottom and the very top of a hash; the shard comes from
/// between.
fn shard(hash: u64) -> usize {
    (hash >> (56 - SHARD_BITS)) as usize & ((1 << SHARD_BITS) - 1)
}
