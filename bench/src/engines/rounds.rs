//! The parent process: lets the engines take turns and checks their answers.
//!
//! Turns (A B C A B C ...) rather than blocks, so that a slow minute of a
//! shared machine falls on all of them.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::args::Args;
use super::digest::Digest;
use super::sample::Sample;
use super::stopwatch::Stopwatch;
use super::store::Kind;
use super::{model, report};

pub fn run(args: &Args) -> Result<()> {
    let expected = model::expected(args);
    let mut samples = Kind::ALL.map(|_| Vec::new());
    for round in 1..=args.rounds {
        for (kind, samples) in Kind::ALL.into_iter().zip(&mut samples) {
            let sample = turn(kind, args, expected)?;
            eprintln!("{}", report::progress(round, kind, &sample));
            samples.push(sample);
        }
    }
    print!("{}", report::table(args, &samples));
    Ok(())
}

/// One engine's turn, in a directory that is gone afterwards.
fn turn(kind: Kind, args: &Args, expected: Digest) -> Result<Sample> {
    let dir = tempfile::Builder::new()
        .prefix("agon-bench-")
        .tempdir_in(&args.dir)?;
    let floor = sync_floor(dir.path())?;
    let mut sample = spawn(kind, args, &dir)?;
    ensure!(
        sample.digest == expected,
        "{}: read back {:?}, the model says {expected:?}",
        kind.name(),
        sample.digest
    );
    sample.figures.insert(0, (report::FLOOR.to_owned(), floor));
    Ok(sample)
}

fn spawn(kind: Kind, args: &Args, dir: &TempDir) -> Result<Sample> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--child", kind.name()])
        .args(["--entries", &args.entries.to_string()])
        .args(["--batches", &args.batches.to_string()])
        .args(["--size", &args.size.to_string()])
        .args(["--seed", &args.seed.to_string()])
        .args(["--cache-mib", &args.cache_mib.to_string()])
        .arg("--dir")
        .arg(dir.path())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{} failed", kind.name());
    let text = String::from_utf8(output.stdout)?;
    Sample::from_text(&text).with_context(|| format!("{}'s answer", kind.name()))
}

/// The median time to append 4 KiB to a file and sync it: what a commit costs
/// on this disk with no engine at all, and a check that turns are comparable.
fn sync_floor(dir: &Path) -> Result<f64> {
    let path = dir.join("floor");
    let mut file = File::create(&path)?;
    let mut watch = Stopwatch::default();
    for _ in 0..200 {
        watch.time(|| {
            file.write_all(&[0x5a; 4096])?;
            Ok(file.sync_data()?)
        })?;
    }
    std::fs::remove_file(path)?;
    Ok(watch.quantile_ms(0.5))
}
