//! TLS of the listener: handshakes under a certificate that can be replaced while connections are
//! served. A connection keeps the one that it began with.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::header::HeaderValue;
use parking_lot::RwLock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::server::TlsStream;

use crate::settings::TlsSection;

mod pair;
mod refresh;

use self::pair::{Pair, PairFiles};

const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// What a listener needs for TLS.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    files: PairFiles,
    hsts: Option<HeaderValue>,
}

/// The certificate for handshakes from now on.
#[derive(Debug)]
struct Current(RwLock<Arc<Pair>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().key.clone())
    }
}

impl Tls {
    /// Reads the certificate and its key; the error names the setting, the file and what is wrong.
    pub(crate) fn open(settings: &TlsSection) -> anyhow::Result<Self> {
        let files = PairFiles::new(settings);
        let pair = Pair::read(&files).map_err(anyhow::Error::msg)?;
        let current = Arc::new(Current(RwLock::new(Arc::new(pair))));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = config
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        let seconds = settings.hsts_max_age.0.as_secs();
        let hsts = HeaderValue::try_from(format!("max-age={seconds}")).ok();
        Ok(Tls {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            current,
            files,
            hsts: hsts.filter(|_| seconds > 0),
        })
    }

    /// A connection after its handshake, and whether HTTP/2 is to be spoken on it.
    pub(crate) async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<(TlsStream<S>, bool)> {
        let stream = self.acceptor.accept(stream).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
        Ok((stream, http2))
    }

    /// What browsers are told about the next time, if anything.
    pub(crate) fn hsts(&self) -> Option<HeaderValue> {
        self.hsts.clone()
    }

    /// Takes new certificates as they come, and warns of one that is about to end.
    pub(crate) async fn keep_fresh(&self) -> Infallible {
        refresh::keep_fresh(&self.current, &self.files).await
    }
}

impl Current {
    fn replace(&self, pair: Pair) {
        *self.0.write() = Arc::new(pair);
    }

    /// How it stands with the certificate's time, if that is worth a warning.
    fn warning(&self, now: SystemTime) -> Option<String> {
        self.0.read().warning(now)
    }
}
