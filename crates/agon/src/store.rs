//! The store that is served: in a directory of this machine, or on Redis. Here is what the two differ in, beside
//! how they do what any store does.

mod opening;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use api::Metrics;
use matchmaking::MatchStore;
use store_embedded::EmbeddedStore;
use store_redis::RedisStore;
use tokio::time::timeout;

use crate::control::Control;
use crate::late_store::Store;
use crate::metrics;
use crate::settings;

pub(crate) use opening::open;

/// How long a stop waits for Redis to take back what this node leads. Without it, others wait until that is over.
const RESIGN_LIMIT: Duration = Duration::from_secs(2);

/// The store that is served, and the settings that it was opened by.
pub(crate) enum Served {
    /// In a directory of this machine.
    Embedded(Arc<EmbeddedStore>, settings::Store),
    /// On Redis, shared with other nodes.
    Redis(Arc<RedisStore>, settings::Store),
}

impl Served {
    /// What all that serve ask.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Served::Embedded(store, _) => Arc::clone(store) as _,
            Served::Redis(store, _) => Arc::clone(store) as _,
        }
    }

    /// Tells the store's numbers from now on.
    pub(crate) fn add_metrics(&self, to: &Metrics) {
        match self {
            Served::Embedded(store, _) => {
                metrics::add_store(to, Arc::clone(store));
                metrics::add_queues(to, Arc::clone(store));
            }
            Served::Redis(store, _) => {
                metrics::add_redis(to, Arc::clone(store));
                metrics::add_shared_queues(to, Arc::clone(store));
            }
        }
    }

    /// Where the data is and how much there is of it, for a person.
    pub(crate) async fn in_words(&self) -> String {
        match self {
            Served::Embedded(store, settings) => {
                let dir = &settings.data_dir;
                let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
                format!("{} ({} players)", dir.display(), store.player_count())
            }
            Served::Redis(store, settings) => match store.player_count().await {
                Ok(players) => format!("{} ({players} players)", settings.url),
                // It was there a moment ago, and the log says what has become of it.
                Err(_) => settings.url.to_string(),
            },
        }
    }

    /// The socket for other commands of Agon on this machine, which are about directories.
    pub(crate) fn control(&self) -> Control {
        match self {
            Served::Embedded(_, settings) => Control::open(&settings.data_dir),
            Served::Redis(..) => Control::none(),
        }
    }

    /// Answers what is asked at the socket.
    pub(crate) async fn answer(&self, control: &Control) -> Infallible {
        match self {
            Served::Embedded(store, _) => control.serve(store).await,
            Served::Redis(..) => std::future::pending().await,
        }
    }

    /// Closes it, once nothing more is asked of it.
    pub(crate) async fn close(self) {
        match self {
            Served::Embedded(store, _) => {
                // It waits for its writer.
                let closed = tokio::task::spawn_blocking(move || store.close());
                if closed.await.is_err() {
                    tracing::error!("the store panicked while it was closed");
                }
            }
            Served::Redis(store, _) => {
                match timeout(RESIGN_LIMIT, store.resign()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "{LEFT}"),
                    Err(_) => tracing::warn!("{LEFT}: Redis does not answer"),
                }
                store.close();
            }
        }
    }
}

const LEFT: &str = "queues that this node led are left to others once its lead is over by itself";
