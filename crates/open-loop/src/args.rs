//! The command line.

use std::time::Duration;

use anyhow::ensure;
use clap::{Parser, value_parser};

use crate::request::What;
use crate::schedule::Schedule;

/// So that the samples of a run fit into some hundreds of megabytes.
const MAX_REQUESTS: f64 = 20e6;
/// Each is a thread.
const MAX_CONNECTIONS: i64 = 4096;

/// A load on Agon at a constant rate. Ends with 1 if a request failed, with 2 if none could be sent.
#[derive(Parser)]
#[command(name = "open-loop", version)]
pub(crate) struct Args {
    /// submit, profile, leaderboard, smart, or a path to GET such as /v1/boards
    #[arg(value_name = "WHAT", default_value = "submit")]
    pub(crate) what: What,
    /// The server, by http:// and without a path
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    pub(crate) url: String,
    /// Requests a second, at equal distances
    #[arg(long, value_name = "NUMBER", default_value_t = 1000.0)]
    rate: f64,
    /// How long requests are due, 1 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Connections, each with one request under way; where all are busy a request waits, and that counts
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = value_parser!(u32).range(1..=MAX_CONNECTIONS))]
    pub(crate) connections: u32,
    /// Players that submissions and profiles are of; created if missing
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=10_000_000))]
    pub(crate) players: u64,
    /// How long a reply is waited for, from the sending, in milliseconds; then the request has failed
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = value_parser!(u64).range(1..=600_000))]
    timeout_ms: u64,
    /// Send to another machine than this one
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Args {
    /// When requests are due; an error where they would be too many or none.
    pub(crate) fn schedule(&self) -> anyhow::Result<Schedule> {
        let count = self.rate * f64::from(self.seconds);
        ensure!(
            count.is_finite() && (1.0..=MAX_REQUESTS).contains(&count),
            "{} a second for {} s are {count} requests; from 1 to {MAX_REQUESTS} can be sent",
            self.rate,
            self.seconds
        );
        // In range, hence exact enough.
        Ok(Schedule::new(self.rate, count as u64))
    }

    /// How long a reply is waited for.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
