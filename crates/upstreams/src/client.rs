//! One HTTP request to one URL, as it is: no retry, no redirect, no decompression.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use thread_local::ThreadLocal;

/// How long an idle connection is kept: less than servers usually do, so that few requests meet a
/// connection that is just being closed.
const IDLE: Duration = Duration::from_secs(20);

/// Why an upstream cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There are no certificates of authorities on this machine, which `https` needs.
    #[error("cannot read the certificates of authorities: {0}")]
    Certificates(#[from] std::io::Error),
    /// The cryptography library refuses its own defaults.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The schema is no JSON Schema.
    #[error("the schema is not a JSON Schema: {0}")]
    Schema(String),
}

/// Connections to one upstream: a pool for each thread that calls it, so that a reply wakes the
/// thread that waits for it and no other.
pub struct Client {
    pools: ThreadLocal<Pool>,
    connector: HttpsConnector<HttpConnector>,
    pool_size: usize,
}

type Pool = HyperClient<HttpsConnector<HttpConnector>, Empty<Bytes>>;

impl Client {
    /// Prepares connections to these URLs, of which so many each may be idle; opens none.
    ///
    /// # Errors
    /// [`ClientError`] where `https` is asked for and the machine knows no authorities.
    pub fn new(urls: &[Uri], pool_size: usize) -> Result<Self, ClientError> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new();
        // A machine without certificates of authorities can still reach what needs none.
        let https = if urls.iter().any(|url| url.scheme_str() == Some("https")) {
            https.with_provider_and_native_roots(ring::default_provider())?
        } else {
            https.with_tls_config(trusting_nobody()?)
        };
        let connector = https
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        Ok(Client {
            pools: ThreadLocal::new(),
            connector,
            pool_size,
        })
    }

    fn pool(&self) -> Pool {
        HyperClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(self.pool_size)
            // An attempt is what is counted and paid for: it must not become two here.
            .retry_canceled_requests(false)
            .build(self.connector.clone())
    }

    /// Sends a GET and returns the head of the reply, with its body still to come.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub async fn get(&self, uri: Uri, headers: HeaderMap) -> Result<Response<Incoming>, String> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let pool = self.pools.get_or(|| self.pool());
        pool.request(request).await.map_err(|e| causes(&e))
    }
}

fn trusting_nobody() -> Result<rustls::ClientConfig, rustls::Error> {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let roots = rustls::RootCertStore::empty();
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An error with all that led to it.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
