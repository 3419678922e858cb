//! TrueSkill, by its closed rule for two teams.

use skillratings::Outcomes;
use skillratings::trueskill::{
    TrueSkillConfig, TrueSkillRating, expected_score, trueskill_two_teams,
};

use super::Rating;
use super::strength::{Side, shares, taking_part};

/// How much a player's performance varies from match to match.
const BETA: f64 = 250.0;
/// How much a player's skill varies from match to match.
const TAU: f64 = 5.0;
/// A larger distance between teams, in deviations of their difference, counts as this. Beyond it the
/// library's normal distribution has no digits left.
const LARGEST_GAP: f64 = 8.0;
/// A normal distribution is about a logistic one with its variable this many times as large.
const LOGISTIC: f64 = 1.702;

/// One team's ratings after a match against another.
pub(super) fn against(own: &[Rating], other: &[Rating], outcome: Outcomes) -> Vec<Rating> {
    let players = (own.len() + other.len()) as f64;
    let weight = |team: &[Rating]| players / 2.0 / team.len() as f64;
    let (own_weight, other_weight) = (weight(own), weight(other));
    let noise = own_weight * own_weight * own.len() as f64
        + other_weight * other_weight * other.len() as f64;
    let mut team = weighted(own, own_weight);
    let opponents = weighted(other, other_weight);
    let scale = (noise * BETA * BETA + variance(&team) + variance(&opponents)).sqrt();
    bring_near(&mut team, &opponents, LARGEST_GAP * scale);
    let config = TrueSkillConfig {
        // The library has one share of this for each player, whatever the weights.
        beta: BETA * (noise / players).sqrt(),
        // It is in the deviations already.
        dynamics_factor: 0.0,
        ..TrueSkillConfig::new()
    };
    let (after, _) = trueskill_two_teams(&team, &opponents, &outcome, &config);
    let rated =
        |((rating, before), after): ((&Rating, &TrueSkillRating), TrueSkillRating)| Rating {
            mean: rating.mean + (after.rating - before.rating) / own_weight,
            deviation: after.uncertainty / own_weight,
            volatility: None,
        };
    own.iter().zip(&team).zip(after).map(rated).collect()
}

/// A team's players, with the doubt that has come since the last match.
fn weighted(team: &[Rating], weight: f64) -> Vec<TrueSkillRating> {
    let player = |rating: &Rating| TrueSkillRating {
        rating: weight * rating.mean,
        uncertainty: weight * rating.deviation.hypot(TAU),
    };
    team.iter().map(player).collect()
}

fn variance(team: &[TrueSkillRating]) -> f64 {
    team.iter().map(|p| p.uncertainty * p.uncertainty).sum()
}

fn sum(team: &[TrueSkillRating]) -> f64 {
    team.iter().map(|p| p.rating).sum()
}

/// Moves a team, all of it alike, until it is no farther than that from the other.
fn bring_near(team: &mut [TrueSkillRating], other: &[TrueSkillRating], largest: f64) {
    let gap = sum(team) - sum(other);
    let excess = (gap - gap.clamp(-largest, largest)) / team.len() as f64;
    for player in team {
        player.rating -= excess;
    }
}

/// Of each team to be first.
pub(super) fn win_probabilities(sides: &[Side]) -> Vec<f64> {
    if let [one, two] = sides
        && taking_part(sides) == 2.0
    {
        let config = TrueSkillConfig {
            beta: 0.0,
            ..TrueSkillConfig::new()
        };
        let (one, two) = expected_score(&performance(one), &performance(two), &config);
        return vec![one, two];
    }
    let sum: f64 = sides.iter().map(performance_variance).sum();
    let of_two = 2.0 * sum / taking_part(sides).max(1.0);
    shares(sides, of_two.sqrt() / LOGISTIC, Side::strength)
}

fn performance(side: &Side) -> TrueSkillRating {
    TrueSkillRating {
        rating: side.strength(),
        uncertainty: performance_variance(side).sqrt(),
    }
}

fn performance_variance(side: &Side) -> f64 {
    side.uncertainty() + side.weight * side.weight * side.size * BETA * BETA
}
