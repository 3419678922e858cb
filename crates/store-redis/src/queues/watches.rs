//! Readers that wait for a change of a ticket on this node. Each ticket that somebody waits for has a channel of its
//! own, made with the first who does and gone with the last, so that a message wakes those it is about and costs
//! nothing where nobody waits.

use std::collections::HashMap;
use std::sync::Arc;

use matchmaking::TicketId;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::QueueNumber;

/// A ticket, told from those of other queues.
type Named = (QueueNumber, TicketId);

#[derive(Default)]
pub(super) struct Watches(Mutex<HashMap<Named, Watched>>);

struct Watched {
    changes: watch::Sender<()>,
    /// How many wait.
    readers: usize,
}

/// One who waits.
pub(super) struct Watch {
    all: Arc<Watches>,
    of: Named,
    changes: watch::Receiver<()>,
}

impl Watches {
    /// Waits for changes from now on.
    pub(super) fn join(self: &Arc<Self>, of: Named) -> Watch {
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

    /// Wakes all who wait for one of these tickets.
    pub(super) fn wake(&self, number: QueueNumber, tickets: Vec<TicketId>) {
        let all = self.0.lock();
        if all.is_empty() {
            return;
        }
        for ticket in tickets {
            if let Some(watched) = all.get(&(number, ticket)) {
                watched.changes.send_replace(());
            }
        }
    }

    /// Wakes all who wait for a ticket of this queue; of any, where there is none.
    pub(super) fn wake_all(&self, number: Option<QueueNumber>) {
        let all = self.0.lock();
        let concerned = |of: &Named| number.is_none_or(|number| of.0 == number);
        for (_, watched) in all.iter().filter(|(of, _)| concerned(of)) {
            watched.changes.send_replace(());
        }
    }
}

impl Watch {
    /// Returns once there was a change since this was made, or since it last returned.
    pub(super) async fn changed(&mut self) {
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

    use tokio::time::timeout;

    use super::*;

    fn of(n: u32, id: &str) -> Named {
        (QueueNumber(n), TicketId::parse(id).unwrap())
    }

    #[tokio::test]
    async fn a_message_wakes_those_it_is_about_and_nothing_is_left_behind() {
        let all = Arc::new(Watches::default());
        let mut one = all.join(of(1, "a"));
        let mut other = all.join(of(1, "b"));
        let mut elsewhere = all.join(of(2, "a"));
        let still = Duration::from_millis(1);
        all.wake(QueueNumber(1), vec![of(1, "a").1]);
        one.changed().await;
        assert!(timeout(still, one.changed()).await.is_err());
        assert!(timeout(still, other.changed()).await.is_err());
        all.wake_all(Some(QueueNumber(1)));
        other.changed().await;
        assert!(timeout(still, elsewhere.changed()).await.is_err());
        all.wake_all(None);
        elsewhere.changed().await;
        let again = all.join(of(1, "a"));
        drop(one);
        assert!(!all.0.lock().is_empty());
        drop((again, other, elsewhere));
        assert!(all.0.lock().is_empty());
    }
}
