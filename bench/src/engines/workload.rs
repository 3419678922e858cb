//! The batches themselves, made on the fly and equal for every engine.
//!
//! Keys are a function of their index, so picking a random existing entry
//! needs no list of keys in memory that would blur the memory figures.

use super::args::Args;
use super::store::{Batch, Key, Meta, Value};
use crate::random::Random;

/// Entries per commit in phase 1.
const LOAD_SIZE: u64 = 10_000;
const BOARDS: u64 = 16;
const SEASONS: u64 = 4;
/// Milliseconds since 1970; any fixed date does.
const EPOCH: u64 = 1_700_000_000_000;

/// A run of equal group commits in phase 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub size: usize,
    pub batches: usize,
}

/// The main stage, then single updates and large groups with fewer batches,
/// which keeps the three of them comparable in time.
pub fn stages(args: &Args) -> Vec<Stage> {
    let main = (args.size, args.batches);
    let extra = [(1, args.batches / 2), (1024, args.batches / 10)];
    let extra = extra.into_iter().filter(|stage| stage.0 != args.size);
    std::iter::once(main)
        .chain(extra)
        .map(|(size, batches)| Stage { size, batches })
        .filter(|stage| stage.batches > 0)
        .collect()
}

pub struct Workload {
    seed: u64,
    entries: u64,
    random: Random,
    updates: u64,
    commits: u64,
}

impl Workload {
    pub fn new(args: &Args) -> Self {
        Workload {
            seed: args.seed,
            entries: args.entries,
            random: Random::new(args.seed),
            updates: 0,
            commits: 0,
        }
    }

    /// How many commits phase 1 takes.
    pub fn load_batches(&self) -> u64 {
        self.entries.div_ceil(LOAD_SIZE)
    }

    /// The `number`-th commit of phase 1.
    pub fn load(&mut self, number: u64) -> Batch {
        let first = number * LOAD_SIZE;
        let last = self.entries.min(first + LOAD_SIZE);
        let indices: Vec<u64> = (first..last).collect();
        self.batch(&indices)
    }

    /// A group commit: `size` updates of random existing entries.
    pub fn update(&mut self, size: usize) -> Batch {
        let entries = self.entries;
        let indices: Vec<u64> = (0..size).map(|_| self.random.below(entries)).collect();
        self.batch(&indices)
    }

    fn batch(&mut self, indices: &[u64]) -> Batch {
        let entries = indices
            .iter()
            .map(|&index| (key(self.seed, index), self.value()))
            .collect();
        self.commits += 1;
        Batch {
            entries,
            meta: self.meta(),
        }
    }

    fn value(&mut self) -> Value {
        self.updates += 1;
        let score = self.random.below(10_000_000) as f64 / 100.0;
        let now = EPOCH + self.updates;
        words([score.to_bits(), now, now - self.random.below(1_000)])
    }

    fn meta(&mut self) -> Meta {
        let (a, b) = (self.random.word(), self.random.word());
        words([self.commits, self.updates, EPOCH + self.updates, a, b])
    }
}

/// The key of the `index`-th entry.
fn key(seed: u64, index: u64) -> Key {
    let mut random = Random::new(seed.rotate_left(32) ^ index);
    let board = random.below(BOARDS) + 1;
    let season = random.below(SEASONS) + 1;
    words([board << 32 | season, random.word(), random.word()])
}

/// Big-endian words side by side.
fn words<const WORDS: usize, const BYTES: usize>(words: [u64; WORDS]) -> [u8; BYTES] {
    const { assert!(WORDS * 8 == BYTES) };
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn small(entries: u64) -> Args {
        Args {
            entries,
            ..Args::default()
        }
    }

    #[test]
    fn loading_writes_every_key_once() {
        let mut workload = Workload::new(&small(25_000));
        let mut keys = HashSet::new();
        for number in 0..workload.load_batches() {
            keys.extend(workload.load(number).entries.iter().map(|(key, _)| *key));
        }
        assert_eq!(keys.len(), 25_000);
    }

    #[test]
    fn updates_hit_loaded_keys_only() {
        let mut workload = Workload::new(&small(100));
        let loaded: HashSet<Key> = workload.load(0).entries.iter().map(|e| e.0).collect();
        let batch = workload.update(1_000);
        assert!(batch.entries.iter().all(|(key, _)| loaded.contains(key)));
    }

    #[test]
    fn equal_seeds_give_equal_batches() {
        let draw = || Workload::new(&small(100)).update(64);
        assert_eq!(draw().entries, draw().entries);
        assert_eq!(draw().meta, draw().meta);
    }

    #[test]
    fn the_main_stage_is_not_run_twice() {
        let args = Args {
            size: 1,
            ..Args::default()
        };
        let sizes: Vec<usize> = stages(&args).iter().map(|stage| stage.size).collect();
        assert_eq!(sizes, [1, 1024]);
    }
}
