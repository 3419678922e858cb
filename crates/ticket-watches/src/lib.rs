//! Readers that wait for a change of a ticket. Each ticket that somebody waits for has a channel of its own, made
//! with the first who does and gone with the last, so that a change wakes those it is about and costs nothing where
//! nobody waits.
//!
//! Absent on purpose: what has changed. Who is woken looks for itself, in a store that may know more by then.

use std::borrow::Borrow;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use store_records::{Named, QueueNumber};
use tokio::sync::watch;

/// All who wait for tickets of a store. Each call takes a lock for as long as it runs.
#[derive(Default)]
pub struct Watches(Mutex<HashMap<Named, Watched>>);

struct Watched {
    changes: watch::Sender<()>,
    /// How many wait. The channel counts too, but receivers are dropped at times of their own.
    readers: usize,
}

/// One who waits, until this is dropped.
pub struct Watch {
    all: Arc<Watches>,
    of: Named,
    changes: watch::Receiver<()>,
}

impl Watches {
    /// Waits for changes of a ticket from now on. O(1).
    pub fn join(self: &Arc<Self>, of: Named) -> Watch {
        let mut all = self.0.lock();
        let watched = all.entry(of.clone()).or_insert_with(|| Watched {
            changes: watch::Sender::new(()),
            readers: 0,
        });
        watched.readers += 1;
        Watch {
            changes: watched.changes.subscribe(),
            all: Arc::clone(self),
            of,
        }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Wakes all who wait for one of these tickets. O(1) for each of them; where nobody waits none is looked at.
    pub fn wake(&self, changed: impl IntoIterator<Item = impl Borrow<Named>>) {
        let all = self.0.lock();
        if all.is_empty() {
            return;
        }
        for of in changed {
            if let Some(watched) = all.get(of.borrow()) {
                watched.changes.send_replace(());
            }
        }
    }

    /// Wakes all who wait for a ticket of this queue. O(n) in the tickets that are waited for.
    pub fn wake_queue(&self, queue: QueueNumber) {
        self.wake_where(|(of, _)| *of == queue);
    }

    /// Wakes all who wait. O(n), likewise.
    pub fn wake_all(&self) {
        self.wake_where(|_| true);
    }

    fn wake_where(&self, is_concerned: impl Fn(&Named) -> bool) {
        let all = self.0.lock();
        for (_, watched) in all.iter().filter(|(of, _)| is_concerned(of)) {
            watched.changes.send_replace(());
        }
    }
}

impl Watch {
    /// Returns once there was a change since this was made, or since it last returned.
    pub async fn changed(&mut self) {
        // The sender is there as long as this is.
        let _ = self.changes.changed().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Some(watched) = all.get_mut(&self.of) {
            watched.readers -= 1;
            if watched.readers == 0 {
                all.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use matchmaking::TicketId;
    use tokio::time::timeout;

    use super::*;

    fn of(n: u32, id: &str) -> Named {
        (QueueNumber(n), TicketId::parse(id).unwrap())
    }

    async fn is_still(watch: &mut Watch) -> bool {
        let soon = Duration::from_millis(1);
        timeout(soon, watch.changed()).await.is_err()
    }

    #[tokio::test]
    async fn a_change_wakes_those_it_is_about_and_nothing_is_left_behind() {
        let all = Arc::new(Watches::default());
        let mut one = all.join(of(1, "a"));
        let mut other = all.join(of(1, "b"));
        let mut elsewhere = all.join(of(2, "a"));
        all.wake([of(1, "a"), of(3, "a")]);
        one.changed().await;
        assert!(is_still(&mut one).await);
        assert!(is_still(&mut other).await);
        all.wake_queue(QueueNumber(1));
        other.changed().await;
        assert!(is_still(&mut elsewhere).await);
        all.wake_all();
        elsewhere.changed().await;
        let again = all.join(of(1, "a"));
        drop(one);
        assert!(!all.is_empty());
        drop((again, other, elsewhere));
        assert!(all.is_empty());
    }
}
