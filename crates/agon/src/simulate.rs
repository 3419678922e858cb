//! `agon simulate`: what a queue would do, tried out with the engine that forms real matches, before
//! anybody waits in it. Two queues side by side where there is something to be compared.

mod arguments;
mod page;
mod plots;
mod queue_file;
mod svg;
mod table;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use match_json::SettingsBody;
use matchmaking::Region;
use matchmaking::Role;
use matchmaking::simulate::{Scenario, Simulation, Skills, Start, simulate};
use serde_json::{Value, json};

use crate::cli::print;
use crate::odds::parse_share;
use crate::progress::Progress;
use arguments::{
    Weights, parse_arrivals, parse_hours, parse_interval, parse_parties, parse_regions,
    parse_roles, parse_skills,
};
use queue_file::QueueFile;

/// Which queues, and who comes to them.
#[derive(Args)]
pub(crate) struct SimulateArgs {
    /// A TOML file with the settings of a queue, as in PUT /v1/queues/{queue}
    #[arg(long, value_name = "FILE")]
    queue: PathBuf,
    /// Another one, to be compared with it
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// How many tickets come: so many a second (/s), minute (/min) or hour (/h), at random
    #[arg(long, value_name = "RATE", default_value = "10/s", value_parser = parse_arrivals)]
    arrivals: f64,
    /// How good players truly are: normal:MEAN,DEVIATION or uniform:LOW..HIGH, or file:PATH with one
    /// rating a line
    #[arg(long, value_name = "DISTRIBUTION", default_value = "normal:1500,300", value_parser = parse_skills)]
    ratings: Skills,
    /// How much time is simulated
    #[arg(long, default_value = "1", value_parser = parse_hours)]
    hours: Duration,
    /// The same seed gives the same report
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Sizes of parties with weights
    #[arg(long, value_name = "SIZE:WEIGHT,…", default_value = "1:1", value_parser = parse_parties)]
    party: Weights<usize>,
    /// How many players there are; they come again
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    players: usize,
    /// What ratings are at first
    #[arg(long, value_enum, default_value_t = StartArg::Settled)]
    start: StartArg,
    /// Where players live, with weights; matters to rules about latency
    #[arg(long, value_name = "REGION:WEIGHT,…", value_parser = parse_regions)]
    regions: Option<Weights<Region>>,
    /// What players like to be, with weights; as often as the rules ask for it otherwise
    #[arg(long, value_name = "ROLE:WEIGHT,…", value_parser = parse_roles)]
    roles: Option<Weights<Role>>,
    /// Share of parties that decline a match, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = parse_share)]
    decline: f64,
    /// Time from one look of the matchmaker at the queue to the next
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_interval)]
    interval: Duration,
    /// Write a report with plots to this HTML file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the plots to this SVG file
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Replace these files if they exist
    #[arg(long)]
    force: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What ratings are at first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StartArg {
    /// Near the true skills, as after hundreds of matches
    Settled,
    /// A new player's, for everybody
    New,
}

/// A queue, and what it did.
pub(super) struct Trial {
    file: QueueFile,
    found: Simulation,
}

/// Simulates, and writes what is asked for.
pub(crate) fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let outputs = [&args.report, &args.picture];
    for path in outputs.into_iter().flatten() {
        if !args.force && path.exists() {
            bail!("{} exists; replace it with --force", path.display());
        }
    }
    let paths = [Some(&args.queue), args.against.as_ref()];
    let files = paths
        .into_iter()
        .flatten()
        .map(|path| QueueFile::read(path));
    let files: Vec<QueueFile> = files.collect::<anyhow::Result<_>>()?;
    let scenario = args.scenario();
    // Before any time is spent on the first.
    for file in &files {
        check(&scenario, file)?;
    }
    let trials = files.into_iter().map(|file| trial(file, &scenario));
    let trials: Vec<Trial> = trials.collect::<anyhow::Result<_>>()?;
    if let Some(path) = &args.report {
        write(path, &page::page(&args.in_words(), &trials))?;
    }
    if let Some(path) = &args.picture {
        write(path, &plots::picture(&trials))?;
    }
    if args.json {
        print(&serde_json::to_string_pretty(&args.as_json(&trials))?)
    } else {
        print(&table::text(&trials))
    }
}

fn check(scenario: &Scenario, file: &QueueFile) -> anyhow::Result<()> {
    let fault = |e| anyhow!("{}: {e}", file.path.display());
    scenario.check(&file.settings).map_err(fault)
}

fn trial(file: QueueFile, scenario: &Scenario) -> anyhow::Result<Trial> {
    let progress = Progress::start("simulating seconds", Some(scenario.lasts.as_secs()));
    let found = simulate(&file.settings, scenario, &mut |now| {
        progress.set(now.as_secs());
        true
    });
    let took = progress.clear();
    let found = found?.context("the simulation was stopped")?;
    let (name, lasts) = (
        file.path.display(),
        humantime::format_duration(scenario.lasts),
    );
    eprintln!("simulated {lasts} of {name} in {took:.1} s");
    Ok(Trial { file, found })
}

/// Under its name only when it is complete.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

impl SimulateArgs {
    fn scenario(&self) -> Scenario {
        let usual = Scenario::default();
        let regions = self.regions.clone().map(|Weights(regions)| regions);
        Scenario {
            arrivals_per_s: self.arrivals,
            lasts: self.hours,
            interval: self.interval,
            skills: self.ratings.clone(),
            start: match self.start {
                StartArg::Settled => Start::Settled,
                StartArg::New => Start::New,
            },
            players: self.players,
            parties: self.party.0.clone(),
            regions: regions.unwrap_or(usual.regions),
            roles: self
                .roles
                .clone()
                .map_or(usual.roles, |Weights(roles)| roles),
            decline: self.decline,
            seed: self.seed,
        }
    }

    /// The scenario for a reader of the report.
    fn in_words(&self) -> Vec<(&'static str, String)> {
        let start = match self.start {
            StartArg::Settled => "settled",
            StartArg::New => "new",
        };
        let mut words = vec![
            ("arrivals", format!("{} tickets/s", self.arrivals)),
            (
                "simulated",
                humantime::format_duration(self.hours).to_string(),
            ),
            ("players", table::whole(self.players as f64)),
            ("true skills", self.ratings.to_string()),
            ("ratings at first", start.to_owned()),
            ("party sizes", self.party.to_string()),
            (
                "looks every",
                humantime::format_duration(self.interval).to_string(),
            ),
            ("seed", self.seed.to_string()),
        ];
        let declining = format!("{} % of parties", self.decline * 100.0);
        let optional = [
            ("declining", (self.decline > 0.0).then_some(declining)),
            ("regions", self.regions.as_ref().map(ToString::to_string)),
            ("roles", self.roles.as_ref().map(ToString::to_string)),
        ];
        words.extend(
            optional
                .into_iter()
                .filter_map(|(name, text)| Some((name, text?))),
        );
        words
    }

    fn as_json(&self, trials: &[Trial]) -> Value {
        let trial = |trial: &Trial| {
            json!({
                "file": trial.file.path.display().to_string(),
                "settings": SettingsBody::from(&trial.file.settings),
                "expired_share": trial.found.expired_share(),
                "simulation": trial.found,
            })
        };
        json!({
            "arrivals_per_s": self.arrivals,
            "lasts_s": self.hours.as_secs_f64(),
            "seed": self.seed,
            "players": self.players,
            "queues": trials.iter().map(trial).collect::<Vec<Value>>(),
        })
    }
}
