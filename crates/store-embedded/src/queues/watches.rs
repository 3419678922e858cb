//! Readers that wait for a change of a ticket. Each ticket that somebody waits for has a channel of its
//! own, made with the first who does and gone with the last, so that a change wakes those it is about
//! and costs nothing where nobody waits.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Named, QueueNumber};

#[derive(Default)]
pub(crate) struct Watches(Mutex<HashMap<Named, Watched>>);

struct Watched {
    changes: watch::Sender<()>,
    /// How many wait. The channel counts too, but receivers are dropped at times of their own.
    readers: usize,
}

/// One who waits.
pub(crate) struct Watch {
    all: Arc<Watches>,
    of: Named,
    changes: watch::Receiver<()>,
}

impl Watches {
    /// Waits for changes from now on.
    pub(crate) fn join(self: &Arc<Self>, of: Named) -> Watch {
        let mut all = self.0.lock();
        let watched = all.entry(of.clone()).or_insert_with(|| Watched {
            changes: watch::Sender::new(()),
            readers: 0,
        });
        watched.readers += 1;
        Watch {
            all: Arc::clone(self),
            of,
            changes: watched.changes.subscribe(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// These have changed.
    pub(crate) fn wake<'a>(&self, changed: impl Iterator<Item = &'a Named>) {
        let all = self.0.lock();
        for of in changed {
            if let Some(watched) = all.get(of) {
                watched.changes.send_replace(());
            }
        }
    }

    /// All of a queue have changed.
    pub(crate) fn wake_queue(&self, queue: QueueNumber) {
        let all = self.0.lock();
        for (_, watched) in all.iter().filter(|((of, _), _)| *of == queue) {
            watched.changes.send_replace(());
        }
    }
}

impl Watch {
    /// Returns once there was a change since this was made, or since it last returned.
    pub(crate) async fn changed(&mut self) {
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
    use matchmaking::TicketId;

    use super::*;

    fn of(n: u32, id: &str) -> Named {
        (QueueNumber(n), TicketId::parse(id).unwrap())
    }

    #[tokio::test]
    async fn a_change_wakes_those_it_is_about_and_nothing_is_left_behind() {
        let all = Arc::new(Watches::default());
        let mut one = all.join(of(1, "a"));
        let mut other = all.join(of(1, "b"));
        let mut elsewhere = all.join(of(2, "a"));
        all.wake([of(1, "a")].iter());
        one.changed().await;
        let still = std::time::Duration::from_millis(1);
        assert!(tokio::time::timeout(still, one.changed()).await.is_err());
        assert!(tokio::time::timeout(still, other.changed()).await.is_err());
        all.wake_queue(QueueNumber(1));
        other.changed().await;
        assert!(
            tokio::time::timeout(still, elsewhere.changed())
                .await
                .is_err()
        );
        let again = all.join(of(1, "a"));
        drop(one);
        assert!(!all.is_empty());
        drop((again, other, elsewhere));
        assert!(all.is_empty());
    }
}
