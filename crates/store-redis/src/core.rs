//! What all parts of the store work with: the connection, where everything is, the clock, the scripts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use boards::{Clock, StoreError};
use redis::Value;

use crate::board_news::Telling;
use crate::clock_offset::ClockOffset;
use crate::connection::Redis;
use crate::failure::RedisFailure;
use crate::layout::{Layout, Room};
use crate::queues::Tallies;
use crate::reads::Versions;
use crate::replies;
use crate::scripts::Scripts;
use crate::stamps::Stamps;
use crate::turns::Turns;
use crate::tx::{Attempts, Tx};

/// Between two attempts at something that may be done twice.
const PAUSE: Duration = Duration::from_millis(20);

/// What all parts of the store work with.
pub(crate) struct Core {
    pub(crate) redis: Redis,
    pub(crate) layout: Layout,
    pub(crate) stamps: Stamps,
    pub(crate) clock: Clock,
    /// How far the clock of this machine, by which stamps go, is from that of Redis.
    pub(crate) clock_offset: ClockOffset,
    /// How long a change may take, with all its attempts.
    pub(crate) patience: Duration,
    /// The store's own, the same on all nodes.
    pub(crate) secret: [u8; 32],
    pub(crate) scripts: Scripts,
    /// Who was second at a board takes its turn.
    pub(crate) turns: Turns,
    /// What is known of boards' versions.
    pub(crate) versions: Versions,
    /// Boards of whose changes other nodes are to be told.
    pub(crate) telling: Telling,
    /// What this node has done in queues.
    pub(crate) tallies: Arc<Tallies>,
}

impl Core {
    /// A new transaction.
    pub(crate) fn begin(&self) -> Tx<'_> {
        Tx::new(self)
    }

    /// The attempts at a change; see [`Attempts`].
    pub(crate) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(self)
    }

    /// One room's part of a transaction.
    pub(crate) async fn commit_script(
        &self,
        room: Room,
        words: &[&[u8]],
    ) -> Result<Value, StoreError> {
        Ok(self.try_commit(room, words).await?)
    }

    /// The same, telling how it failed.
    pub(crate) async fn try_commit(
        &self,
        room: Room,
        words: &[&[u8]],
    ) -> Result<Value, RedisFailure> {
        let key = self.layout.key(room, b"locks");
        self.redis.script(&self.scripts.commit, &key, words).await
    }

    /// The same for what may be done twice: a lost reply is asked for again.
    pub(crate) async fn commit_again(
        &self,
        room: Room,
        words: &[&[u8]],
    ) -> Result<Value, StoreError> {
        let until = Instant::now() + self.patience;
        loop {
            match self.try_commit(room, words).await {
                Err(RedisFailure::Unknown { .. }) if Instant::now() < until => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// What became of a transaction, in the room that decides it. May be asked twice.
    pub(crate) async fn resolve_script(
        &self,
        room: Room,
        words: &[&[u8]],
    ) -> Result<Value, StoreError> {
        let key = self.layout.key(room, b"decided");
        let until = Instant::now() + self.patience;
        loop {
            match self.redis.script(&self.scripts.resolve, &key, words).await {
                Err(RedisFailure::Unknown { .. }) if Instant::now() < until => {
                    tokio::time::sleep(PAUSE).await;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Figures of a room's sorted sets, asked for as a transaction's part.
    pub(crate) async fn count_script(&self, room: Room, asked: &[u8]) -> Result<Value, StoreError> {
        let key = self.layout.key(room, b"locks");
        let words = [asked];
        let counted = self.redis.read_script(&self.scripts.count, &key, &words);
        Ok(counted.await?)
    }

    /// For how long a transaction has been prepared in a room, in milliseconds, by the server's clock.
    pub(crate) async fn age_ms(&self, room: Room, transaction: &str) -> Result<u64, StoreError> {
        let key = self.layout.key(room, b"open");
        let words = [transaction.as_bytes()];
        let age = self.redis.read_script(&self.scripts.age, &key, &words);
        Ok(replies::whole(&age.await?).unwrap_or(0))
    }
}
