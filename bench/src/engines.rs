//! Which embedded storage engine suits Agon's write path?
//!
//! Agon gathers updates into groups and makes each group durable before it
//! answers anyone, so the benchmark does the same: one atomic, synced commit
//! per batch, the same batches for every engine, and a check at the end that
//! what comes back after a reopen is what a plain map says it should be.
//!
//! Every (engine, round) pair runs in a child process with a fresh directory,
//! which keeps memory and I/O counters of the engines apart.

pub mod args;
mod child;
mod digest;
mod fjall_store;
mod lmdb_store;
mod model;
mod phases;
mod redb_store;
mod report;
mod rounds;
mod sample;
mod stopwatch;
mod store;
mod workload;

use anyhow::Result;
use args::Args;

/// Runs the whole comparison, or, in a child process, one engine once.
pub fn run(args: &Args) -> Result<()> {
    match args.child {
        Some(kind) => child::run(kind, args),
        None => rounds::run(args),
    }
}
