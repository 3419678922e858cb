//! `agon migrate`: a store that nobody serves moved from a data directory to Redis, or back, as the lines of an
//! export, and compared at the end. What ends it in between is made good by running it again.

use std::io::{self, BufReader, PipeReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use archive::{Counts, Scope, Sum};
use clap::Args;
use store_embedded::{
    Clock, Export, ExportError, ImportPlan, ImportStage, Options as DirOptions, Source, import,
};
use store_redis::{Options, Plan, Stage, load, unload};

use crate::export::in_words;
use crate::import::Stages;
use crate::progress::Progress;
use crate::settings::{Flags, Settings};

/// Of the storage engine, as a server has it by default.
const CACHE_BYTES: u64 = 32 << 20;
const MAX_QUEUE: usize = 1024;
const READ_BYTES: usize = 256 << 10;

/// From where to where.
#[derive(Args)]
pub(crate) struct MigrateArgs {
    /// A TOML file with settings of Redis, as its nodes have it: prefix, partitions, password and the like
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to move: a data directory, or redis://…, rediss://…, redis-cluster://…, rediss-cluster://…
    #[arg(long, value_name = "DIR|URL")]
    from: Place,
    /// Where to: the other one, without a store
    #[arg(long, value_name = "DIR|URL")]
    to: Place,
}

/// Where a store is.
#[derive(Clone)]
enum Place {
    Dir(PathBuf),
    Redis(String),
}

impl FromStr for Place {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.contains("://") {
            true => Place::Redis(text.to_owned()),
            false => Place::Dir(text.into()),
        })
    }
}

/// Moves all of it, and compares what is there then with what there was.
pub(crate) fn run(args: MigrateArgs) -> anyhow::Result<()> {
    let config = args.config.as_deref();
    let started = Instant::now();
    let counts = match (args.from, args.to) {
        (Place::Dir(from), Place::Redis(to)) => into_redis(&from, &options(config, to)?)?,
        (Place::Redis(from), Place::Dir(to)) => out_of_redis(&options(config, from)?, &to)?,
        _ => bail!("of --from and --to one is a data directory, and the other an address of Redis"),
    };
    let took = started.elapsed().as_secs_f64();
    let rate = (counts.records() as f64 / took.max(1e-3)).round();
    eprintln!(
        "moved {} in {took:.1} s, {rate} records/s\n\
         checked: what is there has all of it, in the same order",
        in_words(&counts)
    );
    Ok(())
}

fn options(config: Option<&Path>, url: String) -> anyhow::Result<Options> {
    let flags = Flags {
        store: Some(url),
        // Nobody listens, so a public address in the file is no reason to refuse.
        insecure_open: true,
        ..Flags::default()
    };
    let settings = Settings::load(config, None, flags)?;
    settings.redis()?.context("this is no address of Redis")
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(2).enable_all().build()?)
}

fn into_redis(dir: &Path, options: &Options) -> anyhow::Result<Counts> {
    // The time of the export is no part of what is moved, and the digest of all of it has to come out the same.
    let export = Export::of_directory(dir, CACHE_BYTES, Scope::Store, 0)?;
    let plan = plan(&export)?;
    let runtime = runtime()?;
    reading(&export, |lines| {
        let mut bars = Bars(None);
        let mut report = |stage, done, of| bars.report(stage, done, of);
        let loading = load(options, Clock::system(), &plan, lines, &mut report);
        let loaded = runtime.block_on(loading);
        bars.end();
        Ok(loaded?)
    })?;
    Ok(plan.counts())
}

/// All that an export has, read as a whole.
fn plan(export: &Export) -> anyhow::Result<Plan> {
    let progress = Progress::start("reading", export.records());
    let plan = reading(export, |lines| {
        Ok(Plan::read(lines, &mut |done| progress.set(done))?)
    });
    progress.clear();
    plan
}

/// Has an export read while it is written.
fn reading<T: Send>(
    export: &Export,
    read: impl FnOnce(BufReader<PipeReader>) -> anyhow::Result<T> + Send,
) -> anyhow::Result<T> {
    let (from, to) = io::pipe()?;
    thread::scope(|scope| {
        let reader = scope.spawn(|| read(BufReader::with_capacity(READ_BYTES, from)));
        let written = export.write(to, &mut |_| {});
        let read = reader
            .join()
            .map_err(|_| anyhow!("the reader has panicked"))?;
        match written {
            // Why the reader has stopped is said by itself.
            Ok(_) | Err(ExportError::Write(_)) => read,
            Err(error) => Err(error.into()),
        }
    })
}

fn out_of_redis(options: &Options, dir: &Path) -> anyhow::Result<Counts> {
    let runtime = runtime()?;
    let (from, to) = io::pipe()?;
    let moved = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let progress = Progress::start("reading", None);
            let to = io::BufWriter::with_capacity(READ_BYTES, to);
            let mut report = |done| progress.set(done);
            let read = runtime.block_on(unload(options, Clock::system(), to, &mut report));
            progress.clear();
            read
        });
        let imported = write(dir, Source::Stream(Box::new(from)));
        let read = reader
            .join()
            .map_err(|_| anyhow!("the reader has panicked"))?;
        match read {
            // Why it does not go on is said by who takes it.
            Err(store_redis::MigrateError::Write(error)) => imported.and(Err(error.into())),
            Err(error) => Err(error.into()),
            Ok(sum) => imported.map(|()| sum),
        }
    })?;
    compare(dir, &moved)?;
    Ok(moved.counts())
}

fn write(dir: &Path, source: Source) -> anyhow::Result<()> {
    let options = DirOptions {
        data_dir: dir.to_owned(),
        cache_bytes: CACHE_BYTES,
        max_queue: MAX_QUEUE,
        clock: Clock::system(),
    };
    let mut stages = Stages::new();
    let mut report = |stage, done, of| {
        // While it is checked it is still being read, which has a bar of its own.
        if stage != ImportStage::Check {
            stages.report(stage, done, of);
        }
    };
    let imported = import(&options, source, &ImportPlan::default(), &mut report);
    stages.end();
    imported?;
    Ok(())
}

/// Whether a directory has what was read.
fn compare(dir: &Path, moved: &Sum) -> anyhow::Result<()> {
    let export = Export::of_directory(dir, CACHE_BYTES, Scope::Store, 0)?;
    let differences = moved.differences(plan(&export)?.sum());
    if !differences.is_empty() {
        let differences = differences.join("; ");
        bail!("what was written is not what the source has: {differences}");
    }
    Ok(())
}

/// A bar for each stage, one after the other.
struct Bars(Option<(Stage, Progress)>);

impl Bars {
    fn report(&mut self, stage: Stage, done: u64, of: u64) {
        if self.0.as_ref().is_none_or(|(present, _)| *present != stage) {
            self.end();
            let what = match stage {
                Stage::Write => "writing",
                Stage::Check => "checking",
            };
            self.0 = Some((stage, Progress::start(what, Some(of))));
        }
        if let Some((_, progress)) = &self.0 {
            progress.set(done);
        }
    }

    fn end(&mut self) {
        if let Some((_, progress)) = self.0.take() {
            progress.clear();
        }
    }
}
