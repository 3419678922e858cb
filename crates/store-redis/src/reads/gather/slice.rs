//! What is known of a room: some of its entries, which follow each other, and what stands around them.

use boards::RankKey;

/// Between entries: right before the one with the key (`false`), or right after it (`true`).
pub(in crate::reads) type Cut = (RankKey, bool);

/// What a room answers: some of its entries, which follow each other.
#[derive(Clone, Debug)]
pub(in crate::reads) struct Slice<T> {
    /// Entries in the view.
    pub(in crate::reads) total: u64,
    /// How many of them stand before the place that was asked for.
    pub(in crate::reads) at: u64,
    /// The index of the first entry here.
    pub(in crate::reads) first: u64,
    /// Where ranks are shared, the one before that.
    pub(in crate::reads) previous: Option<Previous>,
    /// Best first.
    pub(in crate::reads) entries: Vec<(RankKey, T)>,
}

/// The last entry of a room before those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::reads) struct Previous {
    /// See [`RankKey::tier`].
    pub(in crate::reads) tier: u64,
    /// How many of the room have a better score.
    pub(in crate::reads) better: u64,
}

impl<T> Slice<T> {
    pub(super) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    pub(super) fn low(&self) -> Option<Cut> {
        self.entries.first().map(|(key, _)| (*key, false))
    }

    pub(super) fn high(&self) -> Option<Cut> {
        self.entries.last().map(|(key, _)| (*key, true))
    }

    /// How many of the entries here stand before that; none before the beginning.
    pub(super) fn before(&self, cut: Option<Cut>) -> u64 {
        let Some(cut) = cut else { return 0 };
        self.entries
            .partition_point(|(key, _)| is_before(*key, cut)) as u64
    }

    pub(super) fn better(&self, tier: u64) -> u64 {
        let here = self.entries.partition_point(|(key, _)| key.tier() < tier) as u64;
        match self.previous {
            Some(previous) if here == 0 && previous.tier == tier => previous.better,
            _ => self.first + here,
        }
    }
}

pub(super) fn is_before(key: RankKey, cut: Cut) -> bool {
    (key, false) < cut
}
