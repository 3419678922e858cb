//! From the lines of an export to a store on Redis.

use std::io::{self, BufRead};

use archive::{Kind, Lines, Writer};
use boards::Clock;

use super::boards_in::{Entries, put_boards, put_hidden, put_player};
use super::marker::Marker;
use super::plan::Plan;
use super::rooms::Rooms;
use super::unload::{Out, write_all};
use super::{MigrateError, Stage};
use crate::connection::Redis;
use crate::core::Core;
use crate::options::Options;
use crate::queues::archived;
use crate::store;

/// Lines written in one go, and about how many bytes of them.
const LINES: u64 = if cfg!(test) { 40 } else { 4000 };
const BYTES: usize = 2 << 20;

/// Makes a store of an export that was read before, and compares what is there then with it. Goes on where an
/// earlier attempt with the same export came to. `progress` is told what is being done and how many records of how
/// many. To be called within a runtime of several threads: reading blocks.
///
/// # Errors
/// [`MigrateError`]. Unless it says that nothing was changed it can be asked for again; until it has come to its end
/// no node opens the store.
pub async fn load(
    options: &Options,
    clock: Clock,
    plan: &Plan,
    from: impl BufRead,
    progress: &mut (dyn FnMut(Stage, u64, u64) + Send),
) -> Result<(), MigrateError> {
    let redis = Redis::connect(options).await?;
    let mut marker = Marker::begin(&redis, options, &clock, &plan.source).await?;
    let core = store::core(redis, options, clock, &marker.meta);
    let total = plan.counts().records();
    let mut load = Load {
        core: &core,
        options,
        plan,
        rooms: Rooms::new(&core),
        entries: Entries::default(),
        marker: &mut marker,
    };
    load.run(from, &mut |done| progress(Stage::Write, done, total))
        .await?;
    check(&core, plan, &mut |done| progress(Stage::Check, done, total)).await?;
    marker.end(&core.redis, options).await
}

/// Whether what is there now is what there was.
async fn check(
    core: &Core,
    plan: &Plan,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(), MigrateError> {
    let mut out = Out::new(Writer::summing(io::sink()), progress);
    write_all(core, &mut out).await?;
    let differences = plan.sum.differences(&out.sum());
    if differences.is_empty() {
        Ok(())
    } else {
        Err(MigrateError::Differs(differences))
    }
}

struct Load<'c> {
    core: &'c Core,
    options: &'c Options,
    plan: &'c Plan,
    rooms: Rooms<'c>,
    entries: Entries<'c>,
    marker: &'c mut Marker,
}

impl Load<'_> {
    async fn run(
        &mut self,
        from: impl BufRead,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), MigrateError> {
        put_boards(&mut self.rooms, self.plan);
        archived::put_queues(&mut self.rooms, &self.plan.queues);
        let mut lines = Lines::new(from);
        let mut gathered = 0;
        while let Some(kind) = lines.advance()? {
            let seen = lines.counts().records();
            if seen <= self.marker.written || matches!(kind, Kind::AgonExport | Kind::End) {
                continue;
            }
            self.line(kind, &lines)?;
            gathered += 1;
            if gathered == LINES || self.rooms.bytes() > BYTES {
                self.write(seen).await?;
                gathered = 0;
                progress(seen);
            }
        }
        let seen = lines.counts().records();
        self.write(seen).await?;
        progress(seen);
        Ok(())
    }

    fn line<R: BufRead>(&mut self, kind: Kind, lines: &Lines<R>) -> Result<(), MigrateError> {
        let (rooms, plan) = (&mut self.rooms, self.plan);
        match kind {
            Kind::Player => put_player(rooms, &lines.parse()?),
            Kind::Entry => self.entries.add(plan, &lines.parse()?),
            Kind::Hidden => put_hidden(rooms, plan, &lines.parse()?),
            Kind::Match => archived::put_match(rooms, &plan.queues, lines.parse()?),
            Kind::Ticket => archived::put_ticket(rooms, &plan.queues, lines.parse()?),
            Kind::Backfill => archived::put_backfill(rooms, &plan.queues, lines.parse()?),
            Kind::Rating => archived::put_rating(rooms, &plan.queues, &lines.parse()?),
            // These are written at the beginning.
            Kind::Board | Kind::Queue => Ok(()),
            Kind::AgonExport | Kind::End | Kind::Error => Ok(()),
        }
    }

    /// Writes what is gathered, and notes how far it has come.
    async fn write(&mut self, seen: u64) -> Result<(), MigrateError> {
        self.rooms.write().await?;
        if self.entries.len() > 0 {
            self.entries.put(&mut self.rooms, self.plan).await?;
            self.rooms.write().await?;
        }
        self.marker.step(&self.core.redis, self.options, seen).await
    }
}
