//! The waiting tickets of a queue, as a node keeps them that looks at the queue again and again: each look reads what
//! has changed since the last one, by the numbers that changes have ([`Part::Changed`]).
//!
//! A mirror that was not looked at for long begins anew, since what has ended is removed from the list of changes
//! after an hour; one that nobody needs any more is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use boards::StoreError;
use matchmaking::{QueuedTicket, TicketId};
use parking_lot::Mutex;

use super::draft::read_ticket_id;
use super::keys::{Part, Place};
use super::{QueueNumber, TicketLine, records, wire};
use crate::core::Core;

/// Names read in one go. More than one change can have.
const NAMES: usize = 8192;
/// Tickets read in one go, about 1 KiB each.
const TICKETS: usize = 500;
/// A mirror that was left alone for so long begins anew.
const STALE: Duration = Duration::from_secs(10 * 60);
/// One that was left alone for so long is forgotten.
const UNUSED: Duration = Duration::from_secs(60);

/// Those of all queues that the node has looked at lately.
#[derive(Default)]
pub(super) struct Mirrors(Mutex<HashMap<QueueNumber, Arc<Kept>>>);

/// A mirror, and when it was last looked at.
pub(super) struct Kept {
    pub(super) mirror: tokio::sync::Mutex<Mirror>,
    used: Mutex<Instant>,
    seen: Mutex<Option<Seen>>,
}

/// What waited at the last look.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    waiting: u64,
    oldest_made_at_ms: Option<i64>,
}

impl Seen {
    /// How many waited, and how long the oldest has by now.
    pub(super) fn at(&self, now_ms: i64) -> (u64, Duration) {
        let waited = self
            .oldest_made_at_ms
            .map_or(0, |then| now_ms.saturating_sub(then));
        let waited = Duration::from_millis(u64::try_from(waited).unwrap_or(0));
        (self.waiting, waited)
    }
}

impl Kept {
    /// Notes what waits, for who watches.
    pub(super) fn note(&self, mirror: &Mirror) {
        let oldest = mirror.waiting.values().next();
        *self.seen.lock() = Some(Seen {
            waiting: mirror.waiting.len() as u64,
            oldest_made_at_ms: oldest.map(|ticket| ticket.created_at_ms),
        });
    }
}

#[derive(Default)]
pub(super) struct Mirror {
    /// The version up to which it has what has changed; `None` before it was loaded, and while it is.
    version: Option<u64>,
    /// Those that wait, in the order in which they were made.
    waiting: BTreeMap<(u64, TicketId), Arc<QueuedTicket>>,
    made: HashMap<TicketId, u64>,
}

impl Mirrors {
    pub(super) fn of(&self, number: QueueNumber) -> Arc<Kept> {
        let new = || {
            Arc::new(Kept {
                mirror: tokio::sync::Mutex::default(),
                used: Mutex::new(Instant::now()),
                seen: Mutex::default(),
            })
        };
        let mut all = self.0.lock();
        let kept = Arc::clone(all.entry(number).or_insert_with(new));
        let mut used = kept.used.lock();
        if used.elapsed() > STALE {
            // Forgotten by whoever had to, and late: it begins anew.
            drop(used);
            let fresh = new();
            all.insert(number, Arc::clone(&fresh));
            return fresh;
        }
        *used = Instant::now();
        drop(used);
        kept
    }

    /// What waited at the last look, if there was one lately.
    pub(super) fn seen(&self, number: QueueNumber) -> Option<Seen> {
        *self.0.lock().get(&number)?.seen.lock()
    }

    pub(super) fn forget_unused(&self) {
        self.0
            .lock()
            .retain(|_, kept| kept.used.lock().elapsed() < UNUSED);
    }
}

impl Mirror {
    /// Those that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Arc<QueuedTicket>> {
        self.waiting.values()
    }

    /// Brings it up to a version of the queue that was read before.
    pub(super) async fn follow(
        &mut self,
        core: &Core,
        place: Place,
        version: u64,
    ) -> Result<(), StoreError> {
        match self.version {
            Some(seen) if seen == version => return Ok(()),
            Some(seen) if seen < version => {
                // What comes in meanwhile is read again at the next look.
                let after = format!("({seen}");
                self.read_all(core, place, Part::Changed, after).await?;
            }
            _ => {
                *self = Mirror::default();
                self.read_all(core, place, Part::Waiting, "-inf".to_owned())
                    .await?;
            }
        }
        self.version = Some(version);
        Ok(())
    }

    /// Reads the tickets that a set names, from a score on, as they are now.
    async fn read_all(
        &mut self,
        core: &Core,
        place: Place,
        part: Part,
        mut from: String,
    ) -> Result<(), StoreError> {
        loop {
            let named = names(core, place, part, &from).await?;
            for some in named.chunks(TICKETS) {
                self.read_some(core, place, some).await?;
            }
            match (named.first(), named.last()) {
                (Some((first, _)), Some((last, _))) if named.len() == NAMES => {
                    // Those of the last score may not all have been among them. If none has another, going on
                    // from there would not end.
                    let next = if first == last { "(" } else { "" };
                    from = format!("{next}{last:e}");
                }
                _ => return Ok(()),
            }
        }
    }

    async fn read_some(
        &mut self,
        core: &Core,
        place: Place,
        named: &[(f64, TicketId)],
    ) -> Result<(), StoreError> {
        let key = core.layout.key(place.room, &place.key(Part::Tickets));
        let fields: Vec<&str> = named.iter().map(|(_, id)| id.as_str()).collect();
        let read = redis::cmd("HMGET").arg(key).arg(fields).take();
        let answers = core.redis.read(vec![read]).await?;
        let found = answers.into_iter().flat_map(wire::list);
        for ((_, id), value) in named.iter().zip(found) {
            let line = wire::bytes(value).and_then(|bytes| records::read_ticket(&bytes));
            self.put(id, line);
        }
        Ok(())
    }

    /// A ticket as it is now; `None` where there is none.
    fn put(&mut self, id: &TicketId, line: Option<TicketLine>) {
        if let Some(made) = self.made.remove(id) {
            self.waiting.remove(&(made, id.clone()));
        }
        if let Some(line) = line.filter(TicketLine::waits) {
            self.made.insert(id.clone(), line.made);
            self.waiting.insert((line.made, id.clone()), line.ticket);
        }
    }
}

/// Names of a set from a score on, with their scores.
async fn names(
    core: &Core,
    place: Place,
    part: Part,
    from: &str,
) -> Result<Vec<(f64, TicketId)>, StoreError> {
    let key = core.layout.key(place.room, &place.key(part));
    let range = redis::cmd("ZRANGEBYSCORE")
        .arg(key)
        .arg(from)
        .arg("+inf")
        .arg("WITHSCORES")
        .arg("LIMIT")
        .arg(0)
        .arg(NAMES)
        .take();
    let answers = core.redis.read(vec![range]).await?;
    let words: Vec<_> = answers.into_iter().flat_map(wire::items).collect();
    let pairs = words.chunks_exact(2);
    let named = pairs.filter_map(|pair| Some((wire::score(&pair[1])?, read_ticket_id(&pair[0])?)));
    Ok(named.collect())
}
