//! The end of a season that is cut off: where a limit is lowered by very much, more entries have to go than one
//! change should remove. Then the board's line says from where on they count as gone, and the sweeper removes them
//! bit by bit.
//!
//! What is cut off stands behind everything that counts, in the order of the board as in those of its segments. So
//! places and ranks of what counts are as they would be without it, and readings know where the end is from the
//! line that they read anyway. Nothing may come behind that point meanwhile, since it would be taken for gone.

use boards::{Order, RankKey, SeasonId};
use serde::{Deserialize, Serialize};

use crate::board_keys;

/// From where on a season is cut off. Scripts read it too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cut {
    pub(crate) season: SeasonId,
    /// The score of the first that is cut off, as sorted sets have it…
    weight: f64,
    /// …and when it was reached, in 16 hexadecimal digits: scripts have no numbers that large.
    reached: String,
}

impl Cut {
    /// Cuts off the entry with that key, and all behind it.
    pub(crate) fn from(season: SeasonId, order: Order, key: RankKey) -> Self {
        Cut {
            season,
            weight: board_keys::weight(order, key.score(order)),
            reached: format!("{:016x}", key.reached()),
        }
    }

    /// The key of the first that is cut off; `None` where it was not written by this store.
    pub(crate) fn key(&self, order: Order) -> Option<RankKey> {
        let score = board_keys::score_of(order, self.weight)?;
        let reached = u64::from_str_radix(&self.reached, 16).ok()?;
        Some(RankKey::new(order, score, reached))
    }
}

#[cfg(test)]
mod tests {
    use boards::Score;

    use super::*;

    #[test]
    fn keys_come_back() {
        for order in [Order::Asc, Order::Desc] {
            for value in [-2.5, 0.0, 0.1, 7.0, f64::MAX] {
                let key = RankKey::new(order, Score::new(value).unwrap(), u64::MAX - 4096);
                let cut = Cut::from(SeasonId(3), order, key);
                let text = serde_json::to_string(&cut).unwrap();
                let read: Cut = serde_json::from_str(&text).unwrap();
                assert_eq!(read.key(order), Some(key), "{text}");
            }
        }
    }
}
