//! Who is left but comes before somebody in a match takes their place, where the match allows it.
//!
//! Pairs are made of neighbours all at once, so it may be that a ticket that fits few finds them taken by one
//! who fits many and comes later. Whoever loses a place looks for another in the same way. Turns only
//! grow on the way, so it ends.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::lanes::Lanes;
use super::pool::Pool;
use super::search::Demands;
use super::serving::Lineup;
use super::settle::settle;

/// Tickets that are looked at on each side of one.
const LOOKS: u32 = 64;
/// In no match.
const NO_MATCH: u32 = u32::MAX;

/// Lets those who are left take places or pair up. `is_left` says who they are, now and afterwards.
pub(super) fn exchange(
    pool: &Pool<'_>,
    lanes: &Lanes,
    demands: &Demands,
    made: &mut Vec<Lineup>,
    is_left: &mut [bool],
) {
    let mut match_of = vec![NO_MATCH; is_left.len()];
    for (number, lineup) in (0..).zip(made.iter()) {
        for ticket in lineup.iter().flatten() {
            match_of[*ticket as usize] = number;
        }
    }
    let mut exchange = Exchange {
        pool,
        demands,
        made,
        is_left,
        match_of,
    };
    exchange.serve(lanes);
}

struct Exchange<'e> {
    pool: &'e Pool<'e>,
    demands: &'e Demands,
    made: &'e mut Vec<Lineup>,
    is_left: &'e mut [bool],
    /// The match of each ticket, or [`NO_MATCH`].
    match_of: Vec<u32>,
}

impl Exchange<'_> {
    fn serve(&mut self, lanes: &Lanes) {
        let pool = self.pool;
        let left = pool
            .served
            .iter()
            .filter(|ticket| self.is_left[**ticket as usize]);
        let mut left: BinaryHeap<Reverse<u32>> = left
            .map(|ticket| Reverse(pool.party(*ticket).turn))
            .collect();
        while let Some(Reverse(turn)) = left.pop() {
            let ticket = pool.served[turn as usize];
            if !self.is_left[ticket as usize] {
                continue;
            }
            let near = near(pool, lanes, ticket);
            if !self.pair_up(ticket, &near)
                && let Some(loser) = self.displace(ticket, &near)
            {
                left.push(Reverse(pool.party(loser).turn));
            }
        }
    }

    /// Pairs a ticket with another that is left; whether there is one.
    fn pair_up(&mut self, ticket: u32, near: &[u32]) -> bool {
        let mut others = near.iter().copied().filter(|other| {
            self.is_left[*other as usize] && !self.demands.conflict(self.pool, ticket, *other)
        });
        let pair = |other| settle(self.pool, self.demands, &vec![vec![ticket], vec![other]]);
        let Some(lineup) = others.find_map(pair) else {
            return false;
        };
        for one in lineup.iter().flatten() {
            self.is_left[*one as usize] = false;
            self.match_of[*one as usize] = self.made.len() as u32;
        }
        self.made.push(lineup);
        true
    }

    /// Gives a ticket the place of somebody near who comes later, and says whose.
    fn displace(&mut self, ticket: u32, near: &[u32]) -> Option<u32> {
        let matches = near.iter().map(|other| self.match_of[*other as usize]);
        let mut matches = matches.filter(|number| *number != NO_MATCH);
        let (number, (lineup, loser)) = matches.find_map(|number| {
            let lineup = &self.made[number as usize];
            Some((number, take_place(self.pool, self.demands, lineup, ticket)?))
        })?;
        self.made[number as usize] = lineup;
        self.match_of[ticket as usize] = number;
        self.match_of[loser as usize] = NO_MATCH;
        self.is_left[ticket as usize] = false;
        self.is_left[loser as usize] = true;
        Some(loser)
    }
}

/// The match with a ticket in place of the last in turn of those who come later, and who that is.
fn take_place(
    pool: &Pool<'_>,
    demands: &Demands,
    lineup: &Lineup,
    ticket: u32,
) -> Option<(Lineup, u32)> {
    let turn = |ticket: u32| pool.party(ticket).turn;
    let mut losers: Vec<u32> = lineup.iter().flatten().copied().collect();
    losers.retain(|loser| turn(*loser) > turn(ticket));
    losers.sort_unstable_by_key(|loser| Reverse(turn(*loser)));
    losers.into_iter().find_map(|loser| {
        let swap = |other: &u32| if *other == loser { ticket } else { *other };
        let team = |tickets: &Vec<u32>| tickets.iter().map(swap).collect();
        let changed: Lineup = lineup.iter().map(team).collect();
        Some((settle(pool, demands, &changed)?, loser))
    })
}

/// The tickets around one in its lanes, the nearest first, whether they are left or not.
fn near(pool: &Pool<'_>, lanes: &Lanes, ticket: u32) -> Vec<u32> {
    let rating = pool.party(ticket).rating;
    let limit = pool.widest(ticket).spread;
    let far = |other: u32| (pool.party(other).rating - rating).abs();
    let mut near = Vec::new();
    for place in lanes.places(ticket) {
        let around = lanes.around(*place, LOOKS);
        near.extend(around.filter(|other| far(*other) <= limit));
    }
    near.sort_unstable_by(|a, b| far(*a).total_cmp(&far(*b)).then(a.cmp(b)));
    near.dedup();
    near
}
