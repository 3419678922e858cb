//! What this node has done to the tickets and matches of each queue, and what waits in those that it leads.
//!
//! Each change is counted by the node that has made it, and what waits is told by the one that looks for matches, so
//! sums over nodes are right. A change whose reply was lost is not counted.

use std::collections::HashMap;
use std::time::Duration;

use matchmaking::{Match, MatchState, QueueId, QueuedTicket, Tally};
use parking_lot::Mutex;

use super::{QueueNumber, Queues};

/// What is known of a queue.
#[derive(Clone, Debug)]
pub struct QueueNumbers {
    /// Tickets that wait, and how long the one has waited that was made first, as of the last look; `None` where
    /// another node leads the queue.
    pub waiting: Option<(u64, Duration)>,
    /// What this node has done in it.
    pub tally: Tally,
}

/// What has been done so far, by queue.
#[derive(Default)]
pub(crate) struct Tallies(Mutex<HashMap<QueueNumber, Tally>>);

/// What a change does, to be counted once it is made.
#[derive(Default)]
pub(super) struct Happened(Tally);

impl Happened {
    /// A ticket is written.
    pub(super) fn ticket(&mut self, before: Option<&QueuedTicket>, after: &QueuedTicket) {
        // One that has ended may lose a player, and was counted before.
        if !before.is_some_and(|ticket| ticket.state.is_final()) {
            self.0.ticket(after, before.is_none());
        }
    }

    /// A match is written.
    pub(super) fn of_match(&mut self, before: Option<&MatchState>, after: &Match) {
        self.0.of_match(after, before);
    }
}

impl Tallies {
    pub(super) fn add(&self, queue: QueueNumber, happened: &Happened) {
        self.0.lock().entry(queue).or_default().add(&happened.0);
    }

    pub(super) fn all(&self) -> Vec<QueueNumber> {
        self.0.lock().keys().copied().collect()
    }

    pub(super) fn forget(&self, queue: QueueNumber) {
        self.0.lock().remove(&queue);
    }

    fn of(&self, queue: QueueNumber) -> Option<Tally> {
        self.0.lock().get(&queue).cloned()
    }
}

impl Queues {
    /// The queues with which this node has had to do, by name.
    pub(crate) fn numbers(&self, now_ms: i64) -> Vec<(QueueId, QueueNumbers)> {
        let mut known = self.names.all();
        known.sort_by(|(one, _), (other, _)| one.cmp(other));
        let numbers = known.into_iter().filter_map(|(id, number)| {
            let led = self.leases.holds(number);
            let waiting = led.then(|| self.mirrors.seen(number)).flatten();
            let waiting = waiting.map(|seen| seen.at(now_ms));
            let tally = self.core.tallies.of(number);
            (waiting.is_some() || tally.is_some()).then(|| {
                let tally = tally.unwrap_or_default();
                (id, QueueNumbers { waiting, tally })
            })
        });
        numbers.collect()
    }
}
