//! From a transaction to scripts: one where a single room takes part, otherwise prepare, decide, apply.

use std::collections::BTreeMap;

use boards::StoreError;
use futures_util::future::join_all;

use super::settle::{self, Fate, settle};
use super::wire::{Checked, Expected, Part};
use super::{Change, Commit, Record, Tx};
use crate::core::Core;
use crate::failure::RedisFailure;
use crate::layout::Room;
use crate::replies::{self, Reply};

/// The name of a transaction: the room that decides, and 16 random digits.
pub(super) fn name(room: Room) -> String {
    format!("{}.{:016x}", room.0, fastrand::u64(..))
}

pub(super) async fn commit(tx: Tx<'_>) -> Result<Commit, StoreError> {
    let core = tx.core;
    let asked = tx.counts.clone();
    let mut parts = parts(tx);
    let elsewhere = outside(&mut parts);
    let counts = match parts.len() {
        0 => Made::default(),
        1 => match in_one(core, &parts).await? {
            Ok(made) => made,
            Err(refused) => return Ok(refused),
        },
        _ => match in_several(core, &parts).await? {
            Ok(made) => made,
            Err(refused) => return Ok(refused),
        },
    };
    let counts = counted_elsewhere(core, counts, &elsewhere).await?;
    Ok(Commit::Made(in_order(
        counts,
        asked.iter().map(|(room, _)| *room),
    )))
}

/// The figures of each room, in the order in which they were asked for there.
type Made = BTreeMap<Room, Vec<u64>>;

/// The transaction, room by room.
fn parts(tx: Tx<'_>) -> BTreeMap<Room, Part> {
    let layout = &tx.core.layout;
    let mut parts: BTreeMap<Room, Part> = BTreeMap::new();
    for (at, record) in tx.records {
        let part = parts.entry(at.room).or_default();
        let key = layout.key(at.room, &at.key);
        let expected = match &record.read {
            Some(read) if record.checked => Some(Expected::Read(read.clone())),
            _ => record.change.as_ref().map(|_| Expected::Anything),
        };
        part.records.extend(expected.map(|expected| Checked {
            key: key.clone(),
            field: at.field.clone(),
            expected,
        }));
        part.commands.extend(changing(key, at.field, record));
    }
    for (room, writes) in tx.writes {
        let part = parts.entry(room).or_default();
        let whole = |suffix: &[u8]| layout.key(room, suffix);
        let commands = writes.into_iter().flat_map(|write| write.commands(whole));
        part.commands.extend(commands);
    }
    for (room, stamps) in tx.stamped {
        parts.entry(room).or_default().clock = Some(stamps);
    }
    for (room, count) in tx.counts {
        let part = parts.entry(room).or_default();
        let key = layout.key(room, &count.key);
        part.counts.push((key, count.of));
    }
    parts.retain(|_, part| !part.is_empty() || !part.counts.is_empty());
    parts
}

/// The command that changes a record.
fn changing(key: Vec<u8>, field: Option<Vec<u8>>, record: Record) -> Option<Vec<Vec<u8>>> {
    let word = |text: &str| text.as_bytes().to_vec();
    Some(match (record.change?, field) {
        (Change::Set(value) | Change::SetFor(value, _), Some(field)) => {
            vec![word("HSET"), key, field, value]
        }
        (Change::Set(value), None) => vec![word("SET"), key, value],
        (Change::SetFor(value, ms), None) => {
            vec![word("SET"), key, value, word("PX"), word(&ms.to_string())]
        }
        (Change::Removed, Some(field)) => vec![word("HDEL"), key, field],
        (Change::Removed, None) => vec![word("UNLINK"), key],
    })
}

/// Takes out the rooms of which there are figures alone: they do not take part.
fn outside(parts: &mut BTreeMap<Room, Part>) -> BTreeMap<Room, Part> {
    let all = std::mem::take(parts);
    let (outside, inside) = all.into_iter().partition(|(_, part)| part.is_empty());
    *parts = inside;
    outside
}

async fn in_one(
    core: &Core,
    parts: &BTreeMap<Room, Part>,
) -> Result<Result<Made, Commit>, StoreError> {
    let mut made = Made::new();
    for (room, part) in parts {
        let asked = part.to_bytes();
        let answer = core.commit_script(*room, &[b"now", b"", &asked]).await?;
        match understood(core, *room, replies::read(&answer)).await? {
            Ok(counts) => made.insert(*room, counts),
            Err(refused) => return Ok(Err(refused)),
        };
    }
    Ok(Ok(made))
}

async fn in_several(
    core: &Core,
    parts: &BTreeMap<Room, Part>,
) -> Result<Result<Made, Commit>, StoreError> {
    let Some(decider) = decider(parts) else {
        return Ok(Ok(Made::new()));
    };
    let name = name(decider);
    let others: Vec<Room> = parts.keys().copied().filter(|r| *r != decider).collect();
    if let Some(refused) = prepare(core, &name, parts, &others).await? {
        return Ok(Err(refused));
    }
    let mut made = Made::new();
    match decide(core, &name, decider, &parts[&decider], &others).await? {
        Ok(counts) => made.insert(decider, counts),
        Err(refused) => {
            abort(core, &name, &others).await;
            return Ok(Err(refused));
        }
    };
    for (room, counts) in settle::apply(core, &name, &others).await? {
        made.insert(room, counts);
    }
    settle::forget(core, &name, decider);
    Ok(Ok(made))
}

/// The room with the most to do, since its part goes over the wire once and is not kept in between.
fn decider(parts: &BTreeMap<Room, Part>) -> Option<Room> {
    let most = parts.iter().max_by_key(|(_, part)| part.commands.len());
    most.map(|(room, _)| *room)
}

/// Prepares all these rooms; why not, where one refuses.
async fn prepare(
    core: &Core,
    name: &str,
    parts: &BTreeMap<Room, Part>,
    rooms: &[Room],
) -> Result<Option<Commit>, StoreError> {
    let asked = rooms.iter().map(|room| async {
        let asked = parts[room].to_bytes();
        let answer = core
            .commit_script(*room, &[b"prepare", name.as_bytes(), &asked])
            .await?;
        understood(core, *room, replies::read(&answer)).await
    });
    let answers = join_all(asked).await;
    let mut refused = None;
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(Ok(_)) => {}
            Ok(Err(why)) => refused = Some(worse(refused, why)),
            Err(error) => failed = Some(error),
        }
    }
    if refused.is_some() || failed.is_some() {
        abort(core, name, rooms).await;
    }
    failed.map_or(Ok(refused), Err)
}

/// Of two reasons to begin anew, the one that says more.
fn worse(one: Option<Commit>, other: Commit) -> Commit {
    match (one, other) {
        (Some(Commit::Behind(a)), Commit::Behind(b)) => Commit::Behind(a.max(b)),
        (Some(Commit::Behind(a)), _) => Commit::Behind(a),
        (_, other) => other,
    }
}

async fn decide(
    core: &Core,
    name: &str,
    decider: Room,
    part: &Part,
    others: &[Room],
) -> Result<Result<Vec<u64>, Commit>, StoreError> {
    let asked = part.to_bytes();
    let rooms: Vec<String> = others.iter().map(|room| room.0.to_string()).collect();
    let rooms = rooms.join(",");
    let words: [&[u8]; 4] = [b"decide", name.as_bytes(), &asked, rooms.as_bytes()];
    match core.try_commit(decider, &words).await {
        Ok(answer) => understood(core, decider, replies::read(&answer)).await,
        // The reply was lost: the decision is there, or never will be.
        Err(RedisFailure::Unknown { .. }) => match settle::fate(core, name, true).await? {
            Fate::Made => Ok(Ok(vec![0; part.counts.len()])),
            Fate::Aborted | Fate::Open => Ok(Err(Commit::Conflict)),
        },
        Err(failure) => {
            abort(core, name, others).await;
            Err(failure.into())
        }
    }
}

/// Lets go what was prepared. What cannot be reached is let go by whoever meets it.
async fn abort(core: &Core, name: &str, rooms: &[Room]) {
    let words: [&[u8]; 2] = [b"abort", name.as_bytes()];
    let asked = rooms.iter().map(|room| core.commit_script(*room, &words));
    for answer in join_all(asked).await {
        if let Err(error) = answer {
            tracing::debug!(transaction = name, %error, "not let go yet");
        }
    }
}

/// The figures, or why to begin anew. Who meets a lock sees to it that it goes.
async fn understood(
    core: &Core,
    room: Room,
    reply: Reply,
) -> Result<Result<Vec<u64>, Commit>, StoreError> {
    match reply {
        Reply::Done(counts) => Ok(Ok(counts)),
        Reply::Behind(clock) => Ok(Err(Commit::Behind(clock))),
        Reply::Changed => Ok(Err(Commit::Conflict)),
        Reply::Locked { by, age_ms } => {
            settle(core, room, &by, age_ms).await?;
            Ok(Err(Commit::Conflict))
        }
        Reply::Other(text) => Err(replies::strange(&text)),
    }
}

/// Adds the figures of rooms that did not take part.
async fn counted_elsewhere(
    core: &Core,
    mut made: Made,
    elsewhere: &BTreeMap<Room, Part>,
) -> Result<Made, StoreError> {
    let asked = elsewhere.iter().map(|(room, part)| async {
        let asked = part.to_bytes();
        let answer = core.count_script(*room, &asked).await?;
        match replies::read(&answer) {
            Reply::Done(counts) => Ok((*room, counts)),
            other => Err(replies::strange(&format!("{other:?}"))),
        }
    });
    for answer in join_all(asked).await {
        let (room, counts) = answer?;
        made.insert(room, counts);
    }
    Ok(made)
}

/// The figures in the order in which they were asked for.
fn in_order(made: Made, rooms: impl Iterator<Item = Room>) -> Vec<u64> {
    let mut made: BTreeMap<Room, _> = made
        .into_iter()
        .map(|(room, counts)| (room, counts.into_iter()))
        .collect();
    rooms
        .map(|room| made.get_mut(&room).and_then(Iterator::next).unwrap_or(0))
        .collect()
}
