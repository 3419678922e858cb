//! A connection that does not wait for ever: not for the rest of a request head, not for the next
//! request, not for a client that takes no reply, not for one that goes on sending after the last.
//!
//! The HTTP library has one timer that covers both a head and the wait before it, and sets it anew
//! for every request. Here stream, service and reply note in an [`Activity`] what goes on, which
//! costs a few atomic stores, and [`within`] looks at it with one timer for the life of the
//! connection: when it fires and something has happened meanwhile, it is set again.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// How long a connection may stay in a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between requests, or while a reply is not taken.
    pub(crate) idle: Duration,
    /// From the first byte of a request head to its last.
    pub(crate) head: Duration,
}

/// Nothing is asked.
const IDLE: u8 = 0;
/// Part of a request head has come.
const HEAD: u8 = 1;
/// A request is being served; its handler has its own limits.
const BUSY: u8 = 2;
/// The last reply has been sent, and the client is sending what nobody reads.
const LEAVING: u8 = 3;

/// How long a client may go on sending after the last reply.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);
/// Bytes of that taken in one go.
const LEAVE_BYTES: usize = 4096;

/// What a connection is doing, and since when. Written and read by the connection's own task alone,
/// hence the relaxed order; atomics because its parts each hold a share.
pub(crate) struct Activity {
    opened: Instant,
    phase: AtomicU8,
    /// Milliseconds from `opened` to the last change of phase, or the last byte moved outside a head.
    since_ms: AtomicU64,
    /// Whether the client has yet to make room for bytes of a reply.
    blocked: AtomicBool,
    /// Whether the connection ends though part of a request has not been read.
    unread: AtomicBool,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Activity {
            opened: Instant::now(),
            phase: AtomicU8::new(IDLE),
            since_ms: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        })
    }

    /// A request has arrived.
    pub(crate) fn busy(&self) {
        self.enter(BUSY);
    }

    /// The connection ends after the present reply, and the client may be sending still.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether to wait for the client before the connection is closed.
    fn leaves(&self) -> bool {
        let unread = self.unread.load(Ordering::Relaxed);
        if unread && self.phase.load(Ordering::Relaxed) != LEAVING {
            self.enter(LEAVING);
        }
        unread
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
        self.touch();
    }

    fn touch(&self) {
        let since = self.opened.elapsed().as_millis() as u64;
        self.since_ms.store(since, Ordering::Relaxed);
    }

    fn has_read(&self) {
        if self.phase.load(Ordering::Relaxed) == IDLE {
            self.enter(HEAD);
        }
    }

    fn has_written(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
        if !blocked && self.phase.load(Ordering::Relaxed) != HEAD {
            self.touch();
        }
    }

    /// When patience ends if nothing happens; `None` while a handler works.
    fn due(&self, patience: Patience) -> Option<Instant> {
        let limit = match self.phase.load(Ordering::Relaxed) {
            HEAD => patience.head,
            LEAVING => LEAVE_LIMIT,
            BUSY if !self.blocked.load(Ordering::Relaxed) => return None,
            _ => patience.idle,
        };
        let since = Duration::from_millis(self.since_ms.load(Ordering::Relaxed));
        Some(self.opened + since + limit)
    }
}

/// Drives a connection until it ends, or until its patience does: then it is dropped, and so closed.
pub(crate) async fn within<C: Future>(connection: C, activity: Arc<Activity>, patience: Patience) {
    let mut connection = pin!(connection);
    let mut timer = pin!(sleep_until(
        Instant::now() + patience.idle.min(patience.head)
    ));
    std::future::poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let due = activity.due(patience);
            if let Some(due) = due.filter(|due| *due < timer.deadline()) {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if due.is_some_and(|due| due <= now) {
                tracing::debug!("connection closed: its client is too slow");
                return Poll::Ready(());
            }
            timer.as_mut().reset(due.unwrap_or(now + patience.idle));
        }
    })
    .await;
}

/// A TCP connection that notes its activity.
pub(crate) struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl Watched {
    pub(crate) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Watched { stream, activity }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.has_read();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.has_written(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.activity.has_written(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// In two stages where bytes are unread: a connection that is closed with some is reset, and
    /// that can take the reply from the client before it has read it (RFC 9112, 9.6).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        while self.activity.leaves() {
            let mut bytes = [0; LEAVE_BYTES];
            let mut bytes = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut bytes))?;
            if bytes.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A reply's body. The connection is idle once it has been passed on to its end.
pub(crate) struct ReplyBody {
    body: Body,
    activity: Arc<Activity>,
}

impl ReplyBody {
    pub(crate) fn new(body: Body, activity: Arc<Activity>) -> Self {
        ReplyBody { body, activity }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.activity.enter(IDLE);
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
