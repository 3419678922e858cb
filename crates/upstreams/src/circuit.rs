//! The circuit: when nothing has succeeded for a while, calls are refused at once, and now and then
//! one of them may try.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::settings::Circuit as Settings;

/// Whether calls go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitState {
    /// They do.
    Closed,
    /// One may try.
    HalfOpen,
    /// They are refused.
    Open,
}

impl CircuitState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            CircuitState::Closed => "closed",
            CircuitState::HalfOpen => "half_open",
            CircuitState::Open => "open",
        }
    }
}

pub(crate) struct Circuit {
    settings: Settings,
    streak: Mutex<Streak>,
}

/// Failures since the last success.
#[derive(Default)]
struct Streak {
    failures: u32,
    began: Option<Instant>,
    open_until: Option<Instant>,
    /// Whether a call is under way that was let in to try.
    trying: bool,
}

/// Leave for a call. One that tries has to be given back, however it ends.
pub(crate) struct Leave<'a> {
    circuit: &'a Circuit,
    tries: bool,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.tries {
            self.circuit.streak.lock().trying = false;
        }
    }
}

impl Circuit {
    pub(crate) fn new(settings: Settings) -> Self {
        Circuit {
            settings,
            streak: Mutex::default(),
        }
    }

    /// Leave for a call, or how long to wait before asking again.
    pub(crate) fn enter(&self, now: Instant) -> Result<Leave<'_>, Duration> {
        let mut streak = self.streak.lock();
        let tries = match streak.open_until {
            None => false,
            Some(until) if until > now => return Err(until - now),
            Some(_) if streak.trying => return Err(self.settings.open),
            Some(_) => {
                streak.trying = true;
                true
            }
        };
        Ok(Leave {
            circuit: self,
            tries,
        })
    }

    /// An attempt succeeded. Returns whether that closed the circuit.
    pub(crate) fn succeeded(&self) -> bool {
        let mut streak = self.streak.lock();
        let was_open = streak.open_until.is_some();
        let trying = streak.trying;
        *streak = Streak {
            trying,
            ..Streak::default()
        };
        was_open
    }

    /// An attempt failed. Returns whether that opened the circuit, which was closed.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        let mut streak = self.streak.lock();
        streak.failures = streak.failures.saturating_add(1);
        let began = *streak.began.get_or_insert(now);
        let was_open = streak.open_until;
        let enough = streak.failures >= self.settings.attempts;
        let long = now.saturating_duration_since(began) >= self.settings.after;
        // Attempts from before it opened, which fail later, do not keep it open longer.
        if was_open.map_or(enough && long, |until| until <= now) {
            streak.open_until = Some(now + self.settings.open);
            return was_open.is_none();
        }
        false
    }

    pub(crate) fn state(&self, now: Instant) -> CircuitState {
        match self.streak.lock().open_until {
            None => CircuitState::Closed,
            Some(until) if until > now => CircuitState::Open,
            Some(_) => CircuitState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn circuit() -> Circuit {
        Circuit::new(Settings {
            after: SECOND * 10,
            attempts: 3,
            open: SECOND * 5,
        })
    }

    #[test]
    fn it_opens_when_nothing_succeeds_for_long_enough_and_often_enough() {
        let (circuit, start) = (circuit(), Instant::now());
        assert!(
            (0..100).all(|_| !circuit.failed(start)),
            "often, but not for long"
        );
        assert!(circuit.failed(start + SECOND * 10));
        assert_eq!(circuit.enter(start + SECOND * 11).err(), Some(SECOND * 4));

        let circuit = self::circuit();
        circuit.failed(start);
        assert!(
            !circuit.failed(start + SECOND * 60),
            "for long, but not often"
        );
        circuit.succeeded();
        assert!(
            !circuit.failed(start + SECOND * 61),
            "a success starts anew"
        );
    }

    #[test]
    fn one_call_tries_and_closes_it_or_not() {
        let (circuit, start) = (circuit(), Instant::now());
        assert!((0..3).all(|_| !circuit.failed(start)));
        circuit.failed(start + SECOND * 10);
        let later = start + SECOND * 15;
        assert_eq!(circuit.state(later), CircuitState::HalfOpen);
        let leave = circuit.enter(later).unwrap();
        assert!(circuit.enter(later).is_err(), "one at a time");
        assert!(!circuit.failed(later), "it was open before");
        drop(leave);
        assert_eq!(circuit.state(later), CircuitState::Open);
        let later = later + SECOND * 5;
        // One that goes away without an outcome lets the next one try.
        drop(circuit.enter(later).unwrap());
        let leave = circuit.enter(later).unwrap();
        assert!(circuit.succeeded());
        drop(leave);
        assert_eq!(circuit.state(later), CircuitState::Closed);
        assert!(circuit.enter(later).is_ok() && circuit.enter(later).is_ok());
    }
}
