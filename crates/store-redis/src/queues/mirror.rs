//! The waiting tickets of a queue, as a node keeps them that looks at the queue again and again: each look reads what
//! has changed since the last one, by the numbers that changes have ([`Part::Changed`]).
//!
//! A mirror that was not looked at for long begins anew, since what has ended is removed from the list of changes
//! after an hour; one that nobody needs any more is forgotten. It begins anew as well where another node has looked
//! meanwhile, and where the server has lost what it had acknowledged, as when another takes its place: the numbers of
//! changes then come a second time, for others ([`Part::Mark`]).

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

/// Names read in one go. Few in tests, so that small queues take several.
const NAMES: usize = if cfg!(test) { 3 } else { 8192 };
/// Tickets read in one go, about 1 KiB each.
const TICKETS: usize = if cfg!(test) { 2 } else { 500 };
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
    /// What the last look has left with the server.
    mark: Vec<u8>,
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

    /// Brings it up to the version that the queue has now.
    pub(super) async fn follow(&mut self, core: &Core, place: Place) -> Result<(), StoreError> {
        let (version, is_continued) = self.leave_mark(core, place).await?;
        match self.version.filter(|seen| is_continued && *seen <= version) {
            Some(seen) if seen == version => return Ok(()),
            Some(seen) => {
                // What comes in meanwhile is read again at the next look.
                let after = format!("({seen}");
                self.read_all(core, place, Part::Changed, after).await?;
            }
            None => {
                let mark = std::mem::take(&mut self.mark);
                *self = Mirror {
                    mark,
                    ..Mirror::default()
                };
                self.read_all(core, place, Part::Waiting, "-inf".to_owned())
                    .await?;
            }
        }
        self.version = Some(version);
        Ok(())
    }

    /// The version that the queue has now, and whether all is there that this mirror has seen.
    async fn leave_mark(&mut self, core: &Core, place: Place) -> Result<(u64, bool), StoreError> {
        let key = core.layout.key(place.room, &place.key(Part::Version));
        let seen = self.version.map(|seen| seen.to_string());
        let fresh = format!("{:016x}", fastrand::u64(..));
        let words = [
            self.mark.as_slice(),
            seen.as_deref().unwrap_or_default().as_bytes(),
            fresh.as_bytes(),
        ];
        let answer = core.redis.script(&core.scripts.mirror, &key, &words).await;
        let mut answer = wire::list(answer?).into_iter();
        let version = answer.next().as_ref().map_or(0, wire::number);
        let is_continued = answer.next().as_ref().map_or(0, wire::number) == 1;
        self.mark = answer.next().and_then(wire::bytes).unwrap_or_default();
        Ok((version, is_continued))
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
            let mut named = names(core, place, part, &from, Some(NAMES)).await?;
            let is_last = named.len() < NAMES;
            if let (Some((first, _)), Some((last, _))) = (named.first(), named.last()) {
                from = if is_last || first != last {
                    // Those of the last score may not all have been among them.
                    number(*last)
                } else {
                    // All have one score, as what one change has changed: the rest of it has to be there too.
                    let (all, after) = (number(*last), format!("({}", number(*last)));
                    named = names(core, place, part, &all, None).await?;
                    after
                };
            }
            for some in named.chunks(TICKETS) {
                self.read_some(core, place, some).await?;
            }
            if is_last {
                return Ok(());
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

/// Names of a set with their scores: so many from a score on, or all that have this one.
async fn names(
    core: &Core,
    place: Place,
    part: Part,
    from: &str,
    most: Option<usize>,
) -> Result<Vec<(f64, TicketId)>, StoreError> {
    let key = core.layout.key(place.room, &place.key(part));
    let mut range = redis::cmd("ZRANGEBYSCORE").arg(key).arg(from).take();
    range.arg(most.map_or(from, |_| "+inf")).arg("WITHSCORES");
    if let Some(most) = most {
        range.arg("LIMIT").arg(0).arg(most);
    }
    let answers = core.redis.read(vec![range]).await?;
    let words: Vec<_> = answers.into_iter().flat_map(wire::items).collect();
    let pairs = words.chunks_exact(2);
    let named = pairs.filter_map(|pair| Some((wire::score(&pair[1])?, read_ticket_id(&pair[0])?)));
    Ok(named.collect())
}

/// A score as the server reads it.
fn number(score: f64) -> String {
    format!("{score:e}")
}
