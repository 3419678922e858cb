//! Opening the store. A directory opens or does not; Redis is waited for, since nodes and Redis may be started in
//! any order, and by whoever starts all of them again after a power cut.
//!
//! What will not heal by itself ends the start: settings that do not fit the server or the store that is there.

use std::sync::Arc;
use std::time::Duration;

use boards::{Clock, StoreError};
use store_embedded::EmbeddedStore;
use store_redis::{ConnectError, OpenError, RedisStore};
use tokio::time::{Instant, sleep};

use super::Served;
use crate::drain::StopSignals;
use crate::settings::{Settings, Store};

/// Between two attempts; each takes up to the patience that is set, in which Redis is asked again and again.
const PAUSE: Duration = Duration::from_secs(1);
/// What fails for the same reason is told again after so long.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// Opens the store; `None` where the server was told to stop before that was done.
///
/// # Errors
/// Where it cannot be opened and waiting would not help.
pub(crate) async fn open(
    settings: &Settings,
    stop: &mut StopSignals,
) -> anyhow::Result<Option<Served>> {
    let opening = async {
        match settings.redis()? {
            Some(options) => redis(options, &settings.store).await,
            None => embedded(&settings.store).await,
        }
    };
    tokio::select! {
        served = opening => served.map(Some),
        () = stop.next() => Ok(None),
    }
}

async fn embedded(settings: &Store) -> anyhow::Result<Served> {
    let options = store_embedded::Options {
        data_dir: settings.data_dir.clone(),
        cache_bytes: settings.cache.0,
        max_queue: settings.max_queue,
        clock: Clock::system(),
    };
    let opening = tokio::task::spawn_blocking(move || EmbeddedStore::open(&options));
    Ok(Served::Embedded(
        Arc::new(opening.await??),
        settings.clone(),
    ))
}

async fn redis(options: store_redis::Options, settings: &Store) -> anyhow::Result<Served> {
    let mut told = Told::default();
    loop {
        match RedisStore::open(&options, Clock::system()).await {
            Ok(store) => {
                tracing::info!(store = %settings.url, "the store is open");
                return Ok(Served::Redis(Arc::new(store), settings.clone()));
            }
            Err(error) if may_heal(&error) => told.tell(&settings.url.to_string(), &error),
            Err(error) => return Err(error.into()),
        }
        sleep(PAUSE).await;
    }
}

fn may_heal(error: &OpenError) -> bool {
    matches!(
        error,
        OpenError::Connect(ConnectError::Unreachable { .. })
            | OpenError::Failed(StoreError::Unavailable { .. } | StoreError::Overloaded)
    )
}

/// What was told of attempts that failed.
#[derive(Default)]
struct Told(Option<(String, Instant)>);

impl Told {
    fn tell(&mut self, store: &str, error: &OpenError) {
        let reason = error.to_string();
        let is_known =
            |(known, at): &(String, Instant)| *known == reason && at.elapsed() < TELL_AGAIN;
        if !self.0.as_ref().is_some_and(is_known) {
            tracing::warn!(%store, %reason, "the store cannot be opened; trying again");
            self.0 = Some((reason, Instant::now()));
        }
    }
}
