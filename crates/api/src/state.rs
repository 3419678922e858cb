//! What handlers share.

use std::sync::Arc;
use std::time::Duration;

use access::Access;
use boards::{BoardStore, Change, Changed, Guard, Receipt, StoreError};
use matchmaking::{MatchError, MatchStore, QueueChange, QueueReceipt};
use tokio::sync::{OnceCell, watch};
use upstreams::Upstreams;

use crate::clock::Clock;
use crate::problem::Problem;
use crate::v1::cursor::Cursors;
use crate::v1::matching::{MatchLimits, MatchSlots};

/// What a request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub max_body_bytes: usize,
    /// Time for a body to arrive.
    pub body_read_timeout: Duration,
    /// What requests for matches may cost beside that.
    pub matching: MatchLimits,
}

/// What handlers share; cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub(crate) boards: Arc<dyn BoardStore>,
    pub(crate) matches: Arc<dyn MatchStore>,
    pub(crate) upstreams: Upstreams,
    pub(crate) limits: Limits,
    pub(crate) matching: MatchSlots,
    pub(crate) access: Arc<Access>,
    pub(crate) clock: Clock,
    cursors: Arc<OnceCell<Cursors>>,
    draining: watch::Sender<bool>,
}

impl Api {
    /// An API over stores and upstreams, open to everybody.
    pub fn new(
        boards: Arc<dyn BoardStore>,
        matches: Arc<dyn MatchStore>,
        upstreams: Upstreams,
        limits: Limits,
    ) -> Self {
        Api {
            boards,
            matches,
            upstreams,
            limits,
            matching: MatchSlots::new(limits.matching),
            access: Arc::new(Access::open()),
            clock: Clock::system(),
            cursors: Arc::default(),
            draining: watch::Sender::new(false),
        }
    }

    /// The same, for those alone whom `access` lets in.
    pub fn guarded_by(self, access: Arc<Access>) -> Self {
        Api { access, ..self }
    }

    /// Makes a change now.
    pub(crate) async fn change(
        &self,
        change: Change,
        guard: Option<Guard>,
    ) -> Result<Receipt, StoreError> {
        self.boards.change(change, guard, self.clock.now_ms()).await
    }

    /// Makes a change of queues now.
    pub(crate) async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
    ) -> Result<QueueReceipt, MatchError> {
        let now_ms = self.clock.now_ms();
        self.matches.change_queue(change, guard, now_ms).await
    }

    /// What seals cursors, by the store's secret, which is read once.
    pub(crate) async fn cursors(&self) -> Result<&Cursors, StoreError> {
        let secret = || async { Ok(Cursors::new(self.boards.secret().await?)) };
        self.cursors.get_or_try_init(secret).await
    }

    /// From now on `/readyz` says no, so that load balancers send new requests elsewhere.
    pub fn start_draining(&self) {
        self.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until the server is about to stop.
    pub(crate) async fn drained(&self) {
        // It cannot be closed while it is held here.
        let _ = self
            .draining
            .subscribe()
            .wait_for(|draining| *draining)
            .await;
    }
}

/// How many of those that were put are new.
pub(crate) fn created(changed: &Changed) -> Result<u64, Problem> {
    match changed {
        Changed::Put { created } => Ok(*created),
        other => Err(Problem::unexpected(other)),
    }
}
