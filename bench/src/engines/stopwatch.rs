//! Times of repeated commits, and the few figures that describe them.

use std::time::{Duration, Instant};

use anyhow::Result;

#[derive(Default)]
pub struct Stopwatch {
    laps: Vec<Duration>,
}

impl Stopwatch {
    /// Runs `work` and remembers how long it took.
    pub fn time<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work()?;
        self.laps.push(start.elapsed());
        Ok(result)
    }

    pub fn count(&self) -> usize {
        self.laps.len()
    }

    /// All laps together, without what happened between them.
    pub fn seconds(&self) -> f64 {
        self.laps.iter().sum::<Duration>().as_secs_f64()
    }

    /// The lap that a share of `part` (0 to 1) of all laps does not exceed.
    pub fn quantile_ms(&self, part: f64) -> f64 {
        let mut laps = self.laps.clone();
        laps.sort_unstable();
        let rank = (part * laps.len() as f64).ceil() as usize;
        let lap = laps.get(rank.saturating_sub(1));
        lap.map_or(f64::NAN, |lap| lap.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_laps_that_happened() {
        let laps = (1..=100).map(Duration::from_millis).collect();
        let watch = Stopwatch { laps };
        let got = [0.0, 0.5, 0.99, 1.0].map(|part| watch.quantile_ms(part).round());
        assert_eq!(got, [1.0, 50.0, 99.0, 100.0]);
    }
}
