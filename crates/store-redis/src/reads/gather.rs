//! Consecutive entries of a view, merged from what each room has of them. Nothing here asks a room: it says what
//! is to be asked next, and takes the answers.
//!
//! Of each room a stretch of its own order is known. What is merged of these is known to be complete between the
//! latest of their beginnings and the earliest of their ends; where that is less than what is wanted, the rooms
//! that end it are asked for more. Players are spread over rooms by a hash, so a room is asked for little more
//! than its even share, and that is mostly enough the first time.

mod slice;

use boards::RankKey;

pub(super) use slice::{Cut, Previous, Slice};

use slice::is_before;

/// The most entries that a room is asked for at once.
pub(super) const MOST_AT_ONCE: u64 = 1000;

/// Which entries are wanted, by how they stand to the place that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// So many after the place the first one is…
    pub(super) skip: u64,
    /// …or so many before it.
    pub(super) back: u64,
    /// How many.
    pub(super) limit: u64,
    /// Whether at an end of the view there are to be as many, on the other side.
    pub(super) slide: bool,
}

/// What a room is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) room: usize,
    pub(super) at: Cut,
    pub(super) back: u64,
    pub(super) ahead: u64,
}

/// Entries that were wanted.
#[derive(Debug)]
pub(super) struct Gathered<T> {
    pub(super) entries: Vec<(RankKey, T)>,
    /// How many entries of the view stand before the first of these.
    pub(super) first: u64,
    /// How many have a better score than the first of these, where ranks are shared.
    pub(super) better: u64,
    /// Entries in the view.
    pub(super) total: u64,
}

struct Part<T> {
    slice: Slice<T>,
    /// Whether there are entries after those that are known.
    more: bool,
}

/// Entries on the way.
pub(super) struct Gather<T> {
    wanted: Wanted,
    /// The place that was asked for; `None`: the beginning of the view.
    place: Option<Cut>,
    parts: Vec<Part<T>>,
    total: u64,
    start: u64,
    end: u64,
    /// Grows with each time that rooms had to be asked again.
    haste: u64,
}

/// Between where all entries are known, and how many stand before the first of them.
struct Known {
    low: Option<Cut>,
    high: Option<Cut>,
    before: u64,
    length: u64,
}

/// How many entries a room is asked for where `wanted` of all are: its share, and some more since shares are
/// not quite even.
pub(super) fn share(wanted: u64, rooms: usize) -> u64 {
    let even = wanted.div_ceil(rooms.max(1) as u64);
    let all = if rooms > 1 {
        even + 4 * even.isqrt() + 4
    } else {
        even
    };
    all.min(wanted).clamp(1, MOST_AT_ONCE)
}

impl<T> Gather<T> {
    /// Begins with what the rooms have answered about the place.
    pub(super) fn new(wanted: Wanted, place: Option<Cut>, slices: Vec<Slice<T>>) -> Self {
        let total: u64 = slices.iter().map(|slice| slice.total).sum();
        let at: u64 = slices.iter().map(|slice| slice.at).sum();
        let mut start = at.saturating_add(wanted.skip).saturating_sub(wanted.back);
        if wanted.slide {
            start = start.min(total.saturating_sub(wanted.limit));
        }
        let parts = slices.into_iter().map(|slice| Part {
            more: slice.end() < slice.total,
            slice,
        });
        Gather {
            wanted,
            place,
            parts: parts.collect(),
            total,
            start: start.min(total),
            end: start.saturating_add(wanted.limit).min(total),
            haste: 1,
        }
    }

    /// What is to be asked next; nothing once all is there.
    pub(super) fn asks(&mut self) -> Vec<Ask> {
        if self.start >= self.end {
            return Vec::new();
        }
        let known = self.known();
        let before = known.before.saturating_sub(self.start);
        let after = self.end.saturating_sub(known.before + known.length);
        let mut asks = Vec::new();
        if before > 0 {
            asks.extend(self.asks_back(&known, self.quota(before)));
        }
        if after > 0 {
            asks.extend(self.asks_ahead(&known, self.quota(after)));
        }
        self.haste = self.haste.saturating_mul(2);
        asks
    }

    /// Takes the answer to something that was asked.
    pub(super) fn take(&mut self, ask: &Ask, slice: Slice<T>) {
        let Some(part) = self.parts.get_mut(ask.room) else {
            return;
        };
        if ask.ahead > 0 {
            part.more = !slice.entries.is_empty() && slice.end() < slice.total;
            part.slice.entries.extend(slice.entries);
        } else {
            part.slice.first = slice.first;
            part.slice.previous = slice.previous;
            part.slice.entries.splice(0..0, slice.entries);
        }
    }

    /// The entries that were wanted, of those that there are.
    pub(super) fn finish(self) -> Gathered<T> {
        let known = self.known();
        let first = self.start.max(known.before);
        let skip = (first - known.before) as usize;
        let length = self.wanted.limit.min(self.total.saturating_sub(first)) as usize;
        let tier = self.key_at(&known, skip).map(RankKey::tier);
        let better = tier.map_or(first, |tier| self.better(tier));
        let mut entries: Vec<(RankKey, T)> = Vec::new();
        for part in self.parts {
            let inside = part.slice.entries.into_iter();
            entries.extend(inside.filter(|(key, _)| known.contains(*key)));
        }
        entries.sort_unstable_by_key(|(key, _)| *key);
        Gathered {
            entries: entries.into_iter().skip(skip).take(length).collect(),
            first,
            better,
            total: self.total,
        }
    }

    fn quota(&self, wanted: u64) -> u64 {
        let quota = share(wanted, self.parts.len()).saturating_mul(self.haste);
        quota.min(wanted).clamp(1, MOST_AT_ONCE)
    }

    fn asks_back(&self, known: &Known, quota: u64) -> Vec<Ask> {
        let parts = self.parts.iter().enumerate();
        let short =
            parts.filter(|(_, part)| part.slice.first > 0 && part.slice.before(known.low) < quota);
        let ask = |(room, part): (usize, &Part<T>)| {
            let first = part.slice.entries.first();
            let at = first.map(|(key, _)| (*key, false)).or(self.place)?;
            Some(Ask {
                room,
                at,
                back: quota,
                ahead: 0,
            })
        };
        short.filter_map(ask).collect()
    }

    fn asks_ahead(&self, known: &Known, quota: u64) -> Vec<Ask> {
        let parts = self.parts.iter().enumerate();
        let short = parts.filter(|(_, part)| {
            let later = known.high.map_or(0, |high| {
                part.slice.entries.len() as u64 - part.slice.before(Some(high))
            });
            part.more && later < quota
        });
        let ask = |(room, part): (usize, &Part<T>)| {
            let last = part.slice.entries.last();
            let at = last.map(|(key, _)| (*key, true)).or(self.place)?;
            Some(Ask {
                room,
                at,
                back: 0,
                ahead: quota,
            })
        };
        short.filter_map(ask).collect()
    }

    fn known(&self) -> Known {
        let low = self.parts.iter().filter(|part| part.slice.first > 0);
        let low = low.filter_map(|part| part.slice.low().or(self.place)).max();
        let high = self.parts.iter().filter(|part| part.more);
        let high = high.filter_map(|part| part.slice.high().or(self.place));
        let high = high.min();
        let slices = || self.parts.iter().map(|part| &part.slice);
        let to_low = |slice: &Slice<T>| slice.before(low);
        let to_high = |slice: &Slice<T>| match high {
            None => slice.entries.len() as u64,
            high => slice.before(high),
        };
        let before = slices().map(|slice| slice.first + to_low(slice)).sum();
        let length = slices().map(|slice| to_high(slice).saturating_sub(to_low(slice)));
        Known {
            low,
            high,
            before,
            length: length.sum(),
        }
    }

    /// The key of the entry after so many of those that are known.
    fn key_at(&self, known: &Known, skip: usize) -> Option<RankKey> {
        let entries = self.parts.iter().flat_map(|part| &part.slice.entries);
        let mut keys: Vec<RankKey> = entries.map(|(key, _)| *key).collect();
        keys.retain(|key| known.contains(*key));
        keys.sort_unstable();
        keys.get(skip).copied()
    }

    /// How many entries have a better score than that of this tier, which is where the known ones begin or
    /// within them.
    fn better(&self, tier: u64) -> u64 {
        let slices = self.parts.iter().map(|part| &part.slice);
        slices.map(|slice| slice.better(tier)).sum()
    }
}

impl Known {
    fn contains(&self, key: RankKey) -> bool {
        self.low.is_none_or(|low| !is_before(key, low))
            && self.high.is_none_or(|high| is_before(key, high))
    }
}

#[cfg(test)]
mod tests;
