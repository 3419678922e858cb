//! Why each ticket that is left is in no match.
//!
//! The rules are asked in the order of [`Reason`] whether they leave enough others, of all who were there
//! at the beginning. If they all do and a match could have been made, its tickets are in others, which
//! were served first. What is asked gets more expensive from rule to rule: counts that were made for all,
//! a bounded look around the ticket, and for what is left a bounded search.

use super::crowds::Crowds;
use super::deadlock;
use super::figures::{Figure, Moment};
use super::funnel::{Funnel, Window};
use super::pool::{Pool, unmatched};
use super::serving::Serving;
use super::{Reason, Unmatched};

/// The reason of each ticket that is left, in the order in which they were given.
pub(super) fn all(pool: &Pool<'_>, serving: &mut Serving<'_>) -> Vec<Unmatched> {
    let mut all = pool.unfit.clone();
    if serving.is_there.contains(&true) {
        serving.restore();
        let judge = Judge {
            pool,
            crowds: Crowds::new(pool),
            lane_players: serving.lanes.players(pool),
        };
        for ticket in 0..pool.parties.len() as u32 {
            if serving.is_there[ticket as usize] {
                let (reason, detail) = judge.reason(serving, ticket);
                all.push(unmatched(pool.party(ticket).given as usize, reason, detail));
            }
        }
    }
    all.sort_unstable_by_key(|one| one.ticket);
    all
}

struct Judge<'p> {
    pool: &'p Pool<'p>,
    crowds: Crowds,
    /// The players of each lane.
    lane_players: Vec<u32>,
}

impl Judge<'_> {
    fn reason(&self, serving: &mut Serving<'_>, ticket: u32) -> (Reason, String) {
        let size = self.pool.party(ticket).size;
        let needed = (self.pool.rules.min_players() as u32).saturating_sub(size);
        let others = self.crowds.players - size;
        if others < needed {
            let detail = format!(
                "{} needed, {} here that can be in a match",
                more(needed),
                wait(others)
            );
            return (Reason::TooFewPlayers, detail);
        }
        let alike = self.crowds.alike(self.pool, ticket);
        if alike < needed {
            return (Reason::AttributesDiffer, self.differ(needed, alike));
        }
        if let Some(short) = self.avoided(serving, ticket, needed, alike) {
            return short;
        }
        if let Some(short) = self.far_from_region(serving, ticket, needed) {
            return short;
        }
        match self.around(serving, ticket, needed) {
            Some(short) => short,
            None => deadlock::reason(self.pool, serving, ticket),
        }
    }

    fn differ(&self, needed: u32, fit: u32) -> String {
        let rules = self.pool.rules.attributes.iter();
        let names: Vec<&str> = rules.map(|rule| rule.name.as_str()).collect();
        let names = names.join(", ");
        format!(
            "{} needed, {} whose attributes ({names}) fit",
            more(needed),
            wait(fit)
        )
    }

    /// Too few where those who are avoided do not count.
    fn avoided(
        &self,
        serving: &Serving<'_>,
        ticket: u32,
        needed: u32,
        alike: u32,
    ) -> Option<(Reason, String)> {
        let avoided = self.pool.avoided.of(ticket);
        if avoided.is_empty() || !self.pool.different.is_empty() {
            return None;
        }
        let left = |place: &u32| {
            let lane = serving.lanes.key(*place);
            let in_crowd = avoided.iter().filter(|other| {
                let values = self.pool.common.first().map(|lists| lists.of(**other));
                let shares = lane
                    .value
                    .is_none_or(|v| values.is_some_and(|all| all.contains(&v)));
                self.pool.party(**other).bucket == lane.bucket && shares
            });
            let gone: u32 = in_crowd.map(|other| self.pool.party(*other).size).sum();
            alike.saturating_sub(gone)
        };
        let left = serving.lanes.places(ticket).iter().map(left).max()?;
        (left < needed).then(|| (Reason::Avoided, apart(needed, left)))
    }

    /// Too few in every region that is near enough for the ticket.
    fn far_from_region(
        &self,
        serving: &Serving<'_>,
        ticket: u32,
        needed: u32,
    ) -> Option<(Reason, String)> {
        let places = serving.lanes.places(ticket).iter();
        let others = |place: &u32| {
            let players = self.lane_players[serving.lanes.lane(*place) as usize];
            players - self.pool.party(ticket).size
        };
        let (place, most) = places
            .map(|place| (*place, others(place)))
            .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        (most < needed).then(|| self.far(serving, ticket, place, needed, most))
    }

    fn far(
        &self,
        serving: &Serving<'_>,
        ticket: u32,
        place: u32,
        needed: u32,
        near: u32,
    ) -> (Reason, String) {
        let Some(region) = serving.lanes.key(place).region else {
            return (Reason::AttributesDiffer, self.differ(needed, near));
        };
        let end = self
            .pool
            .rules
            .latency
            .as_ref()
            .map_or(0.0, |rule| rule.ceiling_ms);
        let detail = format!(
            "{} needed, {} near enough to {}; limit {} ms now, {} at the end",
            more(needed),
            wait(near),
            self.pool.regions.names[region as usize],
            Figure(self.pool.widest(ticket).latency_ms),
            Figure(end),
        );
        (Reason::LatencyTooHigh, detail)
    }

    /// Too few around the ticket in every lane, by the rule that lets most pass.
    fn around(&self, serving: &Serving<'_>, ticket: u32, needed: u32) -> Option<(Reason, String)> {
        let mut best: Option<(Reason, f64, String)> = None;
        for place in serving.lanes.places(ticket) {
            let funnel = Funnel::new(self.pool, &serving.lanes, *place, needed);
            let (reason, wait, detail) = self.short(serving, ticket, *place, needed, &funnel)?;
            let later = |known: &(Reason, f64, String)| (known.0, -known.1) < (reason, -wait);
            if best.as_ref().is_none_or(later) {
                best = Some((reason, wait, detail));
            }
        }
        best.map(|(reason, _, detail)| (reason, detail))
    }

    /// What leaves too few in one lane, and for how long at least; `None` where nothing does or not all
    /// were looked at.
    fn short(
        &self,
        serving: &Serving<'_>,
        ticket: u32,
        place: u32,
        needed: u32,
        funnel: &Funnel,
    ) -> Option<(Reason, f64, String)> {
        if let Some(window) = funnel.window(self.pool, ticket, needed) {
            let is_far = window.spread > window.limit;
            let wait = window.wait.unwrap_or(f64::INFINITY);
            return is_far.then(|| {
                (
                    Reason::RatingTooFar,
                    wait,
                    self.distant(&window, ticket, needed),
                )
            });
        }
        if funnel.is_cut {
            return None;
        }
        let (reason, detail) = if funnel.alike < needed {
            (Reason::AttributesDiffer, self.differ(needed, funnel.alike))
        } else if funnel.apart < needed {
            (Reason::Avoided, apart(needed, funnel.apart))
        } else {
            self.far(serving, ticket, place, needed, funnel.near_region)
        };
        Some((reason, f64::INFINITY, detail))
    }

    fn distant(&self, window: &Window, ticket: u32, needed: u32) -> String {
        let end = self
            .pool
            .rules
            .rating
            .as_ref()
            .map_or(0.0, |rule| rule.max_spread);
        let moment = Moment {
            wait: window.wait,
            end,
        };
        let (spread, limit) = (Figure(window.spread), Figure(window.limit));
        if self.pool.rules.max_players() == 2 && self.pool.party(ticket).size == 1 {
            format!("nearest compatible ticket is {spread} away; limit {limit} now, {moment}")
        } else {
            let others = if needed == 1 { "player" } else { "players" };
            format!(
                "the nearest {needed} compatible {others} and this party are {spread} apart; \
                 limit {limit} now, {moment}"
            )
        }
    }
}

fn more(needed: u32) -> String {
    match needed {
        1 => "1 more player is".to_owned(),
        _ => format!("{needed} more players are"),
    }
}

fn wait(players: u32) -> String {
    match players {
        0 => "none waits".to_owned(),
        1 => "1 waits".to_owned(),
        _ => format!("{players} wait"),
    }
}

fn apart(needed: u32, left: u32) -> String {
    format!(
        "{} needed, {} whom nobody here avoids",
        more(needed),
        wait(left)
    )
}
