//! A connection that does not wait for ever: not for the rest of a request head, not for the next
//! request, not for a client that takes no reply.
//!
//! The HTTP library has one timer that covers both a head and the wait before it, and sets it anew
//! for every request. Here each phase has its own limit, and one timer serves a connection for its
//! whole life: it is looked at when it fires, and set again if by then something has happened.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a connection may stay in a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Between requests, or while a reply is not taken.
    pub(crate) idle: Duration,
    /// From the first byte of a request head to its last.
    pub(crate) head: Duration,
}

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;

/// Where a connection is between two requests; shared by its stream and its service.
#[derive(Clone, Default)]
pub(crate) struct Phase(Arc<AtomicU8>);

impl Phase {
    /// A request has arrived; its own limits hold from here.
    pub(crate) fn busy(&self) {
        self.0.store(BUSY, Ordering::Relaxed);
    }

    /// Its reply is on the way.
    pub(crate) fn idle(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A TCP connection that fails with `TimedOut` when patience ends.
pub(crate) struct Patient {
    stream: TcpStream,
    patience: Patience,
    phase: Phase,
    reading: Watch,
    writing: Watch,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, patience: Patience, phase: Phase) -> Self {
        Patient {
            stream,
            patience,
            phase,
            reading: Watch::new(),
            writing: Watch::new(),
        }
    }

    /// Whether reading has waited too long in the phase that the connection is in.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let phase = self.phase.get();
        let limit = match phase {
            IDLE => self.patience.idle,
            HEAD => self.patience.head,
            // The handler has its own limit for the body.
            _ => {
                self.reading.stop();
                return Poll::Pending;
            }
        };
        self.reading.poll_expired(phase, limit, cx)
    }

    fn written(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match done {
            Poll::Ready(done) => {
                self.writing.stop();
                Poll::Ready(done)
            }
            Poll::Pending => {
                ready!(self.writing.poll_expired(IDLE, self.patience.idle, cx));
                Poll::Ready(Err(too_slow("the client takes no reply")))
            }
        }
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// Measures how long something has been waited for, with a timer that is set as seldom as possible.
struct Watch {
    /// What is waited for, and since when.
    since: Option<(u8, Instant)>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    fn new() -> Self {
        Watch {
            since: None,
            timer: None,
        }
    }

    fn stop(&mut self) {
        self.since = None;
    }

    fn poll_expired(&mut self, phase: u8, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let start = match self.since {
            Some((p, start)) if p == phase => start,
            _ => {
                let now = Instant::now();
                self.since = Some((phase, now));
                now
            }
        };
        let due = start + limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if self.phase.get() == IDLE {
                self.reading.stop();
                if buf.filled().len() > before {
                    self.phase.0.store(HEAD, Ordering::Relaxed);
                }
            }
            return Poll::Ready(read);
        }
        ready!(self.poll_overdue(cx));
        Poll::Ready(Err(too_slow("no request came")))
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
