//! A ticket: a party that wants a match, with all that rules ask of it.

use std::collections::BTreeMap;

use boards::PlayerId;
use serde::{Deserialize, Serialize};

use crate::names::{AttributeKey, AttributeText, Region, Role, TicketId};
use crate::rating::Rating;

/// A party of one or more players that want to be in one team of one match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its name, unique among those that are looked at together.
    pub id: TicketId,
    /// The party; never empty, nobody twice.
    pub players: Vec<TicketPlayer>,
    /// Larger ones are served first; 0 where nothing is said.
    pub priority: i32,
    /// Players that nobody of the party wants to be in a match with, in whichever team.
    pub avoid: Vec<PlayerId>,
}

/// One of a party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketPlayer {
    /// Who.
    pub id: PlayerId,
    /// How good, and how well that is known. Finite.
    pub rating: Rating,
    /// What the player is willing to be, in no order; empty: anything.
    pub roles: Vec<Role>,
    /// Round-trip times in milliseconds to the regions that were measured; finite, not negative.
    pub latencies_ms: BTreeMap<Region, f64>,
    /// What else rules may speak of; an attribute has one value or several.
    pub attributes: BTreeMap<AttributeKey, Vec<AttributeText>>,
}

impl Ticket {
    /// The mean of the players' ratings, which is where the ticket stands among others.
    pub fn rating(&self) -> f64 {
        let sum: f64 = self.players.iter().map(|p| p.rating.mean).sum();
        sum / self.players.len() as f64
    }
}
