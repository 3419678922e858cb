//! Beginning anew where others were first: how often, how soon, and with how much of a lead.

use std::time::{Duration, Instant};

use boards::StoreError;

use crate::core::Core;
use crate::numbers::count;
use crate::tx::Commit;

const FIRST_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
const FIRST_LEAD_MICROS: u64 = 1_000;
const LONGEST_LEAD_MICROS: u64 = 64_000;

/// The attempts at one change.
pub(crate) struct Attempts<'c> {
    core: &'c Core,
    until: Instant,
    pause: Duration,
    lead: u64,
}

impl<'c> Attempts<'c> {
    pub(crate) fn new(core: &'c Core) -> Self {
        Attempts {
            core,
            until: Instant::now() + core.patience,
            pause: FIRST_PAUSE,
            lead: 0,
        }
    }

    /// The first of `count` stamps for this attempt. Where a room was ahead before, it is some way ahead of
    /// the time, so that the changes that come in meanwhile are not ahead again.
    pub(crate) fn stamps(&self, count: u64) -> u64 {
        self.core.stamps.next_ahead(self.lead, count)
    }

    /// The figures of a commit that is made; `None` to begin anew, after a pause.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] where others were first for too long.
    pub(crate) async fn outcome(&mut self, commit: Commit) -> Result<Option<Vec<u64>>, StoreError> {
        let counted = self.core.redis.counted();
        if let Commit::Made(_) = commit {
            count(&counted.made);
        } else {
            count(&counted.conflicts);
        }
        match commit {
            Commit::Made(counts) => return Ok(Some(counts)),
            Commit::Conflict => self.pause().await?,
            Commit::Behind(clock) => {
                self.core.stamps.observe(clock);
                self.lead = (self.lead * 2).clamp(FIRST_LEAD_MICROS, LONGEST_LEAD_MICROS);
                self.in_time()?;
            }
        }
        Ok(None)
    }

    /// Waits a little, longer each time, and some of it by chance, so that those who met do not meet again.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] where that was too long.
    pub(crate) async fn pause(&mut self) -> Result<(), StoreError> {
        self.in_time()?;
        tokio::time::sleep(self.pause.mul_f64(0.5 + fastrand::f64())).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    fn in_time(&self) -> Result<(), StoreError> {
        if Instant::now() < self.until {
            Ok(())
        } else {
            Err(StoreError::Overloaded)
        }
    }
}
