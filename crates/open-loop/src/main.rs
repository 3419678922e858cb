//! A load at a constant rate, which a slow server cannot slow down.
//!
//! ```text
//! cargo run --release -p open-loop -- --rate 20000 --seconds 10 submit
//! ```
//!
//! A client that waits for a reply before it sends again asks less of a server the slower that gets, and
//! never meets most of the waiting that it causes: *coordinated omission*. Here each request has an instant at
//! which it is due, whatever became of those before it, and its latency counts from that instant. What it is from
//! the sending is reported beside it, as that is what the other kind of client would have seen.
//!
//! Absent on purpose: TLS, HTTP/2, redirects, arrivals at random. For a mix of users there is Locust.

mod args;
mod client;
mod connection;
mod players;
mod report;
mod request;
mod schedule;
mod tally;
mod target;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::report::Report;
use crate::target::Target;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(report) if report.failed() == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("open-loop: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> anyhow::Result<Report> {
    let schedule = args.schedule()?;
    let target = Target::find(&args.url, args.allow_remote)?;
    let key = std::env::var("AGON_KEY").ok().filter(|key| !key.is_empty());
    if args.what.names_players() {
        players::make(&target, key.as_deref(), args.players)?;
    }
    let requests = request::Requests::new(&args.what, &target, key.as_deref(), args.players);
    let outcome = client::run(args, &target, schedule, &requests)?;
    let report = Report::new(args, schedule, outcome);
    report.print(args.json)?;
    Ok(report)
}
