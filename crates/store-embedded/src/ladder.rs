//! One season of a board: its entries in order, all of them and those of each segment; the hidden
//! ones beside them.

use boards::{Attribute, Details, Player, RankKey, RankMode, Segment};
use hashbrown::HashMap;

use crate::places::Places;
use crate::players::{Players, Slot};
use crate::ranks::{Ranks, RanksBuilder};

/// What an entry takes in an order: a key and a slot, in leaves that are three quarters full.
const ORDER_BYTES: u64 = (size_of::<RankKey>() + size_of::<u32>()) as u64 * 4 / 3;

/// An entry as it is loaded.
pub(crate) struct LoadedEntry {
    pub(crate) key: RankKey,
    pub(crate) slot: Slot,
    pub(crate) details: Details,
    pub(crate) hidden: bool,
}

pub(crate) struct Ladder {
    attributes: Vec<Attribute>,
    /// Keys of the ranked entries.
    places: Places,
    /// Keys of the hidden entries, which are in no index.
    hidden: HashMap<u32, RankKey>,
    details: HashMap<u32, Details>,
    all: Ranks,
    segments: HashMap<Segment, Ranks>,
}

impl Ladder {
    pub(crate) fn new(mode: RankMode, attributes: Vec<Attribute>) -> Self {
        Ladder {
            attributes,
            places: Places::new(),
            hidden: HashMap::new(),
            details: HashMap::new(),
            all: Ranks::new(mode),
            segments: HashMap::new(),
        }
    }

    /// Ranks entries that come in the order of their keys.
    pub(crate) fn from_sorted(
        mode: RankMode,
        attributes: Vec<Attribute>,
        entries: Vec<LoadedEntry>,
        players: &Players,
    ) -> Result<Self, rank::Unsorted> {
        let mut ladder = Ladder::new(mode, attributes);
        let mut all = RanksBuilder::new(mode);
        let mut segments: HashMap<Segment, RanksBuilder> = HashMap::new();
        for entry in entries {
            let LoadedEntry { key, slot, .. } = entry;
            ladder.keep_details(slot, entry.details);
            if entry.hidden {
                ladder.hidden.insert(slot.0, key);
                continue;
            }
            ladder.places.set(slot, key);
            all.push(key, slot)?;
            for segment in segments_of(&ladder.attributes, players.get(slot)) {
                let ranks = segments.entry(segment);
                let ranks = ranks.or_insert_with(|| RanksBuilder::new(mode));
                ranks.push(key, slot)?;
            }
        }
        ladder.all = all.finish();
        ladder.segments = segments.into_iter().map(|(s, b)| (s, b.finish())).collect();
        Ok(ladder)
    }

    /// So many of the ranked entries and all hidden ones, ranked in another mode, or by other
    /// attributes. O(n).
    pub(crate) fn reshaped(
        &self,
        mode: RankMode,
        attributes: Vec<Attribute>,
        players: &Players,
        keep: usize,
    ) -> Result<Self, rank::Unsorted> {
        let ranked = self.all.entries().iter().take(keep);
        let ranked = ranked.map(|(k, s)| (*k, *s, false));
        let hidden = self.hidden.iter().map(|(slot, key)| (*key, *slot, true));
        let entries = ranked.chain(hidden).map(|(key, slot, hidden)| LoadedEntry {
            key,
            slot: Slot(slot),
            details: self.details(Slot(slot)).cloned().unwrap_or_default(),
            hidden,
        });
        Ladder::from_sorted(mode, attributes, entries.collect(), players)
    }

    /// The key of an entry, hidden or not.
    pub(crate) fn key(&self, slot: Slot) -> Option<RankKey> {
        self.ranked_key(slot)
            .or_else(|| self.hidden.get(&slot.0).copied())
    }

    /// The key of an entry that is not hidden.
    pub(crate) fn ranked_key(&self, slot: Slot) -> Option<RankKey> {
        self.places.get(slot)
    }

    pub(crate) fn details(&self, slot: Slot) -> Option<&Details> {
        self.details.get(&slot.0)
    }

    /// The order of the whole board.
    pub(crate) fn all(&self) -> &Ranks {
        &self.all
    }

    /// The order of one segment; `None` where nobody is in it.
    pub(crate) fn segment(&self, segment: &Segment) -> Option<&Ranks> {
        self.segments.get(segment)
    }

    /// The hidden entries with this key or one after it.
    pub(crate) fn hidden_from(&self, first: RankKey) -> impl Iterator<Item = Slot> {
        let hidden = self.hidden.iter().filter(move |(_, key)| **key >= first);
        hidden.map(|(slot, _)| Slot(*slot))
    }

    /// About how many bytes its orders and places take. What it has of segments is reckoned by their
    /// attributes, as though each player were in one of each. O(1).
    pub(crate) fn estimated_bytes(&self) -> u64 {
        let orders = 1 + self.attributes.len() as u64;
        self.places.bytes() + self.all.len() as u64 * orders * ORDER_BYTES
    }

    /// Whether there is no entry, not even a hidden one.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.len() == 0 && self.hidden.is_empty()
    }

    /// Gives an entry a key and details, making the entry if there is none.
    pub(crate) fn set(
        &mut self,
        slot: Slot,
        player: &Player,
        key: RankKey,
        details: Details,
        hidden: bool,
    ) {
        self.keep_details(slot, details);
        if hidden {
            self.hidden.insert(slot.0, key);
            return;
        }
        let old = self.places.get(slot);
        if old == Some(key) {
            return;
        }
        self.places.set(slot, key);
        for segment in segments_of(&self.attributes, Some(player)) {
            let mode = self.all.mode();
            let ranks = self.segments.entry(segment);
            put(ranks.or_insert_with(|| Ranks::new(mode)), old, key, slot);
        }
        put(&mut self.all, old, key, slot);
    }

    pub(crate) fn remove(&mut self, slot: Slot, player: &Player) {
        self.details.remove(&slot.0);
        self.hidden.remove(&slot.0);
        self.unrank(slot, player);
    }

    /// Removes the last ranked entries that are too many.
    pub(crate) fn trim(&mut self, keep: usize, players: &Players) {
        while self.all.len() > keep {
            let last = self.all.entries().select(self.all.len() - 1);
            let slot = last.map(|(_, slot)| Slot(*slot));
            let Some((slot, player)) = slot.and_then(|slot| Some((slot, players.get(slot)?)))
            else {
                return;
            };
            self.remove(slot, player);
        }
    }

    /// Takes an entry out of the ranks.
    pub(crate) fn hide(&mut self, slot: Slot, player: &Player) {
        if let Some(key) = self.unrank(slot, player) {
            self.hidden.insert(slot.0, key);
        }
    }

    /// Puts a hidden entry back into the ranks.
    pub(crate) fn show(&mut self, slot: Slot, player: &Player) {
        if let Some(key) = self.hidden.remove(&slot.0) {
            let details = self.details.remove(&slot.0).unwrap_or_default();
            self.set(slot, player, key, details, false);
        }
    }

    /// Moves an entry to the segments of what its player has become.
    pub(crate) fn relocate(&mut self, slot: Slot, old: &Player, new: &Player) {
        let Some(key) = self.places.get(slot) else {
            return;
        };
        let mode = self.all.mode();
        for attribute in self.attributes.clone() {
            let (from, to) = (attribute.segment_of(old), attribute.segment_of(new));
            if from == to {
                continue;
            }
            if let Some(segment) = from {
                self.leave(segment, key);
            }
            if let Some(segment) = to {
                let ranks = self.segments.entry(segment);
                let ranks = ranks.or_insert_with(|| Ranks::new(mode));
                ranks.insert(key, slot);
            }
        }
    }

    fn unrank(&mut self, slot: Slot, player: &Player) -> Option<RankKey> {
        let key = self.places.remove(slot)?;
        self.all.remove(key);
        let segments: Vec<_> = segments_of(&self.attributes, Some(player)).collect();
        for segment in segments {
            self.leave(segment, key);
        }
        Some(key)
    }

    fn leave(&mut self, segment: Segment, key: RankKey) {
        if let Some(ranks) = self.segments.get_mut(&segment) {
            ranks.remove(key);
            if ranks.len() == 0 {
                self.segments.remove(&segment);
            }
        }
    }

    fn keep_details(&mut self, slot: Slot, details: Details) {
        if details.is_empty() {
            self.details.remove(&slot.0);
        } else {
            self.details.insert(slot.0, details);
        }
    }
}

fn segments_of<'a>(
    attributes: &'a [Attribute],
    player: Option<&'a Player>,
) -> impl Iterator<Item = Segment> + 'a {
    let segments = player.map(|player| attributes.iter().filter_map(|a| a.segment_of(player)));
    segments.into_iter().flatten()
}

fn put(ranks: &mut Ranks, old: Option<RankKey>, key: RankKey, slot: Slot) {
    match old {
        Some(old) => ranks.update(old, key),
        None => ranks.insert(key, slot),
    }
}
