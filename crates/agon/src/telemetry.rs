//! What the process tells about itself while it runs: the log, traces of requests, a word on panics.
//!
//! The log goes to standard error and, where a directory is named, to a file as well; times are in UTC.

mod filter;
mod log_file;
mod panics;
mod traces;

use std::io::IsTerminal;

use anyhow::Context;
use api::{LogSettings, LogSwitch, Tracer};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, reload};

use crate::settings::{Format, Log, Trace};

/// Logging, as long as this lives. Dropping it waits until what was logged has been written.
pub(crate) struct Telemetry {
    switch: LogSwitch,
    _file: Option<WorkerGuard>,
}

impl Telemetry {
    /// Starts logging.
    pub(crate) fn start(settings: &Log) -> anyhow::Result<Self> {
        let now = LogSettings {
            level: settings.level,
            requests: settings.requests,
        };
        let (filter, handle) = reload::Layer::new(filter::of(now));
        let (file, guard) = match &settings.dir {
            Some(dir) => {
                let (file, guard) = log_file::open(dir, settings.keep_days)
                    .with_context(|| format!("cannot log to {}", dir.display()))?;
                (Some(file), Some(guard))
            }
            None => (None, None),
        };
        let colours = std::io::stderr().is_terminal();
        tracing_subscriber::registry()
            .with(filter)
            .with(lines(settings.format, colours, std::io::stderr))
            .with(file.map(|file| lines(settings.format, false, file)))
            .init();
        panics::log();
        let switch = LogSwitch::new(now, move |new| {
            // It fails only when nothing is logged any more.
            let _ = handle.reload(filter::of(new));
        });
        Ok(Telemetry {
            switch,
            _file: guard,
        })
    }

    /// What changes the log while it goes on.
    pub(crate) fn switch(&self) -> LogSwitch {
        self.switch.clone()
    }
}

/// Traces of requests, if they are asked for. Has to be called inside the runtime that sends them.
pub(crate) fn traces(settings: &Trace) -> anyhow::Result<Option<(Tracer, traces::Traces)>> {
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok(None);
    };
    traces::start(endpoint, settings)
        .with_context(|| format!("cannot send traces to {endpoint}"))
        .map(Some)
}

fn lines<W, S>(format: Format, colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    S: tracing::Subscriber + for<'s> LookupSpan<'s>,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(colours)
        .with_writer(writer);
    match format {
        Format::Human => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    }
}
