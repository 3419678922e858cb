//! More than two teams, for systems that know two: each team is rated against each other one, and what
//! that changes is averaged.
//!
//! Averaged and not added up, since a team that has one bad day loses to all the others by the same day: a
//! match of many teams says more than one of two, but not as much as so many matches. Nor does the outcome
//! depend on the order of teams, also of those that draw.

use std::cmp::Ordering;

use skillratings::Outcomes;

use super::Rating;

/// The ratings of one team after a match against another; the outcome is the first one's.
pub(super) type Against = fn(&[Rating], &[Rating], Outcomes) -> Vec<Rating>;

/// Every team against every other one. There are at least two, each with players and a place.
pub(super) fn average(teams: &[Vec<Rating>], places: &[u32], against: Against) -> Vec<Vec<Rating>> {
    let rated = |own: usize| {
        let others = (0..teams.len()).filter(|other| *other != own);
        let versions = others.map(|other| {
            let outcome = outcome(places[own], places[other]);
            against(&teams[own], &teams[other], outcome)
        });
        mean_of(&teams[own], versions, teams.len() - 1)
    };
    (0..teams.len()).map(rated).collect()
}

fn outcome(own: u32, other: u32) -> Outcomes {
    match own.cmp(&other) {
        Ordering::Less => Outcomes::WIN,
        Ordering::Equal => Outcomes::DRAW,
        Ordering::Greater => Outcomes::LOSS,
    }
}

/// Changes of the mean and variances are averaged, since they are what adds up.
fn mean_of(
    before: &[Rating],
    versions: impl Iterator<Item = Vec<Rating>>,
    count: usize,
) -> Vec<Rating> {
    let share = 1.0 / count as f64;
    let mut sums: Vec<(f64, f64, f64)> = vec![(0.0, 0.0, 0.0); before.len()];
    for version in versions {
        for ((sum, before), after) in sums.iter_mut().zip(before).zip(version) {
            sum.0 += after.mean - before.mean;
            sum.1 += after.deviation * after.deviation;
            sum.2 += after.volatility.unwrap_or(0.0);
        }
    }
    let rating = |(before, sum): (&Rating, (f64, f64, f64))| Rating {
        mean: before.mean + sum.0 * share,
        deviation: (sum.1 * share).sqrt(),
        volatility: before.volatility.map(|_| sum.2 * share),
    };
    before.iter().zip(sums).map(rating).collect()
}

/// The mean of a team's ratings.
pub(super) fn mean(team: &[Rating]) -> f64 {
    team.iter().map(|rating| rating.mean).sum::<f64>() / team.len() as f64
}
