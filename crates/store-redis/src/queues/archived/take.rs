//! Queues and what is in them, read in the order of an export. What has ended and can be read for an hour alone is
//! left out.

use std::io::Write;

use archive::{
    BackfillLine as BackfillText, Kind, MatchLine as MatchText, QueueLine as QueueText, RatingLine,
    TicketLine as TicketText,
};
use matchmaking::{BackfillState, MatchId, MatchState, QueueId, TicketId};
use redis::{Cmd, cmd};

use crate::layout::Layout;
use crate::migrate::{Found, MigrateError, Out, RUN, Reading, damaged, fetch};
use crate::queues::draft::read_ticket_id;
use crate::queues::keys::{MATCHES, Part, Place, QUEUES};
use crate::queues::masks::Known;
use crate::queues::{BackfillLine, MatchLine, QueueLine, QueueNumber, Rated, TicketLine, records};

/// A queue to be written.
struct Source {
    id: QueueId,
    line: QueueLine,
    place: Place,
}

pub(crate) async fn write<W: Write>(
    reading: Reading<'_>,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let sources = sources(reading).await?;
    for queue in &sources {
        let line = QueueText::new(queue.id.clone(), queue.line.settings.clone());
        out.record(Kind::Queue, &line)?;
    }
    write_matches(reading, &sources, out).await?;
    for queue in &sources {
        write_tickets(reading, queue, out).await?;
    }
    for queue in &sources {
        write_backfills(reading, queue, out).await?;
    }
    for queue in &sources {
        write_ratings(reading, queue, out).await?;
    }
    Ok(())
}

/// What goes up with changes of what waits.
pub(crate) async fn versions(reading: Reading<'_>) -> Result<Vec<Cmd>, MigrateError> {
    let layout = &reading.core().layout;
    let get = |queue: Source| {
        let key = layout.key(queue.place.room, &queue.place.key(Part::Version));
        cmd("GET").arg(key).take()
    };
    Ok(sources(reading).await?.into_iter().map(get).collect())
}

/// By name.
async fn sources(reading: Reading<'_>) -> Result<Vec<Source>, MigrateError> {
    let all = reading.all(Layout::CONTROL, QUEUES).await?.into_iter();
    let queues = all.map(|(name, line)| {
        let id = std::str::from_utf8(&name)
            .ok()
            .and_then(|name| QueueId::parse(name).ok());
        let both = id.zip(records::read_queue(&line));
        let (id, line) = both.ok_or_else(|| damaged(QUEUES, &name))?;
        let place = Place::of(&reading.core().layout, line.number);
        Ok(Source { id, line, place })
    });
    queues.collect()
}

/// By id, those of deleted queues too: each is written down with its queue's number.
async fn write_matches<W: Write>(
    reading: Reading<'_>,
    sources: &[Source],
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    for some in matches(reading).await?.chunks(RUN) {
        let layout = &reading.core().layout;
        let find = |(id, number): &(MatchId, QueueNumber)| -> Found {
            let place = Place::of(layout, *number);
            (place.room, place.key(Part::Matches), id.as_bytes().to_vec())
        };
        let places: Vec<Found> = some.iter().map(find).collect();
        let values = reading.values(&places).await?;
        for (place, value) in places.iter().zip(values) {
            // Where there is none it was written down and did not come to be.
            let Some(value) = value else { continue };
            let line = MatchLine::read(&value);
            let line = line.ok_or_else(|| damaged(&place.1, &place.2))?;
            let deleted = !sources.iter().any(|queue| queue.line.number == line.queue);
            // A proposal fails with its queue, also where nobody has come to say so.
            let is_over = match line.of.state {
                MatchState::Failed { .. } => true,
                MatchState::Proposed { .. } => deleted,
                _ => false,
            };
            if is_over {
                continue;
            }
            out.record(Kind::Match, &MatchText::new(deleted, (*line.of).clone()))?;
        }
    }
    Ok(())
}

async fn matches(reading: Reading<'_>) -> Result<Vec<(MatchId, QueueNumber)>, MigrateError> {
    let rooms = reading
        .core()
        .layout
        .rooms()
        .map(|room| (room, MATCHES.to_vec()));
    let (mut all, mut strange) = (Vec::new(), None);
    reading
        .each(rooms.collect(), |_, field, value| {
            let both = records::read_match_id(&field).zip(records::read_number(&value));
            match both {
                Some(both) => all.push(both),
                None => strange = Some(field),
            }
        })
        .await?;
    if let Some(field) = strange {
        return Err(damaged(MATCHES, &field));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Names in a hash of a queue whose records are to be written, sorted.
async fn names(
    reading: Reading<'_>,
    place: Place,
    part: Part,
    is_live: impl Fn(&[u8]) -> Option<bool>,
) -> Result<Vec<TicketId>, MigrateError> {
    let key = place.key(part);
    let (mut names, mut strange) = (Vec::new(), None);
    reading
        .each(vec![(place.room, key.clone())], |_, field, value| {
            match (read_ticket_id(&field), is_live(&value)) {
                (Some(name), Some(true)) => names.push(name),
                (Some(_), Some(false)) => {}
                _ => strange = Some(field),
            }
        })
        .await?;
    if let Some(field) = strange {
        return Err(damaged(&key, &field));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The records of some names.
async fn named(
    reading: Reading<'_>,
    place: Place,
    part: Part,
    names: &[TicketId],
) -> Result<Vec<Vec<u8>>, MigrateError> {
    let key = place.key(part);
    let find = |name: &TicketId| (place.room, key.clone(), name.as_str().as_bytes().to_vec());
    let places: Vec<Found> = names.iter().map(find).collect();
    let values = reading.values(&places).await?;
    let found = places.iter().zip(values);
    found
        .map(|(place, value)| value.ok_or_else(|| damaged(&key, &place.2)))
        .collect()
}

async fn write_tickets<W: Write>(
    reading: Reading<'_>,
    queue: &Source,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let is_live = |bytes: &[u8]| Some(!records::read_ticket(bytes)?.ticket.state.is_final());
    let part = Part::Tickets;
    let all = names(reading, queue.place, part, is_live).await?;
    for some in all.chunks(RUN) {
        let values = named(reading, queue.place, part, some).await?;
        let lines = some.iter().zip(values).map(|(name, value)| {
            let line = records::read_ticket(&value);
            line.ok_or_else(|| damaged(&queue.place.key(part), name.as_str().as_bytes()))
        });
        let lines: Vec<TicketLine> = lines.collect::<Result<_, _>>()?;
        // Their players are all there, but those may be gone whom they avoid.
        let avoided = lines.iter().flat_map(|line| &line.ticket.ticket.avoid);
        let known = Known::of(reading.core(), &avoided.copied().collect()).await?;
        for line in lines {
            let gone = |id| known.is_erased_since(id, line.made);
            let masked = line.ticket.shown(gone, |_| true);
            let ticket = masked.unwrap_or_else(|| (*line.ticket).clone());
            let text = TicketText::new(line.made, line.digest, ticket);
            out.record(Kind::Ticket, &text)?;
        }
    }
    Ok(())
}

async fn write_backfills<W: Write>(
    reading: Reading<'_>,
    queue: &Source,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let is_live = |bytes: &[u8]| {
        let line = BackfillLine::read(bytes)?;
        Some(line.backfill.state == BackfillState::Open)
    };
    let part = Part::Backfills;
    let all = names(reading, queue.place, part, is_live).await?;
    for some in all.chunks(RUN) {
        let values = named(reading, queue.place, part, some).await?;
        for (name, value) in some.iter().zip(values) {
            let line = BackfillLine::read(&value);
            let bad = || damaged(&queue.place.key(part), name.as_str().as_bytes());
            let line = line.ok_or_else(bad)?;
            let text = BackfillText::new(line.made, line.digest, (*line.backfill).clone());
            out.record(Kind::Backfill, &text)?;
        }
    }
    Ok(())
}

async fn write_ratings<W: Write>(
    reading: Reading<'_>,
    queue: &Source,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let key = queue.place.key(Part::Ratings);
    for some in reading.ids(&key).await?.chunks(RUN) {
        for (id, value) in fetch(reading, &key, some).await? {
            let rated = Rated::read(&value);
            let rated = rated.ok_or_else(|| damaged(&key, id.as_bytes()))?;
            let of = (queue.id.clone(), id);
            let line = RatingLine::new(of, rated.rating, rated.matches, rated.rated_at_ms);
            out.record(Kind::Rating, &line)?;
        }
    }
    Ok(())
}
