//! `GET /metrics`: what is counted, in the text format of Prometheus.
//!
//! Nearly nothing is counted here: stores, upstreams and queues have their numbers, and a source
//! ([`Metrics::add`]) reads them when somebody asks. So what nobody asks for costs nothing, and what is
//! gone, such as a deleted queue, is told no longer. Requests are counted in `measure.rs`.
//!
//! Absent on purpose: numbers by player or by anything else that clients can make up, and OpenMetrics,
//! which names counters otherwise.

use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use tokio::task::spawn_blocking;

use crate::measure::Requests;
use crate::openapi::NoErrors;
use crate::problem::Problem;
use crate::state::Api;

mod families;
mod latencies;
pub(crate) mod upstreams;

pub use families::{Distribution, Distributions, Families, Values};
pub use latencies::Latencies;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

type Source = Box<dyn Fn(&mut Families) + Send + Sync>;

/// Everything that can be asked for; cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    requests: Requests,
    sources: RwLock<Vec<Source>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Metrics(Arc::new(Inner {
            requests: Requests::new(),
            sources: RwLock::default(),
        }))
    }

    /// Where requests are counted.
    pub(crate) fn requests(&self) -> &Requests {
        &self.0.requests
    }

    /// From now on these numbers are told as well. `source` runs on a thread that may block, each time
    /// that somebody asks; no two sources may tell metrics of one name.
    pub fn add(&self, source: impl Fn(&mut Families) + Send + Sync + 'static) {
        let sources = self.0.sources.write();
        let mut sources = sources.unwrap_or_else(PoisonError::into_inner);
        sources.push(Box::new(source));
    }

    fn text(&self) -> Result<String, prometheus::Error> {
        let mut families = Families::default();
        self.0.requests.tell(&mut families);
        let sources = self.0.sources.read();
        for source in sources.unwrap_or_else(PoisonError::into_inner).iter() {
            source(&mut families);
        }
        families.text()
    }
}

/// Metrics for Prometheus
///
/// In its text format 0.0.4. It is answered also while the store is not open or takes no changes; as long
/// as it has not been opened, without its numbers.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses(
    (status = 200, description = "Every metric, each with its meaning and its type",
        content_type = "text/plain", body = String,
        example = "# HELP agon_ready 1 if this server is ready, as /readyz says.\n# TYPE agon_ready gauge\nagon_ready 1\n"),
    NoErrors,
))]
pub(crate) async fn metrics(State(api): State<Api>) -> Result<Response, Problem> {
    let metrics = api.metrics.clone();
    // Sources look into directories, and at each board and queue.
    let text = spawn_blocking(move || metrics.text()).await;
    let text = text.map_err(|panic| Problem::internal(&panic))?;
    let text = text.map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}
