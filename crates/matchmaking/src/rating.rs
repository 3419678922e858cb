//! How good players are, by what their matches came to: four systems on one scale, on which a new player
//! has 1500.
//!
//! The arithmetic for two teams is that of a library, for more Agon's own where the library's does not
//! bear many teams (`plackett_luce.rs`, `pairs.rs`). What is added here is the scale, what teams of
//! different sizes mean (`strength.rs`), and bounds, so that no input makes a rating that is not a
//! number. Absent on purpose: growing deviations of those who stay away, since nothing here knows the time.

mod bounds;
mod elo;
mod glicko2;
mod pairs;
mod plackett_luce;
mod strength;
mod trueskill;
mod weng_lin;

use serde::{Deserialize, Serialize};

/// A player's skill as it is known: a normal distribution, on the scale where a new player has 1500.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation: how well the mean is known.
    pub deviation: f64,
    /// How much the player's results vary, for systems that know it (Glicko-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volatility: Option<f64>,
}

/// A rule from results to ratings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RatingSystem {
    /// Weng and Lin's Bayesian approximation, known as OpenSkill: its Plackett-Luce model (*A Bayesian
    /// Approximation Method for Online Ranking*, JMLR 12, 2011), which for two teams is its Bradley-Terry
    /// model. The literature's 25, 25/3 and beta 25/6, times 60. Made for teams; deviations only shrink.
    #[default]
    WengLin,
    /// Glickman's Glicko-2 (*Example of the Glicko-2 system*, 2013), tau 0.5, each match a rating period
    /// of its own. Made for two players: a team stands for its mean.
    Glicko2,
    /// Elo's, with k 32 and the logistic curve of 400. Made for two players: a team stands for its mean,
    /// and all of it gain or lose the same. There is no deviation: it is 0.
    Elo,
    /// Herbrich, Minka and Graepel's TrueSkill (NIPS 2006): the literature's 25, 25/3, beta 25/6, tau
    /// 25/300 and a tenth of draws, times 60; for two teams, and for more by pairs of them.
    ///
    /// The name is a trademark and the method was patented. The patents on the rule for two teams (US
    /// 7,050,868 and 7,376,474) were filed in January 2005, and their twenty years are over; the one on
    /// passing messages over a factor graph (US 8,538,910, filed in 2007) is later, which is why more
    /// than two teams are rated by pairs here and no such graph is made. Agon's licence gives no rights
    /// of others: who sells a game asks a lawyer, or stays with the default.
    Trueskill,
}

impl RatingSystem {
    /// What is known of a player who has not played.
    pub fn initial(self) -> Rating {
        let (deviation, volatility) = match self {
            RatingSystem::WengLin | RatingSystem::Trueskill => (500.0, None),
            RatingSystem::Glicko2 => (350.0, Some(0.06)),
            RatingSystem::Elo => (0.0, None),
        };
        Rating {
            mean: 1500.0,
            deviation,
            volatility,
        }
    }

    /// The ratings after a match, in the order given. `places` has one for each team: 1 is the best, the
    /// same place is a draw, and gaps mean nothing. With teams of different sizes it is as if all were
    /// of the mean size, so that one hunter can be worth four.
    ///
    /// Where there is nothing to be learnt (fewer than two teams, a team without players, not a place for
    /// each team) the ratings stay as they are, within their bounds: means within a million of nought,
    /// deviations from 30 to a new player's. What is not a number counts as a new player's.
    ///
    /// O(players + teams log teams) for Weng-Lin, O(players × teams) for the others.
    pub fn rate(self, teams: &[Vec<Rating>], places: &[u32]) -> Vec<Vec<Rating>> {
        let teams: Vec<Vec<Rating>> = teams
            .iter()
            .map(|team| team.iter().map(|r| self.within_bounds(r)).collect())
            .collect();
        if teams.len() < 2 || teams.len() != places.len() || teams.iter().any(Vec::is_empty) {
            return teams;
        }
        let mut rated = match self {
            RatingSystem::WengLin => weng_lin::rate(&teams, places),
            RatingSystem::Glicko2 => pairs::average(&teams, places, glicko2::against),
            RatingSystem::Elo => pairs::average(&teams, places, elo::against),
            RatingSystem::Trueskill => pairs::average(&teams, places, trueskill::against),
        };
        for rating in rated.iter_mut().flatten() {
            *rating = self.within_bounds(rating);
        }
        rated
    }

    /// For each team how likely it is to be the first, by the model that [`rate`](Self::rate) learns by:
    /// they add up to 1. No team counts as drawing. One without players does not win, unless none has any.
    ///
    /// O(players), without a look at pairs: for more than two teams the normal and the two-player models
    /// are continued to the logistic model of one choice among many (Luce's), with one common scale.
    pub fn win_probabilities(self, teams: &[Vec<Rating>]) -> Vec<f64> {
        let sides = strength::Side::all(teams, |rating| self.for_prediction(rating));
        match self {
            RatingSystem::WengLin => weng_lin::win_probabilities(&sides),
            RatingSystem::Glicko2 => glicko2::win_probabilities(&sides),
            RatingSystem::Elo => elo::win_probabilities(&sides),
            RatingSystem::Trueskill => trueskill::win_probabilities(&sides),
        }
    }
}

#[cfg(test)]
mod tests;
