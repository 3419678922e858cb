//! Numbers that say which change came first: a hybrid logical clock.
//!
//! A stamp is a time in microseconds, or one more than the latest stamp that the node has seen, whichever is
//! more. So a node's own changes are in order whatever its wall clock does, those in one room are in order
//! since the room refuses a stamp that is behind its own, and those of different nodes in different rooms are
//! in the order of the nodes' clocks. (Kulkarni et al., "Logical Physical Clocks", 2014.)

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::layout::{ROOM_BITS, Room};

/// In each room, the latest stamp that it has given out.
pub(crate) const CLOCK: &[u8] = b"clock";

/// The clock of a node.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    latest: AtomicU64,
}

impl Stamps {
    /// The first of `count` consecutive stamps that nobody else of this node gets.
    pub(crate) fn next(&self, count: u64) -> u64 {
        self.next_ahead(0, count)
    }

    /// The same, that many microseconds ahead of the time.
    pub(crate) fn next_ahead(&self, lead: u64, count: u64) -> u64 {
        let now = wall_micros() + lead;
        let take = |latest: u64| Some(now.max(latest + 1) + count.max(1) - 1);
        let before = self
            .latest
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let before = before.unwrap_or_else(|latest| latest);
        now.max(before + 1)
    }

    /// All stamps to come are later than this one.
    pub(crate) fn observe(&self, stamp: u64) {
        self.latest.fetch_max(stamp, Ordering::Relaxed);
    }
}

/// The number of the change that reached a score: unique over rooms, which may give out the same stamp.
pub(crate) fn reached(stamp: u64, room: Room) -> u64 {
    stamp << ROOM_BITS | u64::from(room.0)
}

/// The number of a change that is so much later in the same room.
pub(crate) fn shifted(reached: u64, later: u64) -> u64 {
    reached + (later << ROOM_BITS)
}

/// The stamp of that number.
pub(crate) fn stamp_of(reached: u64) -> u64 {
    reached >> ROOM_BITS
}

fn wall_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| u64::try_from(time.as_micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_only_go_up() {
        let stamps = Stamps::default();
        let first = stamps.next(5);
        let second = stamps.next(1);
        assert!(second >= first + 5 && first > 1_700_000_000_000_000);
        let future = first + 1_000_000_000;
        stamps.observe(future);
        assert_eq!(stamps.next(2), future + 1);
        assert_eq!(stamps.next(1), future + 3);
        stamps.observe(1);
        assert_eq!(stamps.next(1), future + 4);
        assert_eq!(reached(3, Room(2)), 3 * 4096 + 2);
    }
}
