//! Transactions over several rooms whose node did not finish them: whoever meets one does.
//!
//! The room that decides knows what became of it: made, or ended by somebody who had waited too long, or still
//! open. Made ones are applied where they are not yet; ended ones are let go. A node that comes back late finds
//! its transaction ended and cannot decide it any more.

use boards::StoreError;
use futures_util::future::join_all;

use super::shares::{Share, transaction_of};
use crate::core::Core;
use crate::layout::Room;
use crate::replies::{self, Reply};

/// A transaction that is open for longer is ended by whoever meets it, in milliseconds.
const PATIENCE_MS: u64 = 3_000;
/// Decisions looked at in one sweep of a room.
const SWEPT: usize = 100;

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Made,
    Aborted,
    Open,
}

/// Sees to it that a transaction found in a room lets go of it: at once where its fate is known, otherwise not
/// before it has had its time.
pub(crate) async fn settle(
    core: &Core,
    room: Room,
    name: &str,
    age_ms: u64,
) -> Result<(), StoreError> {
    match fate(core, name, age_ms > PATIENCE_MS).await? {
        Fate::Made => {
            apply_in_room(core, transaction_of(name), &Share::up_to(room, name)).await?;
        }
        Fate::Aborted => {
            let words: [&[u8]; 2] = [b"abort", name.as_bytes()];
            core.commit_script(room, &words).await?;
        }
        Fate::Open => {}
    }
    Ok(())
}

/// What became of a transaction; one that is open is ended where `end` says so.
pub(super) async fn fate(core: &Core, name: &str, end: bool) -> Result<Fate, StoreError> {
    let name = transaction_of(name);
    let room = decider(name).ok_or_else(|| replies::strange(name))?;
    let end: &[u8] = if end { b"yes" } else { b"no" };
    let answer = core.resolve_script(room, &[name.as_bytes(), end]).await?;
    match replies::text(&answer).as_deref() {
        Some("made") => Ok(Fate::Made),
        Some("aborted") => Ok(Fate::Aborted),
        Some("open") => Ok(Fate::Open),
        _ => Err(replies::strange(&format!("{answer:?}"))),
    }
}

/// Applies a transaction that is decided, in each room one share after the other, and returns each room's figures. A
/// room where somebody else has done so has none to tell.
pub(super) async fn apply(
    core: &Core,
    name: &str,
    shares: &[Share],
) -> Result<Vec<(Room, Vec<u64>)>, StoreError> {
    let mut asked = Vec::new();
    for of_room in shares.chunk_by(|one, next| one.room == next.room) {
        asked.push(apply_in_room(core, name, of_room));
    }
    join_all(asked).await.into_iter().collect()
}

async fn apply_in_room(
    core: &Core,
    name: &str,
    shares: &[Share],
) -> Result<(Room, Vec<u64>), StoreError> {
    let mut all = (shares[0].room, Vec::new());
    for share in shares {
        let name = share.name(name);
        let words: [&[u8]; 2] = [b"apply", name.as_bytes()];
        let answer = core.commit_again(share.room, &words).await?;
        if let Reply::Done(counts) = replies::read(&answer) {
            all.1.extend(counts);
        }
    }
    Ok(all)
}

/// Removes the decision once all rooms have applied it. It does no harm where that fails: the sweep repeats it.
pub(super) fn forget(core: &Core, name: &str, room: Room) {
    let key = core.layout.key(room, b"decided");
    let command = redis::cmd("HDEL").arg(key).arg(name).take();
    let redis = core.redis.clone();
    tokio::spawn(async move {
        if let Err(error) = redis.read(vec![command]).await {
            tracing::debug!(%error, "a decision is not forgotten yet");
        }
    });
}

/// Finishes what was left unfinished in a room: transactions that have been prepared for too long, and
/// decisions that other rooms have not heard of.
pub(crate) async fn sweep(core: &Core, room: Room) -> Result<(), StoreError> {
    let open = redis::cmd("ZRANGE")
        .arg(core.layout.key(room, b"open"))
        .arg(0)
        .arg(SWEPT - 1)
        .take();
    let decided = redis::cmd("HRANDFIELD")
        .arg(core.layout.key(room, b"decided"))
        .arg(SWEPT)
        .arg("WITHVALUES")
        .take();
    let answers = core.redis.read(vec![open, decided]).await?;
    let mut lists = answers.iter().map(replies::texts);
    for name in lists.next().unwrap_or_default() {
        told(&name, settle_if_old(core, room, &name).await);
    }
    for pair in lists.next().unwrap_or_default().chunks_exact(2) {
        told(&pair[0], finish(core, room, &pair[0], &pair[1]).await);
    }
    Ok(())
}

/// One that cannot be finished yet, as where its room is away, keeps none of the others.
fn told(name: &str, done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::debug!(transaction = name, %error, "not finished yet");
    }
}

async fn settle_if_old(core: &Core, room: Room, name: &str) -> Result<(), StoreError> {
    let age_ms = core.age_ms(room, name).await?;
    settle(core, room, name, age_ms).await
}

/// Applies a decision in all rooms, and forgets it.
async fn finish(core: &Core, room: Room, name: &str, shares: &str) -> Result<(), StoreError> {
    let others: Vec<Share> = shares.split(',').filter_map(Share::read).collect();
    apply(core, name, &others).await?;
    forget(core, name, room);
    Ok(())
}

/// The room that decides, which the name begins with.
fn decider(name: &str) -> Option<Room> {
    name.split_once('.')?.0.parse().ok().map(Room)
}
