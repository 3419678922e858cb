//! Glicko-2: each match is a rating period of its own.
//!
//! A team stands for the mean of its players (composite teams, as in Williams, *Abstracting Glicko-2 for
//! Team Games*, 2013): a player's change is that of somebody who has the mean of the team and the player's
//! own deviation and volatility, against somebody who has the mean of the other team and the root mean
//! square of its deviations.

use std::f64::consts::PI;

use skillratings::Outcomes;
use skillratings::glicko2::{Glicko2Config, Glicko2Rating, glicko2_rating_period};

use super::Rating;
use super::pairs::mean;
use super::strength::{Side, shares, taking_part};

/// Points of the scale of 1500 in one of Glicko-2's own.
const POINTS: f64 = 173.7178;
/// A larger distance counts as this: the outcome is as good as certain then, and beyond it the search for
/// the volatility runs into the limits of a double.
const LARGEST_GAP: f64 = 2_000.0;

/// One team's ratings after a match against another.
pub(super) fn against(own: &[Rating], other: &[Rating], outcome: Outcomes) -> Vec<Rating> {
    let gap = (mean(own) - mean(other)).clamp(-LARGEST_GAP, LARGEST_GAP);
    let squares: f64 = other.iter().map(|r| r.deviation * r.deviation).sum();
    let opponent = Glicko2Rating {
        deviation: (squares / other.len() as f64).sqrt(),
        ..Glicko2Rating::new()
    };
    let rated = |rating: &Rating| {
        let before = Glicko2Rating {
            rating: opponent.rating + gap,
            deviation: rating.deviation,
            volatility: rating.volatility.unwrap_or(Glicko2Rating::new().volatility),
        };
        let after = period(&before, &[(opponent, outcome)]);
        Rating {
            mean: rating.mean + (after.rating - before.rating),
            deviation: after.deviation,
            volatility: Some(after.volatility),
        }
    };
    own.iter().map(rated).collect()
}

fn period(player: &Glicko2Rating, results: &[(Glicko2Rating, Outcomes)]) -> Glicko2Rating {
    glicko2_rating_period(player, results, &Glicko2Config::new())
}

/// Of each team to be first. For two it is the formula that Glickman gives for a prediction, which counts
/// the doubt about both.
pub(super) fn win_probabilities(sides: &[Side]) -> Vec<f64> {
    let in_match = sides.iter().filter(|side| side.size > 0.0);
    let sum: f64 = in_match.map(Side::mean_variance).sum();
    let doubt = 2.0 * sum / taking_part(sides).max(1.0) / (POINTS * POINTS);
    let flattening = (1.0 + 3.0 * doubt / (PI * PI)).sqrt();
    shares(sides, POINTS * flattening, Side::mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(rating: f64, deviation: f64) -> Glicko2Rating {
        Glicko2Rating {
            rating,
            deviation,
            volatility: 0.06,
        }
    }

    /// The example of Glickman's paper: a player, three opponents, one period.
    #[test]
    fn glickmans_example() {
        let results = [
            (known(1400.0, 30.0), Outcomes::WIN),
            (known(1550.0, 100.0), Outcomes::LOSS),
            (known(1700.0, 300.0), Outcomes::LOSS),
        ];
        let after = period(&known(1500.0, 200.0), &results);
        assert!((after.rating - 1464.06).abs() < 0.01, "{after:?}");
        assert!((after.deviation - 151.52).abs() < 0.01, "{after:?}");
        assert!((after.volatility - 0.05999).abs() < 1e-5, "{after:?}");
    }
}
