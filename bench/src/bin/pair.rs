//! Two builds of Agon beside each other: what a request costs one and the other.
//!
//! ```text
//! cargo run --release --bin pair -- ONE OTHER [--players N] [--seconds S] [--rounds R]
//! ```
//!
//! Durable submissions and profiles over 64 connections, in turns. Besides requests a second, the processor
//! time of the server for each request is told, by its threads, with what the load left to be done afterwards:
//! on a machine with other work it says more than the clock on the wall. At the end both have all points that
//! they acknowledged.

use std::path::Path;
use std::time::Duration;

use agon_bench::http::{self, Load, Target, median};
use agon_bench::processor::Used;
use agon_bench::server::Server;
use anyhow::{Context, Result, ensure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;

/// One of the two.
struct Side {
    server: Server,
    dir: tempfile::TempDir,
    acknowledged: u64,
}

/// A load on one of them.
struct Run {
    per_second: f64,
    /// Microseconds of processor time for each request.
    cost: f64,
    by_thread: Vec<(String, f64)>,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [one, other, ..] = &words[..] else {
        anyhow::bail!("the paths of two agon binaries are needed");
    };
    let option = |name: &str, default: u64| -> Result<u64> {
        let at = words.iter().position(|w| w == name);
        at.map_or(Ok(default), |at| {
            Ok(words.get(at + 1).context("a number is missing")?.parse()?)
        })
    };
    let players = option("--players", 1_000_000)?;
    let load = Load {
        connections: CONNECTIONS,
        time: Duration::from_secs(option("--seconds", 5)?),
    };
    let rounds = option("--rounds", 7)?;
    let mut sides = [one, other].map(|binary| Side::start(Path::new(binary), players));
    let [Ok(one), Ok(other)] = &mut sides else {
        sides.into_iter().collect::<Result<Vec<_>>>()?;
        return Ok(());
    };
    compare([one, other], players, rounds, load)
}

fn compare(sides: [&mut Side; 2], players: u64, rounds: u64, load: Load) -> Result<()> {
    let mut submits = [Vec::new(), Vec::new()];
    let mut profiles = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        // Whoever is second finds the machine as the first has left it.
        for n in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let side = &mut *sides[n];
            let run = side.run(&Target::submit(&[side.server.address], players), load)?;
            side.acknowledged += run.1;
            submits[n].push(run.0);
        }
        for n in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let side = &mut *sides[n];
            let run = side.run(&Target::profile(&[side.server.address], players), load)?;
            profiles[n].push(run.0);
        }
    }
    report("POST /score/submit, durable", &submits);
    report("GET /user/profile", &profiles);
    for side in sides {
        let points = http::total_points(side.server.address)?;
        ensure!(
            points == side.acknowledged,
            "{points} points in {}, {} acknowledged",
            side.dir.path().display(),
            side.acknowledged
        );
    }
    println!("\nall points that were acknowledged are there");
    Ok(())
}

impl Side {
    fn start(binary: &Path, players: u64) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let server = Server::start_agon(binary, dir.path())?;
        http::create_players(server.address, players)?;
        Used::at_rest(server.id())?;
        Ok(Side {
            server,
            dir,
            acknowledged: 0,
        })
    }

    /// With the number of replies.
    fn run(&self, target: &Target, load: Load) -> Result<(Run, u64)> {
        let before = Used::at_rest(self.server.id())?;
        let outcome = load.run(target)?;
        let used = Used::at_rest(self.server.id())?.since(&before);
        let requests = outcome.asked.len() as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / requests;
        let by_thread = used.by_name().into_iter();
        let run = Run {
            per_second: outcome.per_second,
            cost: each(used.total()),
            by_thread: by_thread
                .map(|(n, time)| (n.to_owned(), each(time)))
                .collect(),
        };
        Ok((run, outcome.asked.len() as u64))
    }
}

fn report(name: &str, runs: &[Vec<Run>; 2]) {
    println!("\n{name}, medians of {} rounds", runs[0].len());
    println!("| | one | other | other to one, round by round |");
    println!("|---|---:|---:|---:|");
    line("requests a second", runs, |run| run.per_second, 0);
    line("µs of processor time a request", runs, |run| run.cost, 2);
    let threads = runs[0].first().map_or(&[][..], |run| &run.by_thread);
    for (thread, _) in threads {
        let of = |run: &Run| {
            let found = run.by_thread.iter().find(|(name, _)| name == thread);
            found.map_or(0.0, |(_, cost)| *cost)
        };
        line(&format!("… of `{thread}`"), runs, of, 2);
    }
}

fn line(name: &str, runs: &[Vec<Run>; 2], of: impl Fn(&Run) -> f64, digits: usize) {
    let [one, other] = [&runs[0], &runs[1]].map(|runs| median(runs.iter().map(&of)));
    let ratios = runs[0].iter().zip(&runs[1]);
    let ratio = median(ratios.map(|(one, other)| of(other) / of(one)));
    println!("| {name} | {one:.digits$} | {other:.digits$} | {ratio:.3} |");
}
