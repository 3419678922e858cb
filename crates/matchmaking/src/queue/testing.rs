//! Small tickets and matches for the tests of the life cycle.

use std::collections::{BTreeMap, BTreeSet};

use boards::PlayerId;

use crate::names::{MatchId, QueueId, TicketId};
use crate::queue::{Match, ProposedMatch, ProposedTeam, QueuedTicket};
use crate::rating::Rating;
use crate::rules::{Clock, PartyRule, Rules, TeamRule};
use crate::ticket::{Ticket, TicketPlayer};

pub(super) fn id(n: u8) -> PlayerId {
    PlayerId::from_bytes([n; 16])
}

pub(super) fn ids(numbers: &[u8]) -> BTreeSet<PlayerId> {
    numbers.iter().copied().map(id).collect()
}

pub(super) fn ticket_id(name: &str) -> TicketId {
    TicketId::parse(name).unwrap()
}

pub(super) fn player(n: u8, mean: f64) -> TicketPlayer {
    TicketPlayer {
        id: id(n),
        rating: Rating {
            mean,
            deviation: 100.0,
            volatility: None,
        },
        roles: Vec::new(),
        latencies_ms: BTreeMap::new(),
        attributes: BTreeMap::new(),
    }
}

pub(super) fn ticket(name: &str, players: &[u8]) -> Ticket {
    Ticket {
        id: ticket_id(name),
        players: players.iter().map(|n| player(*n, 1500.0)).collect(),
        priority: 0,
        avoid: Vec::new(),
    }
}

/// Two teams of so many players, from and to.
pub(super) fn rules(sizes: &[usize; 2]) -> Rules {
    let team = TeamRule {
        min_size: sizes[0],
        max_size: sizes[1],
        roles: BTreeMap::new(),
    };
    Rules {
        teams: vec![team.clone(), team],
        rating: None,
        latency: None,
        attributes: Vec::new(),
        party: PartyRule::default(),
        clock: Clock::Oldest,
    }
}

/// A proposal of these tickets, made at 0, to be accepted within that time.
pub(super) fn proposed(teams: &[&[(&str, &[u8])]], acceptance_ms: u64) -> Match {
    let queue = || QueueId::parse("q").unwrap();
    let made = |(name, players): &(&str, &[u8])| {
        QueuedTicket::made(queue(), ticket(name, players), 1000, 0)
    };
    let tickets: Vec<Vec<QueuedTicket>> = teams
        .iter()
        .map(|team| team.iter().map(made).collect())
        .collect();
    let refs: Vec<Vec<&QueuedTicket>> = tickets.iter().map(|t| t.iter().collect()).collect();
    let roles = |ticket: &QueuedTicket| vec![None; ticket.ticket.players.len()];
    let proposed = ProposedMatch {
        id: MatchId::from_random([7; 16]),
        teams: tickets
            .iter()
            .map(|team| ProposedTeam {
                tickets: team.iter().map(|t| (t.id().clone(), roles(t))).collect(),
            })
            .collect(),
        region: None,
        rating_spread: 0.0,
        team_gap: 0.0,
        win_probabilities: vec![0.5, 0.5],
    };
    let as_many = |sizes| {
        let mut rules = rules(sizes);
        let team = rules.teams[0].clone();
        rules.teams.resize(teams.len(), team);
        rules
    };
    assert!(proposed.fits(&as_many(&[1, 2]), &refs) && !proposed.fits(&as_many(&[2, 2]), &refs));
    proposed.announced(&refs, Some(acceptance_ms), 0).unwrap()
}
