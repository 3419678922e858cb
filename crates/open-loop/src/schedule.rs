//! When each request is due.

use std::time::Duration;

/// Requests at equal distances, numbered from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    rate: f64,
    count: u64,
}

impl Schedule {
    /// So many requests, `rate` of them each second; `rate` is positive and finite.
    pub(crate) fn new(rate: f64, count: u64) -> Self {
        Schedule { rate, count }
    }

    /// When a request is due, from the start of the run. Computed from its number rather than added up,
    /// so that no rounding gathers.
    pub(crate) fn due(&self, number: u64) -> Duration {
        Duration::from_secs_f64(number as f64 / self.rate)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_equal_distances() {
        let schedule = Schedule::new(4.0, 8);
        let due: Vec<u128> = (0..8).map(|n| schedule.due(n).as_millis()).collect();
        assert_eq!(due, [0, 250, 500, 750, 1000, 1250, 1500, 1750]);
        let fast = Schedule::new(30_000.0, 20_000_000);
        assert_eq!(fast.due(18_000_000), Duration::from_secs(600));
    }
}
