//! The command line: a handful of numbers and a directory.
//!
//! Parsed by hand, because a parser crate would be the largest dependency of
//! a program whose subject is the other dependencies.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};

use super::store::Kind;

pub const USAGE: &str = "\
engines [--entries N] [--batches B] [--size S] [--rounds R] [--seed X]
        [--cache-mib M] [--dir PATH]

  --entries    records loaded in phase 1                      (1000000)
  --batches    group commits in the main stage of phase 2     (2000)
  --size       updates per group commit in the main stage     (64)
  --rounds     how often each engine takes its turn           (3)
  --seed       seed of the deterministic random numbers       (1)
  --cache-mib  block cache of the engines that have their own (256)
  --dir        where the temporary directories are made       (system default)";

#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    pub entries: u64,
    pub batches: usize,
    pub size: usize,
    pub rounds: usize,
    pub seed: u64,
    pub cache_mib: usize,
    pub dir: PathBuf,
    /// Set only by the program itself, when it starts a child process.
    pub child: Option<Kind>,
}

impl Default for Args {
    fn default() -> Self {
        Args {
            entries: 1_000_000,
            batches: 2_000,
            size: 64,
            rounds: 3,
            seed: 1,
            cache_mib: 256,
            dir: std::env::temp_dir(),
            child: None,
        }
    }
}

pub fn parse(words: &[String]) -> Result<Args> {
    let mut args = Args::default();
    for pair in words.chunks(2) {
        let [flag, value] = pair else {
            bail!("{:?} needs a value\n\n{USAGE}", pair);
        };
        set(&mut args, flag, value)?;
    }
    let positive = args.entries.min(args.rounds as u64).min(args.size as u64);
    ensure!(positive > 0, "--entries, --size and --rounds start at 1");
    Ok(args)
}

fn set(args: &mut Args, flag: &str, value: &str) -> Result<()> {
    match flag {
        "--entries" => args.entries = number(flag, value)?,
        "--batches" => args.batches = number(flag, value)?,
        "--size" => args.size = number(flag, value)?,
        "--rounds" => args.rounds = number(flag, value)?,
        "--seed" => args.seed = number(flag, value)?,
        "--cache-mib" => args.cache_mib = number(flag, value)?,
        "--dir" => args.dir = PathBuf::from(value),
        "--child" => args.child = Some(Kind::named(value)?),
        _ => bail!("unknown option {flag}\n\n{USAGE}"),
    }
    Ok(())
}

fn number<T: FromStr>(flag: &str, value: &str) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    value
        .parse()
        .with_context(|| format!("{flag} wants a number, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn no_words_give_the_defaults() {
        assert_eq!(parse(&[]).unwrap(), Args::default());
    }

    #[test]
    fn options_override_the_defaults() {
        let args = parse(&words("--entries 5 --child redb --seed 9")).unwrap();
        assert_eq!(
            (args.entries, args.child, args.seed),
            (5, Some(Kind::Redb), 9)
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "--entries",
            "--entries x",
            "--entries 0",
            "--size 0",
            "--what 1",
        ] {
            assert!(parse(&words(line)).is_err(), "{line}");
        }
    }
}
