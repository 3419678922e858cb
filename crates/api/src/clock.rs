//! The time of day, as a value that tests can replace.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time in milliseconds since the Unix epoch.
#[derive(Clone, Copy)]
pub(crate) struct Clock(fn() -> i64);

impl Clock {
    pub(crate) fn system() -> Self {
        Clock(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
            // A clock before 1970 is wrong in any case; it must not stop a game.
            since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
        })
    }

    pub(crate) fn now_ms(self) -> i64 {
        (self.0)()
    }
}
