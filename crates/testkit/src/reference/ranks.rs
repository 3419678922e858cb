//! Which rank an entry has among others: the three modes, counted out.

use boards::{Order, RankMode, Score};

/// Whether the first score ranks above the second.
pub(super) fn better(order: Order, score: Score, than: Score) -> bool {
    match order {
        Order::Desc => score > than,
        Order::Asc => score < than,
    }
}

/// The rank of the entry at that place, counted from 0, of entries that have these scores, best first.
pub(super) fn rank_at(place: usize, scores: &[Score], order: Order, mode: RankMode) -> u64 {
    let own = scores[place];
    let mut above: Vec<Score> = scores.to_vec();
    above.retain(|score| better(order, *score, own));
    let above = match mode {
        RankMode::Ordinal => place,
        RankMode::Shared => above.len(),
        RankMode::Dense => {
            above.dedup();
            above.len()
        }
    };
    above as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_ranked_by_the_mode() {
        let ranks = |mode| {
            let scores = [9.0, 7.0, 7.0, 5.0].map(|value| Score::new(value).unwrap());
            [0, 1, 2, 3].map(|place| rank_at(place, &scores, Order::Desc, mode))
        };
        assert_eq!(ranks(RankMode::Ordinal), [1, 2, 3, 4]);
        assert_eq!(ranks(RankMode::Shared), [1, 2, 2, 4]);
        assert_eq!(ranks(RankMode::Dense), [1, 2, 2, 3]);
    }
}
