//! Waiting for changes: woken by messages, and looking now and then as messages may be lost.

use std::time::Duration;

use matchmaking::{MatchError, QueueId, TicketId};
use tokio::time::timeout;

use super::Queues;

/// How often who waits for a ticket looks although no message came.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Queues {
    /// Waits until a ticket has another version than `seen`.
    pub(crate) async fn ticket_changed(
        &self,
        queue: &QueueId,
        ticket: &TicketId,
        seen: u64,
    ) -> Result<(), MatchError> {
        loop {
            let number = self.names.number(&self.core, queue).await?;
            // First, so that no change can come in between.
            let mut watch = self.watches.join((number, ticket.clone()));
            match self.ticket(queue, ticket).await {
                Ok(view) if view.version == seen => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error),
            }
            let pause = LOOK_EVERY.mul_f64(0.75 + fastrand::f64() / 2.0);
            let _ = timeout(pause, watch.changed()).await;
        }
    }

    /// Waits until what waits in any queue is another than at `seen`. Returns the number of now.
    pub(crate) async fn waiting_changed(&self, seen: u64) -> u64 {
        let mut waits = self.waits.subscribe();
        let changed = waits.wait_for(|now| *now != seen).await.map(|now| *now);
        match changed {
            Ok(now) => now,
            // It is dropped with this.
            Err(_) => std::future::pending().await,
        }
    }
}
