//! Who forms the matches of a queue: one node at a time, for some seconds, which it extends as long as it looks.
//!
//! Time is the server's, so clocks of nodes do not matter. A node that was stopped and goes on after its time finds
//! that another leads: each who takes over gets a larger number, and what is announced depends on the number still
//! being the same ([`Queues::holds_token`]). So a former leader can announce nothing, whatever it believes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use matchmaking::{MatchError, QueueId};
use parking_lot::Mutex;
use redis::Value;

use super::draft::Draft;
use super::keys::{Part, Place};
use super::{QueueNumber, Queues, wire};
use crate::replies;

/// For how long a queue is led without being extended.
pub(super) const LEASE: Duration = Duration::from_secs(5);

/// The queues that this node leads, as far as it knows.
pub(super) struct Leases {
    /// The name of this node, like no other's.
    node: String,
    held: Mutex<HashMap<QueueNumber, Held>>,
}

#[derive(Clone)]
struct Held {
    token: Vec<u8>,
    /// When it was last extended; before the server did so, so it is over there later than here.
    since: Instant,
}

impl Held {
    fn is_valid(&self) -> bool {
        self.since.elapsed() < LEASE
    }
}

impl Leases {
    pub(super) fn new() -> Self {
        Leases {
            node: format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
            held: Mutex::default(),
        }
    }

    /// Whether the lead of a queue is so fresh that it need not be extended yet.
    fn is_fresh(&self, number: QueueNumber) -> bool {
        let held = self.held.lock();
        held.get(&number)
            .is_some_and(|held| held.since.elapsed() < LEASE / 3)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.held
            .lock()
            .values()
            .filter(|held| held.is_valid())
            .count()
    }

    /// Whether a queue is among them.
    pub(super) fn holds(&self, number: QueueNumber) -> bool {
        self.held.lock().get(&number).is_some_and(Held::is_valid)
    }

    /// The number of this node's lead.
    pub(super) fn token(&self, number: QueueNumber) -> Option<Vec<u8>> {
        Some(self.held.lock().get(&number)?.token.clone())
    }

    /// Those that this node leads or led.
    pub(super) fn all(&self) -> Vec<QueueNumber> {
        self.held.lock().keys().copied().collect()
    }

    pub(super) fn lost(&self, number: QueueNumber) {
        self.held.lock().remove(&number);
    }
}

impl Queues {
    /// Whether this node leads a queue now, and for some seconds; takes the lead where nobody has it.
    pub(crate) async fn lead(&self, queue: &QueueId) -> Result<bool, MatchError> {
        for _ in 0..2 {
            let number = self.names.number(&self.core, queue).await?;
            if self.leases.is_fresh(number) {
                return Ok(true);
            }
            let since = Instant::now();
            let answer = self.ask_for_lead(number, queue, LEASE).await?;
            let mut words = wire::list(answer).into_iter();
            let word = words.next().and_then(|word| replies::text(&word));
            match word.as_deref() {
                Some("LEADS") => {
                    let token = words.next().and_then(wire::bytes).unwrap_or_default();
                    let held = Held { token, since };
                    self.leases.held.lock().insert(number, held);
                    return Ok(true);
                }
                Some("OTHER") => {
                    self.leases.lost(number);
                    return Ok(false);
                }
                Some("GONE") => self.names.forget(queue),
                other => {
                    let strange = replies::strange(other.unwrap_or_default());
                    return Err(strange.into());
                }
            }
        }
        Err(MatchError::UnknownQueue(queue.clone()))
    }

    /// Gives back the lead of all queues.
    pub(crate) async fn resign(&self) -> Result<(), MatchError> {
        let held = std::mem::take(&mut *self.leases.held.lock());
        let given = held.into_keys().map(|number| self.give_back(number));
        for answer in join_all(given).await {
            answer?;
        }
        Ok(())
    }

    async fn give_back(&self, number: QueueNumber) -> Result<Value, MatchError> {
        let place = Place::of(&self.core.layout, number);
        let key = self.core.layout.key(place.room, &place.key(Part::Lease));
        let words = [self.leases.node.as_bytes(), b"0"];
        let answer = self
            .core
            .redis
            .script(&self.core.scripts.lease, &key, &words);
        Ok(answer.await.map_err(boards::StoreError::from)?)
    }

    async fn ask_for_lead(
        &self,
        number: QueueNumber,
        queue: &QueueId,
        time: Duration,
    ) -> Result<Value, MatchError> {
        let place = Place::of(&self.core.layout, number);
        let key = self.core.layout.key(place.room, &place.key(Part::Lease));
        let (ms, number) = (time.as_millis().to_string(), number.0.to_string());
        let words = [
            self.leases.node.as_bytes(),
            ms.as_bytes(),
            queue.as_str().as_bytes(),
            number.as_bytes(),
        ];
        let answer = self
            .core
            .redis
            .script(&self.core.scripts.lease, &key, &words);
        Ok(answer.await.map_err(boards::StoreError::from)?)
    }

    /// # Errors
    /// [`MatchError::NotLeader`] where another node leads the queue.
    pub(super) async fn have_lead(&self, queue: &QueueId) -> Result<(), MatchError> {
        if self.lead(queue).await? {
            Ok(())
        } else {
            Err(MatchError::NotLeader(queue.clone()))
        }
    }

    /// Whether this node still leads the queue, by the number that the commit depends on.
    ///
    /// # Errors
    /// [`MatchError::NotLeader`].
    pub(super) fn holds_token(&self, draft: &Draft<'_>, queue: &QueueId) -> Result<(), MatchError> {
        let number = draft.place.number;
        let now = draft.tx.known(&draft.place.token());
        if now.is_some() && now == self.leases.token(number) {
            return Ok(());
        }
        self.leases.lost(number);
        Err(MatchError::NotLeader(queue.clone()))
    }
}
