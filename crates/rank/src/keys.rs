//! The sorted keys of one node, searched without branches.
//!
//! A binary search of a node that is not in cache pays one memory latency after another, since
//! each probe waits for the one before. Here the probes of a round do not depend on each other, so
//! the processor fetches them at once: a count over the last key of every block, then a count within
//! one block. Both rounds always look at the same number of slots, so that there is
//! no loop exit to mispredict either.
//!
//! For that, the slots beyond the last key hold padding that is never below it. A search key above
//! some padding is then above every key, and cutting the count at `len` is right.

/// Keys of 16 bytes that share a cache line: the first round fetches every line of the node, and the
/// second finds its own there. With 8 or 16 it would wait for memory once more.
const BLOCK: usize = 4;

/// Between one and `N` keys in ascending order; `N` is a multiple of [`BLOCK`].
pub(crate) struct Keys<K, const N: usize> {
    len: usize,
    slots: [K; N],
}

impl<K: Ord + Copy, const N: usize> Keys<K, N> {
    const WHOLE_BLOCKS: () = assert!(N.is_multiple_of(BLOCK));

    /// Takes over sorted keys, of which there must be at least one and at most `N`.
    pub(crate) fn from_slice(keys: &[K]) -> Self {
        let () = Self::WHOLE_BLOCKS;
        let mut slots = [keys[keys.len() - 1]; N];
        slots[..keys.len()].copy_from_slice(keys);
        Keys {
            len: keys.len(),
            slots,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_slice(&self) -> &[K] {
        &self.slots[..self.len]
    }

    /// How many keys are less than `key`, and whether the next one is `key`.
    #[inline(always)]
    pub(crate) fn find(&self, key: &K) -> (usize, bool) {
        let at = self.count(|k| k < key);
        (at, at < self.len && self.slots[at] == *key)
    }

    /// How many keys are less than or equal to `key`.
    #[inline(always)]
    pub(crate) fn upper_bound(&self, key: &K) -> usize {
        self.count(|k| k <= key)
    }

    /// How many keys are `below` a bound, which must hold for a prefix of them.
    #[inline(always)]
    fn count(&self, below: impl Fn(&K) -> bool) -> usize {
        let (blocks, _) = self.slots.as_chunks::<BLOCK>();
        let full = blocks.iter().filter(|b| below(&b[BLOCK - 1])).count();
        let rest = blocks[full.min(blocks.len() - 1)];
        let within = rest.iter().filter(|k| below(k)).count();
        (full * BLOCK + within).min(self.len)
    }

    /// As [`Keys::find`], for two keys in two nodes side by side.
    #[inline(always)]
    pub(crate) fn find_pair(pair: [&Self; 2], keys: [&K; 2]) -> [(usize, bool); 2] {
        let at = Self::count_pair(pair, keys, |k, bound| k < bound);
        [0, 1].map(|n| {
            let node = pair[n];
            (at[n], at[n] < node.len && node.slots[at[n]] == *keys[n])
        })
    }

    /// As [`Keys::upper_bound`], for two keys in two nodes side by side.
    #[inline(always)]
    pub(crate) fn upper_bound_pair(pair: [&Self; 2], keys: [&K; 2]) -> [usize; 2] {
        Self::count_pair(pair, keys, |k, bound| k <= bound)
    }

    /// Each round looks at both nodes before the next begins, so that one does not wait for the
    /// other's memory.
    #[inline(always)]
    fn count_pair(pair: [&Self; 2], bounds: [&K; 2], below: impl Fn(&K, &K) -> bool) -> [usize; 2] {
        let (mut full_a, mut full_b) = (0, 0);
        let blocks = pair.map(|keys| keys.slots.as_chunks::<BLOCK>().0);
        for (a, b) in blocks[0].iter().zip(blocks[1]) {
            full_a += usize::from(below(&a[BLOCK - 1], bounds[0]));
            full_b += usize::from(below(&b[BLOCK - 1], bounds[1]));
        }
        let last = N / BLOCK - 1;
        let rest_a = &blocks[0][full_a.min(last)];
        let rest_b = &blocks[1][full_b.min(last)];
        let (mut at_a, mut at_b) = (full_a * BLOCK, full_b * BLOCK);
        for (a, b) in rest_a.iter().zip(rest_b) {
            at_a += usize::from(below(a, bounds[0]));
            at_b += usize::from(below(b, bounds[1]));
        }
        [at_a.min(pair[0].len), at_b.min(pair[1].len)]
    }

    /// Puts `key` at place `at`, moving what follows; there must be room.
    pub(crate) fn insert(&mut self, at: usize, key: K) {
        self.slots.copy_within(at..self.len, at + 1);
        self.slots[at] = key;
        self.len += 1;
        if at + 1 == self.len {
            self.slots[at..].fill(key);
        }
    }

    /// Takes the key at place `at` out. The slot that falls free keeps a key not below the last.
    pub(crate) fn remove(&mut self, at: usize) {
        self.slots.copy_within(at + 1..self.len, at);
        self.len -= 1;
    }

    /// Replaces the key at place `from` by `key`, which belongs at place `to` once it is gone.
    pub(crate) fn shift(&mut self, from: usize, to: usize, key: K) {
        if from <= to {
            self.slots.copy_within(from + 1..to + 1, from);
        } else {
            self.slots.copy_within(to..from, to + 1);
        }
        self.slots[to] = key;
        if to + 1 == self.len {
            self.slots[to..].fill(key);
        }
    }

    pub(crate) fn set(&mut self, at: usize, key: K) {
        self.slots[at] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn agrees_with_partition_point_at_every_length_and_gap() {
        for len in 1..=64_u32 {
            let sorted: Vec<u32> = (0..len).map(|i| i * 2 + 1).collect();
            let keys = Keys::<u32, 64>::from_slice(&sorted);
            for key in 0..=len * 2 + 2 {
                let below = sorted.partition_point(|k| *k < key);
                assert_eq!(keys.find(&key), (below, sorted.get(below) == Some(&key)));
                assert_eq!(
                    keys.upper_bound(&key),
                    sorted.partition_point(|k| *k <= key)
                );
            }
        }
    }

    #[test]
    fn padding_stays_harmless_through_changes_at_the_end() {
        let mut keys = Keys::<u32, 16>::from_slice(&[10, 20, 30]);
        keys.remove(2);
        assert_eq!(keys.find(&25), (2, false));
        keys.insert(2, 22);
        assert_eq!(keys.find(&25), (3, false));
        assert_eq!(keys.upper_bound(&22), 3);
        keys.shift(0, 2, 40);
        assert_eq!(keys.as_slice(), [20, 22, 40]);
        assert_eq!(keys.find(&40), (2, true));
        assert_eq!(keys.find(&41), (3, false));
        keys.shift(2, 0, 5);
        assert_eq!(keys.as_slice(), [5, 20, 22]);
        assert_eq!(keys.find(&39), (3, false));
    }
}
