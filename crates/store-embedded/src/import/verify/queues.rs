//! Whether the queues on disk after an import are what the file says: each line is looked up, and of each kind
//! there are as many.

use std::fs::File;

use crate::engine::{Engine, EngineError, Table};
use crate::import::again::Again;
use crate::import::apply::Shift;
use crate::import::apply::queues::{
    Line, Numbers, stored_backfill, stored_match, stored_rating, stored_ticket,
};
use crate::import::check::CheckedQueue;
use crate::import::{ImportError, unwritten};
use crate::queues::{self, BackfillLine, MatchLine, Rated, TicketLine};
use crate::state::State;

/// The first thing that differs, if anything does.
pub(in crate::import) fn compare(
    engine: &Engine,
    state: &State,
    file: &File,
    numbers: Numbers<'_>,
    shift: Shift,
) -> Result<Option<String>, ImportError> {
    for queue in &numbers.queues.all {
        if !has_as_many(state, queue) {
            return Ok(Some(format!("queue {}", queue.id)));
        }
    }
    let mut lines = Again::from(file, numbers.queues.at)?;
    for _ in 0..numbers.queues.lines() {
        let line = Line::next(&mut lines)?;
        let (same, what) = has(engine, line, numbers, shift)?;
        if !same {
            return Ok(Some(what));
        }
    }
    Ok(None)
}

fn has_as_many(state: &State, queue: &CheckedQueue) -> bool {
    let Some(stored) = state.queues.find(&queue.id) else {
        return false;
    };
    let counts = [
        stored.tickets.len(),
        stored.backfills.len(),
        stored.ratings.len(),
    ];
    let expected = &queue.counts;
    *stored.settings == queue.settings
        && counts.map(|n| n as u64) == [expected.tickets, expected.backfills, expected.ratings]
}

/// Whether a line is there, and what it is.
fn has(
    engine: &Engine,
    line: Line,
    numbers: Numbers<'_>,
    shift: Shift,
) -> Result<(bool, String), ImportError> {
    let same = match line {
        Line::Match(line) => {
            let what = format!("match {}", line.of.id);
            let expected = stored_match(line, numbers)?;
            let found = find_match(engine, &expected).map_err(unwritten)?;
            (found == Some(expected), what)
        }
        Line::Ticket(line) => {
            let what = format!("ticket {} of {}", line.ticket.id(), line.ticket.queue);
            let (key, expected) = stored_ticket(line, numbers, shift)?;
            let found = engine.get(Table::Tickets, &key).map_err(unwritten)?;
            let found = found.and_then(|bytes| queues::read_ticket(&bytes));
            let found = found.map(|line| TicketLine { version: 0, ..line });
            (found == Some(expected), what)
        }
        Line::Backfill(line) => {
            let what = format!("backfill {} of {}", line.backfill.id, line.backfill.queue);
            let (key, expected) = stored_backfill(line, numbers, shift)?;
            let found = engine.get(Table::Backfills, &key).map_err(unwritten)?;
            let found = found.and_then(|bytes| BackfillLine::read(&bytes));
            (found == Some(expected), what)
        }
        Line::Rating(line) => {
            let what = format!("the rating of {} in {}", line.player_id, line.queue);
            let (key, expected) = stored_rating(&line, numbers)?;
            let found = engine.get(Table::Ratings, &key).map_err(unwritten)?;
            let found = found.and_then(|bytes| Rated::read(&bytes));
            (found == Some(expected), what)
        }
    };
    Ok(same)
}

fn find_match(engine: &Engine, like: &MatchLine) -> Result<Option<MatchLine>, EngineError> {
    let goes_on = !matches!(like.of.state, matchmaking::MatchState::Finished { .. });
    let table = if goes_on {
        Table::Matches
    } else {
        Table::PastMatches
    };
    let found = engine.get(table, like.of.id.as_bytes())?;
    let found = found.and_then(|bytes| MatchLine::read(&bytes));
    Ok(found.map(|line| MatchLine { version: 0, ..line }))
}
