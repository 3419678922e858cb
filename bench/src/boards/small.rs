//! Thousands of small boards: what each costs in memory and at start-up, and what they cost others.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use boards::{BoardStore, Change, PageStart, RankMode, Submission, View};

use super::figures::{Figures, quantile, timed};
use super::{Sizes, child, load, open, wait};
use crate::meter;
use crate::random::Random;

/// Players whose country changes, and boards that are looked at.
const SAMPLE: u64 = 200;

/// Measures and prints.
pub fn run(sizes: &Sizes) -> Result<()> {
    let temp = tempfile::tempdir_in(&sizes.dir)?;
    let dir = temp.path().join("data");
    let players = sizes.boards.max(sizes.entries);
    child::run("players", &dir, &[players])?;
    let before = child::run("look", &dir, &[0, 0])?;
    let filled = child::run("small", &dir, &[sizes.boards, sizes.entries])?;
    let after = child::run("look", &dir, &[sizes.boards, sizes.entries])?;
    let (boards, entries) = (sizes.boards as f64, sizes.entries);
    println!("\n{boards} boards of {entries} entries, {players} players\n");
    println!("| | |\n|---|---:|");
    filled.print();
    let more = |name: &str| -> Result<f64> { Ok(after.get(name)? - before.get(name)?) };
    let mut cost = Figures::default();
    cost.put("memory: KiB a board", more(MEMORY)? * 1024.0 / boards);
    cost.put("start-up with them: ms", after.get(START)?);
    cost.put("start-up without: ms", before.get(START)?);
    cost.put("start-up: µs a board", more(START)? * 1e3 / boards);
    for name in [MOVE, PAGE] {
        cost.put(format!("{name}, with them"), after.get(name)?);
    }
    cost.put(format!("{MOVE}, without"), before.get(MOVE)?);
    cost.print();
    Ok(())
}

const MEMORY: &str = "memory: MiB";
const START: &str = "start-up: ms";
const MOVE: &str = "a player changes country: µs at the median";
const PAGE: &str = "first page of a board: µs at the median";

pub fn fill_players(dir: &Path, count: u64) -> Result<Figures> {
    let store = open(dir)?;
    wait(load::put_players(&*store, count))?;
    Ok(Figures::default())
}

fn name(board: u64) -> String {
    format!("board-{board}")
}

/// Who has the entry of this place on a board: each player is on as many boards as each other.
fn who(board: u64, place: u64, boards: u64, entries: u64) -> u64 {
    (board + place * 7919) % boards.max(entries)
}

pub fn fill_boards(dir: &Path, boards: u64, entries: u64) -> Result<Figures> {
    let store = open(dir)?;
    let mut figures = Figures::default();
    let (_, took) = timed(|| {
        wait(async {
            for n in 0..boards {
                load::put_board(&*store, &name(n), RankMode::Ordinal).await?;
            }
            Ok(())
        })
    })?;
    figures.put(
        "making a board: µs",
        took.as_secs_f64() * 1e6 / boards as f64,
    );
    let scores = (0..boards).flat_map(|n| (0..entries).map(move |place| (n, place)));
    let scores = scores.map(|(n, place)| {
        let player = load::id(who(n, place, boards, entries));
        Ok((
            load::board(&name(n))?,
            Submission::new(player, load::score(place)?),
        ))
    });
    let (count, took) = timed(|| wait(load::submit_all(&*store, scores)))?;
    ensure!(count == boards * entries);
    figures.put(
        "filling, 10,000 scores a batch: µs an entry",
        took.as_secs_f64() * 1e6 / count as f64,
    );
    Ok(figures)
}

/// Opens the store and looks at what is there.
pub fn look(dir: &Path, boards: u64, entries: u64) -> Result<Figures> {
    let start = Instant::now();
    let store = open(dir)?;
    let mut figures = Figures::default();
    figures.put(START, start.elapsed().as_secs_f64() * 1e3);
    let memory = meter::private_memory().unwrap_or(0);
    figures.put(MEMORY, memory as f64 / f64::from(1 << 20));
    let mut random = Random::new(1);
    let mut pages = Vec::new();
    for _ in 0..SAMPLE.min(boards) {
        let n = random.below(boards);
        let view = View::of(load::board(&name(n))?);
        let start = Instant::now();
        let page = wait(async { Ok(store.page(&view, PageStart::Offset(0), 10).await?) })?;
        pages.push(start.elapsed().as_secs_f64() * 1e6);
        let best = load::id(who(n, entries - 1, boards, entries));
        ensure!(page.total == entries && page.entries[0].player.id == best);
    }
    figures.put(PAGE, quantile(&mut pages, 0.5));
    let mut moves = Vec::new();
    for n in 0..SAMPLE {
        let change = Change::PutPlayers(vec![load::player(n, 1)?]);
        let start = Instant::now();
        wait(async { Ok(store.change(change, None, 0).await?) })?;
        moves.push(start.elapsed().as_secs_f64() * 1e6);
        let back = Change::PutPlayers(vec![load::player(n, 0)?]);
        wait(async { Ok(store.change(back, None, 0).await?) })?;
    }
    figures.put(MOVE, quantile(&mut moves, 0.5));
    Ok(figures)
}
