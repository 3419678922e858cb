//! Where an entry stands on a board, as one number that sorts.

use std::num::NonZeroU128;

use crate::board::Order;
use crate::score::Score;

const SIGN: u64 = 1 << 63;

/// The place of an entry in the order of its board: the smaller key ranks first.
///
/// The upper half is the score, mapped so that better scores are smaller. The lower half is the
/// sequence number of the change by which the entry reached that score, so that of equal scores
/// the one reached first ranks first. Sequence numbers are unique, and so are keys.
///
/// One 128-bit integer and not a pair of fields: it compares without a branch. It is never zero,
/// since only infinite scores map to an upper half of zero, so that an optional key takes no more
/// room than a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RankKey(NonZeroU128);

impl RankKey {
    /// The key of a score that was reached by change number `reached`.
    pub fn new(order: Order, score: Score, reached: u64) -> Self {
        let half = match order {
            Order::Asc => ascending(score),
            Order::Desc => !ascending(score),
        };
        let key = u128::from(half) << 64 | u128::from(reached);
        RankKey(NonZeroU128::new(key).unwrap_or(NonZeroU128::MIN))
    }

    /// The first key that an entry with the score of this one could have: as many keys are less as
    /// entries are better.
    pub fn first_of_ties(self) -> Self {
        RankKey::of_tier(self.tier())
    }

    /// The last key that an entry with the score of this one could have.
    pub fn last_of_ties(self) -> Self {
        RankKey(self.0 | u128::from(u64::MAX))
    }

    /// The first key of a tier.
    pub fn of_tier(tier: u64) -> Self {
        RankKey(NonZeroU128::new(u128::from(tier) << 64).unwrap_or(NonZeroU128::MIN))
    }

    /// What of the key is the score: equal for equal scores, less for better ones.
    pub fn tier(self) -> u64 {
        (self.0.get() >> 64) as u64
    }

    /// The key as bytes that sort alike.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }

    /// The key of these bytes; `None` where no key has them.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        NonZeroU128::new(u128::from_be_bytes(bytes)).map(RankKey)
    }

    /// The score that this key was made from.
    pub fn score(self, order: Order) -> Score {
        let half = (self.0.get() >> 64) as u64;
        match order {
            Order::Asc => from_ascending(half),
            Order::Desc => from_ascending(!half),
        }
    }

    /// The sequence number of the change that reached the score.
    pub fn reached(self) -> u64 {
        self.0.get() as u64
    }
}

/// Maps doubles to integers of the same order: IEEE 754 numbers are sign and magnitude, so
/// positive ones get the sign bit set and negative ones are inverted.
fn ascending(score: Score) -> u64 {
    let bits = score.get().to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn from_ascending(half: u64) -> Score {
    let bits = if half & SIGN == 0 {
        !half
    } else {
        half & !SIGN
    };
    // Only keys of finite scores are ever made.
    Score::new(f64::from_bits(bits)).unwrap_or(Score::ZERO)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn score() -> impl Strategy<Value = Score> {
        prop_oneof![
            any::<f64>().prop_filter_map("finite", |v| Score::new(v).ok()),
            (-5..5).prop_map(|v| Score::new(f64::from(v)).unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn orders_by_score_then_by_who_was_first(
            a in score(), b in score(), x in any::<u64>(), y in any::<u64>()
        ) {
            let asc = RankKey::new(Order::Asc, a, x).cmp(&RankKey::new(Order::Asc, b, y));
            prop_assert_eq!(asc, a.cmp(&b).then(x.cmp(&y)));
            let desc = RankKey::new(Order::Desc, a, x).cmp(&RankKey::new(Order::Desc, b, y));
            prop_assert_eq!(desc, b.cmp(&a).then(x.cmp(&y)));
        }

        #[test]
        fn gives_back_what_it_was_made_from(a in score(), reached in any::<u64>()) {
            for order in [Order::Asc, Order::Desc] {
                let key = RankKey::new(order, a, reached);
                prop_assert_eq!(key.score(order).get().to_bits(), a.get().to_bits());
                prop_assert_eq!(key.reached(), reached);
                prop_assert_eq!(RankKey::from_bytes(key.to_bytes()), Some(key));
                prop_assert!(key.first_of_ties() <= key && key <= key.last_of_ties());
                prop_assert_eq!(key.first_of_ties().tier(), key.last_of_ties().tier());
                prop_assert_eq!(key.first_of_ties().score(order), a);
            }
        }
    }
}
