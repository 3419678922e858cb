//! The log: to standard error, for a person, with times in UTC.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::Level;

/// Starts logging. The engine below the store reports what it does through the same log; only its
/// warnings are of interest to an operator.
pub(crate) fn start(level: Level) {
    let ours = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let engine = if matches!(level, Level::Debug | Level::Trace) {
        ours
    } else {
        "off"
    };
    let filter = EnvFilter::new(format!("{ours},fjall={engine},lsm_tree={engine}"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
