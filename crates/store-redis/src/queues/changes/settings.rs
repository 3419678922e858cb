//! Queues made, and given other settings.
//!
//! A queue has two lines: one in the list of queues, which is in the room of lists, and one in its own room, which
//! everything that happens in the queue depends on. They change together.

use matchmaking::{MatchError, QueueChanged, QueueId, QueueSettings};

use super::{Attempt, made};
use crate::layout::Layout;
use crate::queues::draft::unreadable;
use crate::queues::keys::{Part, Place, line};
use crate::queues::{QueueLine, QueueNumber, Queues, news, records};
use crate::tx::{At, Tx, Write};

/// The number that the next queue gets.
pub(in crate::queues) const NEXT: &[u8] = b"next-queue";
const FIRST: u32 = 1;

impl Queues {
    pub(super) async fn put_queue<'c>(
        &'c self,
        mut tx: Tx<'c>,
        queue: &QueueId,
        settings: &QueueSettings,
    ) -> Attempt<'c> {
        let at = line(Layout::CONTROL, queue);
        let boards = settings
            .boards
            .iter()
            .map(|feed| board(feed.board.as_str()));
        tx.fetch(boards.chain([at.clone()])).await?;
        let mut feeds = settings.boards.iter().enumerate();
        let is_missing = |board_id: &str| tx.known(&board(board_id)).is_none();
        if let Some((at, feed)) = feeds.find(|(_, feed)| is_missing(feed.board.as_str())) {
            let board = feed.board.clone();
            return Err(MatchError::UnknownBoard { at, board });
        }
        let settings = settings.clone();
        let Some(stored) = tx.known(&at) else {
            let number = next_number(&mut tx).await?;
            self.put_line(&mut tx, queue, &QueueLine { number, settings });
            self.begin_version(&mut tx, number);
            return Ok(Some(made(QueueChanged::Put { created: true }, tx)));
        };
        let stored = records::read_queue(&stored).ok_or_else(|| unreadable(&at))?;
        if stored.settings != settings {
            let number = stored.number;
            self.put_line(&mut tx, queue, &QueueLine { number, settings });
            let place = Place::of(&self.core.layout, number);
            let key = place.key(Part::Version);
            tx.also(place.room, Write::Incr { key });
        }
        Ok(Some(made(QueueChanged::Put { created: false }, tx)))
    }

    fn put_line(&self, tx: &mut Tx<'_>, queue: &QueueId, new: &QueueLine) {
        let place = Place::of(&self.core.layout, new.number);
        let record = records::queue(new);
        if place.room != Layout::CONTROL {
            tx.set(line(place.room, queue), record.clone());
        }
        tx.set(line(Layout::CONTROL, queue), record);
        let channel = self.core.layout.channel();
        let message = news::of_queue(new.number);
        tx.also(place.room, Write::Publish { channel, message });
    }

    /// Versions go on from the time, so that those of a queue of the same name that was deleted do not come again.
    fn begin_version(&self, tx: &mut Tx<'_>, number: QueueNumber) {
        let place = Place::of(&self.core.layout, number);
        let first = self.core.stamps.next(1).to_string();
        let at = At::whole(place.room, place.key(Part::Version));
        tx.set(at, first.into_bytes());
    }
}

async fn next_number(tx: &mut Tx<'_>) -> Result<QueueNumber, MatchError> {
    let at = At::whole(Layout::CONTROL, NEXT);
    let next = match tx.get(&at).await? {
        None => FIRST,
        Some(bytes) => {
            records::read_number(&bytes)
                .ok_or_else(|| unreadable(&at))?
                .0
        }
    };
    tx.set(at, next.saturating_add(1).to_string().into_bytes());
    Ok(QueueNumber(next))
}

/// A board, as the store of boards lists it.
fn board(name: &str) -> At {
    At::field(Layout::CONTROL, b"boards", name)
}
