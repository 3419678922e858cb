//! Whether a match keeps the rules, asked of the finished match one rule after the other.
//!
//! This is the plain statement of what rules mean: it shares nothing with the search that makes
//! matches, so that each can be wrong without the other. It takes O(players²) and is for tests and for
//! those who do not take a match's word.

mod filling;

use std::collections::{BTreeMap, BTreeSet};

pub use filling::filling_violations;

use crate::formation::{FormedMatch, Waiting};
use crate::names::{AttributeText, Region, Role};
use crate::rules::{AttributeRule, Clock, Likeness, Rules};
use crate::ticket::{Ticket, TicketPlayer};

/// How far a figure may be off, since sums of floats depend on their order.
const ROUNDING: f64 = 1e-6;

/// What is wrong with a match of these tickets, as sentences; empty where it keeps every rule.
pub fn violations(rules: &Rules, waiting: &[Waiting<'_>], made: &FormedMatch) -> Vec<String> {
    let mut faults = Vec::new();
    let tickets: Vec<usize> = made.teams.iter().flat_map(|t| t.tickets.clone()).collect();
    if tickets.iter().collect::<BTreeSet<_>>().len() < tickets.len() {
        faults.push("a ticket is in the match twice".to_owned());
    }
    if tickets.is_empty() || tickets.iter().any(|t| *t >= waiting.len()) {
        faults.push("the match is of no tickets, or of some that there are not".to_owned());
        return faults;
    }
    let of: Vec<&Waiting<'_>> = tickets.iter().map(|t| &waiting[*t]).collect();
    let parties: Vec<&Ticket> = of.iter().map(|w| w.ticket).collect();
    let clock = clock(rules, of.iter().map(|w| w.waited.as_secs_f64()));
    teams(rules, waiting, made, &mut faults);
    ratings(rules, waiting, made, clock, &mut faults);
    region(rules, &parties, made.region.as_ref(), clock, &mut faults);
    for rule in &rules.attributes {
        attribute(rule, &parties, &mut faults);
    }
    avoided(&parties, &mut faults);
    for party in &parties {
        party_alone(rules, party, &mut faults);
    }
    let longest = of.iter().map(|w| w.waited).max();
    if longest != Some(made.longest_wait) {
        faults.push(format!("the longest wait is {longest:?}"));
    }
    let likely: f64 = made.win_probabilities.iter().sum();
    if made.win_probabilities.len() != made.teams.len() || (likely - 1.0).abs() > ROUNDING {
        faults.push("the teams' chances do not add up to 1".to_owned());
    }
    faults
}

/// The waiting time that widens the limits, in seconds.
fn clock(rules: &Rules, waits: impl Iterator<Item = f64>) -> f64 {
    match rules.clock {
        Clock::Oldest => waits.fold(0.0, f64::max),
        Clock::Newest => waits.fold(f64::INFINITY, f64::min),
    }
}

fn teams(rules: &Rules, waiting: &[Waiting<'_>], made: &FormedMatch, faults: &mut Vec<String>) {
    if made.teams.len() != rules.teams.len() {
        faults.push(format!("there are {} teams", made.teams.len()));
    }
    for (at, (team, rule)) in made.teams.iter().zip(&rules.teams).enumerate() {
        let size = team.seats.len();
        if size < rule.min_size || size > rule.max_size {
            faults.push(format!("team {at} has {size} players"));
        }
        let mut due: Vec<(usize, usize)> = Vec::new();
        for ticket in &team.tickets {
            due.extend((0..waiting[*ticket].ticket.players.len()).map(|p| (*ticket, p)));
        }
        let mut seats: Vec<(usize, usize)> =
            team.seats.iter().map(|s| (s.ticket, s.player)).collect();
        due.sort_unstable();
        seats.sort_unstable();
        if due != seats {
            faults.push(format!("the seats of team {at} are not its parties"));
            continue;
        }
        let mut roles: BTreeMap<Role, usize> = BTreeMap::new();
        for seat in &team.seats {
            let player = &waiting[seat.ticket].ticket.players[seat.player];
            if let Some(role) = &seat.role {
                *roles.entry(role.clone()).or_default() += 1;
                if !is_willing(player, role) {
                    faults.push(format!(
                        "{} of team {at} is not willing to be {role}",
                        player.id
                    ));
                }
            }
        }
        if roles != rule.roles {
            faults.push(format!("the roles of team {at} are {roles:?}"));
        }
    }
    if rules.party.mirrored {
        let sizes = |tickets: &[usize]| {
            let mut sizes: Vec<usize> = tickets
                .iter()
                .map(|t| waiting[*t].ticket.players.len())
                .collect();
            sizes.sort_unstable();
            sizes
        };
        let all: BTreeSet<Vec<usize>> = made.teams.iter().map(|t| sizes(&t.tickets)).collect();
        if all.len() > 1 {
            faults.push(format!("the teams are of parties of {all:?}"));
        }
    }
}

fn is_willing(player: &TicketPlayer, role: &Role) -> bool {
    player.roles.is_empty() || player.roles.contains(role)
}

fn ratings(
    rules: &Rules,
    waiting: &[Waiting<'_>],
    made: &FormedMatch,
    clock: f64,
    faults: &mut Vec<String>,
) {
    let tickets = made.teams.iter().flat_map(|t| &t.tickets);
    let of_tickets: Vec<f64> = tickets.map(|t| waiting[*t].ticket.rating()).collect();
    let spread = distance(&of_tickets);
    let means: Vec<f64> = made
        .teams
        .iter()
        .map(|team| {
            let players = team
                .seats
                .iter()
                .map(|s| &waiting[s.ticket].ticket.players[s.player]);
            players.map(|p| p.rating.mean).sum::<f64>() / team.seats.len() as f64
        })
        .collect();
    let gap = distance(&means);
    if (spread - made.rating_spread).abs() > ROUNDING || (gap - made.team_gap).abs() > ROUNDING {
        faults.push(format!("ratings are {spread} apart and teams {gap}"));
    }
    for (at, (team, mean)) in made.teams.iter().zip(&means).enumerate() {
        if (team.rating - mean).abs() > ROUNDING {
            faults.push(format!("the rating of team {at} is {mean}"));
        }
    }
    if let Some(rule) = &rules.rating {
        if spread > rule.limit(clock) {
            faults.push(format!(
                "ratings are {spread} apart; {} may be",
                rule.limit(clock)
            ));
        }
        if rule.max_team_gap.is_some_and(|most| gap > most + ROUNDING) {
            faults.push(format!("teams are {gap} apart"));
        }
    }
}

/// Distance between the largest and the smallest.
fn distance(figures: &[f64]) -> f64 {
    let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    if figures.is_empty() {
        0.0
    } else {
        most - least
    }
}

/// The worst latency of all players in each region that all of them know.
fn worst_by_region<'a>(players: &[&'a TicketPlayer]) -> BTreeMap<&'a Region, f64> {
    let Some((first, others)) = players.split_first() else {
        return BTreeMap::new();
    };
    let mut worst: BTreeMap<&Region, f64> =
        first.latencies_ms.iter().map(|(r, ms)| (r, *ms)).collect();
    for player in others {
        worst.retain(|region, _| player.latencies_ms.contains_key(*region));
        for (region, ms) in &mut worst {
            *ms = ms.max(player.latencies_ms[*region]);
        }
    }
    worst
}

fn region(
    rules: &Rules,
    parties: &[&Ticket],
    held: Option<&Region>,
    clock: f64,
    faults: &mut Vec<String>,
) {
    let players: Vec<&TicketPlayer> = parties.iter().flat_map(|t| &t.players).collect();
    let worst = worst_by_region(&players);
    let mut best: Option<(&Region, f64)> = None;
    for (region, ms) in worst {
        if best.is_none_or(|(_, least)| ms < least) {
            best = Some((region, ms));
        }
    }
    if best.map(|(region, _)| region) != held {
        faults.push(format!("the region is {held:?}, the best is {best:?}"));
    }
    if let Some(rule) = &rules.latency
        && best.is_none_or(|(_, ms)| ms > rule.limit_ms(clock))
    {
        faults.push(format!(
            "the best region is {best:?}; {} ms may be",
            rule.limit_ms(clock)
        ));
    }
}

fn values<'a>(player: &'a TicketPlayer, rule: &AttributeRule) -> BTreeSet<&'a AttributeText> {
    let values = player.attributes.get(&rule.name);
    values.into_iter().flatten().collect()
}

fn attribute(rule: &AttributeRule, parties: &[&Ticket], faults: &mut Vec<String>) {
    let mut sets = parties
        .iter()
        .flat_map(|t| &t.players)
        .map(|p| values(p, rule));
    let fits = match rule.rule {
        Likeness::Equal => {
            let first = sets.next();
            sets.all(|set| Some(set) == first)
        }
        Likeness::Overlap => {
            let first = sets.next().unwrap_or_default();
            !sets.fold(first, |all, set| &all & &set).is_empty()
        }
        Likeness::Different => (1..parties.len()).all(|at| {
            let one = of_party(parties[at], rule);
            parties[..at]
                .iter()
                .all(|other| one.is_disjoint(&of_party(other, rule)))
        }),
    };
    if !fits {
        faults.push(format!("{} is not {:?}", rule.name, rule.rule));
    }
}

/// Every value that one of a party has.
fn of_party<'a>(party: &'a Ticket, rule: &AttributeRule) -> BTreeSet<&'a AttributeText> {
    party.players.iter().flat_map(|p| values(p, rule)).collect()
}

fn avoids(one: &Ticket, other: &Ticket) -> bool {
    other.players.iter().any(|p| one.avoid.contains(&p.id))
}

fn avoided(parties: &[&Ticket], faults: &mut Vec<String>) {
    for (at, one) in parties.iter().enumerate() {
        for (other_at, other) in parties.iter().enumerate() {
            if at != other_at && avoids(one, other) {
                faults.push(format!("{} avoids {}", one.id, other.id));
            }
        }
    }
}

fn party_alone(rules: &Rules, party: &Ticket, faults: &mut Vec<String>) {
    let size = party.players.len();
    if rules.party.max_size.is_some_and(|most| size > most) {
        faults.push(format!("party {} has {size} players", party.id));
    }
    let means: Vec<f64> = party.players.iter().map(|p| p.rating.mean).collect();
    if rules
        .party
        .max_spread
        .is_some_and(|most| distance(&means) > most)
    {
        faults.push(format!("party {} is {} apart", party.id, distance(&means)));
    }
}
