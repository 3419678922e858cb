//! The project's own commands, run as `cargo xtask …`.
//!
//! They are Rust rather than shell, so that they are checked like everything else here and need
//! nothing but the toolchain to start.

mod layering;
mod process;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::test::TestArgs;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Check everything: format, lints, licences, tests, documentation, the running API
    Test(TestArgs),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Test(args) => test::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
