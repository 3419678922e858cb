//! How the looks at a queue go: what is told of those that fail, and how long the queue rests after them.
//!
//! A store that cannot write may work again any second, so it is asked as often as before. A panic is a fault
//! in the program that these tickets bring out; it will come again until other tickets wait or other rules
//! hold, and looking in vain costs as much as looking does. So the pause grows.

use std::fmt;
use std::time::Duration;

use matchmaking::MatchError;
use tokio::task::JoinError;

/// The longest pause after looks that panicked.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Why a look came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The store did not do what was asked of it.
    Store(MatchError),
    /// It panicked, or was ended with the program; what was said of that.
    Panic(String),
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        Failure::Panic(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Store(error) => error.fmt(f),
            Failure::Panic(what) => write!(f, "{what}"),
        }
    }
}

/// What is known of the latest looks.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// What was told since the last look that went well: a failing store, a panic.
    told: [bool; 2],
    /// Panics in a row.
    panics: u32,
}

impl Health {
    /// A look went well. Returns whether that is news.
    pub(super) fn went_well(&mut self) -> bool {
        std::mem::take(self).told != [false; 2]
    }

    /// A look failed. Returns whether that is to be told: once, until one goes well.
    pub(super) fn failed(&mut self, failure: &Failure) -> bool {
        let kind = match failure {
            Failure::Store(_) => {
                self.panics = 0;
                0
            }
            Failure::Panic(_) => {
                self.panics = self.panics.saturating_add(1);
                1
            }
        };
        !std::mem::replace(&mut self.told[kind], true)
    }

    /// How long to rest before the next look, where looks are made every `interval` otherwise: twice as
    /// long after each panic, up to a minute.
    pub(super) fn pause(&self, interval: Duration) -> Duration {
        let doubled = 1_u32.checked_shl(self.panics.saturating_sub(1));
        let grown = doubled.and_then(|times| interval.checked_mul(times));
        grown.unwrap_or(MAX_PAUSE).min(MAX_PAUSE).max(interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panic() -> Failure {
        Failure::Panic("it is beside itself".to_owned())
    }

    fn store() -> Failure {
        let source = None;
        let reason = "the disk is full".to_owned();
        Failure::Store(boards::StoreError::Unavailable { reason, source }.into())
    }

    #[test]
    fn pauses_grow_with_panics_alone_and_have_an_end() {
        let second = Duration::from_secs(1);
        let mut health = Health::default();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            health.failed(&panic());
            pauses.push(health.pause(second).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..100 {
            health.failed(&panic());
        }
        assert_eq!(health.pause(second), MAX_PAUSE);
        assert_eq!(health.pause(Duration::from_secs(90)).as_secs(), 90);
        health.failed(&store());
        assert_eq!(health.pause(second), second);
        health.failed(&panic());
        health.went_well();
        assert_eq!(health.pause(second), second);
    }

    #[test]
    fn each_trouble_is_told_once_until_it_is_over() {
        let mut health = Health::default();
        assert!(!health.went_well());
        assert!(health.failed(&panic()) && !health.failed(&panic()));
        assert!(health.failed(&store()) && !health.failed(&store()));
        assert!(!health.failed(&panic()));
        assert!(health.went_well() && !health.went_well());
        assert!(health.failed(&panic()));
    }
}
