//! A million tickets that cannot match, held by a running server: memory for each, how fast they are made, how
//! long it takes until two that do match are matched, and what others wait meanwhile.
//!
//! ```text
//! cargo build --release --manifest-path ../Cargo.toml
//! cargo run --release --bin queues -- ../target/release/agon [--tickets N] [--seconds S] [--connections C]
//! ```
//!
//! There is no request for many tickets, so single ones are pipelined over a few connections. Latencies are of one
//! connection with one request under way, before there are tickets and with all of them, while the matchmaker looks
//! through them again and again. At the end all tickets are there, after kill -9 and a restart, or the
//! benchmark fails. Every phase has an end: a quarter of an hour for making them, five minutes for a match.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agon_bench::http;
use agon_bench::meter::memory_of;
use agon_bench::queues::{Client, Latencies, make, match_one, put_queue, ticket_path, waiting};
use agon_bench::random::Random;
use agon_bench::server::Server;
use anyhow::{Context, Result, ensure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tickets made one by one to be timed, and to be matched, at the most.
const SPARE: u64 = 200_000;
/// Matches whose time is taken.
const MATCHES: u64 = 7;
const MAKING: Duration = Duration::from_secs(15 * 60);
const PATIENCE: Duration = Duration::from_secs(90);

struct Plan {
    tickets: u64,
    connections: u64,
    time: Duration,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: u64| -> Result<u64> {
        let at = words.iter().position(|w| w == name);
        at.map_or(Ok(default), |at| {
            Ok(words.get(at + 1).context("a number is missing")?.parse()?)
        })
    };
    let agon = words
        .first()
        .context("the path of the agon binary is missing")?;
    let plan = Plan {
        tickets: option("--tickets", 1_000_000)?,
        connections: option("--connections", 16)?.max(1),
        time: Duration::from_secs(option("--seconds", 10)?),
    };
    ensure!(
        plan.tickets > MATCHES,
        "more tickets than matches are needed"
    );
    run(&PathBuf::from(agon), &plan)
}

fn run(agon: &Path, plan: &Plan) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::start_agon(agon, dir.path())?;
    http::create_players(server.address, plan.tickets + SPARE)?;
    let mut client = Client::connect(server.address, PATIENCE)?;
    put_queue(&mut client)?;
    let mut next = plan.tickets;
    println!("| one connection, ms | requests | p50 | p99 | largest |");
    println!("|---|---:|---:|---:|---:|");
    // They wait as well, and are few.
    let early = latencies("no tickets", &mut client, plan, 0, &mut next)?;
    let before = memory_of(server.id())?;
    let started = Instant::now();
    make(
        server.address,
        plan.tickets,
        plan.connections,
        started + MAKING,
    )?;
    let took = started.elapsed().as_secs_f64();
    let late = latencies("all tickets", &mut client, plan, plan.tickets, &mut next)?;
    let after = memory_of(server.id())?;
    let matched = match_some(&mut client, &mut next)?;
    let waits = waiting(&mut client)?;
    ensure!(
        waits == plan.tickets + early + late - MATCHES,
        "{waits} tickets wait"
    );

    let tickets = plan.tickets as f64;
    println!("\n{:.0} tickets a second were made", tickets / took);
    let held = after.held.saturating_sub(before.held) as f64;
    println!(
        "{:.0} bytes for each ticket; at the most {:.0} MiB for all of the server",
        held / (plan.tickets + late) as f64,
        after.peak as f64 / f64::from(1 << 20)
    );
    println!(
        "a ticket that matches one of them is matched after {:.2} s (median of {MATCHES}; {:.2} to {:.2})",
        matched[matched.len() / 2],
        matched[0],
        matched[matched.len() - 1]
    );
    drop((client, server));
    let started = Instant::now();
    let server = Server::start_agon(agon, dir.path())?;
    let mut client = Client::connect(server.address, PATIENCE)?;
    let found = until_open(&mut client)?;
    ensure!(found == waits, "{found} tickets wait after a restart");
    println!(
        "after kill -9 and {:.1} s all {waits} wait again",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Times the requests of single clients while `tickets` wait. Returns how many tickets it has made.
fn latencies(
    when: &str,
    client: &mut Client,
    plan: &Plan,
    tickets: u64,
    next: &mut u64,
) -> Result<u64> {
    let mut random = Random::new(3);
    let all = plan.tickets;
    let first = *next;
    let made = Latencies::of(client, plan.time, 201, |n| {
        let n = first + n;
        let body = agon_bench::queues::ticket(n, n);
        ("POST", "/v1/queues/crowd/tickets".to_owned(), body)
    })?;
    *next += made.count();
    ensure!(
        *next < all + SPARE,
        "more tickets were made than there are players"
    );
    row(when, "POST a ticket", &made);
    let (from, count) = if tickets > 0 {
        (0, tickets)
    } else {
        (first, made.count())
    };
    let read = Latencies::of(client, plan.time, 200, |_| {
        let path = ticket_path(from + random.below(count));
        ("GET", path, String::new())
    })?;
    row(when, "GET a ticket", &read);
    let stats = Latencies::of(client, plan.time, 200, |_| {
        ("GET", "/v1/queues/crowd/stats".to_owned(), String::new())
    })?;
    row(when, "GET the queue's stats", &stats);
    let submitted = Latencies::of(client, plan.time, 200, |_| {
        let id = http::player_id(random.below(all));
        let body = format!(r#"{{"user_id":"{id}","score_worth":1}}"#);
        ("POST", "/score/submit".to_owned(), body)
    })?;
    row(when, "POST /score/submit", &submitted);
    Ok(made.count())
}

fn row(when: &str, what: &str, latencies: &Latencies) {
    println!(
        "| {when}: {what} | {} | {:.2} | {:.2} | {:.1} |",
        latencies.count(),
        latencies.percentile_ms(0.5),
        latencies.percentile_ms(0.99),
        latencies.percentile_ms(1.0)
    );
}

/// Seconds until a ticket that matches one of those that wait is matched, sorted. It takes the place of the
/// other, so as many wait as before, less one.
fn match_some(client: &mut Client, next: &mut u64) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for like in 0..MATCHES {
        times.push(match_one(client, *next, like)?.as_secs_f64());
        *next += 1;
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The server answers before its store is open.
fn until_open(client: &mut Client) -> Result<u64> {
    let end = Instant::now() + MAKING;
    loop {
        let (status, _) = client.ask("GET", "/readyz", "")?;
        if status == 200 {
            return waiting(client);
        }
        ensure!(Instant::now() < end, "the store is not opened");
        std::thread::sleep(Duration::from_millis(20));
    }
}
