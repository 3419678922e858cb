//! Which number a queue has, as this node last saw it.
//!
//! A number is only ever believed together with the queue's line in its room, which is read with everything else
//! ([`super::keys::line`]): a queue that was deleted, and made again with another number, is noticed there, and
//! then looked up in the list.

use std::collections::HashMap;

use matchmaking::{MatchError, QueueId};
use parking_lot::RwLock;

use super::draft::unreadable;
use super::{QueueNumber, keys, records};
use crate::core::Core;
use crate::layout::Layout;

#[derive(Default)]
pub(super) struct Names(RwLock<HashMap<QueueId, QueueNumber>>);

impl Names {
    /// A queue's number; from the list of queues where this node does not know it.
    ///
    /// # Errors
    /// [`MatchError::UnknownQueue`] where it is not in the list.
    pub(super) async fn number(
        &self,
        core: &Core,
        queue: &QueueId,
    ) -> Result<QueueNumber, MatchError> {
        if let Some(number) = self.0.read().get(queue) {
            return Ok(*number);
        }
        let at = keys::line(Layout::CONTROL, queue);
        let mut tx = core.begin();
        tx.peek([at.clone()]).await?;
        let Some(bytes) = tx.known(&at) else {
            return Err(MatchError::UnknownQueue(queue.clone()));
        };
        let line = records::read_queue(&bytes).ok_or_else(|| unreadable(&at))?;
        self.0.write().insert(queue.clone(), line.number);
        Ok(line.number)
    }

    /// All that are known.
    pub(super) fn all(&self) -> Vec<(QueueId, QueueNumber)> {
        let known = self.0.read();
        known
            .iter()
            .map(|(id, number)| (id.clone(), *number))
            .collect()
    }

    pub(super) fn forget(&self, queue: &QueueId) {
        self.0.write().remove(queue);
    }

    pub(super) fn forget_number(&self, number: QueueNumber) {
        self.0.write().retain(|_, known| *known != number);
    }
}
