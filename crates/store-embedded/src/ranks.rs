//! The order of a board or of one of its segments, and the ranks that follow from it.

use boards::{RankKey, RankMode};
use rank::{Builder, RankIndex, Unsorted};

use crate::players::Slot;

pub(crate) type Index = RankIndex<RankKey, u32>;
/// Scores, each once, as [`RankKey::tier`] gives them.
pub(crate) type Tiers = RankIndex<u64, ()>;

/// Keys in order; in dense mode the different scores as well, whose number above a score is the rank.
/// Shared ranks need no index of their own: as many keys are less than the first that an entry of
/// this score could have as entries are better.
pub(crate) struct Ranks {
    mode: RankMode,
    entries: Index,
    /// Kept in dense mode alone.
    tiers: Tiers,
}

impl Ranks {
    pub(crate) fn new(mode: RankMode) -> Self {
        Ranks {
            mode,
            entries: Index::new(),
            tiers: Tiers::new(),
        }
    }

    pub(crate) fn mode(&self) -> RankMode {
        self.mode
    }

    pub(crate) fn entries(&self) -> &Index {
        &self.entries
    }

    pub(crate) fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The rank of an entry with this key, counted from 1. O(log n).
    pub(crate) fn rank(&self, key: RankKey) -> u64 {
        let better = match self.mode {
            RankMode::Ordinal => self.entries.position(&key),
            RankMode::Shared => self.better(key),
            RankMode::Dense => self.tiers.position(&key.tier()),
        };
        better as u64 + 1
    }

    /// How many entries have a better score.
    pub(crate) fn better(&self, key: RankKey) -> usize {
        self.entries.position(&key.first_of_ties())
    }

    /// Entries with the score of this key.
    pub(crate) fn ties(&self, tier: u64) -> usize {
        self.entries.count(tier_range(tier))
    }

    pub(crate) fn insert(&mut self, key: RankKey, slot: Slot) {
        if self.mode == RankMode::Dense {
            self.tiers.insert(key.tier(), ());
        }
        self.entries.insert(key, slot.0);
    }

    pub(crate) fn remove(&mut self, key: RankKey) {
        self.entries.remove(&key);
        self.forget_tier(key.tier());
    }

    pub(crate) fn update(&mut self, old: RankKey, new: RankKey) {
        self.entries.update(&old, new);
        if self.mode == RankMode::Dense && old.tier() != new.tier() {
            self.tiers.insert(new.tier(), ());
            self.forget_tier(old.tier());
        }
    }

    fn forget_tier(&mut self, tier: u64) {
        if self.mode == RankMode::Dense && self.ties(tier) == 0 {
            self.tiers.remove(&tier);
        }
    }
}

/// The keys of one score.
pub(crate) fn tier_range(tier: u64) -> std::ops::RangeInclusive<RankKey> {
    let first = RankKey::of_tier(tier);
    first..=first.last_of_ties()
}

/// Makes [`Ranks`] from keys that come in order.
pub(crate) struct RanksBuilder {
    mode: RankMode,
    entries: Builder<RankKey, u32>,
    tiers: Builder<u64, ()>,
    last_tier: Option<u64>,
}

impl RanksBuilder {
    pub(crate) fn new(mode: RankMode) -> Self {
        RanksBuilder {
            mode,
            entries: Builder::new(),
            tiers: Builder::new(),
            last_tier: None,
        }
    }

    pub(crate) fn push(&mut self, key: RankKey, slot: Slot) -> Result<(), Unsorted> {
        self.entries.push(key, slot.0)?;
        if self.mode == RankMode::Dense && self.last_tier != Some(key.tier()) {
            self.last_tier = Some(key.tier());
            self.tiers.push(key.tier(), ())?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Ranks {
        Ranks {
            mode: self.mode,
            entries: self.entries.finish(),
            tiers: self.tiers.finish(),
        }
    }
}
