//! What keeps a party from every match by itself, whoever else waits.

use std::collections::BTreeSet;

use super::figures::{Figure, Moment, seconds_until};
use super::{Reason, Waiting};
use crate::rules::{AttributeRule, Clock, Likeness, Rules};
use crate::ticket::{Ticket, TicketPlayer};

/// Why this party can be in no match, with the figures; `None` where it can. `widest_s` is the longest
/// that anybody has waited, in seconds: a match may be on that clock.
pub(super) fn fault(
    rules: &Rules,
    waiting: &Waiting<'_>,
    widest_s: f64,
) -> Option<(Reason, String)> {
    let ticket = waiting.ticket;
    too_large(rules, ticket)
        .map(|detail| (Reason::PartyTooLarge, detail))
        .or_else(|| {
            let detail = too_far_apart(rules, ticket)
                .or_else(|| {
                    rules
                        .attributes
                        .iter()
                        .find_map(|rule| unlike(rule, ticket))
                })
                .or_else(|| no_region(rules, waiting, widest_s))?;
            Some((Reason::PartyConflict, detail))
        })
}

fn too_large(rules: &Rules, ticket: &Ticket) -> Option<String> {
    let size = ticket.players.len();
    let team = rules.teams.iter().map(|t| t.max_size).max().unwrap_or(0);
    if size > team {
        return Some(format!(
            "the party has {size} players; teams have {team} at the most"
        ));
    }
    let most = rules.party.max_size?;
    (size > most).then(|| format!("the party has {size} players; parties have {most} at the most"))
}

fn too_far_apart(rules: &Rules, ticket: &Ticket) -> Option<String> {
    let limit = rules.party.max_spread?;
    let means = || ticket.players.iter().map(|p| p.rating.mean);
    let spread = means().fold(f64::NEG_INFINITY, f64::max) - means().fold(f64::INFINITY, f64::min);
    (spread > limit).then(|| {
        format!(
            "the party's players are {} apart; those of a party may be {}",
            Figure(spread),
            Figure(limit)
        )
    })
}

fn unlike(rule: &AttributeRule, ticket: &Ticket) -> Option<String> {
    let values = |player: &TicketPlayer| -> BTreeSet<String> {
        let values = player.attributes.get(&rule.name).into_iter().flatten();
        values.map(|v| v.as_str().to_owned()).collect()
    };
    let mut sets = ticket.players.iter().map(values);
    let first = sets.next().unwrap_or_default();
    match rule.rule {
        Likeness::Equal if sets.any(|set| set != first) => Some(format!(
            "the party's players do not have the same {}",
            rule.name
        )),
        Likeness::Overlap => sets
            .fold(first, |all, set| &all & &set)
            .is_empty()
            .then(|| match ticket.players.len() {
                1 => format!("the player has no {}", rule.name),
                _ => format!("there is no {} that all of the party have", rule.name),
            }),
        _ => None,
    }
}

fn no_region(rules: &Rules, waiting: &Waiting<'_>, widest_s: f64) -> Option<String> {
    let rule = rules.latency.as_ref()?;
    let own_s = waiting.waited.as_secs_f64();
    let clock_s = match rules.clock {
        Clock::Oldest => widest_s.max(own_s),
        Clock::Newest => own_s,
    };
    let (first, others) = waiting.ticket.players.split_first()?;
    let best = first
        .latencies_ms
        .iter()
        .filter_map(|(region, ms)| {
            let mut rest = others.iter().map(|p| p.latencies_ms.get(region).copied());
            let worst = rest.try_fold(*ms, |worst, ms| Some(worst.max(ms?)))?;
            Some((worst, region))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((best, region)) = best else {
        return Some(match others.len() {
            0 => "the player has no latency to any region".to_owned(),
            _ => "there is no region to which all of the party have a latency".to_owned(),
        });
    };
    let limit = rule.limit_ms(clock_s);
    (best > limit).then(|| {
        let wait = seconds_until(
            best,
            rule.max_ms,
            rule.widen_ms_per_s,
            rule.ceiling_ms,
            clock_s,
        );
        format!(
            "the nearest region, {region}, is {} ms away; limit {} ms now, {}",
            Figure(best),
            Figure(limit),
            Moment {
                wait,
                end: rule.ceiling_ms
            }
        )
    })
}
