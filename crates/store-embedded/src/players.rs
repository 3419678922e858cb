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
    slots: Paged<Option<Player>>,
    /// Slots of players that are gone, to be given to others.
    free: Vec<u32>,
    shards: Vec<HashTable<u32>>,
    hasher: DefaultHashBuilder,
}

impl Players {
    pub(crate) fn new() -> Self {
        Players {
            slots: Paged::new(),
            free: Vec::new(),
            shards: (0..1 << SHARD_BITS).map(|_| HashTable::new()).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Player> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    pub(crate) fn find(&self, id: PlayerId) -> Option<Slot> {
        let hash = self.hasher.hash_one(id);
        let same = |slot: &u32| self.get(Slot(*slot)).is_some_and(|p| p.id == id);
        self.shards[shard(hash)].find(hash, same).map(|s| Slot(*s))
    }

    /// Adds a player whose id is not there yet.
    pub(crate) fn add(&mut self, player: Player) -> Slot {
        let hash = self.hasher.hash_one(player.id);
        let slot = self.place(player);
        let (slots, hasher) = (&self.slots, &self.hasher);
        let rehash = |s: &u32| {
            let player = slots.get(*s as usize).and_then(Option::as_ref);
            player.map_or(0, |p| hasher.hash_one(p.id))
        };
        self.shards[shard(hash)].insert_unique(hash, slot, rehash);
        Slot(slot)
    }

    fn place(&mut self, player: Player) -> u32 {
        if let Some(slot) = self.free.pop()
            && let Some(place) = self.slots.get_mut(slot as usize)
        {
            *place = Some(player);
            return slot;
        }
        let slot = self.slots.len() as u32;
        self.slots.push(Some(player));
        slot
    }

    /// Gives a player that is there another name and other attributes; returns what it had.
    pub(crate) fn replace(&mut self, slot: Slot, player: Player) -> Option<Player> {
        self.slots.get_mut(slot.0 as usize)?.replace(player)
    }

    /// Removes a player. Its slot may be given to another, so nothing may refer to it any more.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Player> {
        let player = self.slots.get_mut(slot.0 as usize)?.take()?;
        let hash = self.hasher.hash_one(player.id);
        let same = |s: &u32| *s == slot.0;
        if let Ok(found) = self.shards[shard(hash)].find_entry(hash, same) {
            found.remove();
        }
        self.free.push(slot.0);
        Some(player)
    }
}

/// A table takes its own bits from the bottom and the very top of a hash; the shard comes from
/// between.
fn shard(hash: u64) -> usize {
    (hash >> (56 - SHARD_BITS)) as usize & ((1 << SHARD_BITS) - 1)
}
