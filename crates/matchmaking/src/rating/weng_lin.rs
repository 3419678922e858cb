//! Weng and Lin's rule: the library's for two teams, and the same paper's Plackett-Luce model for more.
//!
//! The library has the model of all pairs (Bradley-Terry, full) for more than two, which adds up what a
//! team learns from each other one: the winner of a first match of a hundred would stand at 17,000.

use skillratings::Outcomes;
use skillratings::weng_lin::{WengLinConfig, WengLinRating, weng_lin_two_teams};

use super::Rating;
use super::plackett_luce;
use super::strength::{Side, shares, taking_part};

/// How much a team's performance varies from match to match.
pub(super) const BETA: f64 = 250.0;
/// A larger distance between teams, in units of the model, counts as this: the outcome is certain then.
const LARGEST_GAP: f64 = 30.0;

/// All teams' ratings after a match. There are at least two, each with players and a place.
pub(super) fn rate(teams: &[Vec<Rating>], places: &[u32]) -> Vec<Vec<Rating>> {
    let sides = Side::all(teams, |rating| *rating);
    let ([one, two], [first, second]) = (teams, places) else {
        return plackett_luce::rate(teams, &sides, places);
    };
    let outcome = match first.cmp(second) {
        std::cmp::Ordering::Less => Outcomes::WIN,
        std::cmp::Ordering::Equal => Outcomes::DRAW,
        std::cmp::Ordering::Greater => Outcomes::LOSS,
    };
    // Only the distance matters, so it stands in the ratings alone: large numbers would overflow.
    let gap = (sides[0].strength() - sides[1].strength()) / scale(&sides);
    let gap = gap.clamp(-LARGEST_GAP, LARGEST_GAP) * scale(&sides);
    let team = weighted(one, sides[0].weight, gap);
    let opponents = weighted(two, sides[1].weight, 0.0);
    let config = WengLinConfig {
        beta: BETA,
        ..WengLinConfig::new()
    };
    let (team_after, opponents_after) = weng_lin_two_teams(&team, &opponents, &outcome, &config);
    vec![
        changed(one, sides[0].weight, &team, &team_after),
        changed(two, sides[1].weight, &opponents, &opponents_after),
    ]
}

/// A team's players, whose ratings add up to `sum` in equal parts.
fn weighted(team: &[Rating], weight: f64, sum: f64) -> Vec<WengLinRating> {
    let player = |rating: &Rating| WengLinRating {
        rating: sum / team.len() as f64,
        uncertainty: weight * rating.deviation,
    };
    team.iter().map(player).collect()
}

fn changed(
    team: &[Rating],
    weight: f64,
    before: &[WengLinRating],
    after: &[WengLinRating],
) -> Vec<Rating> {
    let rated = |((rating, before), after): ((&Rating, &WengLinRating), &WengLinRating)| Rating {
        mean: rating.mean + (after.rating - before.rating) / weight,
        deviation: after.uncertainty / weight,
        volatility: None,
    };
    team.iter().zip(before).zip(after).map(rated).collect()
}

/// The paper's c: what the distance of two teams is measured in.
pub(super) fn scale(sides: &[Side]) -> f64 {
    let doubt: f64 = sides.iter().map(Side::uncertainty).sum();
    (doubt + taking_part(sides).max(1.0) * BETA * BETA).sqrt()
}

/// Of each team to be first.
pub(super) fn win_probabilities(sides: &[Side]) -> Vec<f64> {
    shares(sides, scale(sides), Side::strength)
}
