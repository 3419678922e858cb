//! Elo's rating: one number, which a match moves by at most 32.
//!
//! A team stands for the mean of its players, and all of them gain or lose what that mean does. Were each
//! player measured alone against the other team, the weaker half of a fair match would gain on average and
//! the stronger half lose.

use std::f64::consts::LN_10;

use skillratings::Outcomes;
use skillratings::elo::{EloConfig, EloRating, elo};

use super::Rating;
use super::pairs::mean;
use super::strength::{Side, shares};

/// A difference that makes winning ten times as likely as losing.
const TENFOLD: f64 = 400.0;

/// One team's ratings after a match against another.
pub(super) fn against(own: &[Rating], other: &[Rating], outcome: Outcomes) -> Vec<Rating> {
    let team = EloRating { rating: mean(own) };
    let opponents = EloRating {
        rating: mean(other),
    };
    let (after, _) = elo(&team, &opponents, &outcome, &EloConfig::new());
    let change = after.rating - team.rating;
    let rated = |rating: &Rating| Rating {
        mean: rating.mean + change,
        ..*rating
    };
    own.iter().map(rated).collect()
}

/// Of each team to be first.
pub(super) fn win_probabilities(sides: &[Side]) -> Vec<f64> {
    shares(sides, TENFOLD / LN_10, Side::mean)
}
