//! What was matched lately: an hour of it, or 10,000 tickets and as many matches, whichever is less. In
//! memory alone; after a start it begins anew.

use std::collections::VecDeque;

use matchmaking::lately::{MOST, is_just_now, is_lately, percentiles};
use rank::RankIndex;

pub(crate) struct Recent {
    /// When tickets were matched, and the key of how long they had waited.
    tickets: VecDeque<(i64, u128)>,
    /// Those waits in order; the key is the wait, then a number that makes it unique.
    waits: RankIndex<u128, ()>,
    counted: u64,
    /// When matches began, and how far apart their ratings were.
    matches: VecDeque<(i64, f64)>,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Recent {
            tickets: VecDeque::new(),
            waits: RankIndex::new(),
            counted: 0,
            matches: VecDeque::new(),
        }
    }

    /// A ticket was matched. O(log n).
    pub(crate) fn matched(&mut self, at_ms: i64, waited_ms: i64) {
        let key = u128::from(waited_ms.max(0) as u64) << 64 | u128::from(self.counted);
        self.counted += 1;
        self.waits.insert(key, ());
        self.tickets.push_back((at_ms, key));
        while self.tickets.len() > MOST || is_old(self.tickets.front(), at_ms) {
            if let Some((_, key)) = self.tickets.pop_front() {
                self.waits.remove(&key);
            }
        }
    }

    /// A match has begun.
    pub(crate) fn began(&mut self, at_ms: i64, rating_spread: f64) {
        self.matches.push_back((at_ms, rating_spread));
        while self.matches.len() > MOST || is_old(self.matches.front(), at_ms) {
            self.matches.pop_front();
        }
    }

    /// Half of those that waited longer than this waited so much longer, or more; `None` where nobody
    /// did. O(log n).
    pub(crate) fn still_to_wait(&self, waited_ms: i64) -> Option<u64> {
        let waited = waited_ms.max(0) as u64;
        let shorter = self
            .waits
            .position(&(u128::from(waited) << 64 | u128::from(u64::MAX)));
        let longer = self.waits.len() - shorter;
        let (key, ()) = self.waits.select(shorter + longer / 2)?;
        Some((key >> 64) as u64 - waited)
    }

    pub(crate) fn matches_per_minute(&self, now_ms: i64) -> f64 {
        let latest = self.matches.iter().rev();
        latest
            .take_while(|(at_ms, _)| is_just_now(*at_ms, now_ms))
            .count() as f64
    }

    /// Percentiles of the waits. O(n).
    pub(crate) fn wait_ms(&self, now_ms: i64) -> Option<[u64; 4]> {
        let young = self
            .tickets
            .iter()
            .filter(|(at_ms, _)| is_lately(*at_ms, now_ms));
        percentiles(young.map(|(_, key)| (key >> 64) as u64).collect(), u64::cmp)
    }

    /// Percentiles of the distances. O(n log n).
    pub(crate) fn rating_spread(&self, now_ms: i64) -> Option<[f64; 4]> {
        let young = self
            .matches
            .iter()
            .filter(|(at_ms, _)| is_lately(*at_ms, now_ms));
        percentiles(young.map(|(_, spread)| *spread).collect(), f64::total_cmp)
    }
}

fn is_old<T>(front: Option<&(i64, T)>, now_ms: i64) -> bool {
    front.is_some_and(|(at_ms, _)| !is_lately(*at_ms, now_ms))
}

#[cfg(test)]
mod tests {
    use matchmaking::lately::WINDOW_MS;

    use super::*;

    #[test]
    fn percentiles_are_of_an_hour_and_of_ten_thousand() {
        let mut recent = Recent::new();
        assert_eq!(recent.wait_ms(0), None);
        recent.matched(0, 1_000_000);
        for n in 1..=100 {
            recent.matched(WINDOW_MS / 2, n);
        }
        assert_eq!(recent.wait_ms(WINDOW_MS), Some([50, 90, 95, 99]));
        assert_eq!(recent.wait_ms(WINDOW_MS * 2), None);
        for _ in 0..MOST {
            recent.matched(WINDOW_MS / 2, 7);
        }
        assert_eq!(recent.wait_ms(WINDOW_MS), Some([7; 4]));
        assert_eq!(recent.waits.len(), MOST);
    }

    #[test]
    fn who_has_waited_is_compared_with_those_who_waited_longer() {
        let mut recent = Recent::new();
        assert_eq!(recent.still_to_wait(0), None);
        for wait in [10, 20, 30, 40, 1000] {
            recent.matched(0, wait);
        }
        assert_eq!(recent.still_to_wait(0), Some(30));
        assert_eq!(recent.still_to_wait(25), Some(15));
        assert_eq!(
            recent.still_to_wait(30),
            Some(970),
            "of 40 and 1000 the upper"
        );
        assert_eq!(recent.still_to_wait(40), Some(960));
        assert_eq!(recent.still_to_wait(1000), None);
    }

    #[test]
    fn matches_are_counted_by_the_minute() {
        let mut recent = Recent::new();
        for (at_ms, spread) in [(0, 5.0), (50_000, 7.0), (60_000, 9.0)] {
            recent.began(at_ms, spread);
        }
        assert_eq!(recent.matches_per_minute(60_000), 2.0);
        assert_eq!(recent.rating_spread(60_000), Some([7.0, 9.0, 9.0, 9.0]));
        assert_eq!(recent.matches_per_minute(200_000), 0.0);
    }
}
