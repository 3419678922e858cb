//! Traces of requests on their way to a collector, by OpenTelemetry's protocol over HTTP.
//!
//! They are gathered and sent in batches by a thread of the library's own; a collector that cannot be reached costs
//! traces, never requests. The library tells nobody of that, so it is told here: once, until it changes.

use std::time::Duration;

use api::Tracer;
use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::settings::Trace;

const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a stop waits for the last batch.
const LAST_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_REPLY_BYTES: usize = 1 << 20;

/// Traces, as long as they are sent.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends what has gathered, within a few seconds. Blocks, and needs its runtime to go on meanwhile.
    pub(crate) fn stop(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

pub(super) fn start(endpoint: &str, settings: &Trace) -> anyhow::Result<(Tracer, Traces)> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new()?)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(SEND_TIMEOUT)
        .build()?;
    let resource = Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ))
        .build();
    let sampler = Sampler::TraceIdRatioBased(settings.sample_ratio);
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(Sampler::ParentBased(Box::new(sampler)))
        .build();
    let tracer = Tracer::new(provider.tracer("agon"));
    Ok((tracer, Traces(provider)))
}

/// The HTTP client that batches are sent with. It works in the runtime of the server, since the thread that
/// asks it has none.
#[derive(Debug)]
struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
    fault: Fault,
}

/// What was wrong the last time, if anything.
#[derive(Debug, Default)]
struct Fault(Mutex<Option<String>>);

impl Fault {
    /// Whether that is another thing than before.
    fn is_news(&self, now: Option<&str>) -> bool {
        let mut before = self.0.lock();
        let news = before.as_deref() != now;
        *before = now.map(str::to_owned);
        news
    }

    fn tell(&self, now: Option<&str>) {
        match now {
            _ if !self.is_news(now) => {}
            Some(reason) => {
                tracing::warn!(
                    reason,
                    "traces cannot be sent; until they can, they are lost"
                );
            }
            None => tracing::info!("traces are sent again"),
        }
    }
}

impl Collector {
    fn new() -> anyhow::Result<Self> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Collector {
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: Handle::current(),
            fault: Fault::default(),
        })
    }

    async fn send(&self, request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
        let client = self.client.clone();
        let sending = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, MAX_REPLY_BYTES).collect().await;
            let body = body.map_err(anyhow::Error::from_boxed)?;
            anyhow::Ok(Response::from_parts(head, body.to_bytes()))
        };
        // The timer, too, has to be made inside the runtime.
        let sent = async { tokio::time::timeout(SEND_TIMEOUT, sending).await };
        self.runtime.spawn(sent).await??
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request).await;
        let fault = match &sent {
            Ok(reply) if reply.status().is_success() => None,
            Ok(reply) => Some(format!("the collector answers {}", reply.status().as_u16())),
            Err(error) => Some(format!("{error:#}")),
        };
        self.fault.tell(fault.as_deref());
        Ok(sent?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_news_when_it_comes_changes_or_goes() {
        let fault = Fault::default();
        for (now, news) in [
            (None, false),
            (Some("refused"), true),
            (Some("refused"), false),
            (Some("503"), true),
            (None, true),
            (None, false),
        ] {
            assert_eq!(fault.is_news(now), news, "{now:?}");
        }
    }
}
