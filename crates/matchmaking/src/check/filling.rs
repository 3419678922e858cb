//! Whether those who fill open seats of a running match keep the rules, asked in the same plain way.

use super::{
    ROUNDING, attribute, avoided, avoids, clock, distance, is_willing, of_party, party_alone,
    worst_by_region,
};
use crate::formation::{Filled, Opening, Waiting};
use crate::names::{Role, TicketId};
use crate::rules::{Likeness, Rules};
use crate::ticket::{Ticket, TicketPlayer};

/// What is wrong with the tickets that join one opening, as sentences. What the running match had
/// broken before they came, such as teams far apart, they may leave as it was but not make worse.
pub fn filling_violations(
    rules: &Rules,
    opening: &Opening<'_>,
    waiting: &[Waiting<'_>],
    joined: &[Filled],
) -> Vec<String> {
    let mut faults = Vec::new();
    let seated = seated_parties(opening);
    let mut parties: Vec<&Ticket> = joined.iter().map(|f| waiting[f.ticket].ticket).collect();
    let waits = joined.iter().map(|f| waiting[f.ticket].waited);
    let clock = clock(
        rules,
        waits.chain([opening.waited]).map(|w| w.as_secs_f64()),
    );
    for (at, seats) in opening.seats.iter().enumerate() {
        taken_seats(at, seats, waiting, joined, &mut faults);
    }
    for party in &parties {
        party_alone(rules, party, &mut faults);
        if rules.party.mirrored && party.players.len() > 1 {
            faults.push("a party joins where teams have to mirror each other".to_owned());
        }
        conflicts_with_seated(rules, party, &seated, &mut faults);
    }
    let (before, after) = spreads(&seated, &parties);
    if let Some(rule) = &rules.rating
        && after > rule.limit(clock).max(before)
    {
        faults.push(format!("ratings are {after} apart"));
    }
    gap_of_filled(rules, opening, waiting, joined, &mut faults);
    joined_region(rules, opening, &seated, &parties, clock, &mut faults);
    pairwise(rules, &parties, &mut faults);
    parties.extend(seated.iter());
    for rule in rules
        .attributes
        .iter()
        .filter(|r| r.rule != Likeness::Different)
    {
        attribute(rule, &parties, &mut faults);
    }
    faults
}

/// Those of a running match, as parties of one.
fn seated_parties(opening: &Opening<'_>) -> Vec<Ticket> {
    let seated = opening.teams.iter().flatten();
    let alone = seated.filter_map(|seated| {
        Some(Ticket {
            id: TicketId::parse("seated").ok()?,
            players: vec![seated.player.clone()],
            priority: 0,
            avoid: Vec::new(),
        })
    });
    alone.collect()
}

fn taken_seats(
    team: usize,
    seats: &[Option<&Role>],
    waiting: &[Waiting<'_>],
    joined: &[Filled],
    faults: &mut Vec<String>,
) {
    let mut open: Vec<Option<&Role>> = seats.to_vec();
    for filled in joined.iter().filter(|f| f.team == team) {
        let players = &waiting[filled.ticket].ticket.players;
        if players.len() != filled.roles.len() {
            faults.push("a role for each player is missing".to_owned());
        }
        for (player, role) in players.iter().zip(&filled.roles) {
            match open.iter().position(|seat| *seat == role.as_ref()) {
                Some(seat) => _ = open.remove(seat),
                None => faults.push(format!("no seat of team {team} is open for {role:?}")),
            }
            if role.as_ref().is_some_and(|role| !is_willing(player, role)) {
                faults.push(format!("{} is not willing to be {role:?}", player.id));
            }
        }
    }
}

fn conflicts_with_seated(
    rules: &Rules,
    party: &Ticket,
    seated: &[Ticket],
    faults: &mut Vec<String>,
) {
    if seated.iter().any(|other| avoids(party, other)) {
        faults.push(format!("{} avoids somebody who is seated", party.id));
    }
    for rule in rules
        .attributes
        .iter()
        .filter(|r| r.rule == Likeness::Different)
    {
        let own = of_party(party, rule);
        if seated
            .iter()
            .any(|other| !own.is_disjoint(&of_party(other, rule)))
        {
            faults.push(format!(
                "{} of {} is that of one seated",
                rule.name, party.id
            ));
        }
    }
}

fn pairwise(rules: &Rules, parties: &[&Ticket], faults: &mut Vec<String>) {
    avoided(parties, faults);
    for rule in rules
        .attributes
        .iter()
        .filter(|r| r.rule == Likeness::Different)
    {
        attribute(rule, parties, faults);
    }
}

/// How far ratings were apart before these parties came, and after.
fn spreads(seated: &[Ticket], parties: &[&Ticket]) -> (f64, f64) {
    let mut ratings: Vec<f64> = seated.iter().map(Ticket::rating).collect();
    let before = distance(&ratings);
    ratings.extend(parties.iter().map(|t| t.rating()));
    (before, distance(&ratings))
}

fn gap_of_filled(
    rules: &Rules,
    opening: &Opening<'_>,
    waiting: &[Waiting<'_>],
    joined: &[Filled],
    faults: &mut Vec<String>,
) {
    let Some(most) = rules.rating.as_ref().and_then(|rule| rule.max_team_gap) else {
        return;
    };
    let mut teams: Vec<Vec<f64>> = opening
        .teams
        .iter()
        .map(|team| team.iter().map(|s| s.player.rating.mean).collect())
        .collect();
    let before = gap(&teams);
    for filled in joined {
        let players = &waiting[filled.ticket].ticket.players;
        teams[filled.team].extend(players.iter().map(|p| p.rating.mean));
    }
    if gap(&teams) > most.max(before) + ROUNDING {
        faults.push(format!("teams are {} apart", gap(&teams)));
    }
}

/// Distance between the means of teams that have somebody.
fn gap(teams: &[Vec<f64>]) -> f64 {
    let filled = teams.iter().filter(|team| !team.is_empty());
    let means: Vec<f64> = filled
        .map(|team| team.iter().sum::<f64>() / team.len() as f64)
        .collect();
    distance(&means)
}

fn joined_region(
    rules: &Rules,
    opening: &Opening<'_>,
    seated: &[Ticket],
    parties: &[&Ticket],
    clock: f64,
    faults: &mut Vec<String>,
) {
    let Some(rule) = &rules.latency else {
        return;
    };
    let mut players: Vec<&TicketPlayer> = parties.iter().flat_map(|t| &t.players).collect();
    let near = |ms: f64| ms <= rule.limit_ms(clock);
    let fits = match opening.region {
        Some(region) => players
            .iter()
            .all(|p| p.latencies_ms.get(region).is_some_and(|ms| near(*ms))),
        None => {
            players.extend(seated.iter().flat_map(|t| &t.players));
            worst_by_region(&players).values().any(|ms| near(*ms))
        }
    };
    if !fits && !parties.is_empty() {
        faults.push("no region is near enough for those who join".to_owned());
    }
}
