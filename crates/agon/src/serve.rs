//! From settings to a running server, and back to a clean stop.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use api::{Api, Edge, Latencies, Limits, MatchLimits};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

use crate::access;
use crate::banner;
use crate::drain::StopSignals;
use crate::late_store::LateStore;
use crate::listener::HttpServer;
use crate::matchmaker::Matchmaker;
use crate::metrics;
use crate::settings::Settings;
use crate::store;
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
    let server = HttpServer::new(&settings.server, api.clone(), router, threads)?;

    let working = async {
        let Some(served) = store::open(&settings, &mut stop).await? else {
            return anyhow::Ok(None);
        };
        let control = served.control();
        late.provide(served.store());
        let passes = Arc::new(Latencies::default());
        let matchmaking = &settings.matchmaking;
        let matchmaker = Matchmaker::start(served.store(), matchmaking, passes.clone())?;
        served.add_metrics(api.metrics());
        metrics::add_matchmaker(api.metrics(), passes);
        let site = format!("{scheme}://{address}");
        banner::print(&site, practice, &served.in_words().await, &access);
        tokio::select! {
            () = stop.next() => {}
            never = served.answer(&control) => match never {},
        }
        tracing::info!("stopping");
        api.start_draining();
        // Goes on accepting while load balancers notice, unless told twice.
        tokio::select! {
            () = tokio::time::sleep(settings.server.drain_delay.0) => {}
            () = stop.next() => {}
        }
        anyhow::Ok(Some((served, matchmaker)))
    };
    let working = tokio::select! {
        working = working => working?,
        never = server.accept(listener, &connections) => match never {},
    };
    let Some((served, matchmaker)) = working else {
        return Ok(());
    };
    tokio::select! {
        () = finish(connections, settings.server.drain_timeout.0) => {}
        () = stop.next() => tracing::warn!("told twice to stop; not waiting for requests"),
    }
    tokio::task::spawn_blocking(move || matchmaker.stop()).await?;
    served.close().await;
    if let Some(traces) = traces {
        tokio::task::spawn_blocking(move || traces.stop()).await?;
    }
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

/// Lets the requests that are being served end, and closes idle connections at once.
async fn finish(connections: GracefulShutdown, limit: Duration) {
    if tokio::time::timeout(limit, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(?limit, "requests are still being served; leaving them");
    }
}
