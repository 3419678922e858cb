//! Boards in the store, without HTTP: many small ones, a very large one, rank modes side by side, a limit
//! that takes nearly all.
//!
//! ```text
//! cargo run --release --bin boards -- [small|large|modes|cut]… [--boards N] [--entries N]
//!     [--large N] [--million N] [--rounds R] [--dir PATH]
//! ```
//!
//! All parts, if none is named. The large board takes some 3 GiB of memory at its start and as much on
//! disk. What is stored is checked in each part: totals, best entries, ranks against a plain list.

use anyhow::{Context, Result, bail};

use agon_bench::boards::child::CHILD;
use agon_bench::boards::{Sizes, child, cut, large, modes, small};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PARTS: [&str; 4] = ["small", "large", "modes", "cut"];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = words.split_first()
        && first == CHILD
    {
        return child::serve(rest);
    }
    let (parts, sizes) = read(words)?;
    for part in parts {
        match part.as_str() {
            "small" => small::run(&sizes)?,
            "large" => large::run(&sizes)?,
            "modes" => modes::run(&sizes)?,
            _ => cut::run(&sizes)?,
        }
    }
    Ok(())
}

fn read(words: Vec<String>) -> Result<(Vec<String>, Sizes)> {
    let mut sizes = Sizes::default();
    let mut parts = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if PARTS.contains(&word.as_str()) {
            parts.push(word);
            continue;
        }
        let value = words
            .next()
            .with_context(|| format!("{word} needs a value"))?;
        let place = match word.as_str() {
            "--boards" => &mut sizes.boards,
            "--entries" => &mut sizes.entries,
            "--large" => &mut sizes.large,
            "--million" => &mut sizes.million,
            "--rounds" => &mut sizes.rounds,
            "--dir" => {
                sizes.dir = value.into();
                continue;
            }
            other => bail!("there is no part or option {other}"),
        };
        *place = value.parse()?;
    }
    if parts.is_empty() {
        parts = PARTS.map(str::to_owned).into();
    }
    Ok((parts, sizes))
}
