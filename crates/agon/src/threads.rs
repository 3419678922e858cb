//! The request threads: each runs a runtime of its own, so that a connection, the calls to upstreams
//! made for it and their replies stay on one thread. A task that moves between threads costs a
//! wake-up of a sleeping core each time, which is most of what a short hedged call adds.
//!
//! Nothing takes over the work of a busy thread: a new connection goes to the thread that has the
//! fewest, and what takes long (parsing large bodies, random players) runs on the blocking pool.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};

/// Threads that serve connections until the process ends.
pub(crate) struct RequestThreads(Vec<RequestThread>);

struct RequestThread {
    runtime: Handle,
    /// As many shares as the thread has connections, and this one.
    connections: Arc<()>,
}

impl RequestThreads {
    /// One for each core.
    pub(crate) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism()?.get();
        let threads = (0..count).map(RequestThread::start);
        Ok(RequestThreads(threads.collect::<io::Result<_>>()?))
    }

    /// Connections that are open.
    pub(crate) fn connections(&self) -> usize {
        let of = |thread: &RequestThread| Arc::strong_count(&thread.connections) - 1;
        self.0.iter().map(of).sum()
    }

    /// Runs `connection` on the thread with the fewest.
    pub(crate) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let load = |thread: &&RequestThread| Arc::strong_count(&thread.connections);
        if let Some(thread) = self.0.iter().min_by_key(load) {
            let counted = thread.connections.clone();
            thread.runtime.spawn(async move {
                connection.await;
                drop(counted);
            });
        }
    }
}

impl RequestThread {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name(format!("requests-{number}"))
            .spawn(move || runtime.block_on(pending::<()>()))?;
        Ok(RequestThread {
            runtime: handle,
            connections: Arc::default(),
        })
    }
}
