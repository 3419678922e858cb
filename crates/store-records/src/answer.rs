//! What is kept of a change that was made under a guard, so that whoever asks again gets the first answer.

use boards::{Changed, Guard, Receipt, StoreError};
use matchmaking::{QueueChanged, QueueReceipt};
use serde::{Deserialize, Serialize};

use crate::parts::{json, read_json};

/// For how long an answer counts, by the times that the changes are asked for, in milliseconds.
pub const KEEP_ANSWERS_MS: i64 = 24 * 60 * 60 * 1000;

/// The answer to a guarded change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The digest of the request.
    pub request: [u8; 16],
    /// When the change was asked for, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// When it was kept, as the store counts what comes before what: its commit, or a stamp later than all that the
    /// change has done. Of queues alone; 0 in answers of before that was written down, as if they were the oldest.
    #[serde(default, skip_serializing_if = "is_not_written")]
    pub version: u64,
    /// What a change of boards or players did…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
    /// …or one of queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_queues: Option<QueueChanged>,
}

impl Answer {
    /// That to a change of boards or players.
    pub fn of_boards(guard: Guard, changed: Changed, at_ms: i64) -> Self {
        Answer {
            request: guard.request,
            at_ms,
            version: 0,
            changed: Some(changed),
            of_queues: None,
        }
    }

    /// That to a change of queues. It names players, who may be erased since: `version` tells which were.
    pub fn of_queues(guard: Guard, changed: QueueChanged, version: u64, at_ms: i64) -> Self {
        Answer {
            request: guard.request,
            at_ms,
            version,
            changed: None,
            of_queues: Some(changed),
        }
    }

    /// The record.
    pub fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    /// What the record says; `None` where the bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        read_json(bytes)
    }

    /// What the client gets that asks again.
    ///
    /// # Errors
    /// [`StoreError::KeyReused`] where the first change was not about boards.
    pub fn replay(self) -> Result<Receipt, StoreError> {
        Ok(Receipt {
            changed: self.changed.ok_or(StoreError::KeyReused)?,
            replayed: true,
            at_ms: self.at_ms,
        })
    }

    /// The same, where it is to be about queues, with all players that it named when it was kept.
    ///
    /// # Errors
    /// [`StoreError::KeyReused`] where it was not.
    pub fn replay_of_queues(self) -> Result<QueueReceipt, StoreError> {
        Ok(QueueReceipt {
            changed: self.of_queues.ok_or(StoreError::KeyReused)?,
            replayed: true,
        })
    }

    /// The answer, if it still counts; to be asked for with the guard under which it was found.
    ///
    /// # Errors
    /// [`StoreError::KeyReused`] where it is the answer to another request.
    pub fn judge(self, guard: Guard, now_ms: i64) -> Result<Option<Self>, StoreError> {
        if now_ms.saturating_sub(self.at_ms) >= KEEP_ANSWERS_MS {
            return Ok(None);
        }
        if self.request != guard.request {
            return Err(StoreError::KeyReused);
        }
        Ok(Some(self))
    }
}

fn is_not_written(version: &u64) -> bool {
    *version == 0
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
        let judged = answer
            .clone()
            .judge(GUARD, 5 + KEEP_ANSWERS_MS - 1)
            .unwrap();
        assert_eq!(judged, Some(answer.clone()));
        assert_eq!(
            answer.clone().judge(GUARD, 5 + KEEP_ANSWERS_MS).unwrap(),
            None
        );
        let other = Guard {
            request: [3; 16],
            ..GUARD
        };
        let reused = answer.clone().judge(other, 6);
        assert!(matches!(reused, Err(StoreError::KeyReused)));
        assert!(answer.clone().replay().unwrap().replayed);
        assert!(answer.replay_of_queues().is_err());
    }
}
