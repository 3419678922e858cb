//! Named upstreams: slow, flaky HTTP services that have to be reached on time.
//!
//! An upstream exists in settings alone. A request gives its name, perhaps a path below its URL and
//! a query, and nothing that could choose a host. [`Upstream::call`] is the way of a call: circuit →
//! limit → coalescing → [`hedge`] → for each attempt an endpoint, an HTTP request and a verdict on
//! the reply.

mod call;
mod circuit;
mod client;
mod coalesce;
mod endpoints;
mod error;
mod reply;
mod request;
mod settings;
mod upstream;

pub use circuit::CircuitState;
pub use client::{Client, ClientError};
pub use error::{CallError, Refusal};
pub use hedge::{Counts, HistogramCounts, Policy, UnknownPolicy};
pub use reply::Reply;
pub use request::{BadPath, CallRequest};
pub use settings::{Circuit, Ejection, Settings, Timeouts};
pub use upstream::{Numbers, Upstream};

use std::collections::BTreeMap;
use std::sync::Arc;

/// All upstreams by name.
#[derive(Clone, Default)]
pub struct Upstreams(Arc<BTreeMap<String, Arc<Upstream>>>);

impl Upstreams {
    /// Prepares the upstreams; connects to none.
    ///
    /// # Errors
    /// The name of the upstream that cannot be prepared, and why.
    pub fn new(
        settings: impl IntoIterator<Item = (String, Settings)>,
    ) -> Result<Self, (String, ClientError)> {
        let upstreams =
            settings
                .into_iter()
                .map(|(name, settings)| match Upstream::new(&name, settings) {
                    Ok(upstream) => Ok((name, Arc::new(upstream))),
                    Err(error) => Err((name, error)),
                });
        Ok(Upstreams(Arc::new(upstreams.collect::<Result<_, _>>()?)))
    }

    /// The upstream of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.0.get(name)
    }

    /// All of them in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Upstream)> {
        self.0
            .iter()
            .map(|(name, upstream)| (name.as_str(), &**upstream))
    }
}
