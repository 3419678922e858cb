//! The list of queues, kept for a moment: whoever reads it page by page, as the matchmaker does again and again,
//! would otherwise read all of it for each page.
//!
//! The first page is always of now; the others are of the list that the first was of, if that was a moment ago.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boards::StoreError;
use matchmaking::QueueId;
use parking_lot::Mutex;

use super::{QueueLine, Queues};

/// How long it is kept.
const KEPT: Duration = Duration::from_millis(100);

type All = Arc<BTreeMap<QueueId, QueueLine>>;

#[derive(Default)]
pub(super) struct Listed(Mutex<Option<(Instant, All)>>);

impl Listed {
    fn fresh(&self) -> Option<All> {
        let kept = self.0.lock();
        let (at, all) = kept.as_ref()?;
        (at.elapsed() < KEPT).then(|| Arc::clone(all))
    }

    /// This node has made a queue, or deleted one, or given it other settings.
    pub(super) fn is_different(&self) {
        *self.0.lock() = None;
    }
}

impl Queues {
    /// The list of queues for a page; anew where it is the first one.
    pub(super) async fn listed(&self, is_first: bool) -> Result<All, StoreError> {
        let kept = self.listed.fresh().filter(|_| !is_first);
        if let Some(all) = kept {
            return Ok(all);
        }
        let at = Instant::now();
        let all = Arc::new(self.all_lines().await?);
        *self.listed.0.lock() = Some((at, Arc::clone(&all)));
        Ok(all)
    }
}
