//! What has to be known of the queues of an export before any of them is written: their numbers, how many of what
//! they have, and the order in which tickets and backfills were made.
//!
//! The numbers of that order are those of another store, and may be larger than a sorted set tells apart. So the
//! first of a queue gets 1, the second 2, and all are smaller than the stamps that come after them.

use std::collections::HashMap;
use std::io::BufRead;

use archive::{ArchiveError, BackfillLine, Kind, Lines, MatchLine, QueueLine, TicketLine};
use matchmaking::{BackfillId, MatchId, MatchState, QueueId, QueueSettings, TicketState};

use super::QueueNumber;

/// The queues of an export.
#[derive(Default)]
pub(crate) struct Census {
    /// By name.
    pub(super) all: Vec<Counted>,
    /// The open backfills of matches.
    pub(super) open_of: HashMap<MatchId, Vec<BackfillId>>,
}

/// A queue of an export.
pub(super) struct Counted {
    pub(super) id: QueueId,
    pub(super) settings: QueueSettings,
    /// Players that wait.
    pub(super) players: u64,
    /// Tickets that are proposed.
    pub(super) proposed: u64,
    /// Matches that are being held.
    pub(super) running: u64,
    tickets: Vec<u64>,
    backfills: Vec<u64>,
}

impl Census {
    /// A line about queues.
    pub(crate) fn line<R: BufRead>(
        &mut self,
        kind: Kind,
        lines: &Lines<R>,
    ) -> Result<(), ArchiveError> {
        match kind {
            Kind::Queue => self.queue(lines.parse()?),
            Kind::Match => self.of_match(&lines.parse()?),
            Kind::Ticket => self.ticket(&lines.parse()?),
            Kind::Backfill => self.backfill(lines.parse()?),
            _ => {}
        }
        Ok(())
    }

    fn queue(&mut self, line: QueueLine) {
        self.all.push(Counted {
            id: line.name,
            settings: line.settings,
            players: 0,
            proposed: 0,
            running: 0,
            tickets: Vec::new(),
            backfills: Vec::new(),
        });
    }

    fn of_match(&mut self, line: &MatchLine) {
        if let (MatchState::Running { .. }, false) = (&line.of.state, line.of_deleted_queue)
            && let Some(queue) = self.find_mut(&line.of.queue)
        {
            queue.running += 1;
        }
    }

    fn ticket(&mut self, line: &TicketLine) {
        let Some(queue) = self.find_mut(&line.ticket.queue) else {
            return;
        };
        queue.tickets.push(line.made);
        match line.ticket.state {
            TicketState::Waiting => queue.players += line.ticket.ticket.players.len() as u64,
            _ => queue.proposed += 1,
        }
    }

    fn backfill(&mut self, line: BackfillLine) {
        if let Some(queue) = self.find_mut(&line.backfill.queue) {
            queue.backfills.push(line.made);
        }
        let open = self.open_of.entry(line.backfill.match_id).or_default();
        open.push(line.backfill.id);
    }

    /// To be called after the last line.
    pub(crate) fn finish(&mut self) {
        for queue in &mut self.all {
            queue.tickets.sort_unstable();
            queue.backfills.sort_unstable();
        }
    }

    fn find_mut(&mut self, id: &QueueId) -> Option<&mut Counted> {
        let n = self.all.binary_search_by(|queue| queue.id.cmp(id)).ok()?;
        self.all.get_mut(n)
    }

    /// A queue with the number that it gets.
    pub(super) fn find(&self, id: &QueueId) -> Option<(QueueNumber, &Counted)> {
        let n = self.all.binary_search_by(|queue| queue.id.cmp(id)).ok()?;
        Some((number(n), self.all.get(n)?))
    }

    /// One that no queue has, for the matches of those that were deleted.
    pub(super) fn deleted(&self) -> QueueNumber {
        number(self.all.len())
    }
}

impl Counted {
    /// Which of the queue's tickets was made then, counted from 1.
    pub(super) fn ticket(&self, made: u64) -> Option<u64> {
        place(&self.tickets, made)
    }

    /// The same of backfills.
    pub(super) fn backfill(&self, made: u64) -> Option<u64> {
        place(&self.backfills, made)
    }
}

fn place(all: &[u64], made: u64) -> Option<u64> {
    all.binary_search(&made).ok().map(|n| n as u64 + 1)
}

fn number(n: usize) -> QueueNumber {
    QueueNumber(u32::try_from(n + 1).unwrap_or(u32::MAX))
}
