//! Announcements in several transactions: one of thousands of tickets would keep the server from everything else, and
//! begin anew whenever one of them is changed by somebody.
//!
//! Each match is judged by itself anyway. What another node's lead comes before is left out as what is stale.

use boards::Guard;
use matchmaking::{Announced, MatchError, ProposedMatch, QueueChange, QueueChanged, QueueReceipt};

use crate::queues::Queues;

/// Tickets announced in one transaction; a match that has more is one by itself. Few in tests.
const TICKETS: usize = if cfg!(test) { 4 } else { 400 };

impl Queues {
    /// Makes an announcement. One under a guard is made as a whole, since it has one answer.
    pub(super) async fn announce_in_parts(
        &self,
        change: &QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        let QueueChange::Announce {
            queue,
            matches,
            fills,
        } = change
        else {
            return self.make(change, guard, now_ms).await;
        };
        let parts = parts(matches);
        if guard.is_some() || parts.len() < 2 {
            return self.make(change, guard, now_ms).await;
        }
        let mut sum = Announced::default();
        let mut fills = fills.clone();
        for (at, matches) in parts.into_iter().enumerate() {
            let count = matches.len();
            let part = QueueChange::Announce {
                queue: queue.clone(),
                matches: matches.to_vec(),
                fills: std::mem::take(&mut fills),
            };
            match self.make(&part, None, now_ms).await {
                Ok(receipt) => add(&mut sum, &receipt.changed),
                Err(MatchError::NotLeader(_)) if at > 0 => sum.stale += count,
                Err(error) => return Err(error),
            }
        }
        Ok(QueueReceipt {
            changed: QueueChanged::Announced(sum),
            replayed: false,
        })
    }
}

fn add(sum: &mut Announced, changed: &QueueChanged) {
    if let QueueChanged::Announced(part) = changed {
        sum.matches += part.matches;
        sum.fills += part.fills;
        sum.stale += part.stale;
    }
}

/// The matches in runs that have few enough tickets.
fn parts(matches: &[ProposedMatch]) -> Vec<&[ProposedMatch]> {
    let mut parts = Vec::new();
    let (mut from, mut tickets) = (0, 0);
    for (at, proposed) in matches.iter().enumerate() {
        let size: usize = proposed.teams.iter().map(|team| team.tickets.len()).sum();
        if at > from && tickets + size > TICKETS {
            parts.push(&matches[from..at]);
            (from, tickets) = (at, 0);
        }
        tickets += size;
    }
    parts.push(&matches[from..]);
    parts
}
