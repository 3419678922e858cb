//! Weng and Lin's Plackett-Luce model (algorithm 4 of *A Bayesian Approximation Method for Online Ranking*,
//! JMLR 12, 2011), which OpenSkill uses by default: a match is a row of choices, first who wins, then who
//! wins among the others, and so on.
//!
//! Written here, since no library that is kept up has it. The paper's sums over pairs of teams are taken
//! over places instead: what a team learns depends on those before it only by two sums.

use std::collections::BTreeMap;

use super::Rating;
use super::strength::{Side, shares};
use super::weng_lin::scale;

/// Against a deviation of nothing, as the paper has it.
const LEAST_FACTOR: f64 = 1e-6;

/// Shares below this count as this, so that the square of one over it is still a number; choices among
/// the hopeless are then even.
const LEAST_SHARE: f64 = 1e-130;

/// Teams at one place.
#[derive(Default)]
struct Place {
    teams: f64,
    /// Their shares; then those of all who could still be chosen here, which are theirs and those behind.
    share: f64,
    /// One over that, and one over its square, each added up over this and all better places.
    sums: (f64, f64),
}

/// What a team learns of itself: by how much its strength changes and by what factor its variance.
struct Lesson {
    omega: f64,
    delta: f64,
}

/// All teams' ratings after a match. Each has players and a place.
pub(super) fn rate(teams: &[Vec<Rating>], sides: &[Side], places: &[u32]) -> Vec<Vec<Rating>> {
    let scale = scale(sides);
    let lessons = lessons(&shares(sides, scale, Side::strength), places);
    let rated = |((team, side), lesson): ((&Vec<Rating>, &Side), Lesson)| {
        let doubt = side.uncertainty();
        let gamma = doubt.sqrt() / scale;
        let rated = |rating: &Rating| {
            let variance = rating.deviation * rating.deviation;
            let weighted = side.weight * side.weight * variance / doubt;
            let shrunk = 1.0 - weighted * gamma * doubt / (scale * scale) * lesson.delta;
            Rating {
                mean: rating.mean + side.weight * variance / scale * lesson.omega,
                deviation: rating.deviation * shrunk.max(LEAST_FACTOR).sqrt(),
                volatility: None,
            }
        };
        team.iter().map(rated).collect()
    };
    teams.iter().zip(sides).zip(lessons).map(rated).collect()
}

/// From the shares of a choice among all.
fn lessons(shares: &[f64], places: &[u32]) -> Vec<Lesson> {
    let shares: Vec<f64> = shares.iter().map(|share| share.max(LEAST_SHARE)).collect();
    let by_place = by_place(&shares, places);
    let lesson = |(share, place): (&f64, &u32)| {
        let Place { teams, sums, .. } = &by_place[place];
        Lesson {
            omega: 1.0 / teams - share * sums.0,
            delta: share * sums.0 - share * share * sums.1,
        }
    };
    shares.iter().zip(places).map(lesson).collect()
}

fn by_place(shares: &[f64], places: &[u32]) -> BTreeMap<u32, Place> {
    let mut by_place: BTreeMap<u32, Place> = BTreeMap::new();
    for (share, place) in shares.iter().zip(places) {
        let place = by_place.entry(*place).or_default();
        place.teams += 1.0;
        place.share += share;
    }
    let mut behind = 0.0;
    for place in by_place.values_mut().rev() {
        behind += place.share;
        place.share = behind;
    }
    let mut sums = (0.0, 0.0);
    for place in by_place.values_mut() {
        sums.0 += 1.0 / place.share;
        sums.1 += 1.0 / (place.share * place.share);
        place.sums = sums;
    }
    by_place
}
