//! The parts of a board that are ranked by themselves as well.

use serde::{Deserialize, Serialize};

use crate::player::{Country, Player};

/// An attribute of players by which a board can be split into segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attribute {
    /// The country.
    Country,
}

impl Attribute {
    /// The segment of this attribute that a player belongs to, if any.
    pub fn segment_of(self, player: &Player) -> Option<Segment> {
        match self {
            Attribute::Country => player.country.map(Segment::Country),
        }
    }
}

/// The entries of all players with one value of an attribute, such as `country:tr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The players of one country.
    Country(Country),
}
