//! How figures are written in the sentences that say why a ticket waits.

use std::fmt;

/// A figure with one digit behind the point, or none where it is whole.
pub(super) struct Figure(pub(super) f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() / 10.0;
        if tenths.fract() == 0.0 {
            write!(f, "{tenths:.0}")
        } else {
            write!(f, "{tenths:.1}")
        }
    }
}

/// When a limit that widens is wide enough.
pub(super) struct Moment {
    /// In so many seconds; `None`: never.
    pub(super) wait: Option<f64>,
    /// Where widening ends.
    pub(super) end: f64,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wait {
            Some(wait) => write!(f, "reached in {} s", Figure(wait.max(0.1))),
            None => write!(f, "never reached, it ends at {}", Figure(self.end)),
        }
    }
}

/// Seconds until a limit that begins at `start`, grows by `widen_per_s` and ends at `end` reaches
/// `distance`, on a clock that is at `clock_s`; `None` where it never does.
pub(super) fn seconds_until(
    distance: f64,
    start: f64,
    widen_per_s: f64,
    end: f64,
    clock_s: f64,
) -> Option<f64> {
    if distance <= start {
        return Some(0.0);
    }
    let wait = (distance - start) / widen_per_s - clock_s;
    (distance <= end && wait.is_finite()).then_some(wait.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reached_in_time_or_never() {
        assert_eq!(seconds_until(340.0, 100.0, 10.0, 500.0, 12.5), Some(11.5));
        assert_eq!(seconds_until(340.0, 100.0, 10.0, 300.0, 12.5), None);
        assert_eq!(seconds_until(340.0, 100.0, 0.0, 500.0, 12.5), None);
        assert_eq!(seconds_until(90.0, 100.0, 0.0, 100.0, 0.0), Some(0.0));
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(Figure(340.0).to_string(), "340");
        assert_eq!(Figure(11.46).to_string(), "11.5");
        assert_eq!(Figure(11.96).to_string(), "12");
    }
}
