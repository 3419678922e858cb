//! How long it takes until two tickets, made on different nodes, are matched, and both who wait have been told.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::queues::{Client, put_queue, ticket, ticket_path, tickets_path};

/// Longer than a server waits before it looks for a match again, so that the first ticket is at rest.
const REST: Duration = Duration::from_millis(400);
const PATIENCE: Duration = Duration::from_secs(60);
/// Polls, of 20 s each.
const POLLS: usize = 3;

/// Makes the queue.
pub fn open(node: SocketAddr) -> Result<()> {
    put_queue(&mut Client::connect(node, PATIENCE)?)
}

/// The ticket of player `n` waits on one node, the one of `n + 1` is made on another; from then to the later of both
/// answers. No other ticket matches them, if `n` is used once and is even.
pub fn meet(first: SocketAddr, second: SocketAddr, n: u64) -> Result<Duration> {
    let mut client = Client::connect(first, PATIENCE)?;
    make(&mut client, n, n)?;
    let waiting = thread::spawn(move || wait(&mut client, n));
    thread::sleep(REST);
    let mut client = Client::connect(second, PATIENCE)?;
    let started = Instant::now();
    make(&mut client, n + 1, n)?;
    let (mine, told) = wait(&mut client, n + 1)?;
    let other = waiting.join().ok().context("a client panicked")?;
    let (theirs, also_told) = other?;
    ensure!(mine == theirs, "{mine} is not {theirs}");
    Ok(told.max(also_told) - started)
}

fn make(client: &mut Client, n: u64, like: u64) -> Result<()> {
    let (status, body) = client.ask("POST", &tickets_path(), &ticket(n, like))?;
    ensure!(status == 201, "{}", String::from_utf8_lossy(&body));
    Ok(())
}

/// The match, and when it was told.
fn wait(client: &mut Client, n: u64) -> Result<(String, Instant)> {
    for _ in 0..POLLS {
        let (status, body) = client.ask("GET", &format!("{}?wait=20s", ticket_path(n)), "")?;
        let told = Instant::now();
        ensure!(status == 200, "{}", String::from_utf8_lossy(&body));
        let ticket: Value = serde_json::from_slice(&body)?;
        if ticket["status"] == "matched" {
            let id = ticket["match_id"].as_str().context("no match")?;
            return Ok((id.to_owned(), told));
        }
    }
    bail!("ticket t{n} is not matched after a minute")
}
