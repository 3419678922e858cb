//! What was matched lately: an hour of it, or 10,000 tickets and as many matches, whichever is less. The lists are in
//! Redis, the same for all nodes; each node reads them once a second at the most, and only where somebody asks.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boards::StoreError;
use matchmaking::lately::{self, is_just_now, is_lately};
use parking_lot::Mutex;

use super::keys::{Part, Place};
use super::{QueueNumber, Queues, wire};

/// How long what was read counts as the latest.
const FRESH: Duration = Duration::from_secs(1);

/// What was matched lately in a queue.
#[derive(Default)]
pub(super) struct Recent {
    /// When tickets were matched, and how long they had waited, in milliseconds; the shortest first.
    tickets: Vec<(i64, u64)>,
    /// When matches began, and how far apart their ratings were.
    matches: Vec<(i64, f64)>,
}

/// That of all queues that somebody has asked about.
#[derive(Default)]
pub(super) struct Recents(Mutex<HashMap<QueueNumber, (Instant, Arc<Recent>)>>);

impl Recents {
    pub(super) fn all(&self) -> Vec<QueueNumber> {
        self.0.lock().keys().copied().collect()
    }

    pub(super) fn forget(&self, number: QueueNumber) {
        self.0.lock().remove(&number);
    }
}

impl Queues {
    /// What was matched lately in a queue, as it was within the last second.
    pub(super) async fn recent(&self, place: Place) -> Result<Arc<Recent>, StoreError> {
        if let Some((at, recent)) = self.recents.0.lock().get(&place.number)
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(recent));
        }
        let range = |part| {
            let key = self.core.layout.key(place.room, &place.key(part));
            redis::cmd("LRANGE").arg(key).arg(0).arg(-1).take()
        };
        let commands = vec![range(Part::Waits), range(Part::Spreads)];
        let mut lists = self.core.redis.read(commands).await?.into_iter();
        let mut next = || lists.next().map(wire::items).unwrap_or_default();
        let recent = Arc::new(Recent::read(&next(), &next()));
        let mut all = self.recents.0.lock();
        all.insert(place.number, (Instant::now(), Arc::clone(&recent)));
        Ok(recent)
    }
}

impl Recent {
    fn read(waits: &[Vec<u8>], spreads: &[Vec<u8>]) -> Self {
        let wait = |bytes: [u8; 8]| i64::from_be_bytes(bytes).max(0).cast_unsigned();
        let spread = |bytes: [u8; 8]| f64::from_bits(u64::from_be_bytes(bytes));
        let mut tickets: Vec<_> = waits.iter().filter_map(|b| read_note(b, wait)).collect();
        tickets.sort_unstable_by_key(|(_, wait)| *wait);
        Recent {
            tickets,
            matches: spreads
                .iter()
                .filter_map(|b| read_note(b, spread))
                .collect(),
        }
    }

    /// Half of those that waited longer than this waited so much longer, or more; `None` where nobody did. O(n).
    pub(super) fn still_to_wait(&self, waited_ms: i64, now_ms: i64) -> Option<u64> {
        let waited = u64::try_from(waited_ms).unwrap_or(0);
        let young = self
            .tickets
            .iter()
            .filter(|(at_ms, _)| is_lately(*at_ms, now_ms));
        let longer: Vec<u64> = young
            .map(|(_, wait)| *wait)
            .filter(|w| *w > waited)
            .collect();
        Some(longer.get(longer.len() / 2)? - waited)
    }

    pub(super) fn matches_per_minute(&self, now_ms: i64) -> f64 {
        let latest = self.matches.iter();
        latest
            .filter(|(at_ms, _)| is_just_now(*at_ms, now_ms))
            .count() as f64
    }

    /// Percentiles of the waits. O(n log n).
    pub(super) fn wait_ms(&self, now_ms: i64) -> Option<[u64; 4]> {
        percentiles(&self.tickets, now_ms, u64::cmp)
    }

    /// Percentiles of the distances. O(n log n).
    pub(super) fn rating_spread(&self, now_ms: i64) -> Option<[f64; 4]> {
        percentiles(&self.matches, now_ms, f64::total_cmp)
    }
}

fn read_note<T>(bytes: &[u8], figure: impl Fn([u8; 8]) -> T) -> Option<(i64, T)> {
    let (at_ms, rest) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*at_ms), figure(rest.try_into().ok()?)))
}

fn percentiles<T: Copy>(
    figures: &[(i64, T)],
    now_ms: i64,
    order: impl Fn(&T, &T) -> Ordering,
) -> Option<[T; 4]> {
    let young = figures
        .iter()
        .filter(|(at_ms, _)| is_lately(*at_ms, now_ms));
    lately::percentiles(young.map(|(_, figure)| *figure).collect(), order)
}

#[cfg(test)]
mod tests {
    use matchmaking::lately::WINDOW_MS;

    use super::*;

    fn waits(notes: &[(i64, i64)]) -> Recent {
        let note = |(at_ms, wait): &(i64, i64)| [at_ms.to_be_bytes(), wait.to_be_bytes()].concat();
        Recent::read(&notes.iter().map(note).collect::<Vec<_>>(), &[])
    }

    #[test]
    fn percentiles_are_of_an_hour() {
        assert_eq!(Recent::default().wait_ms(0), None);
        let mut notes = vec![(0, 1_000_000)];
        notes.extend((1..=100).rev().map(|wait| (WINDOW_MS / 2, wait)));
        let recent = waits(&notes);
        assert_eq!(recent.wait_ms(WINDOW_MS), Some([50, 90, 95, 99]));
        assert_eq!(recent.wait_ms(WINDOW_MS * 2), None);
    }

    #[test]
    fn who_has_waited_is_compared_with_those_who_waited_longer() {
        assert_eq!(Recent::default().still_to_wait(0, 0), None);
        let recent = waits(&[(0, 1000), (0, 10), (0, 40), (0, 20), (0, 30)]);
        let still = |waited| recent.still_to_wait(waited, 0);
        assert_eq!(still(0), Some(30));
        assert_eq!(still(25), Some(15));
        assert_eq!(still(30), Some(970), "of 40 and 1000 the upper");
        assert_eq!(still(40), Some(960));
        assert_eq!(still(1000), None);
        assert_eq!(recent.still_to_wait(0, WINDOW_MS), None);
    }

    #[test]
    fn matches_are_counted_by_the_minute() {
        let note = |(at_ms, spread): (i64, f64)| {
            [at_ms.to_be_bytes(), spread.to_bits().to_be_bytes()].concat()
        };
        let notes = [(0, 5.0), (50_000, 7.0), (60_000, 9.0)].map(note);
        let recent = Recent::read(&[vec![1, 2]], &notes);
        assert_eq!(recent.matches_per_minute(60_000), 2.0);
        assert_eq!(recent.rating_spread(60_000), Some([7.0, 9.0, 9.0, 9.0]));
        assert_eq!(recent.matches_per_minute(200_000), 0.0);
        assert_eq!(recent.wait_ms(0), None, "what is no note is passed over");
    }
}
