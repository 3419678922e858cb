//! A board that loses nearly all of its entries to a lower limit, while others submit.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use boards::{BoardId, BoardSettings, BoardStore, Change, PageStart, Submission, View};

use super::figures::{Figures, quantile, timed};
use super::{Sizes, child, load, open, wait};
use crate::random::Random;

/// The limit.
const KEEP: u64 = 10_000;
/// Better players that come at once, each of whom has another leave the full board.
const NEWCOMERS: u64 = 20_000;
/// How long others submit while the records are removed.
const MEANWHILE: Duration = Duration::from_secs(5);

/// Measures and prints.
pub fn run(sizes: &Sizes) -> Result<()> {
    let temp = tempfile::tempdir_in(&sizes.dir)?;
    let dir = temp.path().join("data");
    let measured = child::run("cut", &dir, &[sizes.million])?;
    let again = child::run("cut again", &dir, &[])?;
    println!(
        "\na board of {} entries that may have {KEEP}\n",
        sizes.million
    );
    println!("| | |\n|---|---:|");
    measured.print();
    again.print();
    Ok(())
}

pub fn measure(dir: &Path, count: u64) -> Result<Figures> {
    let store = open(dir)?;
    wait(load::create_players(&*store, count, |n| n))?;
    let mut figures = Figures::default();
    let settings = BoardSettings {
        max_entries: Some(KEEP),
        ..BoardSettings::global()
    };
    let board = BoardId::global();
    let lower = Change::PutBoard { board, settings };
    let (_, took) = timed(|| wait(async { Ok(store.change(lower, None, 0).await?) }))?;
    figures.put("lowering the limit: ms", took.as_secs_f64() * 1e3);
    check(&*store, count)?;
    let mut laps = wait(submissions(&*store, count))?;
    figures.put(
        "submissions meanwhile: µs at the median",
        quantile(&mut laps, 0.5),
    );
    figures.put(
        "submissions meanwhile: µs at 99 %",
        quantile(&mut laps, 0.99),
    );
    figures.put(
        "submissions meanwhile: ms at the most",
        quantile(&mut laps, 1.0) / 1e3,
    );
    let better = (count..count + NEWCOMERS).map(|n| (n, n));
    let (_, took) = timed(|| wait(load::create_batch(&*store, better)))?;
    figures.put(
        format!("{NEWCOMERS} better players in one batch: µs each"),
        took.as_secs_f64() * 1e6 / NEWCOMERS as f64,
    );
    check(&*store, count + NEWCOMERS)?;
    Ok(figures)
}

/// Of players that stay.
async fn submissions(store: &dyn BoardStore, count: u64) -> Result<Vec<f64>> {
    let mut random = Random::new(5);
    let mut laps = Vec::new();
    let began = Instant::now();
    while began.elapsed() < MEANWHILE {
        let player = load::id(count - 1 - random.below(KEEP));
        let submission = Submission::new(player, load::score(0)?);
        let board = BoardId::global();
        let start = Instant::now();
        store
            .change(Change::Submit { board, submission }, None, 0)
            .await?;
        laps.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(laps)
}

/// The best are there and nobody else.
fn check(store: &dyn BoardStore, count: u64) -> Result<()> {
    let view = View::of(BoardId::global());
    let page = wait(async { Ok(store.page(&view, PageStart::Offset(KEEP - 1), 10).await?) })?;
    let last = page.entries.last().context("a last entry")?;
    ensure!(page.total == KEEP && last.player.id == load::id(count - KEEP));
    Ok(())
}

/// After a restart.
pub fn look(dir: &Path) -> Result<Figures> {
    let (store, took) = timed(|| open(dir))?;
    let info = wait(async { Ok(store.board(&BoardId::global()).await?) })?;
    ensure!(info.total == KEEP, "{} entries", info.total);
    let mut figures = Figures::default();
    figures.put("start-up afterwards: ms", took.as_secs_f64() * 1e3);
    Ok(figures)
}
