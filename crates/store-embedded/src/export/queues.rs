//! Queues and what is in them, of the same instant as the boards: matches by id out of two tables, the rest
//! queue by queue. What has ended and can be read for an hour alone is left out.

use std::collections::BTreeMap;
use std::io::Write;

use archive::{BackfillLine, Kind, MatchLine, QueueLine, RatingLine, TicketLine};
use boards::PlayerId;
use matchmaking::{MatchState, QueueId, QueueSettings};

use super::{ExportError, Out, malformed};
use crate::engine::{Frozen, Record, Table};
use crate::queues::{self, Mark, QueueNumber, masked_match, queue_key};

/// A queue to be exported.
struct Source {
    number: QueueNumber,
    id: QueueId,
    settings: QueueSettings,
}

/// Writes all of them.
pub(super) fn write(frozen: &Frozen, out: &mut Out<impl Write>) -> Result<(), ExportError> {
    let sources = sources(frozen)?;
    for queue in &sources {
        let line = QueueLine::new(queue.id.clone(), queue.settings.clone());
        out.record(Kind::Queue, &line)?;
    }
    write_matches(frozen, &sources, out)?;
    write_tickets(frozen, &sources, out)?;
    write_backfills(frozen, &sources, out)?;
    write_ratings(frozen, &sources, out)
}

/// By name, as their keys are.
fn sources(frozen: &Frozen) -> Result<Vec<Source>, ExportError> {
    let records = frozen.scan(Table::Queues, &[]).map(|record| {
        let record = record?;
        let queue = queues::read_queue(record.key(), record.value());
        let (number, id, settings) = queue.ok_or_else(|| malformed("queue", record.key()))?;
        Ok(Source {
            number,
            id,
            settings,
        })
    });
    records.collect()
}

/// Those that go on and those that have ended are in tables of their own, and no match is in both.
fn write_matches(
    frozen: &Frozen,
    sources: &[Source],
    out: &mut Out<impl Write>,
) -> Result<(), ExportError> {
    let erasures = erasures(frozen)?;
    let mut live = frozen.scan(Table::Matches, &[]).peekable();
    let mut past = frozen.scan(Table::PastMatches, &[]).peekable();
    loop {
        let next = match (live.peek(), past.peek()) {
            (Some(Ok(a)), Some(Ok(b))) if b.key() < a.key() => past.next(),
            (Some(_), _) => live.next(),
            (None, _) => past.next(),
        };
        let Some(record) = next.transpose()? else {
            return Ok(());
        };
        write_match(&record, &erasures, sources, out)?;
    }
}

fn write_match(
    record: &Record,
    erasures: &BTreeMap<PlayerId, u64>,
    sources: &[Source],
    out: &mut Out<impl Write>,
) -> Result<(), ExportError> {
    let line = queues::MatchLine::read(record.value());
    let line = line.ok_or_else(|| malformed("match", record.key()))?;
    if matches!(line.of.state, MatchState::Failed { .. }) {
        return Ok(());
    }
    // Only those whose erasure goes on: of all others a nil id is there already.
    let line = masked_match(line, |id| erasures.get(&id).copied(), |_| true);
    let deleted = !sources.iter().any(|queue| queue.number == line.queue);
    let line = MatchLine::new(deleted, (*line.of).clone());
    out.record(Kind::Match, &line)
}

/// Players whose matches are still to be written anew.
fn erasures(frozen: &Frozen) -> Result<BTreeMap<PlayerId, u64>, ExportError> {
    let records = frozen.scan(Table::Erasures, &[]).map(|record| {
        let record = record?;
        let erasure = queues::read_erasure(&record);
        erasure.ok_or_else(|| malformed("erasure", record.key()))
    });
    records.collect()
}

/// Players that were erased lately, with the sequence number of that.
fn erased(frozen: &Frozen) -> Result<BTreeMap<PlayerId, u64>, ExportError> {
    let records = frozen.scan(Table::Erased, &[]).map(|record| {
        let record = record?;
        let mark = Mark::read(&record);
        let (player, mark) = mark.ok_or_else(|| malformed("erased player", record.key()))?;
        Ok((player, mark.sequence))
    });
    records.collect()
}

fn write_tickets(
    frozen: &Frozen,
    sources: &[Source],
    out: &mut Out<impl Write>,
) -> Result<(), ExportError> {
    let erased = erased(frozen)?;
    for queue in sources {
        for record in frozen.scan(Table::Tickets, &queue_key(queue.number)) {
            let record = record?;
            let line = queues::read_ticket(record.value());
            let line = line.ok_or_else(|| malformed("ticket", record.key()))?;
            // Its players are all there, but those may be gone whom it avoids.
            let gone = |id| erased.get(&id).is_some_and(|at| line.made < *at);
            let masked = line.ticket.shown(gone, |_| true);
            let ticket = masked.unwrap_or_else(|| (*line.ticket).clone());
            let line = TicketLine::new(line.made, line.digest, ticket);
            out.record(Kind::Ticket, &line)?;
        }
    }
    Ok(())
}

fn write_backfills(
    frozen: &Frozen,
    sources: &[Source],
    out: &mut Out<impl Write>,
) -> Result<(), ExportError> {
    for queue in sources {
        for record in frozen.scan(Table::Backfills, &queue_key(queue.number)) {
            let record = record?;
            let line = queues::BackfillLine::read(record.value());
            let line = line.ok_or_else(|| malformed("backfill", record.key()))?;
            let line = BackfillLine::new(line.made, line.digest, (*line.backfill).clone());
            out.record(Kind::Backfill, &line)?;
        }
    }
    Ok(())
}

fn write_ratings(
    frozen: &Frozen,
    sources: &[Source],
    out: &mut Out<impl Write>,
) -> Result<(), ExportError> {
    for queue in sources {
        for record in frozen.scan(Table::Ratings, &queue_key(queue.number)) {
            let record = record?;
            let key = queues::read_rating_key(record.key());
            let parts = key.zip(queues::Rated::read(record.value()));
            let ((_, player), rated) = parts.ok_or_else(|| malformed("rating", record.key()))?;
            let of = (queue.id.clone(), player);
            let line = RatingLine::new(of, rated.rating, rated.matches, rated.rated_at_ms);
            out.record(Kind::Rating, &line)?;
        }
    }
    Ok(())
}
