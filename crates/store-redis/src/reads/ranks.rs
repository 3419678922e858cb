//! Ranks of entries that follow each other, from how many stand above the first of them.

use boards::{RankKey, RankMode};

/// Ranks of consecutive entries: counted on from the first.
pub(super) struct Steps {
    mode: RankMode,
    /// The rank and the tier of the last entry.
    last: Option<(u64, u64)>,
    /// The rank that the next one has by itself.
    position: u64,
    first: u64,
}

impl Steps {
    /// `before` entries stand before the first, of which `above` count for its rank: all of them, those with a
    /// better score, or each better score once.
    pub(super) fn new(mode: RankMode, before: u64, above: u64) -> Self {
        Steps {
            mode,
            last: None,
            position: before,
            first: above + 1,
        }
    }

    /// The rank of the next one.
    pub(super) fn next(&mut self, key: RankKey) -> u64 {
        self.position += 1;
        let rank = match (self.mode, self.last) {
            (_, None) => self.first,
            (RankMode::Ordinal, _) => self.position,
            (_, Some((rank, tier))) if tier == key.tier() => rank,
            (RankMode::Shared, _) => self.position,
            (RankMode::Dense, Some((rank, _))) => rank + 1,
        };
        self.last = Some((rank, key.tier()));
        rank
    }
}

#[cfg(test)]
mod tests {
    use boards::{Order, Score};

    use super::*;

    #[test]
    fn ties_are_ranked_by_the_mode() {
        let ranks = |mode, before, above| {
            let mut steps = Steps::new(mode, before, above);
            let keys = [(9.0, 1), (7.0, 2), (7.0, 3), (5.0, 4)];
            keys.map(|(score, reached)| {
                let score = Score::new(score).unwrap();
                steps.next(RankKey::new(Order::Desc, score, reached))
            })
        };
        assert_eq!(ranks(RankMode::Ordinal, 0, 0), [1, 2, 3, 4]);
        assert_eq!(ranks(RankMode::Shared, 0, 0), [1, 2, 2, 4]);
        assert_eq!(ranks(RankMode::Dense, 0, 0), [1, 2, 2, 3]);
        // Three stand before the first, two of them with its own score.
        assert_eq!(ranks(RankMode::Ordinal, 3, 3), [4, 5, 6, 7]);
        assert_eq!(ranks(RankMode::Shared, 3, 1), [2, 5, 5, 7]);
        assert_eq!(ranks(RankMode::Dense, 3, 1), [2, 3, 3, 4]);
    }
}
