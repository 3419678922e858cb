//! Where each player stands on one board: its key, by slot.

use boards::RankKey;
use hashbrown::HashMap;

use crate::paged::Paged;
use crate::players::Slot;

/// A board with fewer entries than this stays a hash map, however few players there are.
const MIN_DENSE: usize = 4096;

/// A hash map while few of the players have an entry, so that thousands of small boards cost
/// little; a plain vector once every fourth has, so that a board of everybody costs 16 bytes each.
pub(crate) enum Places {
    Few(HashMap<u32, RankKey>),
    Many(Paged<Option<RankKey>>),
}

impl Places {
    pub(crate) fn new() -> Self {
        Places::Few(HashMap::new())
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<RankKey> {
        match self {
            Places::Few(map) => map.get(&slot.0).copied(),
            Places::Many(keys) => keys.get(slot.0 as usize).copied().flatten(),
        }
    }

    pub(crate) fn set(&mut self, slot: Slot, key: RankKey) {
        match self {
            Places::Few(map) => {
                map.insert(slot.0, key);
                if map.len() >= MIN_DENSE && slot.0 as usize / 4 <= map.len() {
                    self.spread();
                }
            }
            Places::Many(keys) => put(keys, slot.0, key),
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<RankKey> {
        match self {
            Places::Few(map) => map.remove(&slot.0),
            Places::Many(keys) => keys.get_mut(slot.0 as usize).and_then(Option::take),
        }
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = match self {
            // With a byte of its own for each place of the table.
            Places::Few(map) => map.capacity() * (size_of::<(u32, RankKey)>() + 1),
            Places::Many(keys) => keys.len() * size_of::<Option<RankKey>>(),
        };
        bytes as u64
    }

    fn spread(&mut self) {
        if let Places::Few(map) = self {
            let mut keys = Paged::new();
            for (slot, key) in map.drain() {
                put(&mut keys, slot, key);
            }
            *self = Places::Many(keys);
        }
    }
}

fn put(keys: &mut Paged<Option<RankKey>>, slot: u32, key: RankKey) {
    while keys.len() <= slot as usize {
        keys.push(None);
    }
    if let Some(place) = keys.get_mut(slot as usize) {
        *place = Some(key);
    }
}

#[cfg(test)]
mod tests {
    use boards::{Order, Score};

    use super::*;

    #[test]
    fn keeps_every_key_when_it_spreads_out() {
        let key = |n: u32| RankKey::new(Order::Desc, Score::ZERO, u64::from(n));
        let mut places = Places::new();
        for n in 0..MIN_DENSE as u32 * 2 {
            places.set(Slot(n * 2), key(n));
        }
        assert!(matches!(places, Places::Many(_)));
        for n in 0..MIN_DENSE as u32 * 2 {
            assert_eq!(places.get(Slot(n * 2)), Some(key(n)));
            assert_eq!(places.get(Slot(n * 2 + 1)), None);
        }
        assert_eq!(places.remove(Slot(4)), Some(key(2)));
        assert_eq!(places.remove(Slot(4)), None);
        assert_eq!(places.get(Slot(4)), None);
    }
}
