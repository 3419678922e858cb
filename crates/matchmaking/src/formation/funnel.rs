//! The tickets around one, in the order of distance, asked one rule after the other.
//!
//! The look goes on beyond the limit of ratings until enough players are found who would do, so that it can
//! be said how far away they are and when the limit reaches them.

use super::figures::seconds_until;
use super::lanes::Lanes;
use super::lists::share;
use super::pool::{Limits, Pool};
use super::walk::Walk;
use crate::rules::Clock;

/// Tickets that are looked at around one.
const LOOKS: u32 = 256;
/// More tickets than this are not looked at from every clock.
const MANY: usize = 32;

/// What there is around a ticket in one lane.
#[derive(Debug, Default)]
pub(super) struct Funnel {
    /// Players beside the ticket's whose attributes fit; then of those, who are not avoided; then of
    /// those, who are near enough to the region.
    pub(super) alike: u32,
    pub(super) apart: u32,
    pub(super) near_region: u32,
    /// Whether there were more than were looked at.
    pub(super) is_cut: bool,
    /// The nearest that would do, by rating, with the ticket itself; of them are made windows.
    nearest: Vec<u32>,
}

/// Where ratings are near enough, or when they will be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Distance between the highest and the lowest.
    pub(super) spread: f64,
    pub(super) limit: f64,
    /// Seconds until the limit is as wide; `None`: it never is.
    pub(super) wait: Option<f64>,
}

impl Funnel {
    /// Looks around the ticket at a place for so many other players.
    pub(super) fn new(pool: &Pool<'_>, lanes: &Lanes, place: u32, needed: u32) -> Funnel {
        let seed = lanes.tickets[place as usize];
        let region = lanes.key(place).region;
        // Others may be nearer but have waited too short a time to be of use.
        let reach = match pool.rules.rating {
            Some(_) => pool.widest(seed).spread,
            None => 0.0,
        };
        let mut funnel = Funnel::default();
        let mut sides = [(Vec::new(), 0), (Vec::new(), 0)];
        let mut walk = Walk::new(pool, lanes, place);
        let mut looks = 0;
        while let Some(step) = walk.next() {
            let (tickets, players) = &mut sides[usize::from(step.is_above)];
            if *players >= needed && step.far > reach {
                walk.end(step.is_above);
                continue;
            }
            if looks == LOOKS {
                funnel.is_cut = true;
                break;
            }
            looks += 1;
            if funnel.lets_pass(pool, region, seed, step.ticket) {
                tickets.push(step.ticket);
                *players += pool.party(step.ticket).size;
            }
        }
        let [(below, _), (above, _)] = sides;
        funnel.nearest.extend(below.iter().rev());
        funnel.nearest.push(seed);
        funnel.nearest.extend(above);
        funnel
    }

    /// Counts a ticket for each rule up to the first that it does not keep; whether it keeps all.
    fn lets_pass(&mut self, pool: &Pool<'_>, region: Option<u32>, seed: u32, other: u32) -> bool {
        let size = pool.party(other).size;
        let mut overlaps = pool.common.iter();
        if pool.alike(seed, other) || !overlaps.all(|lists| share(lists.of(seed), lists.of(other)))
        {
            return false;
        }
        self.alike += size;
        if pool.avoid(seed, other) {
            return false;
        }
        self.apart += size;
        if let (Some(region), Clock::Newest) = (region, pool.rules.clock) {
            let newest_s = pool.party(seed).waited_s.min(pool.party(other).waited_s);
            let worst = pool.latency(seed, region).max(pool.latency(other, region));
            if worst > Limits::at(pool.rules, newest_s).latency_ms {
                return false;
            }
        }
        self.near_region += size;
        true
    }

    /// Of the windows around the ticket with so many players more the one that is allowed soonest; `None`
    /// where there is none.
    pub(super) fn window(&self, pool: &Pool<'_>, seed: u32, needed: u32) -> Option<Window> {
        let players = needed + pool.party(seed).size;
        let clocks = match pool.rules.clock {
            Clock::Oldest => vec![self.oldest_s(pool, seed)],
            Clock::Newest => self.newest_s(pool, seed),
        };
        let windows = clocks.into_iter().filter_map(|clock_s| {
            let those = self.nearest.iter().copied();
            let those = those.filter(|ticket| {
                pool.rules.clock == Clock::Oldest || pool.party(*ticket).waited_s >= clock_s
            });
            narrowest(pool, &those.collect::<Vec<u32>>(), seed, players, clock_s)
        });
        windows.reduce(|best, next| {
            if next.order() < best.order() {
                next
            } else {
                best
            }
        })
    }

    /// The clocks that a match may be on whose newest ticket sets it: a match on one of them has only
    /// tickets that have waited as long. Of many only the ticket's own, which allows most.
    fn newest_s(&self, pool: &Pool<'_>, seed: u32) -> Vec<f64> {
        let own_s = pool.party(seed).waited_s;
        if self.nearest.len() > MANY {
            return vec![own_s];
        }
        let mut clocks: Vec<f64> = self
            .nearest
            .iter()
            .map(|t| pool.party(*t).waited_s)
            .collect();
        clocks.retain(|clock_s| *clock_s <= own_s);
        clocks.sort_by(f64::total_cmp);
        clocks.dedup();
        clocks
    }

    /// The longest that one has waited who is near enough by that, in seconds.
    fn oldest_s(&self, pool: &Pool<'_>, seed: u32) -> f64 {
        let own = pool.party(seed);
        let near = self.nearest.iter().map(|ticket| pool.party(*ticket));
        let near = near.filter(|party| {
            (party.rating - own.rating).abs() <= Limits::at(pool.rules, party.waited_s).spread
        });
        near.fold(own.waited_s, |s, party| s.max(party.waited_s))
    }
}

/// Of the windows of some tickets, ascending in rating, that have the seed and so many players, the one
/// that is allowed soonest.
fn narrowest(
    pool: &Pool<'_>,
    tickets: &[u32],
    seed: u32,
    players: u32,
    clock_s: f64,
) -> Option<Window> {
    let middle = tickets.iter().position(|ticket| *ticket == seed)?;
    let size = |at: usize| pool.party(tickets[at]).size;
    let mut best: Option<Window> = None;
    let mut last = middle;
    let mut within: u32 = (0..=middle).map(size).sum();
    for first in 0..=middle {
        while within < players && last + 1 < tickets.len() {
            last += 1;
            within += size(last);
        }
        if within >= players {
            let window = Window::new(pool, &tickets[first..=last], clock_s);
            if best.is_none_or(|known| window.order() < known.order()) {
                best = Some(window);
            }
        }
        within -= size(first);
    }
    best
}

impl Window {
    /// A match of these tickets, the limit being that of a clock, or of the oldest of them.
    fn new(pool: &Pool<'_>, tickets: &[u32], clock_s: f64) -> Window {
        let rating = |ticket: Option<&u32>| ticket.map_or(0.0, |t| pool.party(*t).rating);
        let spread = rating(tickets.last()) - rating(tickets.first());
        let clock_s = match pool.rules.clock {
            Clock::Newest => clock_s,
            Clock::Oldest => tickets
                .iter()
                .fold(clock_s, |s, t| s.max(pool.party(*t).waited_s)),
        };
        let limit = Limits::at(pool.rules, clock_s).spread;
        let wait = pool.rules.rating.as_ref().and_then(|rule| {
            seconds_until(
                spread,
                rule.spread,
                rule.widen_per_s,
                rule.max_spread,
                clock_s,
            )
        });
        Window {
            spread,
            limit,
            wait: if spread <= limit { Some(0.0) } else { wait },
        }
    }

    /// Less is sooner, and of equally soon ones nearer.
    fn order(&self) -> (f64, f64) {
        (self.wait.unwrap_or(f64::INFINITY), self.spread)
    }
}
