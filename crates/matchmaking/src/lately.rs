//! Which matches count as made lately, and what [`QueueStats`](crate::QueueStats) tell of them: an hour's or those of
//! 10,000 tickets, whichever is less, in four percentiles.
//!
//! Absent on purpose: where the figures are kept. One store has them in order all the time, another reads them when
//! somebody asks.

use std::cmp::Ordering;

use boards::nearest_rank;

/// Tickets that are counted at the most, and as many matches.
pub const MOST: usize = 10_000;

/// For how long what was matched counts, in milliseconds.
pub const WINDOW_MS: i64 = 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// Percentiles that are told.
const PERCENTILES: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

/// Whether what was matched at that instant still counts. Both in milliseconds since the Unix epoch.
pub fn is_lately(at_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(at_ms) < WINDOW_MS
}

/// Whether it was matched in the last minute.
pub fn is_just_now(at_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(at_ms) < MINUTE_MS
}

/// The 50th, 90th, 95th and 99th percentile; `None` without values. O(n log n).
pub fn percentiles<T: Copy>(
    mut values: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> Option<[T; 4]> {
    values.sort_unstable_by(order);
    let first = *values.first()?;
    let total = values.len() as u64;
    Some(PERCENTILES.map(|percent| {
        let rank = nearest_rank(percent, total) as usize;
        values.get(rank - 1).copied().unwrap_or(first)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_and_a_minute_are_over_at_their_end() {
        assert!(is_lately(5, 5 + WINDOW_MS - 1) && !is_lately(5, 5 + WINDOW_MS));
        assert!(is_just_now(5, 5 + MINUTE_MS - 1) && !is_just_now(5, 5 + MINUTE_MS));
        assert!(is_lately(i64::MAX, i64::MIN), "clocks are set back");
        assert!(!is_lately(i64::MIN, i64::MAX));
    }

    #[test]
    fn percentiles_are_values_that_are_there() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(percentiles(hundred, u64::cmp), Some([50, 90, 95, 99]));
        let three = vec![7.0, 9.0, 5.0];
        let told = percentiles(three, f64::total_cmp);
        assert_eq!(told, Some([7.0, 9.0, 9.0, 9.0]));
        assert_eq!(percentiles(Vec::new(), u64::cmp), None);
    }
}
