//! The tickets around one: who could be in a match with it, the nearest in rating.
//!
//! A look around is bounded, so that a crowd that does not fit costs the same as a few; and of parties of
//! one kind only so many are taken as a match can hold, so that the rare kinds that a match also needs
//! are among those taken.

use std::cmp::Reverse;

use super::company::{Company, Terms};
use super::lanes::Lanes;
use super::pool::Pool;
use super::search::{Aim, Demands};
use super::walk::Walk;

/// How far a look around goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Tickets that are looked at.
    pub(super) looks: u32,
    /// Tickets that are taken.
    pub(super) takes: usize,
    /// Of each kind so many are taken beside those that fill a match; `None`: all.
    pub(super) spare: Option<u32>,
}

/// What was found around a ticket.
#[derive(Default)]
pub(super) struct Neighbourhood {
    /// The tickets, ascending in rating, with the one in the middle.
    pub(super) tickets: Vec<u32>,
    /// The players of those that fit, also where they were not taken; the ticket's own included.
    pub(super) players: u32,
    /// Whether somebody may have been left out.
    pub(super) is_cut: bool,
    /// How many were looked at.
    pub(super) looks: u32,
    below: Vec<u32>,
    above: Vec<u32>,
    /// How many of each kind were taken, and which kinds to forget before the next look.
    taken: Vec<u32>,
    kinds: Vec<u32>,
}

impl Neighbourhood {
    /// Looks around the ticket at a place, on these terms.
    pub(super) fn look(
        &mut self,
        pool: &Pool<'_>,
        lanes: &Lanes,
        place: u32,
        terms: &Terms,
        demands: &Demands,
        reach: Reach,
    ) {
        let seed = lanes.tickets[place as usize];
        self.clear(pool.party(seed).size);
        let limit = terms.limits(pool, pool.party(seed).waited_s).spread;
        for step in Walk::new(pool, lanes, place).take_while(|step| step.far <= limit) {
            if self.looks == reach.looks || self.below.len() + self.above.len() >= reach.takes {
                self.is_cut = true;
                self.players = u32::MAX;
                break;
            }
            self.looks += 1;
            if fits(pool, terms, seed, step.ticket) && !demands.conflict(pool, seed, step.ticket) {
                self.take(pool, step.ticket, step.is_above, reach);
            }
        }
        self.tickets.extend(self.below.iter().rev());
        self.tickets.push(seed);
        self.tickets.extend(&self.above);
    }

    fn clear(&mut self, players: u32) {
        for kind in self.kinds.drain(..) {
            self.taken[kind as usize] = 0;
        }
        self.tickets.clear();
        self.below.clear();
        self.above.clear();
        self.players = players;
        self.is_cut = false;
        self.looks = 0;
    }

    fn take(&mut self, pool: &Pool<'_>, ticket: u32, is_above: bool, reach: Reach) {
        let party = pool.party(ticket);
        self.players = self.players.saturating_add(party.size);
        if let Some(spare) = reach.spare {
            let kind = party.kind as usize;
            if self.taken.len() <= kind {
                self.taken.resize(kind + 1, 0);
            }
            let most = pool.rules.max_players() as u32 / party.size + spare;
            if self.taken[kind] == most {
                self.is_cut = true;
                return;
            }
            if self.taken[kind] == 0 {
                self.kinds.push(party.kind);
            }
            self.taken[kind] += 1;
        }
        if is_above {
            self.above.push(ticket);
        } else {
            self.below.push(ticket);
        }
    }
}

/// Whether two tickets are within limits of each other on these terms.
pub(super) fn fits(pool: &Pool<'_>, terms: &Terms, seed: u32, other: u32) -> bool {
    let company = Company::NOBODY.with(pool, terms, seed);
    company.is_some_and(|company| company.with(pool, terms, other).is_some())
}

/// The tickets in the order in which they are tried for a match of these sizes: first those of the
/// narrowest window of ratings around the seed that has enough players, the larger parties before the
/// smaller, which fill the gaps, and of one size those that are served first; then the others, the
/// nearest to the window first. `None` where there are not enough players at all.
pub(super) fn order(pool: &Pool<'_>, tickets: &[u32], seed: u32, aims: &[Aim]) -> Option<Vec<u32>> {
    let most: u32 = aims.iter().map(|aim| aim.most).sum();
    let least: u32 = aims.iter().map(|aim| aim.least).sum();
    let players: u32 = tickets.iter().map(|t| pool.party(*t).size).sum();
    if players < least {
        return None;
    }
    let (low, high) = window(pool, tickets, seed, most.min(players));
    let outside = |ticket: &u32| {
        let rating = pool.party(*ticket).rating;
        (low - rating).max(rating - high).max(0.0)
    };
    let mut ordered: Vec<(f64, Reverse<u32>, u32, u32)> = tickets
        .iter()
        .filter(|ticket| **ticket != seed)
        .map(|ticket| {
            let party = pool.party(*ticket);
            (outside(ticket), Reverse(party.size), party.turn, *ticket)
        })
        .collect();
    ordered.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let others = ordered.into_iter().map(|(_, _, _, ticket)| ticket);
    Some([seed].into_iter().chain(others).collect())
}

/// The narrowest window of ratings that has the seed and so many players.
fn window(pool: &Pool<'_>, tickets: &[u32], seed: u32, players: u32) -> (f64, f64) {
    let rating = |at: usize| pool.party(tickets[at]).rating;
    let size = |at: usize| pool.party(tickets[at]).size;
    let middle = tickets.iter().position(|t| *t == seed).unwrap_or(0);
    let mut best = (f64::NEG_INFINITY, f64::INFINITY);
    let mut first = 0;
    let mut within = 0;
    for last in 0..tickets.len() {
        within += size(last);
        while first < middle && first < last && within - size(first) >= players {
            within -= size(first);
            first += 1;
        }
        if last >= middle && within >= players && rating(last) - rating(first) < best.1 - best.0 {
            best = (rating(first), rating(last));
        }
    }
    best
}
