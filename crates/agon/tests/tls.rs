//! Upstreams over TLS: HTTP/2 where the other side speaks it, else HTTP/1.1; one connection for many
//! calls; and no call at all to somebody whose certificate nobody vouches for. A probe asks anybody.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use testkit::{App, Launch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, server::WantsServerCert};

/// A server for `localhost` that says over which version of HTTP it was asked.
struct Secure {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    certificate: tempfile::NamedTempFile,
}

impl Secure {
    fn start(protocols: &[&str]) -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(certificate.path(), key.cert.pem()).unwrap();
        let mut config = config().with_single_cert(
            vec![key.cert.der().clone()],
            PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into()),
        );
        let config = config.as_mut().unwrap();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let acceptor = TlsAcceptor::from(Arc::new(config.clone()));
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || serve(listener, acceptor, &counted));
        Secure {
            address,
            connections,
            certificate,
        }
    }

    /// An Agon that trusts this server alone, or nobody that there is.
    fn agon(&self, trusted: bool) -> App {
        let url = format!("https://localhost:{}/", self.address.port());
        let other = Secure::start(&[]);
        let trusts = if trusted { self } else { &other };
        Launch::new(env!("CARGO_BIN_EXE_agon"))
            .variable("SSL_CERT_FILE", trusts.certificate.path().to_str().unwrap())
            .variable("SSL_CERT_DIR", "/nonexistent")
            .set("UPSTREAMS__UP__URL", &url)
            .set("UPSTREAMS__UP__HEDGES", "0")
            .start()
    }
}

fn config() -> tokio_rustls::rustls::ConfigBuilder<ServerConfig, WantsServerCert> {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
}

fn serve(listener: std::net::TcpListener, acceptor: TlsAcceptor, connections: &AtomicUsize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Whoever does not trust the certificate goes away.
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let http = auto::Builder::new(TokioExecutor::new());
                let served = http.serve_connection(TokioIo::new(stream), service_fn(answer));
                drop(served.await);
            });
        }
    });
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = format!("{{\"version\": \"{:?}\"}}", request.version());
    let reply = Response::builder().header("content-type", "application/json");
    Ok(reply.body(Full::from(body)).unwrap())
}

#[test]
fn http_2_where_it_is_spoken_and_http_1_where_not() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], "HTTP/2.0"),
        (&["http/1.1"][..], "HTTP/1.1"),
        (&[][..], "HTTP/1.1"),
    ] {
        let server = Secure::start(protocols);
        let app = server.agon(true);
        for _ in 0..10 {
            let reply = app.get("/v1/upstreams/up?timeout=30000");
            assert_eq!(reply.status, 200, "{}", app.log());
            assert_eq!(reply.json()["version"], version);
        }
        assert_eq!(server.connections.load(Ordering::Relaxed), 1, "{version}");
    }
}

#[test]
fn an_upstream_that_nobody_vouches_for_is_not_asked() {
    let server = Secure::start(&["h2"]);
    let app = server.agon(false);
    let reply = app.get("/v1/upstreams/up?timeout=30000");
    assert_eq!(reply.status, 502);
    assert_eq!(reply.json()["code"], "upstream_failed");
    assert!(server.connections.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_probe_takes_any_certificate() {
    let server = Secure::start(&[]);
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}/", server.address.port());
        let mut probe = std::process::Command::new(env!("CARGO_BIN_EXE_agon"));
        let output = probe.args(["healthcheck", "--timeout", "1m", "--url", &url]);
        let output = output.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, b"{\"version\": \"HTTP/1.1\"}\n");
    }
}
