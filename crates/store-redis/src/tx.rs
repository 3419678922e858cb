//! Optimistic transactions on records, which are fields of hashes or keys of their own.
//!
//! A transaction reads, decides, and commits: its writes are made if every record that it has read is still
//! as it was read, and otherwise nothing happens and the caller begins anew ([`Attempts`]). In one room that
//! is one script. Over several rooms it is two-phase commit: all rooms but one prepare, which locks the
//! records; the one decides, by making its own part; the others apply theirs. A very large part of one room is
//! treated as if it was of several ([`shares`]). Who meets a lock asks the room
//! that decides and finishes the transaction, or ends it where its node has been away for too long
//! (`settle`).
//!
//! Readers take no locks: while several rooms apply, for about a millisecond, one can be seen before another.
//! Absent on purpose: locks that wait, since a node that stops must not stop others.

mod attempts;
mod commit;
mod settle;
mod shares;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use boards::{BoardId, StoreError};
use redis::Value;

use crate::core::Core;
use crate::layout::Room;

pub(crate) use attempts::Attempts;
pub(crate) use settle::{settle, sweep};
pub(crate) use wire::{Count, Counted, Write};

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) room: Room,
    /// The key, without what all keys of the room begin with.
    pub(crate) key: Vec<u8>,
    /// The field of that hash; `None` where the record is a key of its own.
    pub(crate) field: Option<Vec<u8>>,
}

impl At {
    pub(crate) fn field(room: Room, key: impl AsRef<[u8]>, field: impl AsRef<[u8]>) -> Self {
        At {
            room,
            key: key.as_ref().to_vec(),
            field: Some(field.as_ref().to_vec()),
        }
    }

    pub(crate) fn whole(room: Room, key: impl AsRef<[u8]>) -> Self {
        At {
            room,
            key: key.as_ref().to_vec(),
            field: None,
        }
    }
}

/// What a transaction knows of a record, and does to it.
#[derive(Clone, Debug, Default)]
struct Record {
    /// What was read; `None` where nothing was.
    read: Option<Option<Vec<u8>>>,
    /// Whether the commit depends on what was read.
    checked: bool,
    change: Option<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Set(Vec<u8>),
    /// For so many milliseconds.
    SetFor(Vec<u8>, u64),
    Removed,
}

impl Record {
    fn now(&self) -> Option<Vec<u8>> {
        match &self.change {
            Some(Change::Set(value) | Change::SetFor(value, _)) => Some(value.clone()),
            Some(Change::Removed) => None,
            None => self.read.clone().flatten(),
        }
    }
}

/// What became of a commit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// It is made; the figures that were asked for, in that order.
    Made(Vec<u64>),
    /// Something that was read has changed, and nothing is made.
    Conflict,
    /// A room has given out later stamps; this was its latest. Nothing is made.
    Behind(u64),
}

/// A transaction that is being put together.
pub(crate) struct Tx<'c> {
    core: &'c Core,
    records: HashMap<At, Record>,
    writes: BTreeMap<Room, Vec<Write>>,
    counts: Vec<(Room, Count)>,
    /// The first and the last stamp used in each room.
    stamped: BTreeMap<Room, (u64, u64)>,
    /// Boards of which readers can see a change once it is made.
    boards: BTreeSet<BoardId>,
    /// What this node does of its own once it is made.
    then: Vec<Then>,
}

type Then = Box<dyn FnOnce() + Send + Sync>;

impl<'c> Tx<'c> {
    pub(crate) fn new(core: &'c Core) -> Self {
        Tx {
            core,
            records: HashMap::new(),
            writes: BTreeMap::new(),
            counts: Vec::new(),
            stamped: BTreeMap::new(),
            boards: BTreeSet::new(),
            then: Vec::new(),
        }
    }

    pub(crate) fn core(&self) -> &'c Core {
        self.core
    }

    /// Reads many records in one round trip. The commit depends on them.
    pub(crate) async fn fetch(
        &mut self,
        all: impl IntoIterator<Item = At>,
    ) -> Result<(), StoreError> {
        let all = all.into_iter().map(|at| (at, true)).collect();
        self.read(all).await
    }

    /// Reads many records on which the commit does not depend.
    pub(crate) async fn peek(
        &mut self,
        all: impl IntoIterator<Item = At>,
    ) -> Result<(), StoreError> {
        let all = all.into_iter().map(|at| (at, false)).collect();
        self.read(all).await
    }

    /// Both in one round trip.
    pub(crate) async fn fetch_and_peek(
        &mut self,
        fetched: impl IntoIterator<Item = At>,
        peeked: impl IntoIterator<Item = At>,
    ) -> Result<(), StoreError> {
        let fetched = fetched.into_iter().map(|at| (at, true));
        let peeked = peeked.into_iter().map(|at| (at, false));
        self.read(fetched.chain(peeked).collect()).await
    }

    /// A record as this transaction leaves it. One that was not fetched is, which takes a round trip.
    pub(crate) async fn get(&mut self, at: &At) -> Result<Option<Vec<u8>>, StoreError> {
        let known = self.records.get(at);
        if !known.is_some_and(|record| record.read.is_some() || record.change.is_some()) {
            self.fetch([at.clone()]).await?;
        }
        Ok(self.known(at))
    }

    /// A record as this transaction leaves it, of those that were fetched or set.
    pub(crate) fn known(&self, at: &At) -> Option<Vec<u8>> {
        self.records.get(at).and_then(Record::now)
    }

    pub(crate) fn set(&mut self, at: At, value: Vec<u8>) {
        self.change(at, Change::Set(value));
    }

    /// Sets a key of its own that is forgotten after so many milliseconds.
    pub(crate) fn set_for(&mut self, at: At, value: Vec<u8>, ms: u64) {
        self.change(at, Change::SetFor(value, ms));
    }

    pub(crate) fn remove(&mut self, at: At) {
        self.change(at, Change::Removed);
    }

    /// Writes something that nobody's commit depends on, such as a member of a sorted set.
    pub(crate) fn also(&mut self, room: Room, write: Write) {
        self.writes.entry(room).or_default().push(write);
    }

    /// Asks for a figure of a sorted set as it is after the writes; its place among the answers. In rooms that
    /// the transaction writes to, it is taken in the same instant, in others right after.
    pub(crate) fn count(&mut self, room: Room, count: Count) -> usize {
        self.counts.push((room, count));
        self.counts.len() - 1
    }

    /// Notes that a stamp is used in a room, which must not have given out a later one.
    pub(crate) fn stamp(&mut self, room: Room, stamp: u64) {
        let (first, last) = self.stamped.entry(room).or_insert((stamp, stamp));
        (*first, *last) = (stamp.min(*first), stamp.max(*last));
    }

    /// Notes that readers of a board can see a change; all nodes are told once it is made, or may have been.
    pub(crate) fn changes_board(&mut self, board: &BoardId) {
        self.boards.insert(board.clone());
    }

    /// Makes it, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also where it is not known whether it is made.
    pub(crate) async fn commit(mut self) -> Result<Commit, StoreError> {
        let then = std::mem::take(&mut self.then);
        let (core, boards) = (self.core, std::mem::take(&mut self.boards));
        let outcome = commit::commit(self).await;
        if !matches!(outcome, Ok(Commit::Conflict | Commit::Behind(_))) {
            core.boards_changed(boards.iter());
        }
        if let Ok(Commit::Made(_)) = outcome {
            then.into_iter().for_each(|then| then());
        }
        outcome
    }

    /// Does that on this node once the transaction is made, and not where it is not.
    pub(crate) fn once_made(&mut self, then: impl FnOnce() + Send + Sync + 'static) {
        self.then.push(Box::new(then));
    }

    fn change(&mut self, at: At, change: Change) {
        self.records.entry(at).or_default().change = Some(change);
    }

    async fn read(&mut self, all: Vec<(At, bool)>) -> Result<(), StoreError> {
        let mut missing: BTreeMap<(Room, Vec<u8>), Vec<At>> = BTreeMap::new();
        for (at, checked) in all {
            let record = self.records.entry(at.clone()).or_default();
            record.checked |= checked;
            if record.read.is_none() {
                let group = missing.entry((at.room, at.key.clone())).or_default();
                group.push(at);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let commands = missing.values().map(|group| self.reading(group)).collect();
        let answers = self.core.redis.read(commands).await?;
        for (group, answer) in missing.into_values().zip(answers) {
            let found = values(answer, group[0].field.is_some());
            for (at, value) in group.into_iter().zip(found) {
                self.records.entry(at).or_default().read = Some(value);
            }
        }
        Ok(())
    }

    /// The command that reads records of one key.
    fn reading(&self, group: &[At]) -> redis::Cmd {
        let key = self.core.layout.key(group[0].room, &group[0].key);
        let fields: Vec<&[u8]> = group.iter().filter_map(|at| at.field.as_deref()).collect();
        if fields.is_empty() {
            return redis::cmd("GET").arg(key).take();
        }
        redis::cmd("HMGET").arg(key).arg(fields).take()
    }
}

/// What a reading command has found, for each of its records.
fn values(answer: Value, many: bool) -> Vec<Option<Vec<u8>>> {
    let one = |value| match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    };
    match answer {
        Value::Array(all) if many => all.into_iter().map(one).collect(),
        other => vec![one(other)],
    }
}
