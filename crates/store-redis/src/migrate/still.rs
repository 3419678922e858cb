//! Whether nobody changes a store while it is read: no node is connected to it, and what goes up with changes has
//! not gone up.

use std::time::Instant;

use redis::cmd;
use tokio::time::sleep;

use super::MigrateError;
use super::rooms::{OUTAGE, PAUSE};
use super::scan::{Reading, list};
use crate::board_keys::{self, BOARDS, LINES, PLAYERS};
use crate::board_line::BoardLine;
use crate::layout::Layout;
use crate::queues::archived;
use crate::replies;
use crate::stamps::CLOCK;
use crate::tx::sweep;

/// Clocks, versions and sizes of a store.
#[derive(PartialEq, Eq)]
pub(super) struct Still(Vec<u64>);

impl Still {
    pub(super) async fn look(reading: Reading<'_>) -> Result<Self, MigrateError> {
        let nodes = nodes(reading).await?;
        if nodes > 0 {
            return Err(MigrateError::Served(nodes));
        }
        let layout = &reading.core().layout;
        let get = |room, key: &[u8]| cmd("GET").arg(layout.key(room, key)).take();
        let mut asked = Vec::new();
        for room in layout.rooms() {
            asked.extend([CLOCK, LINES].map(|key| get(room, key)));
            asked.push(cmd("HLEN").arg(layout.key(room, PLAYERS)).take());
        }
        for line in reading.all(Layout::CONTROL, BOARDS).await?.values() {
            if let Some(line) = BoardLine::read(line) {
                let key = board_keys::version(line.number());
                asked.extend(layout.rooms().map(|room| get(room, &key)));
            }
        }
        asked.extend(archived::versions(reading).await?);
        Ok(Still(reading.numbers(asked).await?))
    }
}

/// How many nodes hear what others change: every node of a store does, at one of the servers.
async fn nodes(reading: Reading<'_>) -> Result<u64, MigrateError> {
    let channel = reading.core().layout.channel();
    let ask = cmd("PUBSUB").arg("NUMSUB").arg(channel).take();
    let answers = reading.core().redis.read_each(&ask).await;
    let answers = answers.map_err(|error| MigrateError::Unavailable(error.to_string()))?;
    let counts = answers
        .into_iter()
        .filter_map(|pair| replies::whole(list(pair).get(1)?));
    Ok(counts.sum())
}

/// Finishes what nodes that are gone have left in the middle.
pub(super) async fn settle(reading: Reading<'_>) -> Result<(), MigrateError> {
    let core = reading.core();
    let until = Instant::now() + OUTAGE;
    loop {
        let open = core.layout.rooms();
        let open = open.map(|room| cmd("ZCARD").arg(core.layout.key(room, b"open")).take());
        if reading
            .numbers(open.collect())
            .await?
            .iter()
            .all(|n| *n == 0)
        {
            return Ok(());
        }
        if Instant::now() >= until {
            let what = "a change of several parts of the store does not come to its end";
            return Err(MigrateError::Unavailable(what.to_owned()));
        }
        for room in core.layout.rooms() {
            sweep(core, room).await?;
        }
        sleep(PAUSE).await;
    }
}
