//! Why there is no match where each rule by itself leaves enough others.
//!
//! The rules are dropped one after the other, the last first, until there would be a match. What was
//! dropped last is in the way.

use std::collections::BTreeMap;

use super::Reason;
use super::figures::Figure;
use super::pool::{Limits, Pool};
use super::search::Demands;
use super::serving::Serving;

/// The reason and its details.
pub(super) fn reason(pool: &Pool<'_>, serving: &mut Serving<'_>, ticket: u32) -> (Reason, String) {
    let mut demands = serving.demands.clone();
    let mut floor = Limits::NOTHING;
    if !serving.can_add_up(ticket) {
        let reason = Reason::PartiesDoNotFit;
        return (reason, sentence(reason, pool, &near(serving, ticket)));
    }
    if serving.would_be(ticket, &demands, floor) {
        return (Reason::ServedLater, served(serving, ticket));
    }
    for rule in [
        Reason::TeamGapTooWide,
        Reason::RolesUnfilled,
        Reason::PartiesDoNotFit,
        Reason::RatingTooFar,
        Reason::LatencyTooHigh,
        Reason::Avoided,
        Reason::AttributesDiffer,
    ] {
        if drop(rule, pool, &mut demands, &mut floor) && serving.would_be(ticket, &demands, floor) {
            return (rule, sentence(rule, pool, &near(serving, ticket)));
        }
    }
    let reason = Reason::PartiesDoNotFit;
    (reason, sentence(reason, pool, &near(serving, ticket)))
}

/// Takes a rule out; whether it was there.
fn drop(rule: Reason, pool: &Pool<'_>, demands: &mut Demands, floor: &mut Limits) -> bool {
    match rule {
        Reason::TeamGapTooWide => {
            std::mem::replace(&mut demands.max_gap, f64::INFINITY).is_finite()
        }
        Reason::RolesUnfilled => {
            let had = demands.roles.iter().any(|roles| !roles.is_empty());
            demands.roles.iter_mut().for_each(Vec::clear);
            had
        }
        Reason::PartiesDoNotFit => std::mem::take(&mut demands.mirrored),
        Reason::RatingTooFar => {
            floor.spread = f64::INFINITY;
            pool.rules.rating.is_some()
        }
        Reason::Avoided => std::mem::take(&mut demands.apart) && !pool.avoided.is_empty(),
        Reason::AttributesDiffer => {
            std::mem::take(&mut demands.attributes)
                && (!pool.different.is_empty() || pool.common.len() > 1)
        }
        _ => {
            floor.latency_ms = f64::INFINITY;
            pool.rules.latency.is_some()
        }
    }
}

/// The ticket, and those who could be in a match with it.
fn near(serving: &mut Serving<'_>, ticket: u32) -> Vec<u32> {
    let mut near = serving.near(ticket);
    near.push(ticket);
    near
}

fn served(serving: &mut Serving<'_>, ticket: u32) -> String {
    let near = serving.near(ticket);
    let left = near
        .iter()
        .filter(|other| serving.is_there[**other as usize]);
    let left = left.count();
    match near.len() - left {
        0 => "a match could be made, but the bounded search did not come upon it".to_owned(),
        taken => format!(
            "{taken} of the {} nearest compatible tickets are in other matches, which were served first",
            near.len()
        ),
    }
}

fn sentence(rule: Reason, pool: &Pool<'_>, near: &[u32]) -> String {
    match rule {
        Reason::TeamGapTooWide => {
            let rule = pool.rules.rating.as_ref();
            let gap = rule
                .and_then(|rule| rule.max_team_gap)
                .unwrap_or(f64::INFINITY);
            format!(
                "no teams of the {} compatible tickets are within {} of each other",
                near.len(),
                Figure(gap)
            )
        }
        Reason::RolesUnfilled => roles(pool, near),
        Reason::RatingTooFar => {
            "enough others are near enough in rating to this party, but not to each other"
                .to_owned()
        }
        Reason::LatencyTooHigh => {
            "no region is near enough to this party and enough others at the same time".to_owned()
        }
        Reason::Avoided => "too few others are left without those who avoid each other".to_owned(),
        Reason::AttributesDiffer => {
            "enough others have attributes that fit this party, but they do not fit each other"
                .to_owned()
        }
        _ => parties(pool, near),
    }
}

/// Which role has too few who are willing, or that they cannot be everything at once.
fn roles(pool: &Pool<'_>, near: &[u32]) -> String {
    let players: Vec<u64> = near
        .iter()
        .flat_map(|t| pool.willing.of(*t))
        .copied()
        .collect();
    let mut needed: BTreeMap<&crate::names::Role, usize> = BTreeMap::new();
    for (role, count) in pool.rules.teams.iter().flat_map(|team| &team.roles) {
        *needed.entry(role).or_default() += count;
    }
    for (role, count) in needed {
        let bit = pool.roles.bit(role).map_or(0, |bit| 1_u64 << bit);
        let willing = players.iter().filter(|mask| **mask & bit != 0).count();
        if willing < count {
            return format!(
                "{role}: {count} needed, {willing} of the {} compatible players are willing",
                players.len()
            );
        }
    }
    format!(
        "the {} compatible players, in the parties that they are in, do not fill all roles",
        players.len()
    )
}

fn parties(pool: &Pool<'_>, near: &[u32]) -> String {
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    for ticket in near {
        *sizes.entry(pool.party(*ticket).size).or_default() += 1;
    }
    let sizes = sizes
        .iter()
        .map(|(size, count)| format!("{count} of {size}"));
    let sizes: Vec<String> = sizes.collect();
    let teams: Vec<String> = pool
        .rules
        .teams
        .iter()
        .map(|team| match team.min_size == team.max_size {
            true => team.min_size.to_string(),
            false => format!("{} to {}", team.min_size, team.max_size),
        })
        .collect();
    let mirrored = if pool.rules.party.mirrored {
        " that mirror each other"
    } else {
        ""
    };
    format!(
        "the compatible parties ({}) do not add up to teams of {}{mirrored}",
        sizes.join(", "),
        teams.join(" and ")
    )
}
