//! A board as it will be once the batch that is being judged is applied.
//!
//! The board itself is not touched: what the batch changes is kept beside it, in small indexes of what
//! goes and what comes. A rank is that of the board, less what goes above it, plus what comes. So every
//! answer is exact before anything is written, and can be written with the change that it is about.

use boards::{PlayerId, RankKey, RankMode};
use hashbrown::HashMap;
use rank::RankIndex;

use crate::players::{Players, Slot};
use crate::ranks::tier_range;
use crate::state::Board;

pub(crate) struct Draft<'a> {
    pub(crate) board: &'a Board,
    /// Keys that entries have now; `None` for those that are removed.
    keys: HashMap<PlayerId, Option<RankKey>>,
    /// Ranked keys of the board that are no more.
    gone: RankIndex<RankKey, ()>,
    /// Ranked keys that the board does not have yet, with whose they are.
    fresh: RankIndex<RankKey, PlayerId>,
    /// The same of scores, each once; kept in dense mode alone.
    gone_tiers: RankIndex<u64, ()>,
    fresh_tiers: RankIndex<u64, ()>,
    /// Entries of the board before those at its end that have gone, as far as that was looked at.
    stay: usize,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(board: &'a Board) -> Self {
        Draft {
            board,
            keys: HashMap::new(),
            gone: RankIndex::new(),
            fresh: RankIndex::new(),
            stay: board.ladder.all().len(),
            gone_tiers: RankIndex::new(),
            fresh_tiers: RankIndex::new(),
        }
    }

    /// The key of an entry, hidden or not.
    pub(crate) fn key(&self, id: PlayerId, slot: Option<Slot>) -> Option<RankKey> {
        let changed = self.keys.get(&id).copied();
        changed.unwrap_or_else(|| self.board.key(slot?))
    }

    /// Ranked entries.
    pub(crate) fn total(&self) -> u64 {
        (self.board.ladder.all().len() - self.gone.len() + self.fresh.len()) as u64
    }

    /// The rank of an entry that has this key, counted from 1. O(log n).
    pub(crate) fn rank(&self, key: RankKey) -> u64 {
        let all = self.board.ladder.all();
        let better = match all.mode() {
            RankMode::Ordinal => self.before(key),
            RankMode::Shared => self.before(key.first_of_ties()),
            RankMode::Dense => {
                let tier = key.tier();
                all.tiers().position(&tier) - self.gone_tiers.position(&tier)
                    + self.fresh_tiers.position(&tier)
            }
        };
        better as u64 + 1
    }

    fn before(&self, key: RankKey) -> usize {
        let entries = self.board.ladder.all().entries();
        entries.position(&key) - self.gone.position(&key) + self.fresh.position(&key)
    }

    /// Gives an entry a key, or none. Hidden ones have no part in the order.
    pub(crate) fn set(
        &mut self,
        id: PlayerId,
        old: Option<RankKey>,
        new: Option<RankKey>,
        hidden: bool,
    ) {
        self.keys.insert(id, new);
        if hidden || old == new {
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
        if self.board.ladder.all().mode() == RankMode::Dense {
            [old, new]
                .into_iter()
                .flatten()
                .for_each(|key| self.count_tier(key.tier()));
        }
    }

    fn count_tier(&mut self, tier: u64) {
        let range = tier_range(tier);
        let before = self.board.ladder.all().ties(tier);
        let now = before - self.gone.count(range.clone()) + self.fresh.count(range);
        mark(&mut self.gone_tiers, tier, before > 0 && now == 0);
        mark(&mut self.fresh_tiers, tier, before == 0 && now > 0);
    }

    /// The last ranked entry. O(log n), spread over a batch.
    pub(crate) fn last(&mut self, players: &Players) -> Option<(RankKey, PlayerId)> {
        let fresh = self.fresh.len().checked_sub(1);
        let fresh = fresh.and_then(|at| self.fresh.select(at));
        let fresh = fresh.map(|(key, id)| (*key, *id));
        fresh.max(self.last_that_stays(players))
    }

    fn last_that_stays(&mut self, players: &Players) -> Option<(RankKey, PlayerId)> {
        let entries = self.board.ladder.all().entries();
        loop {
            let (key, slot) = entries.select(self.stay.checked_sub(1)?)?;
            if self.gone.get(key).is_none() {
                return Some((*key, players.get(Slot(*slot))?.id));
            }
            // What has gone does not come back in this batch.
            self.stay -= 1;
        }
    }
}

fn mark(tiers: &mut RankIndex<u64, ()>, tier: u64, there: bool) {
    if there {
        tiers.insert(tier, ());
    } else {
        tiers.remove(&tier);
    }
}
