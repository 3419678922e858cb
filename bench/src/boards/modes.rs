//! Rank modes side by side: the same scores on three boards of one store, which take turns.

use std::time::Instant;

use anyhow::{Result, ensure};
use boards::{BoardId, BoardStore, RankMode, Submission, View};
use store_embedded::EmbeddedStore;

use super::figures::quantile;
use super::{Sizes, load, open, wait};
use crate::random::{Random, scramble};

const MODES: [(&str, RankMode); 3] = [
    ("ordinal", RankMode::Ordinal),
    ("shared", RankMode::Shared),
    ("dense", RankMode::Dense),
];
/// Scores submitted in a turn, in batches of a thousand: then it is not the disk that is measured.
const SUBMISSIONS: u64 = 50_000;
const BATCH: u64 = 1_000;
const READS: u64 = 200_000;
/// Ranks compared with the plain list at the end.
const CHECKED: u64 = 2_000;

/// Measures and prints.
pub fn run(sizes: &Sizes) -> Result<()> {
    let temp = tempfile::tempdir_in(&sizes.dir)?;
    let mut bench = Bench::new(temp.path(), sizes.million)?;
    let mut laps = [const { (Vec::new(), Vec::new()) }; 3];
    for _ in 0..sizes.rounds {
        bench.draw();
        for ((board, _), laps) in MODES.iter().zip(&mut laps) {
            laps.0.push(bench.submissions(board)?);
            laps.1.push(bench.ranks(board)?);
        }
    }
    bench.check()?;
    let (entries, rounds) = (sizes.million, sizes.rounds);
    println!("\nrank modes at {entries} entries, ten of each score; medians of {rounds} rounds\n");
    println!("| | a submission, of {BATCH}: µs | a player's rank: ns |\n|---|---:|---:|");
    for ((name, _), (submissions, ranks)) in MODES.iter().zip(&mut laps) {
        let (submission, rank) = (quantile(submissions, 0.5), quantile(ranks, 0.5));
        println!("| {name} | {submission:.2} | {rank:.0} |");
    }
    Ok(())
}

struct Bench {
    store: std::sync::Arc<EmbeddedStore>,
    /// By player.
    scores: Vec<u64>,
    different: u64,
    moves: Vec<(u64, u64)>,
    random: Random,
}

impl Bench {
    fn new(dir: &std::path::Path, entries: u64) -> Result<Self> {
        let store = open(&dir.join("data"))?;
        let different = (entries / 10).max(1);
        let scores: Vec<u64> = (0..entries).map(|n| scramble(n) % different).collect();
        wait(load::put_players(&*store, entries))?;
        for (name, mode) in MODES {
            wait(load::put_board(&*store, name, mode))?;
            let all = (0..).zip(&scores);
            let all = all.map(|(n, score)| submission(&load::board(name)?, n, *score));
            wait(load::submit_all(&*store, all))?;
        }
        Ok(Bench {
            store,
            scores,
            different,
            moves: Vec::new(),
            random: Random::new(4),
        })
    }

    /// Draws up what is submitted in this round, to each board.
    fn draw(&mut self) {
        let players = self.scores.len() as u64;
        self.moves = (0..SUBMISSIONS)
            .map(|_| {
                (
                    self.random.below(players),
                    self.random.below(self.different),
                )
            })
            .collect();
        for (player, score) in &self.moves {
            self.scores[*player as usize] = *score;
        }
    }

    fn submissions(&self, name: &str) -> Result<f64> {
        let board = load::board(name)?;
        let batches = self.moves.chunks(BATCH as usize).map(|moves| {
            let submissions = moves
                .iter()
                .map(|(n, score)| submission(&board, *n, *score));
            submissions.collect::<Result<Vec<_>>>()
        });
        let batches: Vec<_> = batches.collect::<Result<_>>()?;
        let start = Instant::now();
        wait(async {
            for batch in batches {
                load::submit_batch(&*self.store, batch).await?;
            }
            Ok(())
        })?;
        Ok(start.elapsed().as_secs_f64() * 1e6 / SUBMISSIONS as f64)
    }

    fn ranks(&mut self, name: &str) -> Result<f64> {
        let players = self.scores.len() as u64;
        let view = View::of(load::board(name)?);
        let drawn: Vec<_> = (0..READS)
            .map(|_| load::id(self.random.below(players)))
            .collect();
        let start = Instant::now();
        wait(async {
            for id in drawn {
                let standing = self.store.entry(&view, id).await?;
                ensure!(standing.entry.rank.is_some());
            }
            Ok(())
        })?;
        Ok(start.elapsed().as_nanos() as f64 / READS as f64)
    }

    /// Ranks against a plain sorted list.
    fn check(&mut self) -> Result<()> {
        let mut sorted = self.scores.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let mut different = sorted.clone();
        different.dedup();
        for _ in 0..CHECKED {
            let player = self.random.below(self.scores.len() as u64);
            let score = self.scores[player as usize];
            let better = sorted.partition_point(|s| *s > score) as u64;
            let as_good = sorted.partition_point(|s| *s >= score) as u64;
            let dense = different.partition_point(|s| *s > score) as u64;
            let mut ranks = [0; 3];
            for ((name, _), rank) in MODES.iter().zip(&mut ranks) {
                let view = View::of(load::board(name)?);
                let standing = wait(async { Ok(self.store.entry(&view, load::id(player)).await?) });
                *rank = standing?.entry.rank.unwrap_or(0);
            }
            let [ordinal, shared, found] = ranks;
            ensure!((better + 1..=as_good).contains(&ordinal), "ordinal");
            ensure!(
                (shared, found) == (better + 1, dense + 1),
                "shared and dense"
            );
        }
        Ok(())
    }
}

fn submission(board: &BoardId, player: u64, score: u64) -> Result<(BoardId, Submission)> {
    let submission = Submission::new(load::id(player), load::score(score)?);
    Ok((board.clone(), submission))
}
