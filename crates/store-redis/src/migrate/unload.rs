//! From a store on Redis to the lines of an export.

use std::io::Write;
use std::time::Duration;

use archive::{Head, Kind, Scope, Sum, Writer};
use boards::Clock;
use serde::Serialize;

use super::marker::get;
use super::scan::Reading;
use super::still::{Still, settle};
use super::{MigrateError, boards_out};
use crate::changes::{end_deletions, trim_all};
use crate::connection::Redis;
use crate::core::Core;
use crate::meta::{Meta, MetaError};
use crate::options::Options;
use crate::queues::archived;
use crate::store;

/// Where lines go.
pub(crate) struct Out<'a, W> {
    to: Writer<W>,
    progress: &'a mut (dyn FnMut(u64) + Send),
}

impl<'a, W: Write> Out<'a, W> {
    pub(super) fn new(to: Writer<W>, progress: &'a mut (dyn FnMut(u64) + Send)) -> Self {
        Out { to, progress }
    }

    pub(crate) fn record(
        &mut self,
        kind: Kind,
        record: &impl Serialize,
    ) -> Result<(), MigrateError> {
        self.to.record(kind, record).map_err(MigrateError::Write)?;
        (self.progress)(self.to.counts().records());
        Ok(())
    }

    pub(super) fn sum(&mut self) -> Sum {
        self.to.take_sum().unwrap_or_default()
    }
}

/// Writes all of a store that nobody serves as an export; what was written, to be compared. `progress` is told how
/// many records. An export that is ended by an error lacks its last line, so nobody takes it for whole.
///
/// # Errors
/// [`MigrateError::Served`] where nodes are connected, [`MigrateError::Changed`] where it has changed meanwhile.
pub async fn unload<W: Write + Send>(
    options: &Options,
    clock: Clock,
    to: W,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Sum, MigrateError> {
    let redis = Redis::connect(options).await?;
    if get(&redis, options, b"migration").await?.is_some() {
        return Err(MetaError::Migrating.into());
    }
    let Some(meta) = get(&redis, options, b"store").await? else {
        return Err(MigrateError::NoStore(options.prefix.clone()));
    };
    let meta = Meta::read(&meta, options.partitions)?;
    let taken_at_ms = clock.now_ms();
    let core = store::core(redis, options, clock, &meta);
    let reading = Reading(&core);
    settle(reading).await?;
    for room in core.layout.rooms() {
        end_deletions(&core, room, Duration::ZERO).await?;
    }
    trim_all(&core).await?;
    let still = Still::look(reading).await?;
    let mut writer = Writer::summing(to);
    let head = Head::new(taken_at_ms, Scope::Store);
    writer.head(&head).map_err(MigrateError::Write)?;
    let mut out = Out::new(writer, progress);
    write_all(&core, &mut out).await?;
    if Still::look(reading).await? != still {
        return Err(MigrateError::Changed);
    }
    let sum = out.sum();
    out.to.end().map_err(MigrateError::Write)?;
    Ok(sum)
}

/// All records in the order of an export.
pub(super) async fn write_all<W: Write>(
    core: &Core,
    out: &mut Out<'_, W>,
) -> Result<(), MigrateError> {
    let reading = Reading(core);
    boards_out::write(reading, out).await?;
    archived::write(reading, out).await
}
