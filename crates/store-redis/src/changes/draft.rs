//! A board as it becomes while a change moves its entries one after the other, without its entries: what goes
//! and what comes is kept beside what is known of the rest, as the embedded store does it.

use std::collections::{BTreeMap, HashMap};

use boards::{PlayerId, RankKey, RankMode};
use rank::RankIndex;

/// What is known of a board before the change.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    /// Ranked entries.
    pub(super) total: u64,
    /// The last of them, the very last at the end; as many as the change can drop or move.
    pub(super) last: Vec<(RankKey, PlayerId)>,
    /// How much ranks above a key, by the board's mode: see [`Draft::question`].
    pub(super) above: BTreeMap<RankKey, u64>,
    /// Entries with a score, asked for in dense mode of each score that the change touches.
    pub(super) ties: HashMap<u64, u64>,
}

pub(super) struct Draft {
    mode: RankMode,
    base: Base,
    /// Ranked keys of the board that are no more.
    gone: RankIndex<RankKey, ()>,
    /// Ranked keys that the board did not have.
    fresh: RankIndex<RankKey, PlayerId>,
    /// The same of scores, each once; kept in dense mode alone.
    gone_tiers: RankIndex<u64, ()>,
    fresh_tiers: RankIndex<u64, ()>,
}

impl Draft {
    pub(super) fn new(mode: RankMode, base: Base) -> Self {
        Draft {
            mode,
            base,
            gone: RankIndex::new(),
            fresh: RankIndex::new(),
            gone_tiers: RankIndex::new(),
            fresh_tiers: RankIndex::new(),
        }
    }

    /// What has to be asked of the board for the rank of an entry with this key: all keys that it had before
    /// this one, or, where ties share their rank, before all of its score; in dense mode the scores of those.
    pub(super) fn question(mode: RankMode, key: RankKey) -> RankKey {
        match mode {
            RankMode::Ordinal => key,
            RankMode::Shared | RankMode::Dense => key.first_of_ties(),
        }
    }

    /// Ranked entries.
    pub(super) fn total(&self) -> u64 {
        self.base.total + self.fresh.len() as u64 - self.gone.len() as u64
    }

    /// The rank of an entry that has this key, counted from 1. `asked` is the key that was asked about in its
    /// stead: one that has the same entries of the board before it.
    pub(super) fn rank(&self, key: RankKey, asked: RankKey) -> u64 {
        let question = Draft::question(self.mode, asked);
        let above = self.base.above.get(&question).copied().unwrap_or(0);
        let (fresh, gone) = match self.mode {
            RankMode::Dense => {
                let tier = key.tier();
                (
                    self.fresh_tiers.position(&tier),
                    self.gone_tiers.position(&tier),
                )
            }
            mode => {
                let key = Draft::question(mode, key);
                (self.fresh.position(&key), self.gone.position(&key))
            }
        };
        (above + fresh as u64).saturating_sub(gone as u64) + 1
    }

    /// Gives a ranked entry a key, or none.
    pub(super) fn set(&mut self, id: PlayerId, old: Option<RankKey>, new: Option<RankKey>) {
        if old == new {
            return;
        }
        if let Some(old) = old
            && self.fresh.remove(&old).is_none()
        {
            self.gone.insert(old, ());
        }
        if let Some(new) = new {
            self.fresh.insert(new, id);
        }
        if self.mode == RankMode::Dense {
            let touched = [old, new].into_iter().flatten();
            touched.for_each(|key| self.count_tier(key.tier()));
        }
    }

    fn count_tier(&mut self, tier: u64) {
        let first = RankKey::of_tier(tier);
        let range = first..=first.last_of_ties();
        let before = self.base.ties.get(&tier).copied().unwrap_or(0);
        let fresh = self.fresh.count(range.clone()) as u64;
        let now = (before + fresh).saturating_sub(self.gone.count(range) as u64);
        mark(&mut self.gone_tiers, tier, before > 0 && now == 0);
        mark(&mut self.fresh_tiers, tier, before == 0 && now > 0);
    }

    /// The last ranked entry.
    pub(super) fn last(&mut self) -> Option<(RankKey, PlayerId)> {
        let fresh = self.fresh.len().checked_sub(1);
        let fresh = fresh.and_then(|at| self.fresh.select(at));
        let fresh = fresh.map(|(key, id)| (*key, *id));
        // What has gone does not come back.
        while let Some((key, _)) = self.base.last.last()
            && self.gone.get(key).is_some()
        {
            self.base.last.pop();
        }
        fresh.max(self.base.last.last().copied())
    }
}

fn mark(tiers: &mut RankIndex<u64, ()>, tier: u64, there: bool) {
    if there {
        tiers.insert(tier, ());
    } else {
        tiers.remove(&tier);
    }
}

#[cfg(test)]
mod tests {
    use boards::{Order, Score};

    use super::*;

    fn key(score: f64, reached: u64) -> RankKey {
        RankKey::new(Order::Desc, Score::new(score).unwrap(), reached)
    }

    fn id(n: u8) -> PlayerId {
        PlayerId::from_bytes([n; 16])
    }

    /// A board with the scores 9, 7, 7, 5, and a draft that knows all that can be asked of it.
    fn draft(mode: RankMode) -> Draft {
        let entries = [key(9.0, 1), key(7.0, 2), key(7.0, 3), key(5.0, 4)];
        let mut base = Base {
            total: 4,
            last: (1..).zip(entries).map(|(n, key)| (key, id(n))).collect(),
            ..Base::default()
        };
        for score in [10.0, 9.0, 8.0, 7.0, 5.0, 1.0] {
            for reached in 0..9 {
                let key = key(score, reached);
                let question = Draft::question(mode, key);
                let before = entries.iter().filter(|e| **e < question);
                let mut tiers: Vec<u64> = before.map(|e| e.tier()).collect();
                if mode == RankMode::Dense {
                    tiers.dedup();
                }
                base.above.insert(question, tiers.len() as u64);
                let ties = entries.iter().filter(|e| e.tier() == key.tier());
                base.ties.insert(key.tier(), ties.count() as u64);
            }
        }
        Draft::new(mode, base)
    }

    #[test]
    fn ranks_follow_what_moves() {
        let ranks = |mode| {
            let mut draft = draft(mode);
            let rank = |draft: &Draft, key| draft.rank(key, key);
            let before = rank(&draft, key(5.0, 4));
            // One of the sevens becomes the first, the other goes, and a newcomer is the last.
            draft.set(id(3), Some(key(7.0, 3)), Some(key(10.0, 5)));
            draft.set(id(2), Some(key(7.0, 2)), None);
            draft.set(id(5), None, Some(key(1.0, 6)));
            let after = [key(10.0, 5), key(9.0, 1), key(5.0, 4), key(1.0, 6)];
            (before, after.map(|key| rank(&draft, key)), draft.total())
        };
        assert_eq!(ranks(RankMode::Ordinal), (4, [1, 2, 3, 4], 4));
        assert_eq!(ranks(RankMode::Shared), (4, [1, 2, 3, 4], 4));
        assert_eq!(ranks(RankMode::Dense), (3, [1, 2, 3, 4], 4));
    }

    #[test]
    fn the_last_is_of_the_board_or_new() {
        let mut draft = draft(RankMode::Ordinal);
        assert_eq!(draft.last(), Some((key(5.0, 4), id(4))));
        draft.set(id(5), None, Some(key(1.0, 5)));
        assert_eq!(draft.last(), Some((key(1.0, 5), id(5))));
        draft.set(id(5), Some(key(1.0, 5)), None);
        draft.set(id(4), Some(key(5.0, 4)), None);
        assert_eq!(draft.last(), Some((key(7.0, 3), id(3))));
    }
}
