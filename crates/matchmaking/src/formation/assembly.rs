//! From the tickets of each team to a match with seats, roles, region and figures.

use super::pool::Pool;
use super::roles::{NO_ROLE, cast};
use super::serving::Lineup;
use super::{FormedMatch, FormedTeam, Seat};
use crate::names::{Region, Role};
use crate::rating::{Rating, RatingSystem};
use crate::rules::TeamRule;
use crate::ticket::TicketPlayer;

/// The match of these tickets.
pub(super) fn assemble(pool: &Pool<'_>, system: RatingSystem, lineup: &Lineup) -> FormedMatch {
    let rules = pool.rules.teams.iter();
    let teams: Vec<FormedTeam> = lineup
        .iter()
        .zip(rules)
        .map(|(tickets, rule)| team(pool, rule, tickets))
        .collect();
    let all = || lineup.iter().flatten();
    let ratings = all().map(|ticket| pool.party(*ticket).rating);
    let skills: Vec<Vec<Rating>> = lineup.iter().map(|team| skills(pool, team)).collect();
    FormedMatch {
        region: nearest_region(
            &all()
                .flat_map(|t| &pool.given(*t).ticket.players)
                .collect::<Vec<_>>(),
        ),
        rating_spread: distance(ratings),
        team_gap: distance(teams.iter().map(|team| team.rating)),
        win_probabilities: system.win_probabilities(&skills),
        longest_wait: all()
            .map(|t| pool.given(*t).waited)
            .max()
            .unwrap_or_default(),
        teams,
    }
}

fn team(pool: &Pool<'_>, rule: &TeamRule, tickets: &[u32]) -> FormedTeam {
    let mut willing: Vec<u64> = Vec::new();
    for ticket in tickets {
        willing.extend_from_slice(pool.willing.of(*ticket));
    }
    let needs: Vec<(u8, u32)> = rule
        .roles
        .iter()
        .filter_map(|(role, count)| Some((pool.roles.bit(role)?, *count as u32)))
        .collect();
    let cast = cast(&willing, &needs);
    let role = |at: usize| -> Option<Role> {
        let bit = cast.role.get(at).copied().unwrap_or(NO_ROLE);
        pool.roles.name(bit).cloned()
    };
    let mut seats = Vec::new();
    let mut total = 0.0;
    for ticket in tickets {
        let given = pool.party(*ticket).given as usize;
        for (player, who) in pool.given(*ticket).ticket.players.iter().enumerate() {
            total += who.rating.mean;
            seats.push(Seat {
                ticket: given,
                player,
                role: role(seats.len()),
            });
        }
    }
    FormedTeam {
        tickets: tickets
            .iter()
            .map(|t| pool.party(*t).given as usize)
            .collect(),
        rating: total / seats.len() as f64,
        seats,
    }
}

fn skills(pool: &Pool<'_>, tickets: &[u32]) -> Vec<Rating> {
    let players = tickets.iter().flat_map(|t| &pool.given(*t).ticket.players);
    players.map(|player| player.rating).collect()
}

/// Distance between the largest and the smallest.
pub(super) fn distance(figures: impl Iterator<Item = f64>) -> f64 {
    let (low, high) = figures.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), figure| {
        (low.min(figure), high.max(figure))
    });
    (high - low).max(0.0)
}

/// The region that all players know in which the worst latency is least; of equal ones the first by
/// name.
fn nearest_region(players: &[&TicketPlayer]) -> Option<Region> {
    let (first, others) = players.split_first()?;
    let mut best: Option<(f64, &Region)> = None;
    for (region, ms) in &first.latencies_ms {
        let mut rest = others.iter().map(|player| player.latencies_ms.get(region));
        let worst = rest.try_fold(*ms, |worst, ms| Some(worst.max(*ms?)));
        if let Some(worst) = worst
            && best.is_none_or(|(least, _)| worst < least)
        {
            best = Some((worst, region));
        }
    }
    best.map(|(_, region)| region.clone())
}
