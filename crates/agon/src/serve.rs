//! From settings to a running server, and back to a clean stop.

use std::convert::Infallible;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::{Api, Limits, MatchLimits};
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use store_embedded::{Clock, EmbeddedStore, Options};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::Service;

use crate::access;
use crate::banner;
use crate::connection::{Activity, Patience, ReplyBody, Watched, within};
use crate::control::Control;
use crate::drain::StopSignals;
use crate::late_store::LateStore;
use crate::matchmaker::Matchmaker;
use crate::settings::{Server, Settings, Store};
use crate::telemetry;
use crate::threads::RequestThreads;
use crate::units::Size;
use crate::unread::watched;
use crate::upstreams;

/// After a failed `accept`, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is told to stop.
pub(crate) fn run(settings: Settings) -> anyhow::Result<()> {
    telemetry::start(settings.log.level);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(settings));
    // A store that was still opening need not be waited for; it is as safe as after a crash.
    runtime.shutdown_background();
    result
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let mut stop = StopSignals::listen()?;
    let listen = settings.server.listen;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let late = Arc::new(LateStore::default());
    let (upstreams, practice) = upstreams::prepare(&settings).await?;
    let access = Arc::new(settings.access()?);
    access::keep_up(&access, settings.access.jwks_url())?;
    let api = Api::new(late.clone(), late.clone(), upstreams, limits(&settings));
    let api = api.guarded_by(access.clone());
    let connections = GracefulShutdown::new();
    let server = HttpServer::new(
        &settings.server,
        api::router(api.clone()),
        RequestThreads::start()?,
    );

    let working = async {
        let Some(store) = open(&settings.store, &mut stop).await? else {
            return anyhow::Ok(None);
        };
        let control = Control::open(&settings.store.data_dir);
        late.provide(store.clone());
        let matchmaker = Matchmaker::start(store.clone(), &settings.matchmaking)?;
        banner::print(
            address,
            practice,
            &settings.store.data_dir,
            store.player_count(),
            &access,
        );
        tokio::select! {
            () = stop.next() => {}
            never = control.serve(&store) => match never {},
        }
        tracing::info!("stopping");
        api.start_draining();
        // Goes on accepting while load balancers notice, unless told twice.
        tokio::select! {
            () = tokio::time::sleep(settings.server.drain_delay.0) => {}
            () = stop.next() => {}
        }
        anyhow::Ok(Some((store, matchmaker)))
    };
    let working = tokio::select! {
        working = working => working?,
        never = server.accept(listener, &connections) => match never {},
    };
    let Some((store, matchmaker)) = working else {
        return Ok(());
    };
    tokio::select! {
        () = finish(connections, settings.server.drain_timeout.0) => {}
        () = stop.next() => tracing::warn!("told twice to stop; not waiting for requests"),
    }
    let close = move || {
        matchmaker.stop();
        store.close();
    };
    tokio::task::spawn_blocking(close).await?;
    tracing::info!("stopped");
    Ok(())
}

fn limits(
    Settings {
        server,
        matchmaking,
        ..
    }: &Settings,
) -> Limits {
    let bytes = |size: Size| usize::try_from(size.0).unwrap_or(usize::MAX);
    let max_concurrent = match matchmaking.request_concurrency {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        number => number,
    };
    Limits {
        max_body_bytes: bytes(server.max_body),
        body_read_timeout: server.body_read_timeout.0,
        matching: MatchLimits {
            max_body_bytes: bytes(matchmaking.request_max_body),
            max_concurrent,
            deadline: matchmaking.request_deadline.0,
        },
    }
}

/// Opens the store; `None` where the server was told to stop before that was done.
async fn open(
    settings: &Store,
    stop: &mut StopSignals,
) -> anyhow::Result<Option<Arc<EmbeddedStore>>> {
    let options = Options {
        data_dir: settings.data_dir.clone(),
        cache_bytes: settings.cache.0,
        max_queue: settings.max_queue,
        clock: Clock::system(),
    };
    let opening = tokio::task::spawn_blocking(move || EmbeddedStore::open(&options));
    tokio::select! {
        store = opening => Ok(Some(Arc::new(store??))),
        () = stop.next() => Ok(None),
    }
}

/// Lets the requests that are being served end, and closes idle connections at once.
async fn finish(connections: GracefulShutdown, limit: Duration) {
    if tokio::time::timeout(limit, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(?limit, "requests are still being served; leaving them");
    }
}

/// Accepts connections and serves HTTP/1.1 on them.
struct HttpServer {
    router: Router,
    http: http1::Builder,
    patience: Patience,
    slots: Arc<Semaphore>,
    threads: RequestThreads,
}

impl HttpServer {
    fn new(settings: &Server, router: Router, threads: RequestThreads) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            // Connections watch their time themselves.
            .header_read_timeout(None)
            .max_header_size(usize::try_from(settings.max_header.0).unwrap_or(usize::MAX));
        HttpServer {
            router,
            http,
            patience: Patience {
                idle: settings.idle_timeout.0,
                head: settings.header_read_timeout.0,
            },
            slots: Arc::new(Semaphore::new(
                settings.max_connections.min(Semaphore::MAX_PERMITS),
            )),
            threads,
        }
    }

    async fn accept(self, listener: TcpListener, connections: &GracefulShutdown) -> Infallible {
        loop {
            // Over the limit, connections wait in the system's queue until one ends.
            let slot = self.slots.clone().acquire_owned().await;
            match listener.accept().await.and_then(|(s, _)| s.into_std()) {
                Ok(stream) => {
                    let serving = self.serve(stream, connections.watcher());
                    self.threads.spawn(async move {
                        serving.await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(
        &self,
        stream: std::net::TcpStream,
        connections: Watcher,
    ) -> impl Future<Output = ()> + use<> {
        let router = self.router.clone();
        let http = self.http.clone();
        let patience = self.patience;
        async move {
            // Here, since a stream belongs to the runtime that it is made in.
            let Ok(stream) = TcpStream::from_std(stream) else {
                return;
            };
            // Replies are small and whole; waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            let activity = Activity::new();
            let io = TokioIo::new(Watched::new(stream, activity.clone()));
            let noted = activity.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                noted.busy();
                let (request, unread) = watched(request);
                let reply = router.clone().call(request);
                let noted = noted.clone();
                async move {
                    let reply = match unread {
                        Some(unread) => unread.with(reply, &noted).await?,
                        None => reply.await?,
                    };
                    Ok::<_, Infallible>(reply.map(|body| ReplyBody::new(body, noted)))
                }
            });
            let connection = connections.watch(http.serve_connection(io, service));
            let served = async {
                if let Err(error) = connection.await {
                    // A client that goes away is no fault of ours.
                    tracing::debug!(%error, "connection ended");
                }
            };
            within(served, activity, patience).await;
        }
    }
}
