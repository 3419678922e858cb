//! One board of everybody: how long it takes to load, what it holds, how long a start takes, and what
//! it costs to submit to it and to read from it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use boards::{BoardId, BoardStore, Change, Changed, PageStart, Segment, Submission, View};
use futures_util::future::join_all;
use store_embedded::EmbeddedStore;

use super::figures::{Figures, quantile, timed};
use super::{Sizes, child, load, open, wait};
use crate::meter;
use crate::random::{Random, scramble};

/// Submissions one after the other, and times that 64 are asked for at once.
const SUBMISSIONS: usize = 2_000;
const AT_ONCE: usize = 64;
const READS: usize = 100_000;
/// So many that about half of ten million players have one of their own.
const SCORES: u64 = 1 << 24;

/// Measures and prints.
pub fn run(sizes: &Sizes) -> Result<()> {
    let temp = tempfile::tempdir_in(&sizes.dir)?;
    let dir = temp.path().join("data");
    let filled = child::run("large", &dir, &[sizes.large])?;
    let used = child::run("use", &dir, &[sizes.large])?;
    println!("\none board of {} entries\n", sizes.large);
    println!("| | |\n|---|---:|");
    filled.print();
    used.print();
    Ok(())
}

fn score_of(n: u64) -> u64 {
    scramble(n) % SCORES
}

pub fn fill(dir: &Path, count: u64) -> Result<Figures> {
    let store = open(dir)?;
    let (_, took) = timed(|| wait(load::create_players(&*store, count, score_of)))?;
    let mut figures = Figures::default();
    figures.put("load, 10,000 players a batch: s", took.as_secs_f64());
    figures.put("load: players/s", count as f64 / took.as_secs_f64());
    store.close();
    let disk = meter::disk_bytes(dir)?;
    figures.put(
        "on disk: bytes a player with its entry",
        disk as f64 / count as f64,
    );
    Ok(figures)
}

pub fn measure(dir: &Path, count: u64) -> Result<Figures> {
    let mut figures = Figures::default();
    let (store, took) = timed(|| open(dir))?;
    figures.put("start-up: s", took.as_secs_f64());
    if let (Some(memory), Some(peak)) = (meter::private_memory(), meter::peak_memory()) {
        figures.put("memory: GiB", memory as f64 / f64::from(1 << 30));
        figures.put(
            "memory: bytes a player with its entry",
            memory as f64 / count as f64,
        );
        figures.put(
            "memory at the most, at start-up: GiB",
            peak as f64 / f64::from(1 << 30),
        );
    }
    let info = wait(async { Ok(store.board(&BoardId::global()).await?) })?;
    ensure!(info.total == count, "{} entries of {count}", info.total);
    wait(submissions(&store, count, &mut figures))?;
    wait(reads(&store, count, &mut figures))?;
    Ok(figures)
}

async fn submit(store: &EmbeddedStore, player: u64) -> Result<()> {
    let submission = Submission::new(load::id(player), load::score(1)?);
    let board = BoardId::global();
    let receipt = store
        .change(Change::Submit { board, submission }, None, 0)
        .await?;
    let Changed::Submitted(outcome) = receipt.changed else {
        anyhow::bail!("{receipt:?}");
    };
    // A point more: nobody else has moved, so it cannot have lost a place.
    ensure!(outcome.rank <= outcome.previous_rank && outcome.rank.is_some());
    Ok(())
}

async fn submissions(store: &EmbeddedStore, count: u64, figures: &mut Figures) -> Result<()> {
    let mut random = Random::new(2);
    let mut laps = Vec::new();
    for _ in 0..SUBMISSIONS {
        let player = random.below(count);
        let start = Instant::now();
        submit(store, player).await?;
        laps.push(start.elapsed().as_secs_f64() * 1e6);
    }
    figures.put(
        "a submission, alone: µs at the median",
        quantile(&mut laps, 0.5),
    );
    figures.put("a submission, alone: µs at 99 %", quantile(&mut laps, 0.99));
    let start = Instant::now();
    for _ in 0..SUBMISSIONS {
        // Each of another player, so that each can be checked by itself.
        let first = random.below(count);
        let players = (0..AT_ONCE as u64).map(|n| (first + n * 104_729) % count);
        for done in join_all(players.map(|player| submit_any(store, player))).await {
            done?;
        }
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / (SUBMISSIONS * AT_ONCE) as f64;
    figures.put("submissions, 64 at a time: µs each", each);
    Ok(())
}

/// Among others, which may overtake it.
async fn submit_any(store: &EmbeddedStore, player: u64) -> Result<()> {
    let submission = Submission::new(load::id(player), load::score(1)?);
    let board = BoardId::global();
    store
        .change(Change::Submit { board, submission }, None, 0)
        .await?;
    Ok(())
}

async fn reads(store: &EmbeddedStore, count: u64, figures: &mut Figures) -> Result<()> {
    let mut random = Random::new(3);
    let all = View::of(BoardId::global());
    let start = Instant::now();
    let mut ranks = 0;
    for _ in 0..READS {
        let standing = store.entry(&all, load::id(random.below(count))).await?;
        ranks += u64::from(standing.entry.rank.is_some());
    }
    figures.put("a player's rank: ns", per(start));
    ensure!(ranks == READS as u64, "everybody has a rank");
    let start = Instant::now();
    for _ in 0..READS {
        let offset = random.below(count - 10);
        let page = store.page(&all, PageStart::Offset(offset), 10).await?;
        ensure!(page.entries.len() == 10 && page.entries[0].rank == Some(offset + 1));
    }
    figures.put("a page of 10 at any rank: ns", per(start));
    let country = View {
        segment: Some(Segment::parse("country:tr")?),
        ..View::of(BoardId::global())
    };
    let there = store.page(&country, PageStart::Offset(0), 1).await?.total;
    let start = Instant::now();
    for _ in 0..READS {
        let offset = random.below(there - 10);
        let page = store.page(&country, PageStart::Offset(offset), 10).await?;
        ensure!(page.entries[9].segment_rank == Some(offset + 10));
    }
    figures.put("a page of 10 of a country: ns", per(start));
    Ok(())
}

fn per(start: Instant) -> f64 {
    start.elapsed().as_nanos() as f64 / READS as f64
}
