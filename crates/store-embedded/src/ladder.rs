//! One board's entries in order: all of them, and those of each segment.

use boards::{Attribute, Player, RankKey, Segment};
use hashbrown::HashMap;
use rank::{Builder, RankIndex};

use crate::places::Places;
use crate::players::{Players, Slot};

type Index = RankIndex<RankKey, u32>;

pub(crate) struct Ladder {
    attributes: Vec<Attribute>,
    places: Places,
    all: Index,
    segments: HashMap<Segment, Index>,
}

/// What a change did to an entry's rank on the whole board; counted from 1.
pub(crate) struct Moved {
    pub(crate) previous_rank: Option<u64>,
    pub(crate) rank: u64,
}

impl Ladder {
    /// Ranks entries that come in the order of their keys.
    pub(crate) fn from_sorted(
        attributes: Vec<Attribute>,
        entries: &[(RankKey, Slot)],
        players: &Players,
    ) -> Result<Self, rank::Unsorted> {
        let mut places = Places::new();
        let mut all = Builder::new();
        let mut segments: HashMap<Segment, Builder<RankKey, u32>> = HashMap::new();
        for (key, slot) in entries {
            places.set(*slot, *key);
            all.push(*key, slot.0)?;
            for segment in players
                .get(*slot)
                .into_iter()
                .flat_map(|p| segments_of(&attributes, p))
            {
                segments.entry(segment).or_default().push(*key, slot.0)?;
            }
        }
        let segments = segments.into_iter().map(|(s, b)| (s, b.finish())).collect();
        Ok(Ladder {
            attributes,
            places,
            all: all.finish(),
            segments,
        })
    }

    pub(crate) fn key(&self, slot: Slot) -> Option<RankKey> {
        self.places.get(slot)
    }

    /// The rank on the whole board of an entry with this key.
    pub(crate) fn rank(&self, key: RankKey) -> u64 {
        self.all.position(&key) as u64 + 1
    }

    /// The index of one segment, or of the whole board; `None` for a segment without entries.
    pub(crate) fn index(&self, segment: Option<Segment>) -> Option<&Index> {
        match segment {
            None => Some(&self.all),
            Some(segment) => self.segments.get(&segment),
        }
    }

    /// Gives an entry a new key, making the entry if there is none.
    pub(crate) fn set(&mut self, slot: Slot, player: &Player, key: RankKey) -> Moved {
        let old = self.places.get(slot);
        self.places.set(slot, key);
        for segment in segments_of(&self.attributes, player) {
            put(self.segments.entry(segment).or_default(), old, key, slot);
        }
        put(&mut self.all, old, key, slot)
    }
}

fn segments_of<'a>(
    attributes: &'a [Attribute],
    player: &'a Player,
) -> impl Iterator<Item = Segment> + 'a {
    attributes.iter().filter_map(|a| a.segment_of(player))
}

/// Keys are unique by their sequence number, so that neither call below can be refused.
fn put(index: &mut Index, old: Option<RankKey>, key: RankKey, slot: Slot) -> Moved {
    let moved = old.and_then(|old| index.update(&old, key));
    match moved {
        Some(moved) => Moved {
            previous_rank: Some(moved.from as u64 + 1),
            rank: moved.to as u64 + 1,
        },
        None => Moved {
            previous_rank: None,
            rank: index.insert(key, slot.0).unwrap_or(0) as u64 + 1,
        },
    }
}
