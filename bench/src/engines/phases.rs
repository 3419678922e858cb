//! The three phases of a run: load, group commits, reopen and read back.
//!
//! Every figure of the report is taken here, in the order of its rows.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::args::Args;
use super::sample::Sample;
use super::stopwatch::Stopwatch;
use super::store::Engine;
use super::workload::{Stage, Workload, stages};
use crate::meter;

/// Takes one engine through all phases in the fresh directory `args.dir`.
pub fn run<E: Engine>(args: &Args) -> Result<Sample> {
    let mut sample = Sample::default();
    let mut workload = Workload::new(args);
    let cache_bytes = args.cache_mib << 20;
    let mut engine = E::open(&args.dir, cache_bytes)?;
    load(&mut engine, &mut workload, &mut sample)?;
    updates(&mut engine, &mut workload, args, &mut sample)?;
    costs(&args.dir, &mut sample)?;
    close(engine, &args.dir, &mut sample)?;
    read_back::<E>(&args.dir, cache_bytes, &mut sample)?;
    Ok(sample)
}

fn load<E: Engine>(engine: &mut E, workload: &mut Workload, sample: &mut Sample) -> Result<()> {
    let before = meter::bytes_written();
    let mut watch = Stopwatch::default();
    let mut entries = 0;
    for number in 0..workload.load_batches() {
        let batch = workload.load(number);
        entries += batch.entries.len();
        watch.time(|| engine.commit(&batch))?;
    }
    sample.put("load: s", watch.seconds());
    sample.put("load: entries/s", entries as f64 / watch.seconds());
    sample.put("load: slowest commit, ms", watch.quantile_ms(1.0));
    sample.put_mib("load: written, MiB", since(meter::bytes_written(), before));
    Ok(())
}

fn updates<E: Engine>(
    engine: &mut E,
    workload: &mut Workload,
    args: &Args,
    sample: &mut Sample,
) -> Result<()> {
    let written = meter::bytes_written();
    let dirtied = meter::bytes_dirtied();
    for stage in stages(args) {
        group_commits(engine, workload, stage, sample)?;
    }
    let written = since(meter::bytes_written(), written);
    sample.put_mib("phase 2: written, MiB", written);
    let dirtied = since(meter::bytes_dirtied(), dirtied);
    sample.put_mib("phase 2: write_bytes (see below), MiB", dirtied);
    Ok(())
}

fn group_commits<E: Engine>(
    engine: &mut E,
    workload: &mut Workload,
    stage: Stage,
    sample: &mut Sample,
) -> Result<()> {
    let before = meter::bytes_written();
    let mut watch = Stopwatch::default();
    for _ in 0..stage.batches {
        let batch = workload.update(stage.size);
        watch.time(|| engine.commit(&batch))?;
    }
    let bytes = since(meter::bytes_written(), before);
    describe(stage, &watch, bytes, sample);
    Ok(())
}

fn describe(stage: Stage, watch: &Stopwatch, bytes: Option<u64>, sample: &mut Sample) {
    let label = |name| format!("S={}: {name}", stage.size);
    let commits = watch.count() as f64;
    let updates = commits * stage.size as f64;
    sample.put(label("commits/s"), commits / watch.seconds());
    sample.put(label("updates/s"), updates / watch.seconds());
    sample.put(label("commit p50, ms"), watch.quantile_ms(0.5));
    sample.put(label("commit p99, ms"), watch.quantile_ms(0.99));
    sample.put(label("slowest commit, ms"), watch.quantile_ms(1.0));
    if let Some(bytes) = bytes {
        let kib = bytes as f64 / 1024.0;
        sample.put(label("written per commit, KiB"), kib / commits);
    }
}

/// What the store has cost by the end of phase 2, still open.
fn costs(dir: &Path, sample: &mut Sample) -> Result<()> {
    let disk = meter::disk_bytes(dir)?;
    sample.put_mib("phase 2: on disk, MiB", Some(disk));
    let private = meter::private_memory();
    sample.put_mib("phase 2: private memory, MiB", private);
    let peak = meter::peak_memory();
    sample.put_mib("phase 2: peak memory with mapped files, MiB", peak);
    Ok(())
}

fn close<E: Engine>(engine: E, dir: &Path, sample: &mut Sample) -> Result<()> {
    let start = Instant::now();
    drop(engine);
    sample.put("phase 3: close, ms", millis(start));
    let disk = meter::disk_bytes(dir)?;
    sample.put_mib("phase 3: on disk when closed, MiB", Some(disk));
    Ok(())
}

/// The page cache is warm here: this is a restart, not a reboot.
fn read_back<E: Engine>(dir: &Path, cache_bytes: usize, sample: &mut Sample) -> Result<()> {
    let start = Instant::now();
    let engine = E::open(dir, cache_bytes)?;
    sample.put("phase 3: open, ms", millis(start));
    let scan = Instant::now();
    sample.digest = engine.scan()?;
    sample.put("phase 3: full scan, ms", millis(scan));
    sample.put("phase 3: open + full scan, ms", millis(start));
    Ok(())
}

fn since(now: Option<u64>, before: Option<u64>) -> Option<u64> {
    Some(now?.saturating_sub(before?))
}

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
