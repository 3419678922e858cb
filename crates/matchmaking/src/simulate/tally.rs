//! What is noted while a simulation runs, and what it adds up to.

use super::report::{Distribution, Prediction, PredictionBin, ReasonCount, WaitingAt};
use crate::formation::{Reason, Unmatched};

/// Points of the curve of tickets that wait, at the most.
const CURVE: usize = 400;
const STEPS: usize = 200;
const BINS: usize = 20;
/// A winner who was given nothing would make the loss infinite.
const LEAST_CHANCE: f64 = 1e-12;

/// Values of one kind.
#[derive(Default)]
pub(super) struct Values(Vec<f64>);

impl Values {
    pub(super) fn note(&mut self, value: f64) {
        self.0.push(value);
    }

    /// O(n log n). `None` of none.
    pub(super) fn distribution(mut self) -> Option<Distribution> {
        self.0.sort_unstable_by(f64::total_cmp);
        let (values, max) = (&self.0, *self.0.last()?);
        // The smallest value that so large a share are at most, so every figure is one that occurred.
        let quantile = |share: f64| {
            let rank = (share * values.len() as f64).ceil() as usize;
            values[rank.clamp(1, values.len()) - 1]
        };
        Some(Distribution {
            count: values.len() as u64,
            mean: values.iter().sum::<f64>() / values.len() as f64,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p95: quantile(0.95),
            p99: quantile(0.99),
            max,
            quantiles: (0..=STEPS)
                .map(|step| quantile(step as f64 / STEPS as f64))
                .collect(),
        })
    }
}

/// How many waited, look by look.
#[derive(Default)]
pub(super) struct Curve(Vec<(f64, usize)>);

impl Curve {
    pub(super) fn note(&mut self, at_s: f64, waiting: usize) {
        self.0.push((at_s, waiting));
    }

    pub(super) fn most(&self) -> u64 {
        self.0.iter().map(|(_, n)| *n as u64).max().unwrap_or(0)
    }

    /// Means over equal numbers of looks.
    pub(super) fn points(&self) -> Vec<WaitingAt> {
        let each = self.0.len().div_ceil(CURVE).max(1);
        let point = |looks: &[(f64, usize)]| WaitingAt {
            at_s: looks.iter().map(|(at_s, _)| at_s).sum::<f64>() / looks.len() as f64,
            tickets: looks.iter().map(|(_, n)| *n as f64).sum::<f64>() / looks.len() as f64,
        };
        self.0.chunks(each).map(point).collect()
    }
}

/// Why tickets were left.
#[derive(Default)]
pub(super) struct Reasons(Vec<(Reason, u64)>);

impl Reasons {
    pub(super) fn note(&mut self, unmatched: &[Unmatched]) {
        for Unmatched { reason, .. } in unmatched {
            match self.0.iter_mut().find(|(known, _)| known == reason) {
                Some((_, count)) => *count += 1,
                None => self.0.push((*reason, 1)),
            }
        }
    }

    /// The most frequent first.
    pub(super) fn counts(mut self) -> Vec<ReasonCount> {
        self.0.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let count = |(reason, count)| ReasonCount { reason, count };
        self.0.into_iter().map(count).collect()
    }
}

/// What was predicted, and what came.
#[derive(Default)]
pub(super) struct Predictions {
    matches: u64,
    teams: u64,
    favourite_predicted: f64,
    favourite_won: u64,
    squares: f64,
    logarithms: f64,
    bins: [(u64, f64, u64); BINS],
}

impl Predictions {
    pub(super) fn note(&mut self, chances: &[f64], winner: usize) {
        let Some((favourite, chance)) = favourite(chances) else {
            return;
        };
        self.matches += 1;
        self.favourite_predicted += chance;
        self.favourite_won += u64::from(favourite == winner);
        self.logarithms -= libm::log(chances[winner].max(LEAST_CHANCE));
        for (team, chance) in chances.iter().enumerate() {
            let won = team == winner;
            self.teams += 1;
            self.squares += (chance - f64::from(u8::from(won))).powi(2);
            let bin = &mut self.bins[((chance * BINS as f64) as usize).min(BINS - 1)];
            *bin = (bin.0 + 1, bin.1 + chance, bin.2 + u64::from(won));
        }
    }

    pub(super) fn prediction(&self) -> Option<Prediction> {
        if self.matches == 0 {
            return None;
        }
        let matches = self.matches as f64;
        let bins = self.bins.iter().filter(|(teams, ..)| *teams > 0);
        let bin = |(teams, predicted, won): &(u64, f64, u64)| PredictionBin {
            teams: *teams,
            predicted: predicted / *teams as f64,
            won: *won as f64 / *teams as f64,
        };
        Some(Prediction {
            favourite_predicted: self.favourite_predicted / matches,
            favourite_won: self.favourite_won as f64 / matches,
            brier: self.squares / self.teams as f64,
            log_loss: self.logarithms / matches,
            bins: bins.map(bin).collect(),
        })
    }
}

/// The first of those with the best chance.
fn favourite(chances: &[f64]) -> Option<(usize, f64)> {
    let better = |best: (usize, f64), one: (usize, f64)| if one.1 > best.1 { one } else { best };
    chances.iter().copied().enumerate().reduce(better)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_of_values_that_occurred() {
        let mut values = Values::default();
        (1..=10).rev().for_each(|v| values.note(f64::from(v)));
        let of_ten = values.distribution().unwrap();
        assert_eq!((of_ten.count, of_ten.mean, of_ten.max), (10, 5.5, 10.0));
        assert_eq!([of_ten.p50, of_ten.p90, of_ten.p95], [5.0, 9.0, 10.0]);
        assert_eq!(of_ten.quantiles.len(), 201);
        assert_eq!((of_ten.quantiles[0], of_ten.quantiles[200]), (1.0, 10.0));
        assert_eq!(Values::default().distribution(), None);
    }

    #[test]
    fn curves_are_shortened_by_means() {
        let mut curve = Curve::default();
        (0..800).for_each(|look| curve.note(f64::from(look), look as usize % 2));
        let points = curve.points();
        assert_eq!(points.len(), 400);
        assert_eq!((points[1].at_s, points[1].tickets), (2.5, 0.5));
        assert!(Curve::default().points().is_empty());
    }

    #[test]
    fn predictions_are_weighed() {
        let mut predictions = Predictions::default();
        assert_eq!(predictions.prediction(), None);
        predictions.note(&[0.8, 0.2], 0);
        predictions.note(&[0.3, 0.7], 0);
        let found = predictions.prediction().unwrap();
        assert_eq!(
            (found.favourite_predicted, found.favourite_won),
            (0.75, 0.5)
        );
        assert!(
            (found.brier - (0.04 + 0.49) / 2.0).abs() < 1e-12,
            "{found:?}"
        );
        assert!((found.log_loss + (0.8f64.ln() + 0.3f64.ln()) / 2.0).abs() < 1e-12);
        let bin = |at: usize| (found.bins[at].teams, found.bins[at].won);
        assert_eq!(
            [bin(0), bin(1), bin(2), bin(3)],
            [(1, 0.0), (1, 1.0), (1, 0.0), (1, 1.0)]
        );
    }
}
