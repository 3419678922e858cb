//! Writes queues and what is in them: under numbers that are marked as those of deleted queues until all is
//! there, so that a start removes what an unfinished import leaves.
//!
//! Matches have keys of their own. Those that go on in the store already, and the proposals of the file, wait for
//! the last batch, since tickets and backfills refer to them; so do matches whose result the file does not know.
//! All others are history and are put as they are in the file, like players.

use std::collections::HashSet;

use archive::Kind;
use matchmaking::{Match, MatchId, MatchState, QueueId};

use super::{Apply, BATCH, Shift};
use crate::engine::{EngineError, Table, Write};
use crate::import::again::Again;
use crate::import::check::{CheckedQueue, CheckedQueues};
use crate::import::{ImportError, unwritten};
use crate::queues::{
    self, BackfillLine, EndKind, MatchLine, Queue, QueueNumber, Rated, TicketLine, end_key,
    history_key, named_key, queue_key, rating_key, read_end_key,
};

/// The numbers that queues get, and one for matches of deleted ones.
#[derive(Clone, Copy)]
pub(in crate::import) struct Numbers<'a> {
    pub(in crate::import) first: u32,
    pub(in crate::import) queues: &'a CheckedQueues,
}

impl Numbers<'_> {
    fn of(&self, n: usize) -> QueueNumber {
        QueueNumber(self.first + n as u32)
    }

    pub(in crate::import) fn find(&self, id: &QueueId) -> Result<QueueNumber, ImportError> {
        let found = self.queues.find(id).map(|n| self.of(n));
        found.ok_or(ImportError::Changed)
    }

    fn of_match(&self, line: &archive::MatchLine) -> Result<QueueNumber, ImportError> {
        match line.of_deleted_queue {
            true => Ok(self.of(self.queues.all.len())),
            false => self.find(&line.of.queue),
        }
    }

    /// The number that the next queue gets then.
    fn next(&self) -> Option<u32> {
        let taken = u32::try_from(self.queues.all.len()).ok()?.checked_add(1)?;
        self.first.checked_add(taken)
    }
}

/// Something of a queue, as it is in the file.
pub(in crate::import) enum Line {
    Match(archive::MatchLine),
    Ticket(archive::TicketLine),
    Backfill(archive::BackfillLine),
    Rating(archive::RatingLine),
}

impl Line {
    pub(in crate::import) fn next(lines: &mut Again<'_>) -> Result<Self, ImportError> {
        Ok(match lines.advance()? {
            Kind::Match => Line::Match(lines.parse()?),
            Kind::Ticket => Line::Ticket(lines.parse()?),
            Kind::Backfill => Line::Backfill(lines.parse()?),
            Kind::Rating => Line::Rating(lines.parse()?),
            _ => return Err(ImportError::Changed),
        })
    }
}

/// A match as it will be stored.
pub(in crate::import) fn stored_match(
    line: archive::MatchLine,
    numbers: Numbers<'_>,
) -> Result<MatchLine, ImportError> {
    Ok(MatchLine {
        queue: numbers.of_match(&line)?,
        version: 0,
        of: line.of.into(),
    })
}

/// A ticket as it will be stored, with its key.
pub(in crate::import) fn stored_ticket(
    line: archive::TicketLine,
    numbers: Numbers<'_>,
    shift: Shift,
) -> Result<(Vec<u8>, TicketLine), ImportError> {
    let queue = numbers.find(&line.ticket.queue)?;
    let stored = TicketLine {
        made: shift.up(line.made),
        digest: line.request.0,
        version: 0,
        ticket: line.ticket.into(),
    };
    Ok((named_key(queue, stored.ticket.id()), stored))
}

/// A backfill as it will be stored, with its key.
pub(in crate::import) fn stored_backfill(
    line: archive::BackfillLine,
    numbers: Numbers<'_>,
    shift: Shift,
) -> Result<(Vec<u8>, BackfillLine), ImportError> {
    let queue = numbers.find(&line.backfill.queue)?;
    let stored = BackfillLine {
        made: shift.up(line.made),
        digest: line.request.0,
        backfill: line.backfill.into(),
    };
    Ok((named_key(queue, &stored.backfill.id), stored))
}

/// A rating as it will be stored, with its key.
pub(in crate::import) fn stored_rating(
    line: &archive::RatingLine,
    numbers: Numbers<'_>,
) -> Result<([u8; 20], Rated), ImportError> {
    let queue = numbers.find(&line.queue)?;
    let rated = Rated {
        rating: line.rating,
        matches: line.matches,
        rated_at_ms: line.rated_at_ms,
    };
    Ok((rating_key(queue, line.player_id), rated))
}

/// What waits for the last batch.
#[derive(Default)]
pub(super) struct Last {
    matches: Vec<MatchLine>,
    writes: Vec<Write>,
}

impl<'a> Apply<'a> {
    pub(in crate::import) fn numbers(&self) -> Numbers<'a> {
        Numbers {
            first: self.state.queues.next,
            queues: &self.checked.queues,
        }
    }

    /// Takes numbers for the queues, which no other queue may get from now on, and marks them as deleted.
    pub(super) fn reserve_queues(&self) -> Result<Vec<Write>, ImportError> {
        let numbers = self.numbers();
        if self.checked.queues.all.is_empty() && self.checked.queues.matches == 0 {
            return Ok(Vec::new());
        }
        let next = numbers.next().ok_or(ImportError::Full("queues"))?;
        let mut writes = vec![Write::next_queue(next)];
        let doomed = (0..self.checked.queues.all.len()).map(|n| queue_key(numbers.of(n)));
        writes.extend(doomed.map(|key| Write::put(Table::DoomedQueues, &key, &[])));
        Ok(writes)
    }

    /// Writes matches, tickets, backfills and ratings.
    pub(super) fn in_queues(&mut self, progress: &mut dyn FnMut(u64)) -> Result<Last, ImportError> {
        let mut lines = Again::from(self.file, self.checked.queues.at)?;
        let mut last = Last::default();
        let mut writes = Vec::new();
        let mut left = self.checked.queues.lines();
        let mut count = 0;
        while left > 0 {
            self.in_queue(Line::next(&mut lines)?, &mut writes, &mut last)?;
            left -= 1;
            count += 1;
            if writes.len() >= BATCH || left == 0 {
                self.commit(std::mem::take(&mut writes))?;
                self.report(std::mem::take(&mut count), progress);
            }
        }
        Ok(last)
    }

    fn in_queue(
        &mut self,
        line: Line,
        writes: &mut Vec<Write>,
        last: &mut Last,
    ) -> Result<(), ImportError> {
        let version = self.position.commit + 1;
        let (numbers, shift) = (self.numbers(), self.shift);
        match line {
            Line::Match(line) => {
                let line = stored_match(line, numbers)?;
                if self.has_to_wait(&line.of)? {
                    last.matches.push(line);
                } else {
                    self.write_match(MatchLine { version, ..line }, writes);
                }
            }
            Line::Ticket(line) => {
                let (key, line) = stored_ticket(line, numbers, shift)?;
                let record = queues::ticket(&TicketLine { version, ..line });
                writes.push(Write::put(Table::Tickets, &key, &record));
                self.position.tickets += 1;
            }
            Line::Backfill(line) => {
                let (key, line) = stored_backfill(line, numbers, shift)?;
                let record = line.to_bytes();
                writes.push(Write::put(Table::Backfills, &key, &record));
                self.position.backfills += 1;
            }
            Line::Rating(line) => {
                let (key, rated) = stored_rating(&line, numbers)?;
                writes.push(Write::put(Table::Ratings, &key, &rated.to_bytes()));
                self.position.ratings += 1;
            }
        }
        Ok(())
    }

    fn has_to_wait(&self, of: &Match) -> Result<bool, ImportError> {
        if of.accept_by_ms().is_some() || self.state.queues.matches.contains_key(&of.id) {
            return Ok(true);
        }
        let is_held = of.has_to_run().is_ok();
        Ok(is_held && self.past_match(of.id).map_err(unwritten)?.is_some())
    }

    fn past_match(&self, id: MatchId) -> Result<Option<MatchLine>, EngineError> {
        let stored = self.engine.get(Table::PastMatches, id.as_bytes())?;
        Ok(stored.and_then(|bytes| MatchLine::read(&bytes)))
    }

    /// Puts a match, which is not in the table of those that go on.
    fn write_match(&mut self, line: MatchLine, writes: &mut Vec<Write>) {
        let id = line.of.id;
        let record = line.to_bytes();
        if !matches!(line.of.state, MatchState::Finished { .. }) {
            self.position.matches += 1;
            writes.push(Write::put(Table::Matches, id.as_bytes(), &record));
            return;
        }
        writes.push(Write::put(Table::PastMatches, id.as_bytes(), &record));
        let keys = histories(&line.of);
        writes.extend(keys.map(|key| Write::put(Table::History, &key, &[])));
    }

    /// Gives the queues their names, and deletes those that had them.
    pub(super) fn reveal_queues(&mut self, last: Last) -> Result<Vec<Write>, ImportError> {
        let Last {
            matches,
            mut writes,
        } = last;
        let version = self.position.commit + 1;
        let ids: HashSet<MatchId> = matches.iter().map(|line| line.of.id).collect();
        self.forget_ends(&ids, &mut writes)?;
        for line in matches {
            self.make_way(line.of.id, &mut writes)?;
            self.write_match(MatchLine { version, ..line }, &mut writes);
        }
        let numbers = self.numbers();
        let checked = self.checked;
        for (n, queue) in checked.queues.all.iter().enumerate() {
            self.delete_old(queue, &ids, &mut writes);
            let number = numbers.of(n);
            writes.push(Write::remove(Table::DoomedQueues, &queue_key(number)));
            let record = queues::queue(number, &queue.settings);
            let name = queue.id.as_str().as_bytes();
            writes.push(Write::put(Table::Queues, name, &record));
        }
        Ok(writes)
    }

    /// Takes away what the store has of a match.
    fn make_way(&mut self, id: MatchId, writes: &mut Vec<Write>) -> Result<(), ImportError> {
        if self.state.queues.matches.contains_key(&id) {
            self.position.matches -= 1;
            writes.push(Write::remove(Table::Matches, id.as_bytes()));
        }
        if let Some(past) = self.past_match(id).map_err(unwritten)? {
            writes.push(Write::remove(Table::PastMatches, id.as_bytes()));
            let keys = histories(&past.of);
            writes.extend(keys.map(|key| Write::remove(Table::History, &key)));
        }
        Ok(())
    }

    /// Of matches that go on again nothing is to be removed an hour after they once failed.
    fn forget_ends(
        &self,
        ids: &HashSet<MatchId>,
        writes: &mut Vec<Write>,
    ) -> Result<(), ImportError> {
        if ids.is_empty() {
            return Ok(());
        }
        for record in self.engine.scan(Table::Ends) {
            let record = record.map_err(unwritten)?;
            let of = read_end_key(record.key()).filter(|(_, kind, _)| *kind == EndKind::Match);
            let id = of.and_then(|(_, _, key)| queues::read_match_key(key));
            if id.is_some_and(|id| ids.contains(&id)) {
                writes.push(Write::remove(Table::Ends, record.key()));
            }
        }
        Ok(())
    }

    /// As when a queue is deleted: its proposals fail through nobody's fault, but for those that the file has.
    fn delete_old(
        &mut self,
        queue: &CheckedQueue,
        ids: &HashSet<MatchId>,
        writes: &mut Vec<Write>,
    ) {
        let Some(old) = self.state.queues.find(&queue.id) else {
            return;
        };
        let key = queue_key(old.number);
        writes.push(Write::put(Table::DoomedQueues, &key, &[]));
        for line in self.proposals(old, ids) {
            self.position.matches -= 1;
            let id = line.of.id;
            writes.push(Write::remove(Table::Matches, id.as_bytes()));
            let record = line.to_bytes();
            writes.push(Write::put(Table::PastMatches, id.as_bytes(), &record));
            let note = end_key(self.now_ms, EndKind::Match, id.as_bytes());
            writes.push(Write::put(Table::Ends, &note, &[]));
        }
    }

    fn proposals(&self, old: &Queue, ids: &HashSet<MatchId>) -> Vec<MatchLine> {
        let others = old.proposals.iter().filter(|(_, id)| !ids.contains(id));
        let lines = others.filter_map(|(_, id)| self.state.queues.matches.get(id));
        let failed = lines.map(|line| MatchLine {
            version: self.position.commit + 1,
            of: line.of.failed(Default::default(), self.now_ms).into(),
            ..line.clone()
        });
        failed.collect()
    }
}

/// The places of a match with a result in the histories of its players.
fn histories(of: &Match) -> impl Iterator<Item = [u8; 40]> + '_ {
    let finished = matches!(of.state, MatchState::Finished { .. });
    let players = of.everybody().filter(move |_| finished);
    players.map(|player| history_key(player, of.created_at_ms, of.id))
}
