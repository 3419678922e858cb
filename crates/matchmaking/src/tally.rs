//! What has become of a queue's tickets and matches since the process began, counted by the store that changes
//! them. A start counts nothing of what it loads.

use boards::Buckets;

use crate::queue::{Match, MatchState, QueuedTicket, TicketState};

const WAIT_SECONDS: [f64; 13] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
];
const SPREAD: [f64; 12] = [
    10.0, 25.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 750.0, 1000.0, 2000.0,
];

/// What has become of a queue's tickets and matches, or of those of several queues.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Tickets made.
    pub created: u64,
    /// Tickets cancelled, for whatever reason.
    pub cancelled: u64,
    /// Tickets that had waited too long.
    pub expired: u64,
    /// How long matched tickets had waited, in seconds.
    pub waits: Buckets<13>,
    /// How far apart the ratings of matches were that are held.
    pub spreads: Buckets<12>,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            created: 0,
            cancelled: 0,
            expired: 0,
            waits: Buckets::new(&WAIT_SECONDS),
            spreads: Buckets::new(&SPREAD),
        }
    }
}

impl Tally {
    /// Tickets that came into a match that is held.
    pub fn matched(&self) -> u64 {
        self.waits.count()
    }

    /// Matches made and held.
    pub fn matches(&self) -> u64 {
        self.spreads.count()
    }

    /// A ticket is written, one that waited or was proposed before unless it is new. Those that have ended
    /// are never written again.
    pub fn ticket(&mut self, ticket: &QueuedTicket, is_new: bool) {
        self.created += u64::from(is_new);
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
    pub fn of_match(&mut self, of: &Match, before: Option<&MatchState>) {
        let held = |state: &MatchState| {
            matches!(
                state,
                MatchState::Running { .. } | MatchState::Finished { .. }
            )
        };
        // It may have begun and ended in one batch.
        if held(&of.state) && !before.is_some_and(held) {
            self.spreads.record(of.rating_spread);
        }
    }

    /// Adds what another one has counted.
    pub fn add(&mut self, other: &Tally) {
        self.created += other.created;
        self.cancelled += other.cancelled;
        self.expired += other.expired;
        self.waits.add(&other.waits);
        self.spreads.add(&other.spreads);
    }
}
