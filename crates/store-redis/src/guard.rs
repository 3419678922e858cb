//! What is kept of a change that was made under a guard, so that whoever asks again gets the first answer.
//!
//! The answer is a record of the transaction that makes the change: both are there or neither is.

use boards::{Changed, Guard, Receipt, StoreError};
use matchmaking::{QueueChanged, QueueReceipt};
use serde::{Deserialize, Serialize};

use crate::layout::Layout;
use crate::tx::{At, Tx};

/// For how long an answer counts, by the times that the changes are asked for.
pub(crate) const KEEP_MS: i64 = 24 * 60 * 60 * 1000;
/// For how long it is kept, by the server's clock: longer, since clocks differ.
pub(crate) const KEPT_FOR_MS: u64 = 25 * 60 * 60 * 1000;

/// The answer to a guarded change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The digest of the request.
    pub(crate) request: [u8; 16],
    pub(crate) at_ms: i64,
    /// When it was kept, as a stamp; 0 in answers of before that was written down, as if they were the oldest.
    #[serde(default)]
    pub(crate) stamp: u64,
    /// What a change of boards or players did…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<Changed>,
    /// …or one of queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of_queues: Option<QueueChanged>,
}

impl Answer {
    pub(crate) fn of_boards(guard: Guard, changed: Changed, at_ms: i64) -> Self {
        Answer {
            request: guard.request,
            at_ms,
            stamp: 0,
            changed: Some(changed),
            of_queues: None,
        }
    }

    /// `stamp` is later than all that the change has done.
    pub(crate) fn of_queues(
        guard: Guard,
        changed: QueueChanged,
        (stamp, at_ms): (u64, i64),
    ) -> Self {
        Answer {
            request: guard.request,
            at_ms,
            stamp,
            changed: None,
            of_queues: Some(changed),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Plain data with text keys always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// What the client gets that asks again; an error where the first change was not about boards.
    pub(crate) fn replay(self) -> Result<Receipt, StoreError> {
        Ok(Receipt {
            changed: self.changed.ok_or(StoreError::KeyReused)?,
            replayed: true,
            at_ms: self.at_ms,
        })
    }

    /// The same, where it is to be about queues.
    pub(crate) fn replay_of_queues(self) -> Result<QueueReceipt, StoreError> {
        Ok(QueueReceipt {
            changed: self.of_queues.ok_or(StoreError::KeyReused)?,
            replayed: true,
        })
    }

    /// Whether it still counts, and is the answer to this request.
    ///
    /// # Errors
    /// [`StoreError::KeyReused`] where it is the answer to another request.
    pub(crate) fn judge(self, guard: Guard, now_ms: i64) -> Result<Option<Self>, StoreError> {
        if now_ms.saturating_sub(self.at_ms) >= KEEP_MS {
            return Ok(None);
        }
        if self.request != guard.request {
            return Err(StoreError::KeyReused);
        }
        Ok(Some(self))
    }
}

/// The record of a guard's answer.
pub(crate) fn place(layout: &Layout, guard: Guard) -> At {
    At::whole(layout.of_guard(&guard.key), key(guard))
}

/// Its key, without what all keys of the room begin with.
pub(crate) fn key(guard: Guard) -> Vec<u8> {
    let hex = guard.key.iter().map(|byte| format!("{byte:02x}"));
    format!("g:{}", hex.collect::<String>()).into_bytes()
}

/// The answer that was given before, if any.
///
/// # Errors
/// [`StoreError::KeyReused`]; [`StoreError::Unavailable`].
pub(crate) async fn earlier(
    tx: &mut Tx<'_>,
    guard: Option<Guard>,
    now_ms: i64,
) -> Result<Option<Answer>, StoreError> {
    let Some(guard) = guard else { return Ok(None) };
    let place = place(&tx.core().layout, guard);
    let stored = tx.get(&place).await?;
    match stored.and_then(|bytes| Answer::read(&bytes)) {
        Some(answer) => answer.judge(guard, now_ms),
        None => Ok(None),
    }
}

/// Has an answer written with the transaction's change.
pub(crate) fn keep(tx: &mut Tx<'_>, guard: Guard, answer: &Answer) {
    let place = place(&tx.core().layout, guard);
    tx.set_for(place, answer.to_bytes(), KEPT_FOR_MS);
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Guard = Guard {
        key: [0xa1; 16],
        request: [2; 16],
    };

    #[test]
    fn answers_count_for_a_day_and_for_one_request() {
        let answer = Answer::of_boards(GUARD, Changed::Done, 5);
        let read = Answer::read(&answer.to_bytes());
        assert_eq!(read, Some(answer.clone()));
        let judged = answer.clone().judge(GUARD, 5 + KEEP_MS - 1).unwrap();
        assert_eq!(judged, Some(answer.clone()));
        assert_eq!(answer.clone().judge(GUARD, 5 + KEEP_MS).unwrap(), None);
        let other = Guard {
            request: [3; 16],
            ..GUARD
        };
        let reused = answer.clone().judge(other, 6);
        assert!(matches!(reused, Err(StoreError::KeyReused)));
        assert!(answer.clone().replay().unwrap().replayed);
        assert!(answer.replay_of_queues().is_err());
    }

    #[test]
    fn keys_are_hexadecimal() {
        assert_eq!(key(GUARD), format!("g:{}", "a1".repeat(16)).into_bytes());
    }
}
