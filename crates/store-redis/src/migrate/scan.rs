//! Reads hashes that are split over rooms: their fields in no order, and their values by field in any.

use std::collections::BTreeMap;
use std::time::Instant;

use redis::{Cmd, Value, cmd};

use super::MigrateError;
use super::rooms::{OUTAGE, pause};
use crate::core::Core;
use crate::layout::Room;
use crate::replies;

/// Fields asked for in one step of a scan.
const STEP: usize = 1000;

/// Where a value is: room, key, field.
pub(crate) type Found = (Room, Vec<u8>, Vec<u8>);

/// Reads a store that nobody serves.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'c>(pub(crate) &'c Core);

impl<'c> Reading<'c> {
    pub(crate) fn core(&self) -> &'c Core {
        self.0
    }

    /// Commands that read, through a Redis that is away for a moment.
    pub(crate) async fn read(&self, commands: Vec<Cmd>) -> Result<Vec<Value>, MigrateError> {
        let until = Instant::now() + OUTAGE;
        loop {
            match self.0.redis.read(commands.clone()).await {
                Ok(values) => return Ok(values),
                Err(error) => pause(&error, until).await?,
            }
        }
    }

    /// All of a small hash, by field.
    pub(crate) async fn all(
        &self,
        room: Room,
        key: &[u8],
    ) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, MigrateError> {
        let mut all = BTreeMap::new();
        self.each(vec![(room, key.to_vec())], |_, field, value| {
            all.insert(field, value);
        })
        .await?;
        Ok(all)
    }

    /// Goes through hashes side by side. A field may come twice.
    pub(crate) async fn each(
        &self,
        hashes: Vec<(Room, Vec<u8>)>,
        mut visit: impl FnMut(usize, Vec<u8>, Vec<u8>),
    ) -> Result<(), MigrateError> {
        let whole = |(room, key): &(Room, Vec<u8>)| self.0.layout.key(*room, key);
        let keys: Vec<Vec<u8>> = hashes.iter().map(whole).collect();
        let mut open: Vec<(usize, Vec<u8>)> = (0..keys.len()).map(|n| (n, b"0".to_vec())).collect();
        while !open.is_empty() {
            let steps = open.iter().map(|(n, cursor)| {
                let mut step = cmd("HSCAN");
                step.arg(&keys[*n]).arg(cursor).arg("COUNT").arg(STEP);
                step
            });
            let answers = self.read(steps.collect()).await?;
            let mut next = Vec::new();
            for ((n, _), answer) in open.into_iter().zip(answers) {
                let (cursor, pairs) = step(answer)?;
                let mut pairs = pairs.into_iter();
                while let (Some(field), Some(value)) = (pairs.next(), pairs.next()) {
                    visit(n, field, value);
                }
                if cursor != b"0" {
                    next.push((n, cursor));
                }
            }
            open = next;
        }
        Ok(())
    }

    /// The fields of one key in all rooms that are ids, each once, sorted.
    pub(crate) async fn ids(&self, key: &[u8]) -> Result<Vec<[u8; 16]>, MigrateError> {
        let rooms = self.0.layout.rooms().map(|room| (room, key.to_vec()));
        let (mut ids, mut strange) = (Vec::new(), None);
        self.each(rooms.collect(), |_, field, _| {
            match field.as_slice().try_into() {
                Ok(id) => ids.push(id),
                Err(_) => strange = Some(field),
            }
        })
        .await?;
        if let Some(field) = strange {
            return Err(damaged(key, &field));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Values by where they are, in that order.
    pub(crate) async fn values(&self, of: &[Found]) -> Result<Vec<Option<Vec<u8>>>, MigrateError> {
        let mut groups: BTreeMap<(Room, &[u8]), Vec<usize>> = BTreeMap::new();
        for (n, (room, key, _)) in of.iter().enumerate() {
            groups.entry((*room, key)).or_default().push(n);
        }
        let reads = groups.iter().map(|((room, key), places)| {
            let mut read = cmd("HMGET");
            read.arg(self.0.layout.key(*room, key));
            for n in places {
                read.arg(&of[*n].2);
            }
            read
        });
        let answers = self.read(reads.collect()).await?;
        let mut values = vec![None; of.len()];
        for (places, answer) in groups.into_values().zip(answers) {
            for (n, value) in places.into_iter().zip(list(answer)) {
                values[n] = bytes(value);
            }
        }
        Ok(values)
    }

    /// Whole numbers of keys of their own; 0 where there is none.
    pub(crate) async fn numbers(&self, commands: Vec<Cmd>) -> Result<Vec<u64>, MigrateError> {
        let answers = self.read(commands).await?;
        Ok(answers
            .iter()
            .map(|n| replies::whole(n).unwrap_or(0))
            .collect())
    }
}

fn step(answer: Value) -> Result<(Vec<u8>, Vec<Vec<u8>>), MigrateError> {
    let mut parts = list(answer).into_iter();
    let cursor = parts.next().and_then(bytes);
    let pairs = parts.next().map(list);
    let strange = || MigrateError::Damaged("a scan is answered oddly".to_owned());
    let (cursor, pairs) = cursor.zip(pairs).ok_or_else(strange)?;
    Ok((cursor, pairs.into_iter().filter_map(bytes).collect()))
}

pub(super) fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        // Newer protocols answer hashes as such.
        Value::Map(pairs) => pairs.into_iter().flat_map(|(k, v)| [k, v]).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

/// A record that no store of this version has written.
pub(crate) fn damaged(key: &[u8], field: &[u8]) -> MigrateError {
    let key = String::from_utf8_lossy(key);
    MigrateError::Damaged(format!(
        "the record {field:02x?} of {key} is malformed or missing"
    ))
}
