//! What each node does beside what it is asked: it finishes what others have left unfinished, removes what is
//! gone, ends seasons in time, and looks at its clock. All nodes do, and none of it does harm when it is done twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::changes::LEFT_AFTER;
use crate::core::Core;
use crate::tx::sweep;
use crate::{changes, clock_offset};

/// How often each node looks for what others have left unfinished.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How soon a node hears of a season's end that another node has set.
const HEAR_OF_ENDS: Duration = Duration::from_secs(2);
/// How often each node looks for seasons whose end is cut off.
const TRIM_EVERY: Duration = Duration::from_secs(2);
/// Between two looks at a season that is about to end.
const LEAST: Duration = Duration::from_millis(20);

/// Does so until it is dropped.
pub(crate) struct Sweeper {
    tasks: [JoinHandle<()>; 4],
}

impl Sweeper {
    pub(crate) fn start(core: &Arc<Core>) -> Self {
        let tasks = [
            tokio::spawn(sweep_rooms(Arc::clone(core))),
            tokio::spawn(end_seasons(Arc::clone(core))),
            tokio::spawn(clock_offset::watch(Arc::clone(core))),
            tokio::spawn(trim_seasons(Arc::clone(core))),
        ];
        Sweeper { tasks }
    }

    pub(crate) fn stop(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn sweep_rooms(core: Arc<Core>) {
    loop {
        // Nodes that start together do not look together.
        sleep(SWEEP_EVERY.mul_f64(0.5 + fastrand::f64())).await;
        for room in core.layout.rooms() {
            let swept = sweep(&core, room).await;
            let swept = swept.and(changes::tidy(&core, room).await);
            let swept = swept.and(changes::end_deletions(&core, room, LEFT_AFTER).await);
            if let Err(error) = swept {
                tracing::debug!(room = room.0, %error, "a room was not swept");
            }
        }
    }
}

async fn trim_seasons(core: Arc<Core>) {
    loop {
        // Nodes that have met do not meet again.
        sleep(TRIM_EVERY.mul_f64(0.5 + fastrand::f64())).await;
        if let Err(error) = changes::trim_some(&core).await {
            tracing::debug!(%error, "what is cut off of a season is not removed yet");
        }
    }
}

async fn end_seasons(core: Arc<Core>) {
    loop {
        let wait = match changes::end_seasons(&core, core.clock.now_ms()).await {
            Ok(next) => next.map(|end| end.saturating_sub(core.clock.now_ms())),
            Err(error) => {
                tracing::debug!(%error, "seasons may not end in time");
                None
            }
        };
        let wait = wait.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
        sleep(wait.unwrap_or(HEAR_OF_ENDS).clamp(LEAST, HEAR_OF_ENDS)).await;
    }
}
