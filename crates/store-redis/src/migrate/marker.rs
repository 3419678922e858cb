//! The record of a migration: what it is from and how far it has come. It is in the room of lists, where scripts see
//! to it that no node makes or opens a store as long as it stands.

use std::time::Instant;

use boards::Clock;
use redis::{Value, cmd};
use serde::{Deserialize, Serialize};

use super::MigrateError;
use super::rooms::{OUTAGE, pause};
use super::scan::bytes;
use crate::board_keys::{BOARDS, DOOMED, LINES, PLAYERS};
use crate::connection::Redis;
use crate::layout::Layout;
use crate::meta::{FORMAT, Meta, MetaError};
use crate::options::Options;
use crate::replies;
use crate::scripts::Scripts;
use crate::stamps::CLOCK;
use crate::store::new_meta;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    /// A digest of all that is moved.
    source: String,
    /// Records of it that have been written.
    pub(super) written: u64,
    /// What the store will be.
    pub(super) meta: Meta,
}

impl Marker {
    fn to_bytes(&self) -> Vec<u8> {
        // Plain data always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Begins a migration, or goes on with one of the same source.
    pub(super) async fn begin(
        redis: &Redis,
        options: &Options,
        clock: &Clock,
        source: &str,
    ) -> Result<Self, MigrateError> {
        let new = Marker {
            source: source.to_owned(),
            written: 0,
            meta: new_meta(options, clock)?,
        };
        let prefix = || options.prefix.clone();
        let found = get(redis, options, b"migration").await?;
        if found.is_none() && get(redis, options, b"store").await?.is_some() {
            return Err(MigrateError::Exists(prefix()));
        }
        if found.is_none() && !is_vacant(redis, options, new.meta.partitions).await? {
            return Err(MigrateError::NotEmpty(prefix()));
        }
        let words: [&[u8]; 2] = [b"begin", &new.to_bytes()];
        let answer = ask(redis, options, &words).await?;
        match answer.as_slice() {
            [word] if word == b"BEGUN" => Ok(new),
            [word, there] if word == b"THERE" => Marker::read(there, source, options),
            [word] if word == b"STORE" => Err(MigrateError::Exists(prefix())),
            _ => Err(MigrateError::Superseded),
        }
    }

    fn read(bytes: &[u8], source: &str, options: &Options) -> Result<Self, MigrateError> {
        let there: Marker = serde_json::from_slice(bytes).map_err(|_| MetaError::NotAgon)?;
        if there.meta.format != FORMAT || there.source != source {
            return Err(MigrateError::OtherSource);
        }
        // As who opens a store does.
        Meta::read(&there.meta.to_bytes(), options.partitions)?;
        Ok(there)
    }

    /// Notes how far it has come.
    pub(super) async fn step(
        &mut self,
        redis: &Redis,
        options: &Options,
        written: u64,
    ) -> Result<(), MigrateError> {
        self.written = written;
        let words: [&[u8]; 3] = [b"step", &self.to_bytes(), self.source.as_bytes()];
        done(&ask(redis, options, &words).await?)
    }

    /// From here on the store is there.
    pub(super) async fn end(&self, redis: &Redis, options: &Options) -> Result<(), MigrateError> {
        let words: [&[u8]; 3] = [b"end", &self.meta.to_bytes(), self.source.as_bytes()];
        done(&ask(redis, options, &words).await?)
    }
}

fn done(answer: &[Vec<u8>]) -> Result<(), MigrateError> {
    match answer {
        [word] if word == b"OK" => Ok(()),
        _ => Err(MigrateError::Superseded),
    }
}

/// A key of its own in the room of lists.
pub(super) async fn get(
    redis: &Redis,
    options: &Options,
    name: &[u8],
) -> Result<Option<Vec<u8>>, MigrateError> {
    let key = Layout::new(&options.prefix, 1).key(Layout::CONTROL, name);
    let read = redis.read(vec![cmd("GET").arg(key).take()]).await;
    let answers = read.map_err(|error| MigrateError::Unavailable(error.to_string()))?;
    Ok(answers.into_iter().next().and_then(bytes))
}

/// Whether no room has any of the keys that every store has.
async fn is_vacant(redis: &Redis, options: &Options, rooms: u16) -> Result<bool, MigrateError> {
    let layout = Layout::new(&options.prefix, rooms);
    let names = [PLAYERS, BOARDS, LINES, CLOCK, DOOMED, b"queues", b"m"];
    let asked = layout.rooms().map(|room| {
        let keys = names.map(|name| layout.key(room, name));
        cmd("EXISTS").arg(&keys).take()
    });
    let read = redis.read(asked.collect()).await;
    let answers = read.map_err(|error| MigrateError::Unavailable(error.to_string()))?;
    Ok(answers.iter().all(|n| replies::whole(n) == Some(0)))
}

/// Runs the script; asking twice is as asking once.
async fn ask(
    redis: &Redis,
    options: &Options,
    words: &[&[u8]],
) -> Result<Vec<Vec<u8>>, MigrateError> {
    let key = Layout::new(&options.prefix, 1).key(Layout::CONTROL, b"store");
    let script = Scripts::new().migration;
    let until = Instant::now() + OUTAGE;
    loop {
        match redis.script(&script, &key, words).await {
            Ok(Value::Array(items)) => return Ok(items.into_iter().filter_map(bytes).collect()),
            Ok(other) => return Err(replies::strange(&format!("{other:?}")).into()),
            Err(error) => pause(&error, until).await?,
        }
    }
}
