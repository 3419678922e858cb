//! Open seats of running matches, filled before new matches are made.
//!
//! The openings that have waited longest come first. Tickets near in rating join one after the other in the
//! order of serving, each the team that it leaves most equal to the others, as long as every rule holds
//! for those who are there and those who come. Seats may stay open. Those who are seated count as parties
//! of one. What a running match has broken already, say its spread since somebody left, those who
//! come may leave as it is but not make worse.

mod joining;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use boards::PlayerId;
use joining::Joining;

use super::pool::Pool;
use super::serving::Serving;
use super::{Filled, Opening};
use crate::contradictions::MAX_TEAM_SIZE;
use crate::rules::Likeness;
use crate::ticket::TicketPlayer;

/// What the tickets of a pool have to fit to join a running match.
pub(super) struct Running {
    /// Which it is, among those given.
    opening: usize,
    waited_s: f64,
    /// What the `equal` attributes are; `None` where nobody is seated.
    bucket: Option<u32>,
    /// For each `overlap` rule what all seated have; empty where nobody is seated.
    common: Vec<Vec<u32>>,
    /// What any of the seated has, of all `different` rules; ascending.
    different: Vec<u32>,
    seated: BTreeSet<PlayerId>,
    /// The regions it may be held in, the nearest first, and how far the seated are from each.
    regions: Vec<(Option<u32>, f64)>,
    low: f64,
    high: f64,
    teams: Vec<Side>,
}

/// One team of it.
#[derive(Clone, Default)]
struct Side {
    total: f64,
    players: u32,
    /// Open seats with a role, and how many are open for anybody.
    roles: Vec<(u8, u32)>,
    free: u32,
    joined: Vec<u32>,
}

/// What the search has to know of each opening. Cost: O(players).
pub(super) fn running<'a>(pool: &mut Pool<'a>, openings: &'a [Opening<'a>]) -> Vec<Running> {
    let mut all: Vec<Running> = openings
        .iter()
        .enumerate()
        .map(|(at, opening)| Running::new(pool, at, opening))
        .collect();
    all.sort_by_key(|one| Reverse(openings[one.opening].waited));
    all
}

/// Fills what can be filled, and takes those who join out of the pool.
pub(super) fn fill(
    pool: &Pool<'_>,
    running: Vec<Running>,
    serving: &mut Serving<'_>,
) -> Vec<Filled> {
    let mut filled = Vec::new();
    for one in running {
        let best = one
            .regions
            .iter()
            .map(|(region, far)| Joining::new(pool, &one, *region, *far).fill(serving))
            .reduce(|best, next| {
                if next.players() > best.players() {
                    next
                } else {
                    best
                }
            });
        if let Some(joining) = best {
            for ticket in joining.teams.iter().flat_map(|side| &side.joined) {
                serving.remove(*ticket);
            }
            filled.extend(joining.filled());
        }
    }
    filled.sort_by_key(|one| (one.opening, one.team));
    filled
}

impl Running {
    fn new<'a>(pool: &mut Pool<'a>, at: usize, opening: &'a Opening<'a>) -> Running {
        let seated: Vec<&'a TicketPlayer> =
            opening.teams.iter().flatten().map(|s| s.player).collect();
        let rules = pool.rules;
        let mut common = Vec::new();
        let mut different = Vec::new();
        for (place, rule) in rules.attributes.iter().enumerate() {
            let players = seated.iter().copied();
            match rule.rule {
                Likeness::Equal => {}
                Likeness::Overlap if seated.is_empty() => {}
                Likeness::Overlap => common.push(pool.values.common(place, rule, players)),
                Likeness::Different => {
                    different.extend(players.flat_map(|p| pool.values.of(place, rule, p)));
                }
            }
        }
        different.sort_unstable();
        different.dedup();
        let means = || seated.iter().map(|p| p.rating.mean);
        let buckets: BTreeSet<u32> = seated.iter().map(|player| pool.bucket(player)).collect();
        // Where those who are seated differ nobody is like all of them.
        let regions = match buckets.len() {
            0 | 1 => regions(pool, opening, &seated),
            _ => Vec::new(),
        };
        Running {
            opening: at,
            waited_s: opening.waited.as_secs_f64(),
            bucket: buckets.first().copied(),
            common,
            different,
            seated: seated.iter().map(|p| p.id).collect(),
            regions,
            low: means().fold(f64::INFINITY, f64::min),
            high: means().fold(f64::NEG_INFINITY, f64::max),
            teams: sides(pool, opening),
        }
    }

    /// Whether a ticket could join as far as its names go.
    fn is_open_to(&self, pool: &Pool<'_>, ticket: u32) -> bool {
        let given = pool.given(ticket).ticket;
        let overlaps = self.common.iter().zip(&pool.common);
        let mut overlaps =
            overlaps.map(|(values, lists)| super::lists::share(values, lists.of(ticket)));
        let of_ticket = pool.different.of(ticket);
        (!pool.rules.party.mirrored || pool.party(ticket).size == 1)
            && overlaps.all(|shares| shares)
            && !super::lists::share(&self.different, of_ticket)
            && !given
                .avoid
                .iter()
                .any(|player| self.seated.contains(player))
    }
}

/// The regions that a running match may be held in.
fn regions(
    pool: &Pool<'_>,
    opening: &Opening<'_>,
    seated: &[&TicketPlayer],
) -> Vec<(Option<u32>, f64)> {
    if pool.rules.latency.is_none() {
        return vec![(None, 0.0)];
    }
    if let Some(region) = opening.region {
        let known = pool.regions.number(region);
        return known
            .map(|region| (Some(region), 0.0))
            .into_iter()
            .collect();
    }
    let mut regions = match seated.is_empty() {
        true => (0..pool.regions.names.len() as u32)
            .map(|r| (r, 0.0))
            .collect(),
        false => pool.regions.worst(seated),
    };
    regions.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    regions
        .into_iter()
        .map(|(region, ms)| (Some(region), ms))
        .collect()
}

fn sides(pool: &Pool<'_>, opening: &Opening<'_>) -> Vec<Side> {
    let teams = opening.teams.len().max(opening.seats.len());
    let mut sides = vec![Side::default(); teams];
    for (side, seated) in sides.iter_mut().zip(&opening.teams) {
        side.total = seated.iter().map(|s| s.player.rating.mean).sum();
        side.players = seated.len() as u32;
    }
    for (side, seats) in sides.iter_mut().zip(&opening.seats) {
        let mut roles: BTreeMap<u8, u32> = BTreeMap::new();
        for seat in seats.iter().take(MAX_TEAM_SIZE) {
            match seat.map(|role| pool.roles.bit(role)) {
                Some(Some(bit)) => *roles.entry(bit).or_default() += 1,
                Some(None) => {}
                None => side.free += 1,
            }
        }
        side.roles = roles.into_iter().collect();
    }
    sides
}
