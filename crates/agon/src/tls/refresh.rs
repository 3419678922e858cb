//! A certificate that is renewed is taken without a restart: the files are read once a second, and at
//! once upon SIGHUP. Whoever renews writes two files one after the other; so what was found counts once
//! it has stood for two readings. A pair that is no good is told once, and the old one stays.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Current;
use super::pair::{Found, Pair, PairFiles};

const READ_EVERY: Duration = Duration::from_secs(1);
const WARN_EVERY: Duration = Duration::from_secs(24 * 3600);

/// What was read, and which of it has been tried.
struct Readings {
    before: Arc<Found>,
    tried: Arc<Found>,
}

impl Readings {
    fn new(found: Found) -> Self {
        let found = Arc::new(found);
        Readings {
            before: found.clone(),
            tried: found,
        }
    }

    /// Whether to try what was read now; at once where somebody says so.
    fn is_new(&mut self, found: Found, told: bool) -> bool {
        let stands = *self.before == found;
        if !stands {
            self.before = Arc::new(found);
        }
        let new = told || (stands && self.before != self.tried);
        if new {
            self.tried = self.before.clone();
        }
        new
    }
}

pub(super) async fn keep_fresh(current: &Current, files: &PairFiles) -> Infallible {
    let mut hangup = signal(SignalKind::hangup())
        .inspect_err(|error| tracing::warn!(%error, "SIGHUP will not renew the certificate"))
        .ok();
    let mut readings = Readings::new(read(files).await);
    let mut warn_at = Instant::now();
    let mut ticks = interval(READ_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            _ = ticks.tick() => false,
            () = told(&mut hangup) => true,
        };
        let found = read(files).await;
        if readings.is_new(found, told) && renew(current, files, &readings.tried) {
            warn_at = Instant::now();
        }
        if Instant::now() >= warn_at {
            warn_at = Instant::now() + WARN_EVERY;
            if let Some(warning) = current.warning(SystemTime::now()) {
                tracing::warn!("{warning}");
            }
        }
    }
}

/// Whether there is a new certificate.
fn renew(current: &Current, files: &PairFiles, found: &Found) -> bool {
    match Pair::of(files, found) {
        Ok(pair) => {
            tracing::info!(ends = %pair.ends(), "certificate read anew");
            current.replace(pair);
            true
        }
        Err(error) => {
            tracing::error!("the new certificate is not used, the old one stays: {error}");
            false
        }
    }
}

async fn told(hangup: &mut Option<Signal>) {
    let told = match hangup {
        Some(hangup) => hangup.recv().await,
        None => None,
    };
    if told.is_none() {
        std::future::pending::<()>().await;
    }
}

async fn read(files: &PairFiles) -> Found {
    let files = files.clone();
    let read = tokio::task::spawn_blocking(move || files.read()).await;
    read.unwrap_or_else(|error| Err(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        Ok((text.as_bytes().to_vec(), b"key".to_vec()))
    }

    #[test]
    fn what_was_found_counts_once_it_has_stood_for_two_readings() {
        let mut readings = Readings::new(found("old"));
        let expected = [
            ("old", false),
            ("half", false),
            ("new", false),
            ("new", true),
            ("new", false),
            ("bad", false),
            ("bad", true),
            ("bad", false),
            ("new", false),
            ("new", true),
        ];
        for (text, new) in expected {
            assert_eq!(readings.is_new(found(text), false), new, "{text}");
        }
    }

    #[test]
    fn files_that_are_gone_for_a_moment_are_no_news() {
        let mut readings = Readings::new(found("old"));
        assert!(!readings.is_new(Err("gone".to_owned()), false));
        assert!(!readings.is_new(found("old"), false));
        assert!(!readings.is_new(found("old"), false));
    }

    #[test]
    fn told_to_it_tries_at_once_and_also_what_it_has() {
        let mut readings = Readings::new(found("old"));
        assert!(readings.is_new(found("new"), true));
        assert!(!readings.is_new(found("new"), false));
        assert!(readings.is_new(found("new"), true));
    }
}
