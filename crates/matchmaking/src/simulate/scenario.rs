//! What a simulation is of: who comes, how often, for how long; and what of it makes no sense.

use std::collections::BTreeMap;
use std::time::Duration;

use super::skills::Skills;
use crate::names::{Region, Role};
use crate::queue::QueueSettings;

/// Parties that come in a second at the least: one in some thirty years. Of fewer none comes in any time that is
/// simulated, and the time until the next would be more than can be told.
pub const LEAST_ARRIVALS_PER_S: f64 = 1e-9;
/// Tickets of a simulation at the most, as expected.
pub const MOST_ARRIVALS: f64 = 5e6;
/// Looks at the queue at the most.
pub const MOST_PASSES: u128 = 1_000_000;
/// Players at the most.
pub const MOST_PLAYERS: usize = 1_000_000;

/// Who comes to a queue, and what becomes of it. The same scenario gives the same report.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Parties that come in a second, on average; a Poisson process. At least [`LEAST_ARRIVALS_PER_S`].
    pub arrivals_per_s: f64,
    /// How long it goes on, in simulated time.
    pub lasts: Duration,
    /// How long from one look of the matchmaker at the queue to the next.
    pub interval: Duration,
    /// How good the players truly are.
    pub skills: Skills,
    /// What the ratings are at first.
    pub start: Start,
    /// How many players there are. They come back as soon as their matches have been made.
    pub players: usize,
    /// Sizes of parties, with weights.
    pub parties: Vec<(usize, f64)>,
    /// Where players live, with weights; asked only by rules about latency.
    pub regions: Vec<(Region, f64)>,
    /// What players like to be, with weights; empty: as often as the rules need it.
    pub roles: Vec<(Role, f64)>,
    /// The share of parties that decline a match, where matches have to be accepted.
    pub decline: f64,
    /// Of all that is random.
    pub seed: u64,
}

/// What the ratings are at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Near the true skills, as after hundreds of matches.
    #[default]
    Settled,
    /// A new player's, for everybody.
    New,
}

/// What is wrong with a scenario, for the queue that it is about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioFault {
    /// A rate that is none, or next to none.
    #[error("arrivals must be a number from 0.000000001 a second on")]
    Arrivals,
    /// An interval or a length of nothing.
    #[error("the simulated time and the interval must be longer than 0")]
    Time,
    /// Too much to hold.
    #[error("{0:.0} arrivals are more than a simulation bears: at most 5000000")]
    TooManyArrivals(f64),
    /// Too much to do.
    #[error("{0} looks at the queue are more than a simulation bears: at most 1000000")]
    TooManyPasses(u128),
    /// Too few or too many to play.
    #[error("there must be from {least} (two for every player of a match) to 1000000 players")]
    Players {
        /// So many at least.
        least: usize,
    },
    /// Weights that are none.
    #[error("the weights of {0} must be numbers from 0 on, and some above 0")]
    Weights(&'static str),
    /// A party that fits no team.
    #[error("a party of {size} cannot play: parties have from 1 to {largest} players here")]
    Party {
        /// Its size.
        size: usize,
        /// The largest that can.
        largest: usize,
    },
    /// A role that the rules do not know.
    #[error("the rules have no role {0}")]
    UnknownRole(Role),
    /// A role that nobody would play.
    #[error("nobody is {0}, which the rules ask for")]
    MissingRole(Role),
    /// Not a share.
    #[error("the share that declines must be from 0 to 1")]
    Decline,
    /// Declining where nobody is asked.
    #[error("nobody can decline: the queue has no acceptance window")]
    NothingToDecline,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            arrivals_per_s: 10.0,
            lasts: Duration::from_secs(3600),
            interval: Duration::from_secs(1),
            skills: Skills::usual(),
            start: Start::default(),
            players: 10_000,
            parties: vec![(1, 1.0)],
            regions: usual_regions(),
            roles: Vec::new(),
            decline: 0.0,
            seed: 1,
        }
    }
}

fn usual_regions() -> Vec<(Region, f64)> {
    let regions = [("eu", 0.5), ("us", 0.3), ("asia", 0.2)];
    let named = regions.map(|(name, weight)| Some((Region::parse(name).ok()?, weight)));
    named.into_iter().flatten().collect()
}

impl Scenario {
    /// # Errors
    /// The first fault.
    pub fn check(&self, settings: &QueueSettings) -> Result<(), ScenarioFault> {
        self.check_amounts(settings)?;
        self.check_parties(settings)?;
        weights("regions", &self.regions)?;
        self.check_roles(settings)?;
        if !(0.0..=1.0).contains(&self.decline) {
            return Err(ScenarioFault::Decline);
        }
        if self.decline > 0.0 && settings.acceptance_ms.is_none() {
            return Err(ScenarioFault::NothingToDecline);
        }
        Ok(())
    }

    fn check_amounts(&self, settings: &QueueSettings) -> Result<(), ScenarioFault> {
        if !self.arrivals_per_s.is_finite() || self.arrivals_per_s < LEAST_ARRIVALS_PER_S {
            return Err(ScenarioFault::Arrivals);
        }
        if self.lasts.is_zero() || self.interval.is_zero() {
            return Err(ScenarioFault::Time);
        }
        let arrivals = self.arrivals_per_s * self.lasts.as_secs_f64();
        if arrivals > MOST_ARRIVALS {
            return Err(ScenarioFault::TooManyArrivals(arrivals));
        }
        let passes = self.lasts.as_nanos() / self.interval.as_nanos();
        if passes > MOST_PASSES {
            return Err(ScenarioFault::TooManyPasses(passes));
        }
        let least = 2 * settings.rules.min_players();
        if !(least..=MOST_PLAYERS).contains(&self.players) {
            return Err(ScenarioFault::Players { least });
        }
        Ok(())
    }

    fn check_parties(&self, settings: &QueueSettings) -> Result<(), ScenarioFault> {
        weights("parties", &self.parties)?;
        let rules = &settings.rules;
        let team = rules.teams.iter().map(|team| team.max_size).max();
        let party = rules.party.max_size.unwrap_or(usize::MAX);
        let largest = team.unwrap_or(0).min(party);
        let mut sizes = self.parties.iter().map(|(size, _)| *size);
        match sizes.find(|size| !(1..=largest).contains(size)) {
            Some(size) => Err(ScenarioFault::Party { size, largest }),
            None => Ok(()),
        }
    }

    fn check_roles(&self, settings: &QueueSettings) -> Result<(), ScenarioFault> {
        if self.roles.is_empty() {
            return Ok(());
        }
        weights("roles", &self.roles)?;
        let needed = roles_needed(settings);
        if let Some((role, _)) = self.roles.iter().find(|(r, _)| !needed.contains_key(r)) {
            return Err(ScenarioFault::UnknownRole(role.clone()));
        }
        let played = |role: &Role| {
            self.roles
                .iter()
                .any(|(r, weight)| r == role && *weight > 0.0)
        };
        match needed.into_keys().find(|role| !played(role)) {
            Some(role) => Err(ScenarioFault::MissingRole(role)),
            None => Ok(()),
        }
    }

    /// What players like to be, with weights.
    pub(super) fn roles(&self, settings: &QueueSettings) -> Vec<(Role, f64)> {
        if !self.roles.is_empty() {
            return self.roles.clone();
        }
        let needed = roles_needed(settings).into_iter();
        needed.map(|(role, count)| (role, count as f64)).collect()
    }
}

/// How many of each role a match has.
fn roles_needed(settings: &QueueSettings) -> BTreeMap<Role, usize> {
    let mut needed = BTreeMap::new();
    for (role, count) in settings.rules.teams.iter().flat_map(|team| &team.roles) {
        *needed.entry(role.clone()).or_default() += count;
    }
    needed.retain(|_, count| *count > 0);
    needed
}

fn weights<T>(of: &'static str, choices: &[(T, f64)]) -> Result<(), ScenarioFault> {
    let fine = |weight: f64| weight.is_finite() && weight >= 0.0;
    let all = choices.iter().all(|(_, weight)| fine(*weight));
    let some = choices.iter().any(|(_, weight)| *weight > 0.0);
    if all && some {
        Ok(())
    } else {
        Err(ScenarioFault::Weights(of))
    }
}
