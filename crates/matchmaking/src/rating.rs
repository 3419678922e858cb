//! How good players are, by what their matches came to.

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
    /// Weng and Lin's Bayesian approximation, known as OpenSkill.
    #[default]
    WengLin,
    /// Glickman's Glicko-2.
    Glicko2,
    /// Elo's.
    Elo,
    /// Herbrich, Minka and Graepel's TrueSkill.
    Trueskill,
}
