//! Compares fjall, redb and LMDB under Agon's group commit.
//!
//! `cargo run --release --bin engines -- --help` lists the options; the
//! benchmark itself is `agon_bench::engines`.

use agon_bench::engines::{self, args};
use anyhow::Result;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        println!("{}", args::USAGE);
        return Ok(());
    }
    engines::run(&args::parse(&words)?)
}
