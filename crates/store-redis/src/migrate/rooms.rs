//! Commands gathered for each room, and run there by one script. All of them may be run twice and in any order, so
//! one whose reply was lost is sent again, for a minute.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::MigrateError;
use crate::core::Core;
use crate::failure::RedisFailure;
use crate::layout::Room;

/// For how long a Redis may be away.
pub(super) const OUTAGE: Duration = Duration::from_secs(if cfg!(test) { 5 } else { 60 });
pub(super) const PAUSE: Duration = Duration::from_millis(250);
/// Words of one command; scripts can take some thousand. Even, for pairs.
const WORDS: usize = 1000;

/// A command without its values: what it is and its key.
type Head = (&'static str, Vec<u8>);

/// What is to be written.
pub(crate) struct Rooms<'c> {
    core: &'c Core,
    all: BTreeMap<Room, BTreeMap<Head, Vec<Vec<u8>>>>,
    bytes: usize,
}

impl<'c> Rooms<'c> {
    pub(crate) fn new(core: &'c Core) -> Self {
        Rooms {
            core,
            all: BTreeMap::new(),
            bytes: 0,
        }
    }

    pub(crate) fn core(&self) -> &'c Core {
        self.core
    }

    /// About how much is gathered.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn set(&mut self, room: Room, key: &[u8], value: impl ToString) {
        let head = self.head(room, "SET", key);
        *head = vec![value.to_string().into_bytes()];
    }

    pub(crate) fn hash(&mut self, room: Room, key: &[u8], field: &[u8], value: Vec<u8>) {
        self.bytes += key.len() + field.len() + value.len();
        let head = self.head(room, "HSET", key);
        head.extend([field.to_vec(), value]);
    }

    pub(crate) fn sorted(&mut self, room: Room, key: &[u8], score: f64, member: &[u8]) {
        self.bytes += key.len() + member.len();
        // As the server reads it back to the same double.
        let score = format!("{score:e}").into_bytes();
        self.head(room, "ZADD", key)
            .extend([score, member.to_vec()]);
    }

    pub(crate) fn member(&mut self, room: Room, key: &[u8], member: &[u8]) {
        self.head(room, "SADD", key).push(member.to_vec());
    }

    fn head(&mut self, room: Room, command: &'static str, key: &[u8]) -> &mut Vec<Vec<u8>> {
        let whole = self.core.layout.key(room, key);
        let room = self.all.entry(room).or_default();
        room.entry((command, whole)).or_default()
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self) -> Result<(), MigrateError> {
        self.bytes = 0;
        let rooms = std::mem::take(&mut self.all).into_iter();
        let key = |room| self.core.layout.key(room, b"store");
        let mut calls: Vec<_> = rooms.map(|(room, all)| (key(room), words(all))).collect();
        let until = Instant::now() + OUTAGE;
        while !calls.is_empty() {
            let script = &self.core.scripts.load;
            let answers = self.core.redis.scripts(script, calls.clone()).await;
            let mut failure = None;
            let mut left = Vec::new();
            for (call, answer) in calls.into_iter().zip(answers) {
                if let Err(error) = answer {
                    left.push(call);
                    failure = Some(error);
                }
            }
            calls = left;
            if let Some(error) = failure {
                pause(&error, until).await?;
            }
        }
        Ok(())
    }
}

/// Waits before another attempt, unless it is of no use or has lasted for long enough.
pub(super) async fn pause(error: &RedisFailure, until: Instant) -> Result<(), MigrateError> {
    let is_final = matches!(error, RedisFailure::Script { .. });
    if is_final || Instant::now() >= until {
        return Err(MigrateError::Unavailable(error.to_string()));
    }
    sleep(PAUSE).await;
    Ok(())
}

/// The commands as the script takes them.
fn words(all: BTreeMap<Head, Vec<Vec<u8>>>) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    for ((command, key), values) in all {
        for some in values.chunks(WORDS) {
            words.push((some.len() + 2).to_string().into_bytes());
            words.push(command.as_bytes().to_vec());
            words.push(key.clone());
            words.extend(some.iter().cloned());
        }
    }
    words
}
