//! Parts that run in a process of their own, with a directory and numbers, and print figures.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::figures::Figures;
use super::{cut, large, small};

/// The word that says that a process is a child.
pub const CHILD: &str = "child";

/// Runs a part in another process and takes its figures.
pub fn run(part: &str, dir: &Path, numbers: &[u64]) -> Result<Figures> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([CHILD, part]).arg(dir);
    command.args(numbers.iter().map(u64::to_string));
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{part} failed");
    Figures::from_text(&String::from_utf8(output.stdout)?)
}

/// Is that process.
pub fn serve(words: &[String]) -> Result<()> {
    let [part, dir, numbers @ ..] = words else {
        bail!("a part and a directory are missing");
    };
    let numbers: Result<Vec<u64>, _> = numbers.iter().map(|n| n.parse()).collect();
    let numbers = numbers?;
    let number = |at: usize| numbers.get(at).copied().context("a number is missing");
    let dir = Path::new(dir);
    let figures = match part.as_str() {
        "players" => small::fill_players(dir, number(0)?)?,
        "small" => small::fill_boards(dir, number(0)?, number(1)?)?,
        "look" => small::look(dir, number(0)?, number(1)?)?,
        "large" => large::fill(dir, number(0)?)?,
        "use" => large::measure(dir, number(0)?)?,
        "cut" => cut::measure(dir, number(0)?)?,
        "cut again" => cut::look(dir)?,
        other => bail!("there is no part {other:?}"),
    };
    print!("{}", figures.to_text());
    Ok(())
}
