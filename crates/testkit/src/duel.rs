//! The plainest queue there is.

use std::collections::BTreeMap;

use matchmaking::{Clock, PartyRule, QueueSettings, RatingSystem, Rules, TeamRule};

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
