//! `agon import`: boards and queues from an export into a store that nobody serves.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use boards::BoardId;
use clap::Args;
use store_embedded::{
    Clock, Counts, ImportPlan, ImportStage, Imported, Options, Source, import as import_into,
};

use crate::cli::StoreArgs;
use crate::export::{in_words, parse_board};
use crate::progress::Progress;

/// What to import, and where to.
#[derive(Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// A board to be imported, with its players and without queues; may be given more than once. All of
    /// the file otherwise
    #[arg(long, value_name = "NAME", value_parser = parse_board)]
    board: Vec<BoardId>,
    /// Replace boards and queues that exist
    #[arg(long)]
    replace: bool,
    /// The export, or - for standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
}

/// Imports all of it or nothing, and compares what is there then with the file.
pub(crate) fn run(args: ImportArgs) -> anyhow::Result<()> {
    let settings = args.store.embedded()?;
    let source = if args.file.as_os_str() == "-" {
        Source::Stream(Box::new(io::stdin()))
    } else {
        let file = File::open(&args.file);
        Source::File(file.with_context(|| format!("cannot read {}", args.file.display()))?)
    };
    let options = Options {
        data_dir: settings.data_dir,
        cache_bytes: settings.cache.0,
        max_queue: settings.max_queue,
        clock: Clock::system(),
    };
    let plan = ImportPlan {
        boards: args.board.into_iter().collect(),
        replace: args.replace,
    };
    let started = Instant::now();
    let mut stages = Stages::new();
    let done = import_into(&options, source, &plan, &mut |stage, done, of| {
        stages.report(stage, done, of);
    });
    stages.end();
    report(&done?, started.elapsed());
    Ok(())
}

fn report(done: &Imported, took: Duration) {
    let counts = Counts {
        boards: done.boards.len() as u64,
        players: done.players_created + done.players_updated,
        entries: done.entries,
        hidden: done.hidden,
        queues: done.queues.len() as u64,
        matches: done.matches,
        tickets: done.tickets,
        backfills: done.backfills,
        ratings: done.ratings,
    };
    let of_queues = match done.queues_replaced.len() {
        0 => String::new(),
        replaced => format!(", {replaced} queues replaced"),
    };
    eprintln!(
        "imported {} ({} players created, {} updated; {} boards replaced{of_queues}) \
         in {:.1} s, {} records/s\n\
         checked: every board has the entries of the file, in the same order{}",
        in_words(&counts),
        done.players_created,
        done.players_updated,
        done.replaced.len(),
        took.as_secs_f64(),
        (counts.records() as f64 / took.as_secs_f64().max(1e-3)).round(),
        match counts.of_queues() {
            0 => "",
            _ => "; queues have all that is in the file",
        },
    );
}

/// A bar for each stage, one after the other.
pub(crate) struct Stages(Option<(ImportStage, Progress)>);

impl Stages {
    pub(crate) fn new() -> Self {
        Stages(None)
    }

    pub(crate) fn report(&mut self, stage: ImportStage, done: u64, of: u64) {
        if self.0.as_ref().is_none_or(|(present, _)| *present != stage) {
            self.end();
            let what = match stage {
                ImportStage::Check => "reading",
                ImportStage::Write => "writing",
                ImportStage::Verify => "checking",
            };
            self.0 = Some((stage, Progress::start(what, (of > 0).then_some(of))));
        }
        if let Some((_, progress)) = &self.0 {
            progress.set(done);
        }
    }

    pub(crate) fn end(&mut self) {
        if let Some((_, progress)) = self.0.take() {
            progress.end(0);
        }
    }
}
