//! The tickets as the search sees them: numbers in place of names, in the order of their ratings.
//!
//! A ticket that can be in no match by itself is not in the pool. The others are numbered by bucket (what
//! the `equal` attributes are) and then by rating, so that neighbours in rating are neighbours in memory.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::interning::{Regions, Roles, Values};
use super::lists::{Lists, share};
use super::party;
use super::{Opening, Reason, Unmatched, Waiting};
use crate::rules::{Clock, Likeness, Rules};
use crate::ticket::TicketPlayer;

/// A ticket of the pool.
pub(super) struct Party {
    /// The mean of its players' ratings.
    pub(super) rating: f64,
    /// In seconds.
    pub(super) waited_s: f64,
    /// Its place among those given.
    pub(super) given: u32,
    /// Its place in the order of serving.
    pub(super) turn: u32,
    pub(super) size: u32,
    /// What the `equal` attributes are.
    pub(super) bucket: u32,
    /// Parties of one kind are of one size and willing to be the same.
    pub(super) kind: u32,
    pub(super) priority: i32,
}

/// Limits at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) spread: f64,
    pub(super) latency_ms: f64,
}

impl Limits {
    /// Below every limit.
    pub(super) const NOTHING: Limits = Limits {
        spread: 0.0,
        latency_ms: 0.0,
    };

    /// The wider of each.
    pub(super) fn or(self, other: Limits) -> Limits {
        Limits {
            spread: self.spread.max(other.spread),
            latency_ms: self.latency_ms.max(other.latency_ms),
        }
    }

    /// Those after so many seconds.
    pub(super) fn at(rules: &Rules, clock_s: f64) -> Limits {
        let rating = rules.rating.as_ref();
        let latency = rules.latency.as_ref();
        Limits {
            spread: rating.map_or(f64::INFINITY, |rule| rule.limit(clock_s)),
            latency_ms: latency.map_or(f64::INFINITY, |rule| rule.limit_ms(clock_s)),
        }
    }
}

/// All of it.
pub(super) struct Pool<'a> {
    pub(super) rules: &'a Rules,
    pub(super) waiting: &'a [Waiting<'a>],
    pub(super) parties: Vec<Party>,
    /// The tickets in the order of serving: priority, then waiting time, then as given.
    pub(super) served: Vec<u32>,
    /// Those that are not in the pool.
    pub(super) unfit: Vec<Unmatched>,
    /// The longest that anything has waited, in seconds.
    pub(super) widest_s: f64,
    pub(super) roles: Roles<'a>,
    pub(super) regions: Regions<'a>,
    pub(super) values: Values<'a>,
    /// What each player of a ticket is willing to be; empty where no roles are asked for.
    pub(super) willing: Lists<u64>,
    /// The worst latency to each region that may be near enough for a ticket; by region.
    pub(super) latencies: Lists<(u32, f64)>,
    /// For each `overlap` rule what all of a ticket have.
    pub(super) common: Vec<Lists<u32>>,
    /// What any of a ticket has, of all `different` rules; ascending.
    pub(super) different: Lists<u32>,
    /// Those whom a ticket avoids or by whom it is avoided; ascending.
    pub(super) avoided: Lists<u32>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        openings: &'a [Opening<'a>],
        waiting: &'a [Waiting<'a>],
    ) -> Self {
        let waits = waiting.iter().map(|w| w.waited);
        let widest = waits.chain(openings.iter().map(|o| o.waited)).max();
        let widest_s = widest.unwrap_or_default().as_secs_f64();
        let (fit, unfit) = sift(rules, waiting, widest_s);
        let seats = openings
            .iter()
            .flat_map(|o| o.seats.iter().flatten().flatten());
        let players = waiting.iter().flat_map(|w| &w.ticket.players);
        let mut pool = Pool {
            rules,
            waiting,
            parties: Vec::with_capacity(fit.len()),
            served: Vec::new(),
            unfit,
            widest_s,
            roles: Roles::new(rules, seats.copied()),
            regions: match rules.latency {
                Some(_) => Regions::new(players),
                None => Regions::default(),
            },
            values: Values::default(),
            willing: Lists::new(),
            latencies: Lists::new(),
            common: Vec::new(),
            different: Lists::new(),
            avoided: Lists::new(),
        };
        pool.add_parties(fit);
        pool.add_turns();
        pool.add_roles();
        pool.add_latencies();
        pool.add_attributes();
        pool.add_avoided();
        pool
    }

    pub(super) fn party(&self, ticket: u32) -> &Party {
        &self.parties[ticket as usize]
    }

    /// The ticket as it was given.
    pub(super) fn given(&self, ticket: u32) -> &'a Waiting<'a> {
        &self.waiting[self.party(ticket).given as usize]
    }

    /// Whether two tickets cannot be in one match whatever the limits are: they avoid each other or
    /// share what has to be different.
    pub(super) fn conflict(&self, one: u32, other: u32) -> bool {
        self.avoid(one, other) || self.alike(one, other)
    }

    pub(super) fn avoid(&self, one: u32, other: u32) -> bool {
        !self.avoided.is_empty() && self.avoided.of(one).binary_search(&other).is_ok()
    }

    pub(super) fn alike(&self, one: u32, other: u32) -> bool {
        !self.different.is_empty() && share(self.different.of(one), self.different.of(other))
    }

    /// The ticket's worst latency to a region, in milliseconds; infinite where it cannot be near enough.
    pub(super) fn latency(&self, ticket: u32, region: u32) -> f64 {
        let known = self.latencies.of(ticket).iter();
        let mut of_region = known.filter(|(r, _)| *r == region);
        of_region.next().map_or(f64::INFINITY, |(_, ms)| *ms)
    }

    /// The widest limits of a match that the ticket is in.
    pub(super) fn widest(&self, ticket: u32) -> Limits {
        match self.rules.clock {
            Clock::Oldest => Limits::at(self.rules, self.widest_s),
            Clock::Newest => Limits::at(self.rules, self.party(ticket).waited_s),
        }
    }

    /// The bucket of players whose `equal` attributes are those of this one.
    pub(super) fn bucket(&mut self, player: &'a TicketPlayer) -> u32 {
        let rules = self.rules;
        let mut key = Vec::new();
        for (at, rule) in rules.attributes.iter().enumerate() {
            if rule.rule == Likeness::Equal {
                let values = self.values.of(at, rule, player);
                key.push(self.values.set(values));
            }
        }
        if key.is_empty() {
            0
        } else {
            self.values.set(key)
        }
    }

    fn add_parties(&mut self, fit: Vec<u32>) {
        let waiting = self.waiting;
        for given in fit {
            let Waiting { ticket, waited } = waiting[given as usize];
            let bucket = ticket
                .players
                .first()
                .map_or(0, |player| self.bucket(player));
            self.parties.push(Party {
                rating: ticket.rating(),
                waited_s: waited.as_secs_f64(),
                given,
                turn: 0,
                size: ticket.players.len() as u32,
                bucket,
                kind: ticket.players.len() as u32,
                priority: ticket.priority,
            });
        }
        self.parties.sort_unstable_by(|a, b| {
            let by_rating = || a.rating.total_cmp(&b.rating);
            a.bucket
                .cmp(&b.bucket)
                .then_with(by_rating)
                .then(a.given.cmp(&b.given))
        });
    }

    fn add_turns(&mut self) {
        let mut served: Vec<(Reverse<i32>, Reverse<std::time::Duration>, u32, u32)> = (0..)
            .zip(&self.parties)
            .map(|(at, party)| {
                let waited = self.waiting[party.given as usize].waited;
                (Reverse(party.priority), Reverse(waited), party.given, at)
            })
            .collect();
        served.sort_unstable();
        self.served = served.into_iter().map(|(_, _, _, at)| at).collect();
        for (turn, ticket) in (0..).zip(&self.served) {
            self.parties[*ticket as usize].turn = turn;
        }
    }

    fn add_roles(&mut self) {
        if self.roles.is_empty() {
            return;
        }
        let mut kinds: HashMap<Vec<u64>, u32> = HashMap::new();
        for at in 0..self.parties.len() {
            let players = &self.given(at as u32).ticket.players;
            let mut masks: Vec<u64> = players.iter().map(|p| self.roles.willing(p)).collect();
            self.willing.push(masks.iter().copied());
            masks.sort_unstable();
            let next = kinds.len() as u32;
            self.parties[at].kind = *kinds.entry(masks).or_insert(next);
        }
    }

    fn add_latencies(&mut self) {
        if self.rules.latency.is_none() {
            return;
        }
        for at in 0..self.parties.len() as u32 {
            let players: Vec<&TicketPlayer> = self.given(at).ticket.players.iter().collect();
            let limit = self.widest(at).latency_ms;
            let worst = self.regions.worst(&players);
            self.latencies
                .push(worst.into_iter().filter(|(_, ms)| *ms <= limit));
        }
    }

    fn add_attributes(&mut self) {
        let (rules, waiting) = (self.rules, self.waiting);
        for (at, rule) in rules.attributes.iter().enumerate() {
            if rule.rule == Likeness::Overlap {
                let mut lists = Lists::new();
                for party in &self.parties {
                    let players = waiting[party.given as usize].ticket.players.iter();
                    lists.push(self.values.common(at, rule, players));
                }
                self.common.push(lists);
            }
        }
        let apart = || rules.attributes.iter().enumerate();
        let apart = || apart().filter(|(_, rule)| rule.rule == Likeness::Different);
        if apart().next().is_none() {
            return;
        }
        for party in &self.parties {
            let ticket = waiting[party.given as usize].ticket;
            let mut all: Vec<u32> = apart()
                .flat_map(|(at, rule)| self.values.any(at, rule, ticket))
                .collect();
            all.sort_unstable();
            self.different.push(all);
        }
    }

    fn add_avoided(&mut self) {
        let waiting = self.waiting;
        let ticket = |party: &Party| waiting[party.given as usize].ticket;
        if self
            .parties
            .iter()
            .all(|party| ticket(party).avoid.is_empty())
        {
            return;
        }
        let mut seen = HashMap::new();
        for (at, party) in (0_u32..).zip(&self.parties) {
            seen.extend(ticket(party).players.iter().map(|p| (p.id, at)));
        }
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (at, party) in (0_u32..).zip(&self.parties) {
            let others = ticket(party).avoid.iter().filter_map(|id| seen.get(id));
            for other in others.filter(|other| **other != at) {
                pairs.extend([(at, *other), (*other, at)]);
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut rest = pairs.as_slice();
        for at in 0..self.parties.len() as u32 {
            let own = rest.partition_point(|(one, _)| *one == at);
            self.avoided
                .push(rest[..own].iter().map(|(_, other)| *other));
            rest = &rest[own..];
        }
    }
}

/// The tickets that could be in some match, by their places, and why the others could not.
fn sift(rules: &Rules, waiting: &[Waiting<'_>], widest_s: f64) -> (Vec<u32>, Vec<Unmatched>) {
    let mut fit = Vec::with_capacity(waiting.len());
    let mut unfit = Vec::new();
    for (ticket, one) in waiting.iter().enumerate() {
        match party::fault(rules, one, widest_s) {
            Some((reason, detail)) => unfit.push(unmatched(ticket, reason, detail)),
            None => fit.push(ticket as u32),
        }
    }
    (fit, unfit)
}

pub(super) fn unmatched(ticket: usize, reason: Reason, detail: String) -> Unmatched {
    Unmatched {
        ticket,
        reason,
        detail,
    }
}
