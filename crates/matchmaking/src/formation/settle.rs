//! Whether given tickets are a match, whoever put them together.

use super::company::{Company, Terms, overlap};
use super::pool::{Limits, Pool};
use super::search::{Demands, Team};
use super::serving::Lineup;
use super::split;
use crate::rules::Clock;

/// The tickets of these teams as a match, split so that the teams are most equal; `None` where that breaks
/// a rule. The teams keep their sizes.
pub(super) fn settle(pool: &Pool<'_>, demands: &Demands, lineup: &Lineup) -> Option<Lineup> {
    let all = || lineup.iter().flatten().copied();
    let tickets: Vec<u32> = all().collect();
    let together = |at: usize| {
        let (ticket, others) = (tickets[at], &tickets[..at]);
        others
            .iter()
            .all(|other| !demands.conflict(pool, *other, ticket))
    };
    if !(0..tickets.len()).all(together)
        || !overlap(&pool.common, all())
        || !is_near(pool, &tickets)
    {
        return None;
    }
    let team = |tickets: &Vec<u32>| Team {
        tickets: tickets.clone(),
        size: tickets.iter().map(|ticket| pool.party(*ticket).size).sum(),
    };
    let teams: Vec<Team> = lineup.iter().map(team).collect();
    let mut budget = u32::MAX;
    split::best(pool, demands, &teams, &mut budget)
}

/// Whether all are near enough to each other and to some region.
fn is_near(pool: &Pool<'_>, tickets: &[u32]) -> bool {
    let waits = tickets.iter().map(|ticket| pool.party(*ticket).waited_s);
    let held = match pool.rules.clock {
        Clock::Oldest => Some(Limits::at(pool.rules, waits.fold(0.0, f64::max))),
        Clock::Newest => None,
    };
    let is_near = |region| {
        let terms = Terms {
            region,
            held,
            floor: Limits::NOTHING,
        };
        let mut tickets = tickets.iter();
        tickets
            .try_fold(Company::NOBODY, |company, ticket| {
                company.with(pool, &terms, *ticket)
            })
            .is_some()
    };
    let first = tickets
        .first()
        .map_or(&[][..], |ticket| pool.latencies.of(*ticket));
    match pool.rules.latency {
        None => is_near(None),
        Some(_) => first.iter().any(|(region, _)| is_near(Some(*region))),
    }
}
