//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};

use crate::export::{self, ExportArgs};
use crate::healthcheck::{self, HealthcheckArgs};
use crate::import::{self, ImportArgs};
use crate::keys::{self, KeysCommand};
use crate::migrate::{self, MigrateArgs};
use crate::odds::HedgeOddsArgs;
use crate::practice::{self, PracticeArgs};
use crate::serve;
use crate::settings::{Address, Flags, Settings, Store};
use crate::simulate::{self, SimulateArgs};
use crate::tls::Tls;

/// The backend of a competitive game: leaderboards with exact live ranks, in one binary.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP (the default)
    Serve(ServeArgs),
    /// Check the settings, print them as they are in force, and exit
    CheckConfig(ServeArgs),
    /// Ask a server how it is; exit code 0: well, 1: not
    Healthcheck(HealthcheckArgs),
    /// Print the OpenAPI document
    Openapi {
        /// As YAML instead of JSON
        #[arg(long)]
        yaml: bool,
    },
    /// Write the store, or some of its boards, to a file; also while it is being served
    Export(ExportArgs),
    /// Read boards and queues from an export into a store that is not being served
    Import(ImportArgs),
    /// Move a store that is not being served from a data directory to Redis, or back
    Migrate(MigrateArgs),
    /// Make, list and revoke the keys that requests need
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Try out a queue: what its rules would do with players who come at random
    Simulate(Box<SimulateArgs>),
    /// Print what hedging is worth for an upstream, by formula
    HedgeOdds(HedgeOddsArgs),
    /// Serve a slow and unreliable upstream to try hedging on
    PracticeUpstream(PracticeArgs),
}

/// Where settings come from, and those that are set most often.
#[derive(Args, Default)]
pub(crate) struct ServeArgs {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the data is: embedded, that is in a directory of this machine, or redis://…, rediss://…,
    /// redis-cluster://…, rediss-cluster://…
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Directory for the data of an embedded store, created where it is missing
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Listen on a public address though there are no keys and anybody could change anything there
    #[arg(long)]
    insecure_open: bool,
}

impl ServeArgs {
    /// Where a server that was started like this is reached.
    pub(crate) fn address(self) -> anyhow::Result<Address> {
        let (config, flags) = self.sources();
        Ok(Settings::address(config.as_deref(), None, flags)?)
    }

    pub(crate) fn settings(self) -> anyhow::Result<Settings> {
        let (config, flags) = self.sources();
        let settings = Settings::load(config.as_deref(), None, flags)?;
        // Also for who only checks: a file that is of no use is to be found before a start.
        settings.access()?;
        settings.redis()?;
        Ok(settings)
    }

    fn sources(self) -> (Option<PathBuf>, Flags) {
        let flags = Flags {
            listen: self.listen,
            store: self.store,
            data_dir: self.data_dir,
            insecure_open: self.insecure_open,
        };
        (self.config, flags)
    }
}

/// Where the store is.
#[derive(Args)]
pub(crate) struct StoreArgs {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory with the data
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl StoreArgs {
    /// Those of a store in a directory.
    ///
    /// # Errors
    /// Also where it is another one.
    pub(crate) fn embedded(&self) -> anyhow::Result<Store> {
        let store = self.all_settings()?.store;
        ensure!(
            store.is_embedded(),
            "setting store.url = {}: this command is about a store in a directory",
            store.url
        );
        Ok(store)
    }

    /// All settings, of which not all are looked at where nothing is served.
    pub(crate) fn all_settings(&self) -> anyhow::Result<Settings> {
        let flags = Flags {
            listen: None,
            store: None,
            data_dir: self.data_dir.clone(),
            // Nobody listens, so a public address in the file is no reason to refuse.
            insecure_open: true,
        };
        Ok(Settings::load(self.config.as_deref(), None, flags)?)
    }
}

impl Cli {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(args) => serve::run(args.settings()?),
            Command::CheckConfig(args) => {
                let settings = args.settings()?;
                settings.server.tls.as_ref().map(Tls::open).transpose()?;
                print(&format!(
                    "# these settings are in force\n{}",
                    toml::to_string(&settings)?
                ))
            }
            Command::Healthcheck(args) => healthcheck::run(args),
            Command::Openapi { yaml: false } => print(&api::document_json()),
            Command::Openapi { yaml: true } => print(&api::document_yaml()),
            Command::Export(args) => export::run(args),
            Command::Import(args) => import::run(args),
            Command::Migrate(args) => migrate::run(args),
            Command::Keys(command) => keys::run(command),
            Command::Simulate(args) => simulate::run(&args),
            Command::HedgeOdds(args) => print(&args.report()),
            Command::PracticeUpstream(args) => practice::run(args),
        }
    }
}

/// To standard output. A reader who has seen enough and gone is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}
