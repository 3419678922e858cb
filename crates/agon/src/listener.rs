//! Accepts connections and serves HTTP on them: HTTP/1.1, and under TLS also HTTP/2 for clients that
//! choose it in their handshake. HTTP/2 without TLS is absent: hardly a client asks for it.
//!
//! Before the server stops it goes on accepting for a while, and each reply tells its client to come back on
//! another connection: so those who use one for long find another server, and lose no request when this one is
//! gone.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use api::{Api, ClientAddress};
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, STRICT_TRANSPORT_SECURITY};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

use crate::connection::{Activity, Patience, ReplyBody, Watched, within};
use crate::places::{Place, Places};
use crate::proxies::TrustedProxies;
use crate::settings::Server;
use crate::threads::RequestThreads;
use crate::tls::Tls;
use crate::unread::watched;

/// After a failed `accept`, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests under way on one connection of HTTP/2.
const MAX_STREAMS: u32 = 128;
/// Bytes of a reply that wait for a client of HTTP/2 to take them, for each stream.
const STREAM_BUFFER: usize = 64 << 10;

/// A listener's HTTP.
pub(crate) struct HttpServer {
    patience: Patience,
    places: Arc<Places>,
    threads: Arc<RequestThreads>,
    site: Arc<Site>,
}

/// What connections need.
struct Site {
    api: Api,
    router: Router,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    tls: Option<Tls>,
    proxies: TrustedProxies,
}

/// Who is at the other end of a connection.
struct Caller {
    peer: IpAddr,
    /// Whether it is a proxy that is trusted.
    proxy: bool,
    activity: Arc<Activity>,
}

impl Caller {
    fn address(&self, proxies: &TrustedProxies, headers: &HeaderMap) -> ClientAddress {
        ClientAddress(match self.proxy {
            true => proxies.origin(self.peer, headers),
            false => self.peer,
        })
    }
}

/// Connections are told that nobody accepts any more.
impl Drop for HttpServer {
    fn drop(&mut self) {
        self.places.stop();
    }
}

impl HttpServer {
    /// Fails where the files of the certificate are no good.
    pub(crate) fn new(
        settings: &Server,
        api: Api,
        router: Router,
        threads: Arc<RequestThreads>,
    ) -> anyhow::Result<Self> {
        let tls = settings.tls.as_ref().map(Tls::open).transpose()?;
        let handshake = settings.tls.as_ref().map(|tls| tls.handshake_timeout.0);
        Ok(HttpServer {
            patience: Patience {
                handshake: handshake.unwrap_or(settings.idle_timeout.0),
                idle: settings.idle_timeout.0,
                head: settings.header_read_timeout.0,
            },
            places: Places::new(
                settings.max_connections,
                settings.max_connections_per_client,
            ),
            threads,
            site: Arc::new(Site {
                api,
                router,
                http1: http1_builder(settings),
                http2: http2_builder(settings),
                tls,
                proxies: TrustedProxies::new(&settings.trusted_proxies, settings.forwarded_header),
            }),
        })
    }

    /// Serves until it is dropped, and keeps the certificate fresh.
    pub(crate) async fn accept(
        self,
        listener: TcpListener,
        connections: &GracefulShutdown,
    ) -> Infallible {
        let fresh = async {
            match &self.site.tls {
                Some(tls) => tls.keep_fresh().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            never = self.accept_all(listener, connections) => never,
            never = fresh => never,
        }
    }

    async fn accept_all(
        &self,
        listener: TcpListener,
        connections: &GracefulShutdown,
    ) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer, connections).await,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves a connection as soon as there is a place for it; until then the next ones wait in the
    /// system's queue.
    async fn admit(&self, stream: TcpStream, peer: SocketAddr, connections: &GracefulShutdown) {
        let peer = peer.ip().to_canonical();
        // A proxy brings many clients.
        let proxy = self.site.proxies.trusts(peer);
        let counted = (!proxy).then(|| ClientAddress(peer).network());
        let activity = Activity::new(self.site.tls.is_some());
        let Some(place) = self.places.take(counted, &activity).await else {
            tracing::debug!(%peer, "connection refused: its client has as many as it may");
            return;
        };
        let Ok(stream) = stream.into_std() else {
            return;
        };
        let caller = Caller {
            peer,
            proxy,
            activity: activity.clone(),
        };
        let serving = self
            .site
            .clone()
            .serve(stream, caller, connections.watcher());
        let patience = self.patience;
        self.threads.spawn(async move {
            within(serving, activity, patience).await;
            drop::<Place>(place);
        });
    }
}

fn http1_builder(settings: &Server) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // Connections watch their time themselves.
        .header_read_timeout(None)
        .max_header_size(usize::try_from(settings.max_header.0).unwrap_or(usize::MAX));
    http
}

fn http2_builder(settings: &Server) -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(STREAM_BUFFER)
        .max_header_list_size(u32::try_from(settings.max_header.0).unwrap_or(u32::MAX));
    http
}

impl Site {
    async fn serve(
        self: Arc<Self>,
        stream: std::net::TcpStream,
        caller: Caller,
        connections: Watcher,
    ) {
        // Here, since a stream belongs to the runtime that it is made in.
        let Ok(stream) = TcpStream::from_std(stream) else {
            return;
        };
        // Replies are small and whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = Watched::new(stream, caller.activity.clone());
        let Some(tls) = &self.tls else {
            return self.serve_http1(stream, caller, connections).await;
        };
        match tls.shake_hands(stream).await {
            Ok((stream, http2)) => {
                caller.activity.shaken(http2);
                if http2 {
                    self.serve_http2(stream, caller, connections).await;
                } else {
                    self.serve_http1(stream, caller, connections).await;
                }
            }
            Err(error) => tracing::debug!(%error, "connection ended in its handshake"),
        }
    }

    async fn serve_http1(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        caller: Caller,
        connections: Watcher,
    ) {
        let http = self.http1.clone();
        let site = self.clone();
        let service = service_fn(move |request| site.answer(request, &caller));
        drive(
            connections,
            http.serve_connection(TokioIo::new(stream), service),
        )
        .await;
    }

    async fn serve_http2(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        caller: Caller,
        connections: Watcher,
    ) {
        let http = self.http2.clone();
        let site = self.clone();
        let activity = caller.activity.clone();
        let service = service_fn(move |request| site.answer(request, &caller));
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            // Which comes with the stop as well.
            () = activity.asked_to_leave() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        note(ended);
        // Until here the stop waits for it.
        drop(connections);
    }

    fn answer(
        self: &Arc<Self>,
        mut request: Request<Incoming>,
        caller: &Caller,
    ) -> impl Future<Output = Result<Response<ReplyBody>, Infallible>> + Send + use<> {
        let serving = caller.activity.serve();
        let address = caller.address(&self.proxies, request.headers());
        request.extensions_mut().insert(address);
        // A stream of HTTP/2 can be given up alone.
        let version = request.version();
        let (request, unread) = match version {
            Version::HTTP_2 => (request.map(Body::new), None),
            _ => watched(request),
        };
        let site = self.clone();
        let reply = self.router.clone().call(request);
        async move {
            let mut reply = match unread {
                Some(unread) => unread.with(reply, serving.activity()).await?,
                None => reply.await?,
            };
            if let Some(hsts) = site.tls.as_ref().and_then(|tls| tls.hsts()) {
                reply.headers_mut().insert(STRICT_TRANSPORT_SECURITY, hsts);
            }
            if site.api.is_draining() {
                send_away(reply.headers_mut(), version, serving.activity());
            }
            Ok(reply.map(|body| ReplyBody::new(body, serving)))
        }
    }
}

async fn drive<C: GracefulConnection>(connections: Watcher, connection: C)
where
    C::Error: std::fmt::Display,
{
    note(connections.watch(connection).await);
}

fn note<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        // A client that goes away is no fault of ours.
        tracing::debug!(%error, "connection ended");
    }
}

/// Tells a client with its reply to make its next request on another connection.
fn send_away(headers: &mut HeaderMap, version: Version, activity: &Activity) {
    if version == Version::HTTP_2 {
        activity.ask_to_leave();
    } else {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        // It may have sent the next already.
        activity.leave_unread();
    }
}
