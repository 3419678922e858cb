//! Serves tickets in turn: each is given the best match that can be made around it of those still there.
//!
//! Higher priorities come first, and within one those who have waited longest. Full teams are made before
//! smaller ones, so that nobody starts three against three while there are enough for five against five;
//! but a priority is served with whatever teams can be had before the next has its turn. The first
//! attempt at a match is cheap. Where it fails and somebody had been left out, or the search had not come
//! to an end, a more thorough one follows, as long as there is something left of a reserve that all
//! tickets share; so that a small pool is searched to the end, and the cost of a large one is linear.

use super::company::Terms;
use super::crowds::Crowds;
use super::duel::{is_duel, pairs};
use super::exchange::exchange;
use super::lanes::Lanes;
use super::neighbourhood::{Neighbourhood, Reach, order};
use super::pool::{Limits, Pool};
use super::search::{Aim, Demands, MOST_CANDIDATES, Quest, search};
use super::tidy::tidy;
use crate::rules::{Clock, Rules};

/// What the first attempt looks at.
const QUICK: Reach = Reach {
    looks: 256,
    takes: 64,
    spare: Some(2),
};
/// Steps of the first attempt.
const QUICK_STEPS: u32 = 400;
/// What a thorough attempt looks at.
const THOROUGH: Reach = Reach {
    looks: 4_096,
    takes: MOST_CANDIDATES - 2,
    spare: None,
};
/// Steps of a thorough attempt.
const THOROUGH_STEPS: u32 = 30_000;
/// Steps of all thorough attempts together, at least.
const RESERVE: u64 = 100_000;
/// The same for each ticket.
const RESERVE_EACH: u64 = 2;
/// Elders of a ticket whose clocks are tried.
const ELDERS: usize = 16;
/// The same when the reserve is spent.
const ELDERS_AT_LEAST: usize = 2;

/// A match: the tickets of each team.
pub(super) type Lineup = Vec<Vec<u32>>;

/// The pool while it is served.
pub(super) struct Serving<'p> {
    pool: &'p Pool<'p>,
    pub(super) lanes: Lanes,
    pub(super) demands: Demands,
    /// Limits are at least these.
    floor: Limits,
    pub(super) is_there: Vec<bool>,
    pub(super) made: Vec<Lineup>,
    /// The players that were within reach of a ticket when it was last looked at.
    players_near: Vec<u32>,
    reserve: u64,
    around: Neighbourhood,
    /// What parties could add up to in each lane.
    sums: Vec<u128>,
    /// Only where something has to be different.
    crowds: Option<Crowds>,
}

impl<'p> Serving<'p> {
    pub(super) fn new(pool: &'p Pool<'p>) -> Self {
        let tickets = pool.parties.len();
        let lanes = Lanes::new(pool);
        Serving {
            pool,
            sums: lanes.sums(pool),
            crowds: (!pool.different.is_empty()).then(|| Crowds::new(pool)),
            lanes,
            demands: Demands::new(pool),
            floor: Limits::NOTHING,
            is_there: vec![true; tickets],
            made: Vec::new(),
            players_near: vec![u32::MAX; tickets],
            reserve: RESERVE + RESERVE_EACH * tickets as u64,
            around: Neighbourhood::default(),
        }
    }

    /// Takes a ticket out.
    pub(super) fn remove(&mut self, ticket: u32) {
        if std::mem::take(&mut self.is_there[ticket as usize]) {
            self.lanes.remove(ticket);
        }
    }

    /// Serves everybody.
    pub(super) fn serve(&mut self) {
        let is_duel = is_duel(self.pool.rules);
        if is_duel {
            self.pair();
        }
        self.serve_in_turn();
        if is_duel {
            let (made, is_there) = (&mut self.made, &mut self.is_there);
            exchange(self.pool, &self.lanes, &self.demands, made, is_there);
        } else {
            tidy(self.pool, &self.demands, &mut self.made);
        }
    }

    /// Pairs neighbours, until no two neighbours are left that fit.
    fn pair(&mut self) {
        loop {
            let pairs = pairs(self.pool, &self.demands, &self.is_there);
            if pairs.is_empty() {
                return;
            }
            for (one, other) in pairs {
                self.make(vec![vec![one], vec![other]]);
            }
        }
    }

    fn serve_in_turn(&mut self) {
        let pool = self.pool;
        let steps = sizes(pool.rules);
        let same = |a: &u32, b: &u32| pool.party(*a).priority == pool.party(*b).priority;
        for class in pool.served.chunk_by(same) {
            let is_last = class.last() == pool.served.last();
            let has_elders = !is_last && pool.rules.clock == Clock::Oldest;
            for aims in &steps {
                self.serve_class(class, aims, has_elders);
            }
        }
    }

    fn serve_class(&mut self, class: &[u32], aims: &[Aim], has_elders: bool) {
        let least: u32 = aims.iter().map(|aim| aim.least).sum();
        for ticket in class {
            let is_open = self.is_there[*ticket as usize]
                && self.players_near[*ticket as usize] >= least
                && !self.is_hopeless(*ticket);
            if is_open {
                self.serve_one(*ticket, aims, has_elders);
            }
        }
    }

    /// Whether counts alone say that there is no match with a ticket.
    fn is_hopeless(&self, ticket: u32) -> bool {
        let needed = self.pool.rules.min_players() as u32;
        let crowds = self.crowds.as_ref();
        let is_alone = |crowds: &Crowds| {
            crowds.alike(self.pool, ticket) + self.pool.party(ticket).size < needed
        };
        crowds.is_some_and(is_alone) || !self.can_add_up(ticket)
    }

    /// Whether the sizes of parties in some lane of a ticket can add up to teams with it.
    pub(super) fn can_add_up(&self, ticket: u32) -> bool {
        let size = self.pool.party(ticket).size as usize;
        let teams = &self.pool.rules.teams;
        let has = |sums: u128, least: usize, most: usize| {
            sums & (((2_u128 << (most - least)) - 1) << least) != 0
        };
        self.lanes.places(ticket).iter().any(|place| {
            let sums = self.sums[self.lanes.lane(*place) as usize];
            let with_it = teams.iter().any(|team| {
                team.max_size >= size
                    && has(
                        sums,
                        team.min_size.saturating_sub(size),
                        team.max_size - size,
                    )
            });
            with_it
                && teams
                    .iter()
                    .all(|team| has(sums, team.min_size, team.max_size))
        })
    }

    fn serve_one(&mut self, seed: u32, aims: &[Aim], has_elders: bool) {
        let mut made = self.own_clock(seed, aims);
        if made.is_none() && has_elders {
            self.players_near[seed as usize] = u32::MAX;
            made = self.elders_clocks(seed, aims);
        }
        if let Some(lineup) = made {
            self.make(lineup);
        }
    }

    pub(super) fn make(&mut self, lineup: Lineup) {
        for ticket in lineup.iter().flatten() {
            self.remove(*ticket);
        }
        self.made.push(lineup);
    }

    /// A match in which the limits are those of the seed's clock, or with `newest` of the newest's.
    fn own_clock(&mut self, seed: u32, aims: &[Aim]) -> Option<Lineup> {
        let held = match self.pool.rules.clock {
            Clock::Oldest => Some(Limits::at(self.pool.rules, self.pool.party(seed).waited_s)),
            Clock::Newest => None,
        };
        let mut near = 0;
        let mut made = None;
        for at in 0..self.lanes.places(seed).len() {
            let place = self.lanes.places(seed)[at];
            made = self.attempt(place, held, &[], aims);
            near = near.max(self.around.players);
            if made.is_some() {
                break;
            }
        }
        self.players_near[seed as usize] = near;
        made
    }

    /// A match on the clock of one who has waited longer than the seed but is served later.
    fn elders_clocks(&mut self, seed: u32, aims: &[Aim]) -> Option<Lineup> {
        (0..self.lanes.places(seed).len()).find_map(|at| {
            let place = self.lanes.places(seed)[at];
            self.elders(place).into_iter().find_map(|elder| {
                let held = Some(Limits::at(self.pool.rules, self.pool.party(elder).waited_s));
                self.attempt(place, held, &[elder], aims)
            })
        })
    }

    /// Puts everybody back who was taken out, to ask what there would have been.
    pub(super) fn restore(&mut self) {
        self.lanes.restore();
        self.reserve = RESERVE;
    }

    /// The others who could be in a match with a ticket as far as only two are looked at.
    pub(super) fn near(&mut self, seed: u32) -> Vec<u32> {
        let held = match self.pool.rules.clock {
            Clock::Oldest => Some(self.pool.widest(seed)),
            Clock::Newest => None,
        };
        let mut near = Vec::new();
        for place in self.lanes.places(seed) {
            let terms = Terms {
                region: self.lanes.key(*place).region,
                held,
                floor: self.floor,
            };
            self.around.look(
                self.pool,
                &self.lanes,
                *place,
                &terms,
                &self.demands,
                QUICK_ALL,
            );
            near.extend(self.around.tickets.iter().filter(|ticket| **ticket != seed));
        }
        near.sort_unstable();
        near.dedup();
        near
    }

    /// Whether there is a match around a ticket, by what is demanded and within limits that are at least
    /// so wide.
    pub(super) fn would_be(&mut self, seed: u32, demands: &Demands, floor: Limits) -> bool {
        let all = std::mem::replace(&mut self.demands, demands.clone());
        self.floor = floor;
        let aims = any_sizes(self.pool.rules);
        let mut made = self.own_clock(seed, &aims);
        if made.is_none() && self.pool.rules.clock == Clock::Oldest {
            made = self.elders_clocks(seed, &aims);
        }
        self.demands = all;
        self.floor = Limits::NOTHING;
        made.is_some()
    }

    /// Those in the lane of a place who have waited longer than the one there; the longest first.
    fn elders(&mut self, place: u32) -> Vec<u32> {
        let pool = self.pool;
        let terms = Terms {
            region: self.lanes.key(place).region,
            held: Some(Limits::at(pool.rules, pool.widest_s)),
            floor: self.floor,
        };
        self.around
            .look(pool, &self.lanes, place, &terms, &self.demands, QUICK_ALL);
        let waited_s = pool.party(self.lanes.tickets[place as usize]).waited_s;
        let older = self.around.tickets.iter().copied();
        let mut elders: Vec<u32> = older
            .filter(|t| pool.party(*t).waited_s > waited_s)
            .collect();
        elders.sort_unstable_by_key(|t| (std::cmp::Reverse(pool.given(*t).waited), *t));
        elders.truncate(if self.reserve > 0 {
            ELDERS
        } else {
            ELDERS_AT_LEAST
        });
        elders
    }

    /// A match around the seed at a place, with the others that are given.
    fn attempt(
        &mut self,
        place: u32,
        held: Option<Limits>,
        with: &[u32],
        aims: &[Aim],
    ) -> Option<Lineup> {
        let terms = Terms {
            region: self.lanes.key(place).region,
            held,
            floor: self.floor,
        };
        let mut steps = QUICK_STEPS;
        let quick = self.attempt_within(place, &terms, with, aims, QUICK, &mut steps);
        if quick.is_some() || (!self.around.is_cut && steps > 0) || self.reserve == 0 {
            return quick;
        }
        let granted = u64::from(THOROUGH_STEPS).min(self.reserve) as u32;
        let mut steps = granted;
        let thorough = self.attempt_within(place, &terms, with, aims, THOROUGH, &mut steps);
        let spent = u64::from(granted - steps) + u64::from(self.around.looks / 8);
        self.reserve = self.reserve.saturating_sub(spent);
        thorough
    }

    fn attempt_within(
        &mut self,
        place: u32,
        terms: &Terms,
        with: &[u32],
        aims: &[Aim],
        reach: Reach,
        steps: &mut u32,
    ) -> Option<Lineup> {
        let pool = self.pool;
        let seed = self.lanes.tickets[place as usize];
        self.around
            .look(pool, &self.lanes, place, terms, &self.demands, reach);
        let mut candidates = order(pool, &self.around.tickets, seed, aims)?;
        candidates.retain(|ticket| !with.contains(ticket));
        candidates.splice(1..1, with.iter().copied());
        let quest = Quest {
            pool,
            demands: &self.demands,
            terms: *terms,
            aims,
            candidates: &candidates,
            forced: 1 + with.len(),
        };
        search(&quest, steps)
    }
}

/// As the first attempt, but whoever is near.
const QUICK_ALL: Reach = Reach {
    spare: None,
    ..QUICK
};

/// The sizes of teams in the order in which they are tried: full teams, then each smaller by one, and
/// at last whatever is allowed.
fn sizes(rules: &Rules) -> Vec<Vec<Aim>> {
    let spans = rules.teams.iter().map(|team| team.max_size - team.min_size);
    let widest = spans.max().unwrap_or(0);
    let mut steps: Vec<Vec<Aim>> = Vec::new();
    for less in 0..=widest {
        let of = |team: &crate::rules::TeamRule| {
            let size = team.max_size.saturating_sub(less).max(team.min_size) as u32;
            Aim {
                least: size,
                most: size,
            }
        };
        steps.push(rules.teams.iter().map(of).collect());
    }
    if widest > 0 {
        steps.push(any_sizes(rules));
    }
    steps
}

/// Whatever sizes are allowed.
fn any_sizes(rules: &Rules) -> Vec<Aim> {
    let any = rules.teams.iter().map(|team| Aim {
        least: team.min_size as u32,
        most: team.max_size as u32,
    });
    any.collect()
}
