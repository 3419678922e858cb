//! What a match has to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::{AttributeKey, Role};

/// The rules of a kind of match. Every rule but the teams may be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// One for each team, at least one; the same for all teams, or one kind for each
    /// (one hunter against four).
    pub teams: Vec<TeamRule>,
    /// How far ratings may be apart.
    pub rating: Option<RatingRule>,
    /// How far players may be from where the match is held.
    pub latency: Option<LatencyRule>,
    /// What players have to have in common, or not.
    pub attributes: Vec<AttributeRule>,
    /// What parties may be like.
    pub party: PartyRule,
    /// Whose waiting time counts where limits widen.
    pub clock: Clock,
}

/// One team of a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRule {
    /// Players at least, from 1.
    pub min_size: usize,
    /// Players at the most.
    pub max_size: usize,
    /// How many of each role a team has to have. Those of a team of more players than that have no
    /// role; players of a smaller one cannot fill it, so the sum is at most `min_size`.
    pub roles: BTreeMap<Role, usize>,
}

/// Limits to ratings, in their own unit. All finite and not negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatingRule {
    /// Distance allowed between the highest and the lowest ticket of a match that has not waited.
    pub spread: f64,
    /// What is added to that for each second of waiting.
    pub widen_per_s: f64,
    /// Where widening ends.
    pub max_spread: f64,
    /// Distance allowed between the means of the best and the weakest team; `None`: any.
    pub max_team_gap: Option<f64>,
}

/// Limits to latency, in milliseconds. All finite and not negative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyRule {
    /// What every player of a match that has not waited may have to its region.
    pub max_ms: f64,
    /// What is added to that for each second of waiting.
    pub widen_ms_per_s: f64,
    /// Where widening ends.
    pub ceiling_ms: f64,
}

/// A rule about one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeRule {
    /// Which.
    pub name: AttributeKey,
    /// What about it.
    pub rule: Likeness,
}

/// What the values of an attribute have to be to each other. Those who do not have the attribute have
/// no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Likeness {
    /// All players of a match have the same values.
    Equal,
    /// No value occurs in two tickets of a match; within a party it may.
    Different,
    /// There is a value that all players of a match have.
    Overlap,
}

/// What parties may be like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartyRule {
    /// Players of a party at the most; `None`: as many as a team may have.
    pub max_size: Option<usize>,
    /// Distance allowed between the best and the weakest of a party; `None`: any.
    pub max_spread: Option<f64>,
    /// Whether all teams of a match have to be made of parties of the same sizes, so that a party of
    /// five meets a party of five.
    pub mirrored: bool,
}

/// Whose waiting time widens the limits of a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// That of the ticket that has waited longest.
    #[default]
    Oldest,
    /// That of the ticket that has waited shortest: nobody is given a wider match than by their own
    /// waiting.
    Newest,
}

impl Rules {
    /// Players of a match at least.
    pub fn min_players(&self) -> usize {
        self.teams.iter().map(|team| team.min_size).sum()
    }

    /// Players of a match at the most.
    pub fn max_players(&self) -> usize {
        self.teams.iter().map(|team| team.max_size).sum()
    }
}

impl RatingRule {
    /// The distance that is allowed after so many seconds.
    pub fn limit(&self, waited_s: f64) -> f64 {
        (self.spread + self.widen_per_s * waited_s).min(self.max_spread)
    }
}

impl LatencyRule {
    /// The latency that is allowed after so many seconds, in milliseconds.
    pub fn limit_ms(&self, waited_s: f64) -> f64 {
        (self.max_ms + self.widen_ms_per_s * waited_s).min(self.ceiling_ms)
    }
}
