//! What a team is worth: its players as one number.
//!
//! Models that add up skills make four players of 1500 sure winners against one of 1500. A queue that
//! lets one play against four means that to be a fair match, and its `team_gap` is one of means. So every
//! team counts as if it had the mean size of the match's teams: each player's weight is that size divided
//! by the team's. Between teams of one size all weights are 1, which is the literature's rule.

use super::Rating;

/// A team as its sums. The mean size of a team without players counts none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// Players.
    pub(super) size: f64,
    /// The weight of each; 0 without players.
    pub(super) weight: f64,
    /// The sum of the means, not weighted.
    pub(super) sum: f64,
    /// The sum of the squared deviations, not weighted.
    pub(super) variance: f64,
}

impl Side {
    /// Each team's sums, of ratings that have been made usable.
    pub(super) fn all(teams: &[Vec<Rating>], usable: impl Fn(&Rating) -> Rating) -> Vec<Side> {
        let mut sides: Vec<Side> = teams.iter().map(|team| Side::new(team, &usable)).collect();
        let taking_part = sides.iter().filter(|side| side.size > 0.0).count();
        let players: f64 = sides.iter().map(|side| side.size).sum();
        for side in sides.iter_mut().filter(|side| side.size > 0.0) {
            side.weight = players / taking_part as f64 / side.size;
        }
        sides
    }

    fn new(team: &[Rating], usable: impl Fn(&Rating) -> Rating) -> Side {
        let mut side = Side {
            size: team.len() as f64,
            weight: 0.0,
            sum: 0.0,
            variance: 0.0,
        };
        for rating in team.iter().map(usable) {
            side.sum += rating.mean;
            side.variance += rating.deviation * rating.deviation;
        }
        side
    }

    /// The team's skill, its players' added up at the mean size.
    pub(super) fn strength(&self) -> f64 {
        self.weight * self.sum
    }

    /// How well that is known, as a variance.
    pub(super) fn uncertainty(&self) -> f64 {
        self.weight * self.weight * self.variance
    }

    /// The mean of the players' ratings.
    pub(super) fn mean(&self) -> f64 {
        self.sum / self.size
    }

    /// The mean of the players' squared deviations.
    pub(super) fn mean_variance(&self) -> f64 {
        self.variance / self.size
    }
}

/// How many of them have players.
pub(super) fn taking_part(sides: &[Side]) -> f64 {
    sides.iter().filter(|side| side.size > 0.0).count() as f64
}

/// The share of each in a choice by Luce's rule: e to the power of `strength / scale`. Teams without
/// players have none, unless all are without.
pub(super) fn shares(sides: &[Side], scale: f64, strength: impl Fn(&Side) -> f64) -> Vec<f64> {
    let strengths: Vec<Option<f64>> = sides
        .iter()
        .map(|side| (side.size > 0.0).then(|| strength(side) / scale))
        .collect();
    // The largest is taken off, so that no power is infinite.
    let largest = strengths.iter().flatten().copied().reduce(f64::max);
    let Some(largest) = largest else {
        return vec![1.0 / sides.len() as f64; sides.len()];
    };
    let power = |s: &Option<f64>| s.map_or(0.0, |s| (s - largest).exp());
    let powers: Vec<f64> = strengths.iter().map(power).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}
