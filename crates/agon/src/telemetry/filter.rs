//! Which events are logged.

use api::{LogLevel, LogSettings, REQUEST_LOG};
use tracing_subscriber::EnvFilter;

/// The engine below the store and the libraries of HTTP and TLS report through the same log. What they do is of
/// interest only to who looks for a fault in them; what fails of it is told by the parts of ours that use them.
const LIBRARIES: [&str; 5] = ["fjall", "lsm_tree", "hyper", "hyper_util", "rustls"];

/// Those events that are at least so important; a line for each request, where it is asked for.
pub(super) fn of(settings: LogSettings) -> EnvFilter {
    let level = settings.level.as_str();
    let libraries = match settings.level {
        LogLevel::Debug | LogLevel::Trace => level,
        _ => "off",
    };
    let libraries: String = LIBRARIES
        .map(|library| format!(",{library}={libraries}"))
        .concat();
    // Failures among requests are errors and stay; the others are for information.
    let requests = match (settings.requests, settings.level) {
        (false, LogLevel::Info | LogLevel::Debug | LogLevel::Trace) => "warn",
        _ => level,
    };
    EnvFilter::new(format!("{level}{libraries},{REQUEST_LOG}={requests}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(level: LogLevel, requests: bool) -> String {
        of(LogSettings { level, requests }).to_string()
    }

    #[test]
    fn requests_have_lines_where_they_are_asked_for() {
        assert!(filter(LogLevel::Info, true).contains("agon::request=info"));
        assert!(filter(LogLevel::Info, false).contains("agon::request=warn"));
        assert!(filter(LogLevel::Trace, false).contains("agon::request=warn"));
        assert!(filter(LogLevel::Error, true).contains("agon::request=error"));
    }

    #[test]
    fn libraries_are_heard_when_a_fault_is_looked_for() {
        assert!(filter(LogLevel::Info, false).contains("fjall=off"));
        assert!(filter(LogLevel::Debug, false).contains("fjall=debug"));
    }
}
