//! What a handler leaves unread of a request's body.
//!
//! The HTTP library gives a connection up when a body is dropped whose end has not come yet, be it the
//! five bytes that end an empty one in chunks. If the head of the reply is made by then, the reply does
//! not say so, and a client finds its next request lost. So what is left is read for nobody while the
//! handler works and a moment longer, and where that is not enough the reply says that the connection
//! ends with it.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::connection::Activity;

/// Bytes that are read for nobody.
const MAX_BYTES: u64 = 64 << 10;
/// How long a reply waits for them.
const PATIENCE: Duration = Duration::from_millis(10);

/// What becomes of a body.
enum Left {
    /// It has been read to its end.
    Nothing,
    Rest(Incoming),
    /// It cannot be read on: it is broken, or the client waits for a word before it sends it.
    Unreadable,
}

/// A body as handlers see it.
struct RequestBody {
    /// Until it has ended.
    incoming: Option<Incoming>,
    /// Whether the client sends it only when it is asked for.
    expects: bool,
    broken: bool,
    tell: Option<oneshot::Sender<Left>>,
}

/// Learns what a handler leaves of a body.
pub(crate) struct Unread(oneshot::Receiver<Left>);

/// A request for handlers; with it, where it has a body, what watches that.
pub(crate) fn watched(request: Request<Incoming>) -> (Request<Body>, Option<Unread>) {
    if request.body().is_end_stream() {
        return (request.map(Body::new), None);
    }
    let (tell, left) = oneshot::channel();
    let expects = request.headers().contains_key(EXPECT);
    let request = request.map(|incoming| {
        Body::new(RequestBody {
            incoming: Some(incoming),
            expects,
            broken: false,
            tell: Some(tell),
        })
    });
    (request, Some(Unread(left)))
}

impl Unread {
    /// The reply to the request, which says so if the connection has to end with it.
    pub(crate) async fn with(
        self,
        reply: impl Future<Output = Result<Response, Infallible>>,
        activity: &Activity,
    ) -> Result<Response, Infallible> {
        let (mut reply, mut read) = (pin!(reply), pin!(self.read()));
        let mut whole = None;
        let mut reply = loop {
            tokio::select! {
                biased;
                reply = &mut reply => break reply?,
                read = &mut read, if whole.is_none() => whole = Some(read),
            }
        };
        let whole = match whole {
            Some(whole) => whole,
            None => timeout(PATIENCE, read).await.unwrap_or(false),
        };
        if !whole {
            let close = HeaderValue::from_static("close");
            reply.headers_mut().insert(CONNECTION, close);
            activity.leave_unread();
        }
        Ok(reply)
    }

    /// Waits until the handler is done with the body and reads what is left. Whether that is all.
    async fn read(self) -> bool {
        match self.0.await {
            Ok(Left::Nothing) => true,
            Ok(Left::Rest(incoming)) => reads_whole(incoming).await,
            Ok(Left::Unreadable) | Err(_) => false,
        }
    }
}

async fn reads_whole(mut incoming: Incoming) -> bool {
    let mut room = MAX_BYTES;
    while incoming.size_hint().lower() <= room {
        match incoming.frame().await {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                let Some(rest) = room.checked_sub(bytes) else {
                    return false;
                };
                room = rest;
            }
        }
    }
    false
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let left = match self.incoming.take() {
            Some(incoming) if incoming.is_end_stream() => Left::Nothing,
            Some(_) if self.expects => Left::Unreadable,
            Some(incoming) => Left::Rest(incoming),
            None if self.broken => Left::Unreadable,
            None => Left::Nothing,
        };
        if let Some(tell) = self.tell.take() {
            // Whoever has gone away has dropped the connection as well.
            let _ = tell.send(left);
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(incoming).poll_frame(cx);
        // From here on the client has been told to send it.
        self.expects = false;
        match &frame {
            Poll::Ready(None) => self.incoming = None,
            Poll::Ready(Some(Err(_))) => {
                self.incoming = None;
                self.broken = true;
            }
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        let incoming = self.incoming.as_ref();
        incoming.is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let incoming = self.incoming.as_ref();
        incoming.map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}
