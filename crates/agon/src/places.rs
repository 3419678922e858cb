//! Places for connections: how many there are at all, and how many one client may take.
//!
//! When all are taken and another client comes, the connection that has waited longest for its client
//! (for a handshake, a request head or the next request) is asked to end. So clients that open
//! connections and say nothing cannot keep others out, and a flood of them pushes out its own. Those
//! whose request is being served are never asked: they have limits of their own.
//!
//! A connection decides for itself, in its own task, since only there it is certain that no request has
//! come in the meantime.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::connection::Activity;

/// How long a connection may have waited before it can be asked to end: time to send what it was
/// opened for.
const GRACE: Duration = Duration::from_secs(1);
/// How long to wait for a place before another connection is asked.
const ASK_AGAIN: Duration = Duration::from_millis(50);
const TELL_EVERY: Duration = Duration::from_secs(60);

/// All places.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    max_per_client: usize,
    taken: Mutex<Taken>,
    told_full: Seldom,
    told_refused: Seldom,
}

/// Something that is logged once a minute at the most, since it comes in crowds.
#[derive(Default)]
struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    fn is_due(&self, now: Instant) -> bool {
        let mut told = self.0.lock();
        let due = told.is_none_or(|told| now - told >= TELL_EVERY);
        if due {
            *told = Some(now);
        }
        due
    }
}

#[derive(Default)]
struct Taken {
    connections: HashMap<u64, Arc<Activity>>,
    clients: HashMap<IpAddr, usize>,
    next_id: u64,
}

/// A connection's place. Free again when it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    id: u64,
    /// Whom it is counted for, if for anybody.
    client: Option<IpAddr>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// Of `max` connections, and `max_per_client` for one client; 0: no such limit.
    pub(crate) fn new(max: usize, max_per_client: usize) -> Arc<Self> {
        Arc::new(Places {
            free: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))),
            max_per_client: match max_per_client {
                0 => usize::MAX,
                number => number,
            },
            taken: Mutex::default(),
            told_full: Seldom::default(),
            told_refused: Seldom::default(),
        })
    }

    /// A place for a connection, as soon as there is one; `None` at once if the client has as many as
    /// it may. Without a client it is counted for nobody. O(connections) when all are taken.
    pub(crate) async fn take(
        self: &Arc<Self>,
        client: Option<IpAddr>,
        activity: &Arc<Activity>,
    ) -> Option<Place> {
        let mut place = self.enter(client)?;
        while place.permit.is_none() {
            let free = self.free.clone();
            place.permit = match free.clone().try_acquire_owned() {
                Ok(permit) => Some(permit),
                Err(_) => {
                    if self.told_full.is_due(Instant::now()) {
                        tracing::warn!("all places of server.max_connections are taken");
                    }
                    self.ask_the_longest_waiting();
                    let permit = timeout(ASK_AGAIN, free.acquire_owned()).await;
                    permit.ok().and_then(Result::ok)
                }
            };
        }
        // Only now: one that waits for a place has none to give.
        activity.admitted();
        let mut taken = self.taken.lock();
        taken.connections.insert(place.id, activity.clone());
        drop(taken);
        Some(place)
    }

    /// Tells all connections that the server stops.
    pub(crate) fn stop(&self) {
        for activity in self.taken.lock().connections.values() {
            activity.stop();
        }
    }

    fn enter(self: &Arc<Self>, client: Option<IpAddr>) -> Option<Place> {
        let mut taken = self.taken.lock();
        if let Some(client) = client {
            let count = taken.clients.entry(client).or_default();
            if *count >= self.max_per_client {
                if self.told_refused.is_due(Instant::now()) {
                    let all = "all that server.max_connections_per_client allows";
                    tracing::warn!(%client, "connection refused: its client has {all}");
                }
                return None;
            }
            *count += 1;
        }
        let id = taken.next_id;
        taken.next_id += 1;
        Some(Place {
            places: self.clone(),
            id,
            client,
            permit: None,
        })
    }

    fn ask_the_longest_waiting(&self) {
        let taken = self.taken.lock();
        let connections = taken.connections.values();
        let longest = connections
            .filter_map(|activity| Some((activity.waiting_for()?, activity)))
            .max_by_key(|(waiting_for, _)| *waiting_for);
        if let Some((_, activity)) = longest.filter(|(waiting_for, _)| *waiting_for >= GRACE) {
            activity.ask_to_end();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.connections.remove(&self.id);
        let Some(client) = self.client else {
            return;
        };
        if let Some(count) = taken.clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                taken.clients.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_a_minute() {
        let seldom = Seldom::default();
        let start = Instant::now();
        for (second, due) in [(0, true), (1, false), (59, false), (60, true), (61, false)] {
            let now = start + Duration::from_secs(second);
            assert_eq!(seldom.is_due(now), due, "{second}");
        }
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_is_free_again() {
        let places = Places::new(10, 2);
        let client = Some(IpAddr::from([192, 0, 2, 1]));
        let activity = Activity::new(false);
        let first = places.take(client, &activity).await.unwrap();
        let second = places.take(client, &activity).await.unwrap();
        assert!(places.take(client, &activity).await.is_none());
        let other = Some(IpAddr::from([192, 0, 2, 2]));
        assert!(places.take(other, &activity).await.is_some());
        assert!(places.take(None, &activity).await.is_some());
        drop(first);
        let third = places.take(client, &activity).await.unwrap();
        drop((second, third));
        let taken = places.taken.lock();
        assert!(taken.clients.is_empty() && taken.connections.is_empty());
    }
}
