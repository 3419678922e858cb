//! Durable submissions and profile reads over HTTP, beside a bare axum handler of the same reply.
//!
//! ```text
//! cargo build --release --manifest-path ../Cargo.toml
//! cargo run --release --bin http -- ../target/release/agon [--players N] [--seconds S] [--rounds R]
//! ```
//!
//! 64 connections, each with one request under way, from a second process on the same machine. The
//! three take turns; the ratios are of one run. At the end every acknowledged point is on the
//! leaderboard, after a restart, or the benchmark fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use agon_bench::http::{self, Load, Target};
use agon_bench::server::Server;
use anyhow::{Context, Result, ensure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|w| w == "bare") {
        return http::serve_bare();
    }
    let option = |name: &str, default: u64| -> Result<u64> {
        let at = words.iter().position(|w| w == name);
        at.map_or(Ok(default), |at| {
            Ok(words.get(at + 1).context("a number is missing")?.parse()?)
        })
    };
    let agon = PathBuf::from(
        words
            .first()
            .context("the path of the agon binary is missing")?,
    );
    let players = option("--players", 1_000_000)?;
    let load = Load {
        connections: CONNECTIONS,
        time: Duration::from_secs(option("--seconds", 5)?),
    };
    compare(&agon, players, option("--rounds", 5)?, load)
}

fn compare(agon: &Path, players: u64, rounds: u64, load: Load) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let bare = Server::start(Command::new(std::env::current_exe()?).arg("bare"))?;
    let server = Server::start_agon(agon, dir.path())?;
    http::create_players(server.address, players)?;

    let submit = Target::submit(&[server.address], players);
    let profile = Target::profile(&[server.address], players);
    let bare_post = Target::submit(&[bare.address], players);
    let mut results = [const { Vec::new() }; 3];
    let mut acknowledged = 0;
    for _ in 0..rounds {
        results[0].push(load.run(&bare_post)?);
        results[1].push(load.run(&submit)?);
        acknowledged += results[1].last().map_or(0, |r| r.asked.len() as u64);
        results[2].push(load.run(&profile)?);
    }
    http::report(
        [
            "bare axum",
            "POST /score/submit, durable",
            "GET /user/profile",
        ],
        &results,
    );

    drop(server);
    let server = Server::start_agon(agon, dir.path())?;
    let points = http::total_points(server.address)?;
    ensure!(
        points == acknowledged,
        "{points} points on the board, {acknowledged} acknowledged"
    );
    println!("\n{acknowledged} acknowledged points are all there after kill -9 and a restart");
    Ok(())
}
