//! Opens streams to servers, with TLS where the address asks for it.
//!
//! Not the client crate's own way: that reads the system's certificates anew for each connection, also where a
//! file of certificates was given, and does not tell when a connection that nobody uses has ended.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::{ProtocolVersion, RedisConnectionInfo};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;

use crate::address::{Address, Host};
use crate::failure::ConnectError;
use crate::options::Options;

/// What bytes go through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}

/// Opens streams to any server of one address.
pub(super) struct Connector {
    tls: Option<TlsConnector>,
    /// As whom to log in, and to which database.
    pub(super) login: RedisConnectionInfo,
    /// For all that it takes until the first command can be sent.
    pub(super) timeout: Duration,
    /// Where connections live. Who asks may do so within a runtime that ends before the others.
    pub(super) runtime: Handle,
}

impl Connector {
    /// Reads the certificates, once. Within the runtime that connections are to live in.
    pub(super) fn new(options: &Options) -> Result<Self, ConnectError> {
        let tls = match options.address.tls {
            true => Some(tls(options.ca_file.as_deref())?),
            false => None,
        };
        Ok(Connector {
            tls,
            login: login(&options.address),
            timeout: options.connect_timeout,
            runtime: Handle::current(),
        })
    }

    /// A stream to this server. Names are resolved anew each time, since a service that moves keeps its name.
    pub(super) async fn open(&self, host: &Host) -> io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect((host.name.as_str(), host.port)).await?;
        tcp.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            return Ok(Box::new(tcp));
        };
        let name = ServerName::try_from(host.name.clone()).map_err(io::Error::other)?;
        Ok(Box::new(tls.connect(name, tcp).await?))
    }
}

/// Protocol version 2, in which the types of replies do not depend on the server's version.
fn login(address: &Address) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP2)
        .set_db(address.database.into())
        .set_skip_set_lib_name();
    if let Some(user) = &address.user {
        login = login.set_username(user);
    }
    if let Some(password) = &address.password {
        login = login.set_password(password);
    }
    login
}

fn tls(ca_file: Option<&Path>) -> Result<TlsConnector, ConnectError> {
    let roots = match ca_file {
        Some(file) => roots_of(file)?,
        None => roots_of_system()?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| ConnectError::NoCertificates(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots_of(file: &Path) -> Result<RootCertStore, ConnectError> {
    let wrong = |reason: String| ConnectError::Certificates {
        file: file.to_owned(),
        reason,
    };
    let pem = fs::read(file).map_err(|e| wrong(e.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it has no certificate".to_owned()));
    }
    Ok(roots)
}

/// Single certificates that cannot be read are left out: systems carry some that are odd.
fn roots_of_system() -> Result<RootCertStore, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found.errors.first().map(ToString::to_string);
        let reason = reason.unwrap_or_else(|| "none were found".to_owned());
        return Err(ConnectError::NoCertificates(reason));
    }
    Ok(roots)
}
