//! `agon export`: the store, or some of its boards, as it is at one instant, into a file or a pipe.
//!
//! A store that nobody serves is read directly, any other through its server's control socket. A file
//! appears under its name only when all of it is on disk.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use boards::BoardId;
use clap::Args;
use store_embedded::{Counts, Export, ExportError, OpenError, Scope, relay};

use crate::cli::StoreArgs;
use crate::clock::now_ms;
use crate::control;
use crate::drain::StopSignals;
use crate::progress::Progress;
use crate::settings::Store;

/// What to export, and where to.
#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// A board to be exported, with its players and without queues; may be given more than once. All of
    /// the store otherwise
    #[arg(long, value_name = "NAME", value_parser = parse_board)]
    board: Vec<BoardId>,
    /// The file to be written, or - for standard output
    #[arg(long, value_name = "FILE|-")]
    output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

/// A board's name on the command line.
pub(crate) fn parse_board(text: &str) -> Result<BoardId, String> {
    BoardId::parse(text).map_err(|e| e.to_string())
}

impl ExportArgs {
    fn scope(&self) -> Scope {
        if self.board.is_empty() {
            Scope::Store
        } else {
            Scope::Boards(self.board.iter().cloned().collect())
        }
    }

    fn target(&self) -> anyhow::Result<Target> {
        match &self.output {
            Some(path) if path.as_os_str() != "-" => Target::file(path, self.force),
            _ if io::stdout().is_terminal() => {
                bail!("this would fill the terminal; say where to with --output FILE")
            }
            _ => Ok(Target::Stdout),
        }
    }
}

/// Exports, and leaves no half file behind when it is told to stop.
pub(crate) fn run(args: ExportArgs) -> anyhow::Result<()> {
    let settings = args.store.embedded()?;
    let (scope, target) = (args.scope(), args.target()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let leftover = target.part();
    let result = runtime.block_on(async {
        let mut stop = StopSignals::listen()?;
        let work = tokio::task::spawn_blocking(move || export(&settings, scope, target));
        tokio::select! {
            done = work => done?,
            () = stop.next() => {
                leftover.iter().for_each(|part| drop(fs::remove_file(part)));
                bail!("stopped; nothing was exported")
            }
        }
    });
    runtime.shutdown_background();
    result
}

fn export(settings: &Store, scope: Scope, target: Target) -> anyhow::Result<()> {
    let (dir, cache) = (&settings.data_dir, settings.cache.0);
    let (counts, took, name) = match Export::of_directory(dir, cache, scope.clone(), now_ms()) {
        Ok(export) => {
            let progress = Progress::start("exporting", export.records());
            let mut draft = target.begin()?;
            let counts = export.write(&mut draft, &mut |done| progress.set(done))?;
            (counts, progress.end(counts.records()), draft.finish()?)
        }
        Err(ExportError::Open(OpenError::InUse { dir, holder })) => {
            let used = OpenError::InUse {
                dir: dir.clone(),
                holder,
            };
            let asked = control::ask_for_export(&dir, &scope);
            let (stream, records) = asked.with_context(|| used.to_string())?;
            let progress = Progress::start("exporting", records);
            let mut draft = target.begin()?;
            let counts = relay(stream, &mut draft, &mut |done| progress.set(done))?;
            (counts, progress.end(counts.records()), draft.finish()?)
        }
        Err(error) => return Err(error.into()),
    };
    eprintln!("exported {} {took}, to {name}", in_words(&counts));
    Ok(())
}

/// Counts for a person.
pub(crate) fn in_words(counts: &Counts) -> String {
    let Counts {
        boards,
        players,
        entries,
        hidden,
        queues,
        matches,
        tickets,
        backfills,
        ratings,
    } = counts;
    let mut words =
        format!("{boards} boards, {players} players, {entries} entries, {hidden} hidden marks");
    if counts.of_queues() > 0 {
        words += &format!(
            ", {queues} queues, {matches} matches, {tickets} tickets, {backfills} backfills, {ratings} ratings"
        );
    }
    words
}

/// Where an export goes.
enum Target {
    Stdout,
    File { path: PathBuf, part: PathBuf },
}

impl Target {
    fn file(path: &Path, force: bool) -> anyhow::Result<Self> {
        if !force && path.exists() {
            bail!("{} exists; replace it with --force", path.display());
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        Ok(Target::File {
            path: path.to_owned(),
            part: part.into(),
        })
    }

    fn part(&self) -> Option<PathBuf> {
        match self {
            Target::Stdout => None,
            Target::File { part, .. } => Some(part.clone()),
        }
    }

    fn begin(self) -> anyhow::Result<Draft> {
        let file = match &self {
            Target::Stdout => None,
            Target::File { part, .. } => {
                let file = File::create(part);
                Some(file.with_context(|| format!("cannot write {}", part.display()))?)
            }
        };
        Ok(Draft {
            file,
            target: self,
            done: false,
        })
    }
}

/// An export that is being written. Unless it is finished, nothing is left of it.
struct Draft {
    file: Option<File>,
    target: Target,
    done: bool,
}

impl Draft {
    /// Puts it in its place; where that is.
    fn finish(mut self) -> anyhow::Result<String> {
        let (Target::File { path, part }, Some(file)) = (&self.target, &self.file) else {
            io::stdout().flush()?;
            return Ok("standard output".to_owned());
        };
        let place = || -> io::Result<()> {
            file.sync_all()?;
            fs::rename(part, path)?;
            let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        };
        place().with_context(|| format!("cannot write {}", path.display()))?;
        let name = path.display().to_string();
        self.done = true;
        Ok(name)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.flush(),
            None => io::stdout().flush(),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let (Target::File { part, .. }, false) = (&self.target, self.done) {
            // There is nothing more to be done about it than to try.
            let _ = fs::remove_file(part);
        }
    }
}
