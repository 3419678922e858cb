//! Changes on top of what is there, of which the latest can be taken back.

use std::hash::Hash;

use hashbrown::HashMap;

pub(super) struct Layer<K, V> {
    now: HashMap<K, V>,
    /// What was there before each change that is not to be kept yet.
    undo: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Layer<K, V> {
    fn default() -> Self {
        Layer {
            now: HashMap::new(),
            undo: Vec::new(),
        }
    }
}

impl<K: Eq + Hash + Clone, V> Layer<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.now.get(key)
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        let before = self.now.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    pub(super) fn values(&self) -> impl Iterator<Item = (&K, &V)> {
        self.now.iter()
    }

    /// What has changed so far stays.
    pub(super) fn keep(&mut self) {
        self.undo.clear();
    }

    /// Takes back what has changed since the last [`keep`](Self::keep).
    pub(super) fn revert(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(value) => self.now.insert(key, value),
                None => self.now.remove(&key),
            };
        }
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = (K, V)> {
        self.now.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::Layer;

    #[test]
    fn the_latest_changes_can_be_taken_back() {
        let mut layer = Layer::default();
        layer.set("a", 1);
        layer.keep();
        layer.set("a", 2);
        layer.set("b", 3);
        layer.set("a", 4);
        layer.revert();
        assert_eq!((layer.get(&"a"), layer.get(&"b")), (Some(&1), None));
        layer.revert();
        assert_eq!(layer.into_values().collect::<Vec<_>>(), [("a", 1)]);
    }
}
