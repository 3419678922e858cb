//! Tickets that join a running match one after the other.

use std::collections::BTreeSet;

use super::{Running, Side};
use crate::contradictions::MAX_TEAM_SIZE;
use crate::formation::Filled;
use crate::formation::assembly::distance;
use crate::formation::interning::ANY_ROLE;
use crate::formation::lanes::LaneKey;
use crate::formation::pool::{Limits, Pool};
use crate::formation::roles::{NO_ROLE, cast};
use crate::formation::serving::Serving;
use crate::rules::Clock;

/// Tickets that are looked at for one opening in each lane.
const LOOKS: usize = 1_024;
/// Tickets that are taken into account for one opening in each lane.
const TAKES: usize = 64;

/// Those who join a running match in one region.
pub(super) struct Joining<'j> {
    pool: &'j Pool<'j>,
    running: &'j Running,
    region: Option<u32>,
    /// The worst latency, in milliseconds.
    latency_ms: f64,
    low: f64,
    high: f64,
    /// The waiting time that widens limits, in seconds.
    clock_s: f64,
    pub(super) teams: Vec<Side>,
}

impl<'j> Joining<'j> {
    pub(super) fn new(
        pool: &'j Pool<'j>,
        running: &'j Running,
        region: Option<u32>,
        far_ms: f64,
    ) -> Self {
        Joining {
            pool,
            running,
            region,
            latency_ms: far_ms,
            low: running.low,
            high: running.high,
            clock_s: running.waited_s,
            teams: running.teams.clone(),
        }
    }

    pub(super) fn players(&self) -> u32 {
        self.teams.iter().map(|side| side.players).sum()
    }

    /// Lets tickets join until nobody more can. One who joins may widen the limits for those who could
    /// not before, so they are asked again.
    pub(super) fn fill(mut self, serving: &Serving<'_>) -> Self {
        if self
            .teams
            .iter()
            .all(|side| side.roles.is_empty() && side.free == 0)
        {
            return self;
        }
        let Some(home) = self.home(serving) else {
            return self;
        };
        let mut candidates = self.candidates(serving, &home);
        loop {
            let before = candidates.len();
            candidates.retain(|ticket| !self.join(*ticket));
            if candidates.len() == before {
                return self;
            }
        }
    }

    /// The lanes in which others may be that can join. Where nobody is seated, the first in the order of
    /// serving who can join does, and settles it.
    fn home(&mut self, serving: &Serving<'_>) -> Option<Vec<LaneKey>> {
        let running = self.running;
        let (bucket, values) = match running.bucket {
            Some(bucket) => (bucket, running.common.first().cloned()),
            None => {
                let pool = self.pool;
                let there = |t: &u32| serving.is_there[*t as usize] && running.is_open_to(pool, *t);
                let mut served = pool.served.iter().copied().filter(there).take(LOOKS);
                let founder = served.find(|ticket| self.join(*ticket))?;
                let values = pool.common.first().map(|lists| lists.of(founder).to_vec());
                (pool.party(founder).bucket, values)
            }
        };
        let key = |value| LaneKey {
            bucket,
            region: self.region,
            value,
        };
        Some(match values {
            Some(values) => values.into_iter().map(|value| key(Some(value))).collect(),
            None => vec![key(None)],
        })
    }

    /// Tickets that may join, in the order of serving.
    fn candidates(&self, serving: &Serving<'_>, home: &[LaneKey]) -> Vec<u32> {
        let mut found = BTreeSet::new();
        let joined: Vec<u32> = self
            .teams
            .iter()
            .flat_map(|side| &side.joined)
            .copied()
            .collect();
        let middle = (self.low + self.high) / 2.0;
        for key in home {
            let tickets = serving.lanes.of_key(*key);
            let open = outward(self.pool, tickets, middle).filter(|t| {
                serving.is_there[*t as usize]
                    && !joined.contains(t)
                    && self.running.is_open_to(self.pool, *t)
            });
            found.extend(open.take(TAKES).map(|t| (self.pool.party(t).turn, t)));
        }
        found.into_iter().map(|(_, ticket)| ticket).collect()
    }

    /// Lets a ticket join the team that it leaves most equal to the others; whether it could.
    fn join(&mut self, ticket: u32) -> bool {
        let pool = self.pool;
        let party = pool.party(ticket);
        let mut joined = self.teams.iter().flat_map(|side| &side.joined);
        if joined.any(|other| pool.conflict(*other, ticket)) || !self.overlaps(ticket) {
            return false;
        }
        let latency = self
            .region
            .map_or(0.0, |region| pool.latency(ticket, region));
        let (low, high) = (self.low.min(party.rating), self.high.max(party.rating));
        let latency_ms = self.latency_ms.max(latency);
        let clock_s = match pool.rules.clock {
            Clock::Oldest => self.clock_s.max(party.waited_s),
            Clock::Newest => self.clock_s.min(party.waited_s),
        };
        let limits = Limits::at(pool.rules, clock_s);
        let before = (self.running.high - self.running.low).max(0.0);
        if high - low > limits.spread.max(before) || latency_ms > limits.latency_ms {
            return false;
        }
        let Some(team) = self.best_team(ticket) else {
            return false;
        };
        (self.low, self.high, self.latency_ms, self.clock_s) = (low, high, latency_ms, clock_s);
        let side = &mut self.teams[team];
        side.joined.push(ticket);
        side.players += party.size;
        side.total += party.rating * f64::from(party.size);
        true
    }

    fn overlaps(&self, ticket: u32) -> bool {
        let joined = self.teams.iter().flat_map(|side| &side.joined).copied();
        self.pool.common.iter().enumerate().all(|(at, lists)| {
            let mut left = lists.of(ticket).to_vec();
            if let Some(values) = self.running.common.get(at) {
                left.retain(|value| values.contains(value));
            }
            for other in joined.clone() {
                left.retain(|value| lists.of(other).binary_search(value).is_ok());
            }
            !left.is_empty()
        })
    }

    fn best_team(&self, ticket: u32) -> Option<usize> {
        let party = self.pool.party(ticket);
        let gap_with = |team: Option<usize>| {
            let means = self.teams.iter().enumerate().filter_map(|(at, side)| {
                let is_joined = team == Some(at);
                let size = if is_joined { party.size } else { 0 };
                let players = f64::from(side.players + size);
                let total = side.total + party.rating * f64::from(size);
                (players > 0.0).then(|| total / players)
            });
            distance(means)
        };
        let rule = self.pool.rules.rating.as_ref();
        let limit = rule
            .and_then(|rule| rule.max_team_gap)
            .unwrap_or(f64::INFINITY);
        let most = limit.max(self.gap_before());
        let teams = (0..self.teams.len()).filter(|team| self.has_seats(*team, ticket));
        let gaps = teams.map(|team| (gap_with(Some(team)), team));
        let near = gaps.filter(|(gap, _)| *gap <= most);
        near.min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, team)| team)
    }

    /// The distance between teams before anybody joined.
    fn gap_before(&self) -> f64 {
        let filled = self.running.teams.iter().filter(|side| side.players > 0);
        distance(filled.map(|side| side.total / f64::from(side.players)))
    }

    /// Whether all who joined a team and one ticket more have a seat that they are willing to take.
    fn has_seats(&self, team: usize, ticket: u32) -> bool {
        let side = &self.teams[team];
        let joined = || side.joined.iter().chain([&ticket]);
        let players: u32 = joined().map(|t| self.pool.party(*t).size).sum();
        let seats = side.roles.iter().map(|(_, count)| count).sum::<u32>() + side.free;
        if players > seats || players as usize > MAX_TEAM_SIZE {
            return false;
        }
        let willing: Vec<u64> = joined().flat_map(|t| self.willing(*t)).collect();
        let without = willing.len() - cast(&willing, &side.roles).cast;
        without <= side.free as usize
    }

    fn willing(&self, ticket: u32) -> Vec<u64> {
        let size = self.pool.party(ticket).size as usize;
        match self.pool.willing.of(ticket) {
            [] => vec![ANY_ROLE; size],
            masks => masks.to_vec(),
        }
    }

    /// Who joined which team, and what they are to be there.
    pub(super) fn filled(&self) -> Vec<Filled> {
        let mut filled = Vec::new();
        for (team, side) in self.teams.iter().enumerate() {
            let willing: Vec<u64> = side.joined.iter().flat_map(|t| self.willing(*t)).collect();
            let cast = cast(&willing, &side.roles);
            let mut roles = cast.role.iter().map(|bit| match *bit {
                NO_ROLE => None,
                bit => self.pool.roles.name(bit).cloned(),
            });
            for ticket in &side.joined {
                let party = self.pool.party(*ticket);
                filled.push(Filled {
                    opening: self.running.opening,
                    team,
                    ticket: party.given as usize,
                    roles: roles.by_ref().take(party.size as usize).collect(),
                });
            }
        }
        filled
    }
}

/// Tickets of a lane, the nearest to a rating first.
fn outward<'t>(
    pool: &'t Pool<'_>,
    tickets: &'t [u32],
    middle: f64,
) -> impl Iterator<Item = u32> + 't {
    let split = tickets.partition_point(|t| pool.party(*t).rating < middle);
    let (mut below, mut above) = (split, split);
    let far = move |at: usize| (pool.party(tickets[at]).rating - middle).abs();
    let steps = std::iter::from_fn(move || {
        let goes_down = below > 0 && (above == tickets.len() || far(below - 1) < far(above));
        if goes_down {
            below -= 1;
            return Some(tickets[below]);
        }
        above += 1;
        tickets.get(above - 1).copied()
    });
    steps.take(LOOKS)
}
