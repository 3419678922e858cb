//! The rank index: nanoseconds for each operation at 100 thousand, 1 million and 10 million entries.
//!
//! `cargo run --release --bin rank -- [ROUNDS]`. Keys are 16 bytes and values 4, as in Agon. Updates
//! come in two kinds: `jump` moves a random entry to a random place, the worst case for caches;
//! `step` adds up to a hundredth of the range to a random entry's score, as submissions do. What an
//! operation returns is checked: positions against an index that was built anew from the keys.

use std::time::Instant;

use agon_bench::random::Random;
use anyhow::{Result, ensure};
use rank::RankIndex;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const OPERATIONS: usize = 500_000;
const SIZES: [usize; 3] = [100_000, 1_000_000, 10_000_000];
const SCORES: u64 = 1 << 40;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(5), |n| n.parse())?;
    println!("median of {rounds} rounds of {OPERATIONS} operations, ns each\n");
    println!("| entries | build | update (jump) | update (step) | rank | select | page of 10 |");
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for size in SIZES {
        let mut bench = Bench::new(size)?;
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); 5];
        for _ in 0..rounds {
            columns[0].push(bench.updates(|random, _| random.below(SCORES))?);
            columns[1].push(
                bench.updates(|random, score| (score + random.below(SCORES / 100)) % SCORES)?,
            );
            columns[2].push(bench.ranks()?);
            columns[3].push(bench.selects()?);
            columns[4].push(bench.pages()?);
        }
        let medians: Vec<String> = columns
            .into_iter()
            .map(|c| format!("{:.0}", median(c)))
            .collect();
        println!(
            "| {size} | {:.0} | {} |",
            bench.build_ns,
            medians.join(" | ")
        );
        bench.check()?;
    }
    Ok(())
}

struct Bench {
    index: RankIndex<u128, u32>,
    /// The key of each entry, by value.
    keys: Vec<u128>,
    random: Random,
    sequence: u64,
    build_ns: f64,
}

impl Bench {
    fn new(size: usize) -> Result<Self> {
        let mut random = Random::new(1);
        let keys: Vec<u128> = (0..size as u64)
            .map(|n| key(random.below(SCORES), n))
            .collect();
        let sorted = sorted(&keys);
        let start = Instant::now();
        let index = RankIndex::from_sorted(sorted)?;
        let build_ns = start.elapsed().as_nanos() as f64 / size as f64;
        Ok(Bench {
            index,
            keys,
            random,
            sequence: size as u64,
            build_ns,
        })
    }

    /// Operations are drawn up first, so that only the index is timed.
    fn updates(&mut self, next_score: impl Fn(&mut Random, u64) -> u64) -> Result<f64> {
        let mut moves = Vec::with_capacity(OPERATIONS);
        for _ in 0..OPERATIONS {
            let at = self.random.below(self.keys.len() as u64) as usize;
            let old = self.keys[at];
            let score = next_score(&mut self.random, (old >> 64) as u64);
            self.sequence += 1;
            self.keys[at] = key(score, self.sequence);
            moves.push((old, self.keys[at]));
        }
        let start = Instant::now();
        let mut done = 0;
        for (old, new) in &moves {
            done += usize::from(self.index.update(old, *new).is_some());
        }
        let ns = per_operation(start);
        ensure!(done == OPERATIONS, "every update finds its entry");
        Ok(ns)
    }

    fn ranks(&mut self) -> Result<f64> {
        let count = self.keys.len() as u64;
        let keys: Vec<u128> = (0..OPERATIONS)
            .map(|_| self.keys[self.random.below(count) as usize])
            .collect();
        let start = Instant::now();
        let found = keys
            .iter()
            .filter(|key| self.index.rank(key).is_some())
            .count();
        let ns = per_operation(start);
        ensure!(found == OPERATIONS, "every key is found");
        Ok(ns)
    }

    fn selects(&mut self) -> Result<f64> {
        let count = self.keys.len() as u64;
        let places: Vec<usize> = (0..OPERATIONS)
            .map(|_| self.random.below(count) as usize)
            .collect();
        let start = Instant::now();
        let found = places
            .iter()
            .filter(|at| self.index.select(**at).is_some())
            .count();
        let ns = per_operation(start);
        ensure!(found == OPERATIONS, "every place has an entry");
        Ok(ns)
    }

    fn pages(&mut self) -> Result<f64> {
        let count = self.keys.len() as u64 - 10;
        let places: Vec<usize> = (0..OPERATIONS)
            .map(|_| self.random.below(count) as usize)
            .collect();
        let start = Instant::now();
        let entries: usize = places
            .iter()
            .map(|at| self.index.iter_from(*at).take(10).count())
            .sum();
        let ns = per_operation(start);
        ensure!(entries == OPERATIONS * 10, "every page is full");
        Ok(ns)
    }

    /// Every position against an index built anew.
    fn check(&self) -> Result<()> {
        let fresh = RankIndex::from_sorted(sorted(&self.keys))?;
        ensure!(self.index.iter().eq(fresh.iter()), "the order is right");
        for (position, (key, _)) in fresh.iter().enumerate().step_by(997) {
            ensure!(
                self.index.rank(key) == Some(position),
                "position {position} is right"
            );
        }
        Ok(())
    }
}

fn key(score: u64, sequence: u64) -> u128 {
    u128::from(score) << 64 | u128::from(sequence)
}

fn sorted(keys: &[u128]) -> Vec<(u128, u32)> {
    let mut entries: Vec<(u128, u32)> = keys.iter().copied().zip(0..).collect();
    entries.sort_unstable();
    entries
}

fn per_operation(start: Instant) -> f64 {
    start.elapsed().as_nanos() as f64 / OPERATIONS as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
