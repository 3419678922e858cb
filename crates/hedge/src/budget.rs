//! The extra load that hedges may cause: a share of the traffic, and a floor for the quiet hours.
//!
//! A token bucket: each call puts a part of a token in, each hedge takes a whole one out. When an
//! upstream slows down and every call wants hedges, they run out, and it gets a little more load
//! instead of a multiple of it.

use tokio::time::Instant;

/// Hedges that may be saved up: enough for a short burst, not enough to bury anybody.
const MAX_TOKENS: f64 = 100.0;
/// Seconds of the floor that are there from the start.
const START_SECONDS: f64 = 10.0;

/// How many hedges are allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetSettings {
    /// Hedges for each call, on average, such as 0.2.
    pub share: f64,
    /// Hedges each second that are allowed however few calls there are.
    pub floor_per_s: f64,
}

pub(crate) struct Budget {
    settings: BudgetSettings,
    tokens: f64,
    filled: Instant,
}

impl Budget {
    pub(crate) fn new(settings: BudgetSettings, now: Instant) -> Self {
        Budget {
            settings,
            tokens: (settings.floor_per_s * START_SECONDS).min(MAX_TOKENS),
            filled: now,
        }
    }

    /// A call has come.
    pub(crate) fn earn(&mut self, now: Instant) {
        self.fill(now, self.settings.share);
    }

    /// Takes tokens for up to so many hedges; returns how many there were.
    pub(crate) fn take(&mut self, wanted: u32, now: Instant) -> u32 {
        self.fill(now, 0.0);
        let taken = wanted.min(self.tokens as u32);
        self.tokens -= f64::from(taken);
        taken
    }

    fn fill(&mut self, now: Instant, earned: f64) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        let tokens = self.tokens + earned + passed * self.settings.floor_per_s;
        self.tokens = tokens.min(MAX_TOKENS);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn hedges_are_a_share_of_the_calls_beyond_the_floor() {
        let start = Instant::now();
        let settings = BudgetSettings {
            share: 0.2,
            floor_per_s: 1.0,
        };
        let mut budget = Budget::new(settings, start);
        assert_eq!(budget.take(1000, start), 10, "ten seconds of the floor");
        let mut taken = 0;
        for _ in 0..1000 {
            budget.earn(start);
            taken += budget.take(2, start);
        }
        // Fifths are not exact in binary, so one token more or less is rounding.
        assert!((199..=200).contains(&taken), "{taken}");
        let later = start + Duration::from_secs(3);
        assert!((3..=4).contains(&budget.take(1000, later)));
    }

    #[test]
    fn a_quiet_day_does_not_save_up_a_flood() {
        let start = Instant::now();
        let settings = BudgetSettings {
            share: 0.2,
            floor_per_s: 1.0,
        };
        let mut budget = Budget::new(settings, start);
        assert_eq!(budget.take(1000, start + Duration::from_secs(86_400)), 100);
    }
}
