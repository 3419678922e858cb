//! Records as a change has read them, and as they are by now.

use std::collections::HashMap;
use std::hash::Hash;

use boards::StoreError;

use super::unreadable;
use crate::tx::{At, Tx};

/// A thing as it was read, and as it is by now.
pub(in crate::queues) struct Slot<T> {
    pub(in crate::queues) stored: Option<T>,
    pub(in crate::queues) now: Option<T>,
    pub(in crate::queues) is_changed: bool,
}

impl<T: Clone> Slot<T> {
    pub(in crate::queues) fn read(stored: Option<T>) -> Self {
        Slot {
            now: stored.clone(),
            stored,
            is_changed: false,
        }
    }
}

pub(in crate::queues) type Slots<K, T> = HashMap<K, Slot<T>>;

/// What a thing is by now, of those that were read or set.
pub(in crate::queues) fn now<K: Eq + Hash, T: Clone>(slots: &Slots<K, T>, key: &K) -> Option<T> {
    slots.get(key)?.now.clone()
}

pub(super) fn set<K: Eq + Hash, T: Clone>(slots: &mut Slots<K, T>, key: K, value: T) {
    let slot = slots.entry(key).or_insert_with(|| Slot::read(None));
    slot.now = Some(value);
    slot.is_changed = true;
}

/// Reads what is not known yet, in one round trip.
pub(super) async fn fetch_into<'a, K: Eq + Hash + Clone + 'a, T: Clone>(
    tx: &mut Tx<'_>,
    slots: &mut Slots<K, T>,
    keys: impl IntoIterator<Item = &'a K>,
    at: impl Fn(&K) -> At,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<(), StoreError> {
    let keys = keys.into_iter().filter(|key| !slots.contains_key(*key));
    let missing: Vec<(K, At)> = keys.map(|key| (key.clone(), at(key))).collect();
    tx.fetch(missing.iter().map(|(_, at)| at.clone())).await?;
    for (key, at) in missing {
        let stored = match tx.known(&at) {
            None => None,
            Some(bytes) => Some(read(&bytes).ok_or_else(|| unreadable(&at))?),
        };
        slots.insert(key, Slot::read(stored));
    }
    Ok(())
}
