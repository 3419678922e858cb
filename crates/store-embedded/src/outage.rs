//! What is remembered from a failed commit until the engine works again.
//!
//! A failed batch is in doubt: the sync may have failed after all of it had reached the disk. Its
//! callers were told that nothing changed, so nothing may have. Therefore the values that the batch
//! was to replace are read before the engine is closed, and once it opens again and turns out to
//! have the batch after all, they are put back.

use std::time::{Duration, Instant};

use crate::access::Access;
use crate::data_dir::DataDir;
use crate::engine::{Engine, EngineError, Write};
use crate::state::Position;

/// How often a store that failed is tried again. In tests at once, since they decide how long it fails.
pub(crate) const RETRY_EVERY: Duration = Duration::from_secs(if cfg!(test) { 0 } else { 1 });

pub(crate) struct Outage {
    reason: String,
    /// Where the failed batch would have led. In a box, since results with an outage are passed around.
    in_doubt: Box<Position>,
    /// What undoes the failed batch; `None` where even reading failed.
    undo: Option<Vec<Write>>,
    /// The last refusal that was logged, so that each is logged once.
    logged: String,
    /// When the engine was last found not to work.
    tried: Instant,
}

impl Outage {
    /// Closes an engine whose commit of `writes` failed.
    pub(crate) fn begin(
        engine: Engine,
        writes: &[Write],
        in_doubt: Position,
        error: &EngineError,
    ) -> Self {
        Outage {
            reason: error.to_string(),
            in_doubt: Box::new(in_doubt),
            undo: engine.undo(writes).ok(),
            logged: error.to_string(),
            tried: Instant::now(),
        }
    }

    /// Whether it is time to try again; requests that come in between must not each open the engine.
    pub(crate) fn is_due(&self) -> bool {
        self.tried.elapsed() >= RETRY_EVERY
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// Tries to open the engine again and to bring it to `position`, which is what the state shows.
    /// The batch that undoes another counts as a commit, hence the `&mut`.
    pub(crate) fn end(
        mut self,
        access: &mut Access,
        (dir, cache_bytes): (&DataDir, u64),
        position: &mut Position,
    ) -> Result<Engine, Self> {
        match self.reopen(access, (dir, cache_bytes), position) {
            Ok(engine) => Ok(engine),
            Err(refusal) => {
                self.tried = Instant::now();
                if refusal != self.logged {
                    tracing::warn!(error = %refusal, "the store still cannot write");
                    self.logged = refusal;
                }
                Err(self)
            }
        }
    }

    fn reopen(
        &mut self,
        access: &mut Access,
        (dir, cache_bytes): (&DataDir, u64),
        position: &mut Position,
    ) -> Result<Engine, String> {
        let text = |e: EngineError| e.to_string();
        let mut engine = (access.open)(&dir.engine(), cache_bytes).map_err(text)?;
        let found = engine.position().map_err(text)?;
        let undone = Position {
            commit: self.in_doubt.commit + 1,
            ..*position
        };
        if found == Some(*self.in_doubt) {
            let undo = self.undo.clone();
            let mut writes = undo.ok_or("the values before the failed batch are unknown")?;
            writes.push(Write::position(&undone));
            (access.commit)(&mut engine, &writes).map_err(text)?;
            *position = undone;
            return Ok(engine);
        }
        if found == Some(undone) {
            // The commit above was reported as failed at an earlier attempt, and had taken place.
            *position = undone;
            return Ok(engine);
        }
        if found == Some(*position) {
            return Ok(engine);
        }
        Err(format!(
            "the store has {found:?} on disk, but {position:?} was acknowledged"
        ))
    }
}

#[cfg(test)]
mod tests;
