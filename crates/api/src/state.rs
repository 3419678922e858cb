//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use access::Access;
use boards::{BoardStore, Change, Changed, Guard, Receipt, StoreError};
use matchmaking::{MatchError, MatchStore, QueueChange, QueueReceipt};
use tokio::sync::{OnceCell, watch};
use upstreams::Upstreams;

use crate::clock::Clock;
use crate::log::LogSwitch;
use crate::metrics::Metrics;
use crate::metrics::upstreams::UpstreamMetrics;
use crate::problem::Problem;
use crate::stay::Stay;
use crate::trace::Tracer;
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

/// What handlers share. One count for all of it, since each request clones it several times on its way to a
/// handler, and threads take turns at what they count together.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// The parts of an [`Api`].
#[derive(Clone)]
pub struct Shared {
    pub(crate) boards: Arc<dyn BoardStore>,
    pub(crate) matches: Arc<dyn MatchStore>,
    pub(crate) upstreams: Upstreams,
    pub(crate) limits: Limits,
    pub(crate) matching: MatchSlots,
    pub(crate) access: Arc<Access>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) log: LogSwitch,
    pub(crate) tracer: Option<Tracer>,
    cursors: Arc<OnceCell<Cursors>>,
    draining: watch::Sender<bool>,
    /// The same for each reply to look at, which takes no lock.
    is_draining: Arc<AtomicBool>,
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Api {
    /// An API over stores and upstreams, open to everybody.
    pub fn new(
        boards: Arc<dyn BoardStore>,
        matches: Arc<dyn MatchStore>,
        upstreams: Upstreams,
        limits: Limits,
    ) -> Self {
        let api = Api(Arc::new(Shared {
            boards,
            matches,
            upstreams,
            limits,
            matching: MatchSlots::new(limits.matching),
            access: Arc::new(Access::open()),
            clock: Clock::system(),
            metrics: Metrics::new(),
            log: LogSwitch::unconnected(),
            tracer: None,
            cursors: Arc::default(),
            draining: watch::Sender::new(false),
            is_draining: Arc::default(),
        }));
        api.add_metrics();
        api
    }

    /// What is told at `/metrics`, for others to add to.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn add_metrics(&self) {
        let upstreams = UpstreamMetrics::new(self.upstreams.clone());
        self.metrics.add(move |to| upstreams.tell(to));
        // Parts of this alone: a source that held all of it would keep itself alive.
        let (boards, draining) = (Arc::clone(&self.boards), Arc::clone(&self.is_draining));
        let matching = self.matching.clone();
        self.metrics.add(move |to| {
            let ready = boards.is_ready() && !draining.load(Ordering::Relaxed);
            let help = "1 if this server is ready, as /readyz says.";
            to.gauge("agon_ready", help).flag(&[], ready);
            let name = "agon_match_requests_in_flight";
            let help = "Requests of POST /v1/match whose matches are being reckoned.";
            to.gauge(name, help).whole(&[], matching.taken() as u64);
        });
    }

    /// With a log that can be changed, and traces where they are asked for.
    #[must_use]
    pub fn with_telemetry(mut self, log: LogSwitch, tracer: Option<Tracer>) -> Self {
        let shared = Arc::make_mut(&mut self.0);
        shared.log = log;
        shared.tracer = tracer;
        self
    }

    /// The same, for those alone whom `access` lets in.
    pub fn guarded_by(mut self, access: Arc<Access>) -> Self {
        Arc::make_mut(&mut self.0).access = access;
        self
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
        self.is_draining.store(true, Ordering::Relaxed);
        self.draining.send_replace(true);
    }

    /// Whether clients had better go elsewhere with their next request.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// How long a request may stay that comes now and waits for something.
    pub(crate) fn stay(&self) -> Stay {
        Stay::begin(self.draining.subscribe())
    }
}

/// How many of those that were put are new.
pub(crate) fn created(changed: &Changed) -> Result<u64, Problem> {
    match changed {
        Changed::Put { created } => Ok(*created),
        other => Err(Problem::unexpected(other)),
    }
}
