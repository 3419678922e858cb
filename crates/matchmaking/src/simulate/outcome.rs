//! What a simulated match comes to.

use fastrand::Rng;

use crate::rating::{Rating, RatingSystem};

/// A place for each team, 1 the best, drawn by the players' true skills: first who wins, then who is
/// best of the others, and so on.
pub(super) fn places(rng: &mut Rng, system: RatingSystem, skills: &[Vec<f64>]) -> Vec<u32> {
    let exact = |skill: &f64| Rating {
        mean: *skill,
        deviation: 0.0,
        volatility: None,
    };
    let mut left: Vec<(usize, Vec<Rating>)> = skills
        .iter()
        .map(|team| team.iter().map(exact).collect())
        .enumerate()
        .collect();
    let mut places = vec![1; skills.len()];
    let mut place = 1;
    while left.len() > 1 {
        let teams: Vec<Vec<Rating>> = left.iter().map(|(_, team)| team.clone()).collect();
        let first = one_of(rng, &system.win_probabilities(&teams));
        let (team, _) = left.remove(first);
        places[team] = place;
        place += 1;
    }
    if let Some((team, _)) = left.pop() {
        places[team] = place;
    }
    places
}

/// The last, where rounding leaves none.
fn one_of(rng: &mut Rng, chances: &[f64]) -> usize {
    let mut left = rng.f64();
    let chosen = chances.iter().position(|chance| {
        left -= chance;
        left < 0.0
    });
    chosen.unwrap_or(chances.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::draw;

    #[test]
    fn the_better_are_more_often_the_first() {
        let mut rng = draw::stream(7, 0, 0);
        let teams = [vec![1500.0], vec![1900.0], vec![1500.0]];
        let mut wins = [0; 3];
        for _ in 0..10_000 {
            let mut places = places(&mut rng, RatingSystem::Elo, &teams);
            wins[places.iter().position(|place| *place == 1).unwrap()] += 1;
            places.sort_unstable();
            assert_eq!(places, [1, 2, 3]);
        }
        // Ten to one against each of the others.
        assert!(
            (wins[1] as f64 / 10_000.0 - 10.0 / 12.0).abs() < 0.02,
            "{wins:?}"
        );
    }
}
