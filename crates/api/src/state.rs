//! What handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use boards::{BoardStore, Change, Changed, Guard, Receipt, StoreError};
use tokio::sync::OnceCell;
use upstreams::Upstreams;

use crate::clock::Clock;
use crate::problem::Problem;
use crate::v1::cursor::Cursors;

/// What a request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub max_body_bytes: usize,
    /// Time for a body to arrive.
    pub body_read_timeout: Duration,
}

/// What handlers share; cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub(crate) boards: Arc<dyn BoardStore>,
    pub(crate) upstreams: Upstreams,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    cursors: Arc<OnceCell<Cursors>>,
    draining: Arc<AtomicBool>,
}

impl Api {
    /// An API over a store and upstreams.
    pub fn new(boards: Arc<dyn BoardStore>, upstreams: Upstreams, limits: Limits) -> Self {
        Api {
            boards,
            upstreams,
            limits,
            clock: Clock::system(),
            cursors: Arc::default(),
            draining: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Makes a change now.
    pub(crate) async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
    ) -> Result<Receipt, StoreError> {
        self.boards.change(change, guard, self.clock.now_ms()).await
    }

    /// What seals cursors, by the store's secret, which is read once.
    pub(crate) async fn cursors(&self) -> Result<&Cursors, StoreError> {
        let secret = || async { Ok(Cursors::new(self.boards.secret().await?)) };
        self.cursors.get_or_try_init(secret).await
    }

    /// From now on `/readyz` says no, so that load balancers send new requests elsewhere.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// How many of those that were put are new.
pub(crate) fn created(changed: &Changed) -> Result<u64, Problem> {
    match changed {
        Changed::Put { created } => Ok(*created),
        other => Err(Problem::unexpected(other)),
    }
}
