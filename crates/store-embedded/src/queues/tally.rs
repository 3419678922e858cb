//! What has become of a queue's tickets and matches since the process began. A start counts nothing of what it
//! loads.

use matchmaking::{MatchState, TicketState};

use super::{MatchLine, TicketLine};
use crate::buckets::Buckets;

const WAIT_SECONDS: [f64; 13] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
];
const SPREAD: [f64; 12] = [
    10.0, 25.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 750.0, 1000.0, 2000.0,
];

#[derive(Clone)]
pub(crate) struct Tally {
    pub(crate) created: u64,
    pub(crate) cancelled: u64,
    pub(crate) expired: u64,
    /// How long matched tickets had waited.
    pub(crate) waits: Buckets<13>,
    /// How far apart the ratings of matches were that are held.
    pub(crate) spreads: Buckets<12>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Tally {
            created: 0,
            cancelled: 0,
            expired: 0,
            waits: Buckets::new(&WAIT_SECONDS),
            spreads: Buckets::new(&SPREAD),
        }
    }

    pub(crate) fn matched(&self) -> u64 {
        self.waits.count()
    }

    pub(crate) fn matches(&self) -> u64 {
        self.spreads.count()
    }

    /// A ticket is written, one that waited or was proposed before unless it is new. Those that have ended
    /// are never written again.
    pub(super) fn ticket(&mut self, line: &TicketLine, is_new: bool) {
        self.created += u64::from(is_new);
        let ticket = &line.ticket;
        match ticket.state {
            TicketState::Waiting | TicketState::Proposed { .. } => {}
            TicketState::Matched { at_ms, .. } => {
                let waited_ms = at_ms.saturating_sub(ticket.created_at_ms).max(0);
                self.waits.record(waited_ms as f64 / 1000.0);
            }
            TicketState::Cancelled { .. } => self.cancelled += 1,
            TicketState::Expired { .. } => self.expired += 1,
        }
    }

    /// A match is written that was in this state before.
    pub(super) fn of_match(&mut self, line: &MatchLine, before: Option<&MatchState>) {
        let held = |state: &MatchState| {
            matches!(
                state,
                MatchState::Running { .. } | MatchState::Finished { .. }
            )
        };
        // It may have begun and ended in one batch.
        if held(&line.of.state) && !before.is_some_and(held) {
            self.spreads.record(line.of.rating_spread);
        }
    }

    pub(crate) fn add(&mut self, other: &Tally) {
        self.created += other.created;
        self.cancelled += other.cancelled;
        self.expired += other.expired;
        self.waits.add(&other.waits);
        self.spreads.add(&other.spreads);
    }
}
