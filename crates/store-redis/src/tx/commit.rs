//! From a transaction to scripts: one where it has a single share, otherwise prepare, decide, apply.

use std::collections::BTreeMap;

use boards::StoreError;
use futures_util::future::join_all;

use super::settle::{self, Fate, settle};
use super::shares::{self, Share};
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
    let mut elsewhere = outside(&mut parts);
    elsewhere.extend(shares::counts_of_large(&mut parts));
    let shares = shares::shares(parts);
    let made = match shares.len() {
        0 => Ok(Made::default()),
        1 => in_one(core, &shares).await?,
        _ => in_several(core, &shares).await?,
    };
    let counts = match made {
        Ok(made) => made,
        Err(refused) => return Ok(refused),
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
    parts: &BTreeMap<Share, Part>,
) -> Result<Result<Made, Commit>, StoreError> {
    let mut made = Made::new();
    for (Share { room, .. }, part) in parts {
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
    parts: &BTreeMap<Share, Part>,
) -> Result<Result<Made, Commit>, StoreError> {
    let Some(decider) = decider(parts) else {
        return Ok(Ok(Made::new()));
    };
    let name = name(decider.room);
    let others: Vec<Share> = parts.keys().copied().filter(|s| *s != decider).collect();
    let mut made = match decided(core, &name, parts, decider, &others).await? {
        Ok(counts) => Made::from([(decider.room, counts)]),
        Err(refused) => return Ok(Err(refused)),
    };
    for (room, counts) in settle::apply(core, &name, &others).await? {
        add(&mut made, room, counts);
    }
    settle::forget(core, &name, decider.room);
    Ok(Ok(made))
}

/// Prepares all shares but one, which decides; its figures.
async fn decided(
    core: &Core,
    name: &str,
    parts: &BTreeMap<Share, Part>,
    decider: Share,
    others: &[Share],
) -> Result<Result<Vec<u64>, Commit>, StoreError> {
    if let Some(refused) = prepare(core, name, parts, others).await? {
        return Ok(Err(refused));
    }
    let made = decide(core, name, decider.room, &parts[&decider], others).await?;
    if made.is_err() {
        abort(core, name, others).await;
    }
    Ok(made)
}

/// Makes a transaction of several shares as far as to its decision, as a node does that ends then.
#[cfg(test)]
pub(super) async fn leave_decided(tx: Tx<'_>) {
    let core = tx.core;
    let mut parts = parts(tx);
    shares::counts_of_large(&mut parts);
    let shares = shares::shares(parts);
    let decider = decider(&shares).unwrap();
    let name = name(decider.room);
    let others: Vec<Share> = shares.keys().copied().filter(|s| *s != decider).collect();
    assert!(others.len() > 1);
    let made = decided(core, &name, &shares, decider, &others).await;
    made.unwrap().unwrap();
}

/// Of several shares of a room one has figures at the most.
fn add(made: &mut Made, room: Room, counts: Vec<u64>) {
    made.entry(room).or_default().extend(counts);
}

/// The share with the most to do, since it goes over the wire once and is not kept in between; of those that are written
/// first in their room.
fn decider(parts: &BTreeMap<Share, Part>) -> Option<Share> {
    let able = parts.iter().filter(|(share, _)| share.number == 0);
    let most = able.max_by_key(|(_, part)| part.commands.len());
    most.map(|(share, _)| *share)
}

/// Prepares all these; why not, where one refuses.
async fn prepare(
    core: &Core,
    name: &str,
    parts: &BTreeMap<Share, Part>,
    shares: &[Share],
) -> Result<Option<Commit>, StoreError> {
    let asked = shares.iter().map(|share| async {
        let asked = parts[share].to_bytes();
        let name = share.name(name);
        let words: [&[u8]; 3] = [b"prepare", name.as_bytes(), &asked];
        let answer = core.commit_script(share.room, &words).await?;
        understood(core, share.room, replies::read(&answer)).await
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
        abort(core, name, shares).await;
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
    others: &[Share],
) -> Result<Result<Vec<u64>, Commit>, StoreError> {
    let asked = part.to_bytes();
    let shares: Vec<String> = others.iter().map(|share| share.text()).collect();
    let shares = shares.join(",");
    let words: [&[u8]; 4] = [b"decide", name.as_bytes(), &asked, shares.as_bytes()];
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
async fn abort(core: &Core, name: &str, shares: &[Share]) {
    let asked = shares.iter().map(|share| async {
        let name = share.name(name);
        let words: [&[u8]; 2] = [b"abort", name.as_bytes()];
        core.commit_script(share.room, &words).await
    });
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
