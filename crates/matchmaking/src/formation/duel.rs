//! One against one: pairs of neighbours, all at once.
//!
//! Tickets are taken in the order of their ratings, each paired with one of the few before it that is still
//! open, or left open for those that come. For each set of open ones the best is kept (dynamic programming),
//! so among all such pairings the result is the best: it serves the tickets that come first in turn, as
//! many as can be, and of equally good ones has the least sum of distances. (Which tickets can be
//! paired at the same time is a matroid, so the sum of weights that fall with turns is greatest for the
//! pairing that serves them in turn, and that one is also largest.) Those that fit none of the few
//! nearest are served afterwards like all others, and may then take the place of somebody who comes later.

use super::company::overlap;
use super::pool::{Limits, Pool};
use super::search::Demands;
use crate::rules::{Clock, Rules};

/// A ticket is paired with one of so many before it.
const WIDTH: usize = 4;
const STATES: usize = 1 << WIDTH;
/// Left open.
const OPEN: u8 = WIDTH as u8;
/// The open ticket that was furthest back was given up in this step.
const GAVE_UP: u8 = 1 << 7;

/// Whether every match of these rules is one ticket against one.
pub(super) fn is_duel(rules: &Rules) -> bool {
    let one = |team: &crate::rules::TeamRule| team.min_size == 1 && team.max_size == 1;
    rules.teams.len() == 2 && rules.teams.iter().all(one)
}

/// Pairs of tickets of those that are there, each in the order of teams. Cost: O(tickets).
pub(super) fn pairs(pool: &Pool<'_>, demands: &Demands, is_there: &[bool]) -> Vec<(u32, u32)> {
    let duel = Duel { pool, demands };
    let all: Vec<u32> = (0..pool.parties.len() as u32)
        .filter(|ticket| is_there[*ticket as usize])
        .collect();
    let bucket = |ticket: &u32| pool.party(*ticket).bucket;
    all.chunk_by(|a, b| bucket(a) == bucket(b))
        .flat_map(|tickets| duel.pair(tickets))
        .collect()
}

/// How good a pairing is: more weight first, then less distance.
#[derive(Clone, Copy)]
struct Worth {
    weight: u64,
    distance: f64,
}

impl Worth {
    const IMPOSSIBLE: Worth = Worth {
        weight: 0,
        distance: f64::INFINITY,
    };

    fn is_better(&self, other: &Worth) -> bool {
        self.weight > other.weight
            || (self.weight == other.weight && self.distance < other.distance)
    }
}

struct Duel<'d> {
    pool: &'d Pool<'d>,
    demands: &'d Demands,
}

impl Duel<'_> {
    /// The best pairs of tickets of one bucket.
    fn pair(&self, tickets: &[u32]) -> Vec<(u32, u32)> {
        let mut worth = [Worth::IMPOSSIBLE; STATES];
        worth[0].distance = 0.0;
        let mut steps: Vec<[u8; STATES]> = Vec::with_capacity(tickets.len());
        for at in 0..tickets.len() {
            let (next, step) = advance(&worth, &self.gains(tickets, at));
            worth = next;
            steps.push(step);
        }
        let mut state = 0;
        for other in 1..STATES {
            if worth[other].is_better(&worth[state]) {
                state = other;
            }
        }
        self.trace(tickets, &steps, state)
    }

    /// What a pair of the ticket at a place and each of those before it is worth; `None` where they do not
    /// fit.
    fn gains(&self, tickets: &[u32], at: usize) -> [Option<Worth>; WIDTH] {
        let tickets_of_pool = self.pool.parties.len() as u64;
        let weight = |ticket: u32| tickets_of_pool - u64::from(self.pool.party(ticket).turn);
        let mut gains = [None; WIDTH];
        for (back, gain) in gains.iter_mut().enumerate().take(at) {
            let (one, other) = (tickets[at - 1 - back], tickets[at]);
            if self.fits(one, other) {
                *gain = Some(Worth {
                    weight: weight(one) + weight(other),
                    distance: self.pool.party(other).rating - self.pool.party(one).rating,
                });
            }
        }
        gains
    }

    /// The pairs that led to a state.
    fn trace(&self, tickets: &[u32], steps: &[[u8; STATES]], state: usize) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
        let mut state = state;
        for (at, step) in steps.iter().enumerate().rev() {
            let choice = step[state] & !GAVE_UP;
            let gave_up = step[state] & GAVE_UP != 0;
            state = state >> 1 | if gave_up { STATES / 2 } else { 0 };
            if choice != OPEN {
                state |= 1 << choice;
                let (one, other) = (tickets[at - 1 - usize::from(choice)], tickets[at]);
                pairs.extend(self.in_order(one, other));
            }
        }
        pairs.reverse();
        pairs
    }

    /// Whether two tickets of a bucket can be a match.
    fn fits(&self, one: u32, other: u32) -> bool {
        let (a, b) = (self.pool.party(one), self.pool.party(other));
        let clock_s = match self.pool.rules.clock {
            Clock::Oldest => a.waited_s.max(b.waited_s),
            Clock::Newest => a.waited_s.min(b.waited_s),
        };
        let limits = Limits::at(self.pool.rules, clock_s);
        (a.rating - b.rating).abs() <= limits.spread.min(self.demands.max_gap)
            && self.share_region(one, other, limits.latency_ms)
            && !self.demands.conflict(self.pool, one, other)
            && overlap(&self.pool.common, [one, other].into_iter())
            && self.in_order(one, other).is_some()
    }

    fn share_region(&self, one: u32, other: u32, limit_ms: f64) -> bool {
        let mut regions = self.pool.latencies.of(one).iter();
        self.pool.rules.latency.is_none()
            || regions.any(|(region, ms)| {
                *ms <= limit_ms && self.pool.latency(other, *region) <= limit_ms
            })
    }

    /// Which of two is to be in which team, by the teams' roles.
    fn in_order(&self, one: u32, other: u32) -> Option<(u32, u32)> {
        let fits = |team: usize, ticket: u32| {
            let mut needs = self.demands.roles[team].iter();
            needs.all(|(role, _)| {
                self.pool
                    .willing
                    .of(ticket)
                    .iter()
                    .all(|w| w & 1 << role != 0)
            })
        };
        if fits(0, one) && fits(1, other) {
            return Some((one, other));
        }
        (fits(0, other) && fits(1, one)).then_some((other, one))
    }
}

/// The best for each set of open tickets with one ticket more, and by which choice. Bit `n` of a state is
/// the ticket `n + 1` before the next.
fn advance(
    worth: &[Worth; STATES],
    gains: &[Option<Worth>; WIDTH],
) -> ([Worth; STATES], [u8; STATES]) {
    let mut next = [Worth::IMPOSSIBLE; STATES];
    let mut step = [OPEN; STATES];
    let mut reach = |open: usize, closes: usize, worth: Worth, choice: u8| {
        let to = (open << 1 | closes) % STATES;
        if next[to].distance == f64::INFINITY || worth.is_better(&next[to]) {
            next[to] = worth;
            step[to] = if open >= STATES / 2 {
                choice | GAVE_UP
            } else {
                choice
            };
        }
    };
    for (state, known) in worth.iter().enumerate() {
        if known.distance == f64::INFINITY {
            continue;
        }
        reach(state, 1, *known, OPEN);
        for (back, gain) in gains.iter().enumerate() {
            if let (Some(gain), true) = (gain, state & 1 << back != 0) {
                let worth = Worth {
                    weight: known.weight + gain.weight,
                    distance: known.distance + gain.distance,
                };
                reach(state & !(1 << back), 0, worth, back as u8);
            }
        }
    }
    (next, step)
}
