//! The binary: reads the command line and the settings, then serves or answers.

mod access;
mod banner;
mod cli;
mod clock;
mod connection;
mod control;
mod drain;
mod export;
mod healthcheck;
mod import;
mod keys;
mod late_store;
mod listener;
mod matchmaker;
mod metrics;
mod migrate;
mod odds;
mod places;
mod practice;
mod progress;
mod proxies;
mod serve;
mod settings;
mod simulate;
mod store;
mod telemetry;
mod threads;
mod tls;
mod units;
mod unread;
mod upstreams;

use std::process::ExitCode;

use clap::Parser;

/// Serves tens of thousands of small allocations a second from many threads; the system's allocator
/// takes half as long again for the same work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // All the causes in one line; no backtrace, which tells an operator nothing.
            eprintln!("agon: {error:#}");
            ExitCode::FAILURE
        }
    }
}
