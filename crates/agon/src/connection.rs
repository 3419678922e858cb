//! A connection that does not wait for ever: not for a handshake, not for the rest of a request head,
//! not for the next request, not for a client that takes no reply, not for one that goes on sending
//! after the last.
//!
//! The HTTP library has one timer that covers both a head and the wait before it, and sets it anew
//! for every request. Here stream, service and reply note in an [`Activity`] what goes on, which
//! costs a few atomic stores, and [`within`] looks at it with one timer for the life of the
//! connection: when it fires and something has happened meanwhile, it is set again.
//!
//! HTTP/2 has many requests on one connection, and frames that belong to none. There the connection is
//! idle while no request is being served, whatever else is said; so a head that does not end has the
//! idle time. And since a client can leave the reply of one stream untaken while the connection moves
//! on, each reply notes when its last piece was offered, and the oldest counts.

use std::collections::BTreeSet;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long a connection may stay in a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the opening to the end of the handshake.
    pub(crate) handshake: Duration,
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
/// The client has yet to finish its handshake.
const HANDSHAKE: u8 = 4;

/// How long a client may go on sending after the last reply, or take to go when the server stops.
const LEAVE_LIMIT: Duration = Duration::from_secs(1);
/// Bytes of that taken in one go.
const LEAVE_BYTES: usize = 4096;

/// What a connection is doing, and since when. Written and read by the connection's own thread, but for
/// those who look for one to end: hence the relaxed order. Atomics because its parts each hold a share.
pub(crate) struct Activity {
    opened: Instant,
    phase: AtomicU8,
    /// Milliseconds from `opened` to the last change of phase, or the last byte moved outside a head.
    since_ms: AtomicU64,
    /// Requests being served; more than one with HTTP/2 alone.
    requests: AtomicU32,
    /// Whether the client has yet to make room for bytes of a reply.
    blocked: AtomicBool,
    /// Whether the connection ends though part of a request has not been read.
    unread: AtomicBool,
    /// Of HTTP/2: the replies that the client has to take on, by when they were offered.
    streams: OnceLock<Mutex<BTreeSet<Offer>>>,
    /// Whether it should end, for another to have its place.
    asked_to_end: AtomicBool,
    /// Whether the server stops.
    stopping: AtomicBool,
    /// Told when the client of HTTP/2 is to be told to go.
    leave: Notify,
    task: OnceLock<Waker>,
}

/// Milliseconds from the opening to when a piece of a reply was offered, and a number that is the
/// reply's alone.
type Offer = (u64, u64);

/// A request that is being served, until this is dropped.
pub(crate) struct Serving(Arc<Activity>);

impl Activity {
    /// Of a connection that begins with a handshake, or with a request.
    pub(crate) fn new(handshake: bool) -> Arc<Self> {
        Arc::new(Activity {
            opened: Instant::now(),
            phase: AtomicU8::new(if handshake { HANDSHAKE } else { IDLE }),
            since_ms: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            blocked: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            streams: OnceLock::new(),
            asked_to_end: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            leave: Notify::new(),
            task: OnceLock::new(),
        })
    }

    /// The connection has a place; its time runs from now on.
    pub(crate) fn admitted(&self) {
        self.touch();
    }

    /// The handshake is done.
    pub(crate) fn shaken(&self, http2: bool) {
        if http2 {
            self.streams.get_or_init(Mutex::default);
        }
        self.enter(IDLE);
    }

    /// A request has arrived.
    pub(crate) fn serve(self: &Arc<Self>) -> Serving {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.enter(BUSY);
        Serving(self.clone())
    }

    /// The connection ends after the present reply, and the client may be sending still.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// With HTTP/2: the client is to be told to make no more requests here.
    pub(crate) fn ask_to_leave(&self) {
        self.leave.notify_one();
    }

    /// Waits until that has been asked, be it before.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }

    /// How long the connection has been waiting for its client; `None` while it serves a request.
    pub(crate) fn waiting_for(&self) -> Option<Duration> {
        let waiting = self.phase() != BUSY;
        waiting.then(|| self.opened.elapsed().saturating_sub(self.since()))
    }

    /// Asks the connection to end, unless a request has come by then. From any thread.
    pub(crate) fn ask_to_end(&self) {
        self.asked_to_end.store(true, Ordering::Relaxed);
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }

    /// The server stops: a client that may have sent a request over HTTP/2 has a moment left, and so has
    /// one in its handshake. From any thread.
    pub(crate) fn stop(&self) {
        if matches!(self.phase(), IDLE | HANDSHAKE) {
            self.touch();
        }
        self.stopping.store(true, Ordering::Relaxed);
        self.ask_to_leave();
        if let Some(task) = self.task.get() {
            task.wake_by_ref();
        }
    }

    fn ends_for_another(&self) -> bool {
        self.asked_to_end.swap(false, Ordering::Relaxed) && self.phase() != BUSY
    }

    /// Whether to wait for the client before the connection is closed.
    fn leaves(&self) -> bool {
        let unread = self.unread.load(Ordering::Relaxed);
        if unread && self.phase() != LEAVING {
            self.enter(LEAVING);
        }
        unread
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::Relaxed)
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
        self.touch();
    }

    fn now_ms(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    fn since(&self) -> Duration {
        Duration::from_millis(self.since_ms.load(Ordering::Relaxed))
    }

    fn touch(&self) {
        self.since_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn is_http2(&self) -> bool {
        self.streams.get().is_some()
    }

    fn has_read(&self) {
        if self.phase() == IDLE && !self.is_http2() {
            self.enter(HEAD);
        }
    }

    fn has_written(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::Relaxed);
        let counts = match self.phase() {
            HEAD | HANDSHAKE => false,
            // An answer to a ping is no use of the connection.
            IDLE => !self.is_http2(),
            _ => true,
        };
        if counts && !blocked {
            self.touch();
        }
    }

    /// When patience ends if nothing happens; `None` while a handler works.
    fn due(&self, patience: Patience) -> Option<Instant> {
        let limit = match self.phase() {
            IDLE | HANDSHAKE if self.stopping.load(Ordering::Relaxed) => LEAVE_LIMIT,
            HANDSHAKE => patience.handshake,
            HEAD => patience.head,
            LEAVING => LEAVE_LIMIT,
            BUSY if !self.blocked.load(Ordering::Relaxed) => {
                return Some(self.opened + self.oldest_offer()? + patience.idle);
            }
            _ => patience.idle,
        };
        Some(self.opened + self.since() + limit)
    }

    fn oldest_offer(&self) -> Option<Duration> {
        let streams = self.streams.get()?.lock();
        let (offered_ms, _) = *streams.first()?;
        Some(Duration::from_millis(offered_ms))
    }
}

impl Serving {
    pub(crate) fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.enter(IDLE);
        }
    }
}

/// Drives a connection until it ends, or until its patience does: then it is dropped, and so closed.
pub(crate) async fn within<C: Future>(connection: C, activity: Arc<Activity>, patience: Patience) {
    let mut connection = pin!(connection);
    let shortest = patience.idle.min(patience.head).min(patience.handshake);
    let mut timer = pin!(sleep_until(Instant::now() + shortest));
    std::future::poll_fn(|cx| {
        // A task keeps its waker for life.
        activity.task.get_or_init(|| cx.waker().clone());
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if activity.ends_for_another() {
            tracing::debug!("connection closed: it waited, and all places are taken");
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

/// A reply's body. The request has been served once it has been passed on to its end.
pub(crate) struct ReplyBody {
    body: Body,
    serving: Serving,
    offer: Option<Offer>,
}

impl ReplyBody {
    pub(crate) fn new(body: Body, serving: Serving) -> Self {
        let mut reply = ReplyBody {
            body,
            serving,
            offer: None,
        };
        reply.offer();
        reply
    }

    /// With HTTP/2: from now on it is for the client to take what there is.
    fn offer(&mut self) {
        let activity = &self.serving.0;
        if let Some(streams) = activity.streams.get() {
            let mut streams = streams.lock();
            let next = streams.last().map_or(0, |(_, number)| number + 1);
            let offer = (activity.now_ms(), next);
            streams.insert(offer);
            self.offer = Some(offer);
        }
    }

    fn is_taken(&mut self) {
        if let (Some(offer), Some(streams)) = (self.offer.take(), self.serving.0.streams.get()) {
            streams.lock().remove(&offer);
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.is_taken();
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_taken();
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.offer();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
