//! What hedging does for callers of a slow upstream, and what Agon adds to a fast one.
//!
//! ```text
//! cargo build --release --manifest-path ../Cargo.toml
//! cargo run --release --bin hedging -- ../target/release/agon [SECONDS]
//! ```
//!
//! The slow one is the practice upstream: 100 to 600 ms, one reply in five an error. Single attempts,
//! three at once and hedges after 300 ms take turns under the same load, which does not wait for
//! replies. The shares answered in time have to agree with the formulas of `hedge::odds`, or the
//! benchmark fails. The fast one takes 5 ms, always.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use agon_bench::calls::{Call, closed_loop, open_loop, percentile_ms};
use agon_bench::server::Server;
use anyhow::{Context, Result, ensure};
use hedge::latency::Latency;
use hedge::odds;

const RATE: f64 = 200.0;
const DEADLINE: Duration = Duration::from_millis(600);
const DELAY: Duration = Duration::from_millis(300);
const ERRORS: f64 = 0.2;
const LATENCY: &str = "uniform:100..600";
/// Standard deviations that a run may differ from the formulas…
const SIGMAS: f64 = 4.0;
/// …and what is due to timers that tick in milliseconds.
const ROUNDING: f64 = 0.01;
const FAST_CALLS: usize = 400;
const FAST_ROUNDS: usize = 7;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let agon = words
        .first()
        .context("the path of the agon binary is missing")?;
    let seconds = words.get(1).map_or(Ok(10), |s| s.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        compare(Path::new(agon), Duration::from_secs(seconds)).await?;
        overhead(Path::new(agon)).await
    })
}

async fn compare(agon: &Path, time: Duration) -> Result<()> {
    let errors = ERRORS.to_string();
    let upstream = practice(
        agon,
        &["--latency", LATENCY, "--errors", &errors, "--seed", "1"],
    )?;
    let dir = tempfile::tempdir()?;
    let server = start(agon, dir.path(), upstream.address)?;
    let latency: Latency = LATENCY.parse()?;
    let call = odds::Call {
        latency: &latency,
        errors: ERRORS,
        hedges: 2,
        deadline: DEADLINE,
    };
    println!("{RATE} calls a second for {time:?} each, {LATENCY} ms, {ERRORS} errors, 600 ms:\n");
    println!("| | in time | by formula | p50 ms | p99 ms | calls per request | by formula |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (name, path, expected) in [
        ("single", "/v1/upstreams/single?timeout=600", call.single()),
        ("first of three", "/api/first?timeout=600", call.all()),
        ("smart", "/api/smart?timeout=600", call.smart(DELAY)),
    ] {
        let calls = open_loop(server.address, path, RATE, time, 1).await?;
        report(name, &calls, expected)?;
    }
    Ok(())
}

fn report(name: &str, calls: &[Call], expected: odds::Odds) -> Result<()> {
    let count = calls.len() as f64;
    let in_time = calls.iter().filter(|c| c.status == 200).count() as f64 / count;
    let attempts = calls.iter().map(|c| f64::from(c.attempts)).sum::<f64>() / count;
    println!(
        "| {name} | {in_time:.3} | {:.3} | {:.0} | {:.0} | {attempts:.2} | {:.2} |",
        expected.in_time,
        percentile_ms(calls, 0.5),
        percentile_ms(calls, 0.99),
        expected.calls
    );
    let known = |c: &Call| matches!(c.status, 200 | 502 | 504);
    ensure!(calls.iter().all(known), "a reply that nobody asked for");
    let near = |seen: f64, expected: f64, deviation: f64| {
        (seen - expected).abs() <= SIGMAS * deviation / count.sqrt() + ROUNDING
    };
    let p = expected.in_time;
    ensure!(
        near(in_time, p, (p * (1.0 - p)).sqrt()),
        "the share in time is off"
    );
    // One to three attempts: they deviate by one at the most.
    ensure!(
        near(attempts, expected.calls, 1.0),
        "the calls per request are off"
    );
    Ok(())
}

async fn overhead(agon: &Path) -> Result<()> {
    let upstream = practice(agon, &["--latency", "constant:5"])?;
    let dir = tempfile::tempdir()?;
    let server = start(agon, dir.path(), upstream.address)?;
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..FAST_ROUNDS {
        direct.push(median_of(upstream.address, "/api/work").await?);
        through.push(median_of(server.address, "/api/smart").await?);
    }
    let (direct, through) = (median(direct), median(through));
    let added = through - direct;
    println!("\n5 ms upstream, one call after the other, medians of {FAST_ROUNDS} rounds:");
    println!("direct {direct:.3} ms, through Agon {through:.3} ms, added {added:.3} ms");
    Ok(())
}

async fn median_of(address: SocketAddr, path: &str) -> Result<f64> {
    let calls = closed_loop(address, path, FAST_CALLS).await?;
    ensure!(calls.iter().all(|c| c.status == 200), "a call failed");
    Ok(percentile_ms(&calls, 0.5))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn practice(agon: &Path, arguments: &[&str]) -> Result<Server> {
    let mut command = Command::new(agon);
    command.args(["practice-upstream", "--listen", "127.0.0.1:0"]);
    Server::start(command.args(arguments))
}

/// An Agon with the upstream as `default`, and as `single` without hedges.
fn start(agon: &Path, dir: &Path, upstream: SocketAddr) -> Result<Server> {
    let url = format!("http://{upstream}/api/work");
    let mut command = Command::new(agon);
    command
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir)
        .env("AGON_UPSTREAMS__DEFAULT__URL", &url)
        .env("AGON_UPSTREAMS__SINGLE__URL", &url)
        .env("AGON_UPSTREAMS__SINGLE__HEDGES", "0");
    Server::start(&mut command)
}
