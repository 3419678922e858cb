//! Reads of what is on disk alone: tickets and matches that have ended, histories.
//!
//! They run on threads that may block, beside the writer, on a snapshot each. The engine shows a batch to
//! snapshots only after its sync. After an outage it may hold a batch that has to be undone first; so the
//! reader is shut as soon as a commit fails, which lets the engine be closed, and opened again once the
//! engine holds what was acknowledged. In between, those who ask are told that the store is unavailable.

use std::sync::Arc;

use boards::StoreError;
use parking_lot::RwLock;

use crate::engine::{Engine, EngineError, Frozen, Handle};

#[derive(Clone)]
pub(crate) struct Reader(Arc<RwLock<Option<Handle>>>);

impl Reader {
    pub(crate) fn of(engine: &Engine) -> Self {
        Reader(Arc::new(RwLock::new(Some(engine.handle()))))
    }

    /// Waits for those who are reading.
    pub(crate) fn shut(&self) {
        *self.0.write() = None;
    }

    pub(crate) fn open(&self, engine: &Engine) {
        *self.0.write() = Some(engine.handle());
    }

    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Frozen) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let handle = Arc::clone(&self.0);
        let reading = tokio::task::spawn_blocking(move || match &*handle.read() {
            None => Err(unavailable("the engine is closed".to_owned())),
            Some(handle) => what(&handle.freeze()).map_err(|e| unavailable(e.to_string())),
        });
        let read = reading.await;
        read.unwrap_or_else(|e| Err(unavailable(e.to_string())))
    }
}

pub(crate) fn unavailable(reason: String) -> StoreError {
    StoreError::Unavailable {
        reason,
        source: None,
    }
}
