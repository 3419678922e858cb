//! An Agon that serves TLS, and clients that trust it alone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use testkit::{App, Launch};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate for `localhost`, and its files.
pub(crate) struct Secure {
    dir: tempfile::TempDir,
    certificate: CertificateDer<'static>,
}

impl Secure {
    pub(crate) fn new() -> Self {
        let mut secure = Secure {
            dir: tempfile::tempdir().unwrap(),
            certificate: CertificateDer::from(Vec::new()),
        };
        secure.renew();
        secure
    }

    /// Puts another certificate and key into the files.
    pub(crate) fn renew(&mut self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(self.key_file(), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(self.cert_file(), made.cert.pem()).unwrap();
        self.certificate = made.cert.der().clone();
    }

    pub(crate) fn cert_file(&self) -> PathBuf {
        self.dir.path().join("cert.pem")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    pub(crate) fn launch(&self) -> Launch {
        Launch::new(env!("CARGO_BIN_EXE_agon"))
            .set("SERVER__TLS__CERT_FILE", self.cert_file().to_str().unwrap())
            .set("SERVER__TLS__KEY_FILE", self.key_file().to_str().unwrap())
    }

    /// A client's settings, with these protocols to choose from.
    pub(crate) fn client(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = config
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// A connection; its handshake happens with the first bytes.
    pub(crate) fn connect(&self, app: &App) -> StreamOwned<ClientConnection, TcpStream> {
        let stream = TcpStream::connect(app.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = "localhost".try_into().unwrap();
        let client = ClientConnection::new(self.client(&["http/1.1"]), name).unwrap();
        StreamOwned::new(client, stream)
    }

    /// One reply, of which the connection may have others after it.
    pub(crate) fn reply(stream: &mut impl Read) -> String {
        let mut reply = Vec::new();
        let mut byte = [0];
        while !reply.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a reply");
            reply.push(byte[0]);
        }
        let head = String::from_utf8(reply).unwrap();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).expect("its body");
        head
    }

    /// The whole reply to a GET, or why there is none.
    pub(crate) fn get(&self, app: &App, path: &str) -> std::io::Result<String> {
        let mut stream = self.connect(app);
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        Ok(String::from_utf8_lossy(&reply).into_owned())
    }
}
