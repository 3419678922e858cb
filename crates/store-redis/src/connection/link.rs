//! One connection to one server, used by many at once.
//!
//! A link that has ended says so before anything is sent on it: then nothing is unknown, and a server that was
//! restarted while nobody called costs nobody an error. A link on which a reply was late takes no more calls; those
//! that are under way on it keep their time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, Value};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::connector::Connector;
use crate::address::Host;

/// Messages that may wait for their turn to be written. Beyond that, who sends waits, within its time.
const WAITING_MESSAGES: usize = 1024;

/// Why an exchange has no replies.
#[derive(Clone, Debug)]
pub(super) enum Broken {
    /// Not a byte of it was sent.
    NotSent(String),
    /// Nor was this, as there was no connection by the deadline.
    NoTime(String),
    /// It was sent, or may have been.
    Lost(String),
}

impl Broken {
    /// Why.
    pub(super) fn reason(self) -> String {
        match self {
            Broken::NotSent(reason) | Broken::NoTime(reason) | Broken::Lost(reason) => reason,
        }
    }
}

/// One connection.
pub(super) struct Link {
    connection: MultiplexedConnection,
    ended: Arc<AtomicBool>,
    late: AtomicBool,
    driver: AbortHandle,
}

impl Link {
    /// Connects and logs in; the error is a reason to be read.
    pub(super) async fn open(connector: &Connector, host: &Host) -> Result<Link, String> {
        let opening = Link::open_unbounded(connector, host);
        match timeout(connector.timeout, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(format!("it did not answer in {:?}", connector.timeout)),
        }
        .map_err(|reason| format!("cannot connect to {host}: {reason}"))
    }

    async fn open_unbounded(connector: &Connector, host: &Host) -> Result<Link, String> {
        let stream = connector.open(host).await.map_err(|e| e.to_string())?;
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WAITING_MESSAGES);
        let opened = MultiplexedConnection::new_with_config(&connector.login, stream, config).await;
        let (connection, driver) = opened.map_err(|e| e.to_string())?;
        let link = Link::drive(connection, driver);
        link.greet().await?;
        Ok(link)
    }

    fn drive(
        connection: MultiplexedConnection,
        driver: impl Future<Output = ()> + Send + 'static,
    ) -> Link {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let task = tokio::spawn(async move {
            driver.await;
            end.store(true, Ordering::Release);
        });
        Link {
            connection,
            ended,
            late: AtomicBool::new(false),
            driver: task.abort_handle(),
        }
    }

    /// A server that is loading its data, or wants a password that was not given, says so here.
    async fn greet(&self) -> Result<(), String> {
        let mut pipeline = Pipeline::new();
        pipeline.cmd("PING");
        // For who looks at the list of clients. Where it is forbidden, there is no name.
        pipeline.cmd("CLIENT").arg("SETNAME").arg("agon");
        let mut connection = self.connection.clone();
        let replies = connection.send_packed_commands(&pipeline, 0, 2).await;
        match replies.map_err(|e| e.to_string())?.first() {
            Some(Value::ServerError(error)) => {
                let details = error.details().unwrap_or_default();
                Err(format!("{} {details}", error.code()))
            }
            _ => Ok(()),
        }
    }

    /// Whether to send anything more on it.
    pub(super) fn is_usable(&self) -> bool {
        !self.ended.load(Ordering::Acquire) && !self.late.load(Ordering::Relaxed)
    }

    /// Sends commands as one and waits for all their replies, errors of the server among them.
    pub(super) async fn exchange(
        &self,
        pipeline: &Pipeline,
        limit: Duration,
    ) -> Result<Vec<Value>, Broken> {
        if !self.is_usable() {
            return Err(Broken::NotSent("the connection has ended".to_owned()));
        }
        let mut connection = self.connection.clone();
        let sending = connection.send_packed_commands(pipeline, 0, pipeline.len());
        match timeout(limit, sending).await {
            Ok(Ok(replies)) => Ok(replies),
            Ok(Err(error)) => Err(Broken::Lost(error.to_string())),
            Err(_) => {
                self.late.store(true, Ordering::Relaxed);
                Err(Broken::Lost(format!("no reply in {limit:?}")))
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Of itself it would go on until what it has to write is written, which a stopped server may never take.
        self.driver.abort();
    }
}
