//! Matches side by side in rating give each other tickets, so that each spans less.
//!
//! Serving in turn takes tickets from the middle of others' neighbourhoods, and whoever comes late spans the
//! holes. Afterwards it is known who plays; so a few matches that are neighbours deal their tickets out anew,
//! the lowest of each kind to the lowest match. Who is in a match stays in one.

use std::collections::BTreeMap;

use super::assembly::distance;
use super::pool::Pool;
use super::search::Demands;
use super::serving::Lineup;
use super::settle::settle;

/// Matches that deal out their tickets together.
const BLOCK: usize = 64;

/// Deals out tickets anew where that makes matches narrower. Cost: O(matches) beside sorting them.
pub(super) fn tidy(pool: &Pool<'_>, demands: &Demands, made: &mut [Lineup]) {
    let middle = |lineup: &Lineup| {
        let ratings = lineup
            .iter()
            .flatten()
            .map(|ticket| pool.party(*ticket).rating);
        ratings.sum::<f64>() / lineup.iter().map(Vec::len).sum::<usize>() as f64
    };
    let bucket = |lineup: &Lineup| {
        let first = lineup.iter().flatten().next();
        first.map_or(0, |ticket| pool.party(*ticket).bucket)
    };
    let mut sorted: Vec<(u32, f64, usize)> = (0..)
        .zip(made.iter())
        .map(|(at, lineup)| (bucket(lineup), middle(lineup), at))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let places: Vec<usize> = sorted.iter().map(|(_, _, at)| *at).collect();
    for bucket in sorted.chunk_by(|a, b| a.0 == b.0).scan(0, |start, chunk| {
        *start += chunk.len();
        Some(*start - chunk.len()..*start)
    }) {
        let places = &places[bucket];
        for skipped in [0, BLOCK / 2] {
            for block in places.get(skipped..).unwrap_or(&[]).chunks(BLOCK) {
                deal(pool, demands, made, block);
            }
        }
    }
}

/// Deals out the tickets of some matches, in the order of rating; or where that does not do, those of each
/// half.
fn deal(pool: &Pool<'_>, demands: &Demands, made: &mut [Lineup], block: &[usize]) {
    if block.len() < 2 {
        return;
    }
    if let Some(dealt) = dealt(pool, demands, made, block) {
        for (at, lineup) in block.iter().zip(dealt) {
            made[*at] = lineup;
        }
        return;
    }
    let (low, high) = block.split_at(block.len() / 2);
    deal(pool, demands, made, low);
    deal(pool, demands, made, high);
}

/// The matches of a block after that; `None` where one would break a rule or they are not narrower.
fn dealt(
    pool: &Pool<'_>,
    demands: &Demands,
    made: &[Lineup],
    block: &[usize],
) -> Option<Vec<Lineup>> {
    let mut kinds: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for ticket in block.iter().flat_map(|at| made[*at].iter().flatten()) {
        kinds
            .entry(pool.party(*ticket).kind)
            .or_default()
            .push(*ticket);
    }
    for tickets in kinds.values_mut() {
        tickets.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut dealt: Vec<Lineup> = Vec::with_capacity(block.len());
    for at in block {
        let team = |tickets: &Vec<u32>| -> Option<Vec<u32>> {
            let next = tickets
                .iter()
                .map(|old| kinds.get_mut(&pool.party(*old).kind)?.pop());
            next.collect()
        };
        dealt.push(made[*at].iter().map(team).collect::<Option<Lineup>>()?);
    }
    let spread = |lineup: &Lineup| {
        distance(
            lineup
                .iter()
                .flatten()
                .map(|ticket| pool.party(*ticket).rating),
        )
    };
    let before: f64 = block.iter().map(|at| spread(&made[*at])).sum();
    if dealt.iter().map(spread).sum::<f64>() >= before {
        return None;
    }
    dealt
        .iter()
        .map(|lineup| settle(pool, demands, lineup))
        .collect()
}
