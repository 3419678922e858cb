//! The plainest queue there is, with the plainest tickets and matches.

use std::collections::BTreeMap;

use boards::PlayerId;
use matchmaking::{
    Clock, MatchId, NewTicket, NewTicketPlayer, PartyRule, ProposedMatch, ProposedTeam,
    QueueChange, QueueId, QueueSettings, RatingSystem, Rules, TeamRule, TicketId,
};

/// One against one, whoever they are.
pub fn duel(acceptance_ms: Option<u64>, ticket_ttl_ms: u64) -> QueueSettings {
    let team = TeamRule {
        min_size: 1,
        max_size: 1,
        roles: BTreeMap::new(),
    };
    QueueSettings {
        rules: Rules {
            teams: vec![team.clone(), team],
            rating: None,
            latency: None,
            attributes: Vec::new(),
            party: PartyRule::default(),
            clock: Clock::Oldest,
        },
        acceptance_ms,
        ticket_ttl_ms,
        rating_system: RatingSystem::WengLin,
        boards: Vec::new(),
    }
}

/// A ticket of one player of whom nothing is known.
pub fn lone_ticket(id: TicketId, player: PlayerId) -> NewTicket {
    let player = NewTicketPlayer {
        id: player,
        rating: None,
        roles: Vec::new(),
        latencies_ms: BTreeMap::new(),
        attributes: BTreeMap::new(),
    };
    NewTicket {
        id,
        players: vec![player],
        priority: 0,
        avoid: Vec::new(),
    }
}

/// The announcement of one match of two such tickets, whose ratings are so far apart.
pub fn announced_duel(
    queue: QueueId,
    id: MatchId,
    tickets: [TicketId; 2],
    rating_spread: f64,
) -> QueueChange {
    let team = |id| ProposedTeam {
        tickets: vec![(id, vec![None])],
    };
    let proposed = ProposedMatch {
        id,
        teams: tickets.map(team).into(),
        region: None,
        rating_spread,
        team_gap: 0.0,
        win_probabilities: vec![0.5, 0.5],
    };
    QueueChange::Announce {
        queue,
        matches: vec![proposed],
        fills: Vec::new(),
    }
}
