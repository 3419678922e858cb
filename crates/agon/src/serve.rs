//! From settings to a running server, and back to a clean stop.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::{Api, Edge, Latencies, Limits, MatchLimits};
use hyper_util::server::graceful::GracefulShutdown;
use store_embedded::{Clock, EmbeddedStore, Options};
use tokio::net::TcpListener;

use crate::access;
use crate::banner;
use crate::control::Control;
use crate::drain::StopSignals;
use crate::late_store::LateStore;
use crate::listener::HttpServer;
use crate::matchmaker::Matchmaker;
use crate::metrics;
use crate::settings::{Settings, Store};
use crate::telemetry::{self, Telemetry};
use crate::threads::RequestThreads;
use crate::units::Size;
use crate::upstreams;

/// Serves until it is told to stop.
pub(crate) fn run(settings: Settings) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(settings, &telemetry));
    // A store that was still opening need not be waited for; it is as safe as after a crash.
    runtime.shutdown_background();
    result
}

async fn serve(settings: Settings, telemetry: &Telemetry) -> anyhow::Result<()> {
    let mut stop = StopSignals::listen()?;
    let listen = settings.server.listen;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let scheme = settings.server.tls.as_ref().map_or("http", |_| "https");
    let late = Arc::new(LateStore::default());
    let (upstreams, practice) = upstreams::prepare(&settings).await?;
    let access = Arc::new(settings.access()?);
    access::keep_up(&access, settings.access.jwks_url())?;
    let api = Api::new(late.clone(), late.clone(), upstreams, limits(&settings));
    let (tracer, traces) = telemetry::traces(&settings.trace)?.unzip();
    let api = api.with_telemetry(telemetry.switch(), tracer);
    let api = api.guarded_by(access.clone());
    let connections = GracefulShutdown::new();
    let threads = Arc::new(RequestThreads::start()?);
    metrics::add_process(api.metrics(), Arc::clone(&threads));
    let router = api::router_behind(&edge(&settings, access.is_open()), api.clone());
    let server = HttpServer::new(&settings.server, router, threads)?;

    let working = async {
        let Some(store) = open(&settings.store, &mut stop).await? else {
            return anyhow::Ok(None);
        };
        let control = Control::open(&settings.store.data_dir);
        late.provide(store.clone());
        let passes = Arc::new(Latencies::default());
        let matchmaker = Matchmaker::start(store.clone(), &settings.matchmaking, passes.clone())?;
        metrics::add_store(api.metrics(), store.clone());
        metrics::add_queues(api.metrics(), store.clone(), passes);
        banner::print(
            &format!("{scheme}://{address}"),
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
        if let Some(traces) = traces {
            traces.stop();
        }
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

/// What is asked of requests before they reach a route.
fn edge(settings: &Settings, open: bool) -> Edge {
    Edge {
        // Checked when the settings were read.
        cors: settings.cors.cors().unwrap_or_default(),
        rates: settings.rate_limit.rates(open),
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
