//! A certificate with the chain that vouches for it, and its key: read from two PEM files, and found to
//! belong together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::settings::TlsSection;

/// From when on the end of a certificate is near: usually another should be there by then.
const NEAR: Duration = Duration::from_secs(14 * 24 * 3600);
/// For one that was never to live for long: the last of so many parts of its life.
const NEAR_PARTS: u32 = 5;

/// Where the two are.
#[derive(Clone)]
pub(super) struct PairFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// What is in the two files, as bytes; or why they cannot be read.
pub(super) type Found = Result<(Vec<u8>, Vec<u8>), String>;

/// A certificate and its key.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    begins: SystemTime,
    ends: SystemTime,
}

impl PairFiles {
    pub(super) fn new(settings: &TlsSection) -> Self {
        PairFiles {
            certificate: settings.cert_file.clone(),
            key: settings.key_file.clone(),
        }
    }

    pub(super) fn read(&self) -> Found {
        let certificate = std::fs::read(&self.certificate)
            .map_err(|error| self.of_certificate(format_args!("cannot be read: {error}")))?;
        let key = std::fs::read(&self.key)
            .map_err(|error| self.of_key(format_args!("cannot be read: {error}")))?;
        Ok((certificate, key))
    }

    fn of_certificate(&self, reason: impl std::fmt::Display) -> String {
        let file = self.certificate.display();
        format!("setting server.tls.cert_file = {file}: {reason}")
    }

    fn of_key(&self, reason: impl std::fmt::Display) -> String {
        format!(
            "setting server.tls.key_file = {}: {reason}",
            self.key.display()
        )
    }
}

impl Pair {
    /// Reads both files.
    pub(super) fn read(files: &PairFiles) -> Result<Self, String> {
        Pair::of(files, &files.read())
    }

    /// The pair that was found there, or what is wrong with it, with the name of the file.
    pub(super) fn of(files: &PairFiles, found: &Found) -> Result<Self, String> {
        let (certificate, key) = found.as_ref().map_err(String::clone)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain =
            chain.map_err(|error| files.of_certificate(format_args!("is not PEM: {error}")))?;
        let Some(first) = chain.first() else {
            return Err(files.of_certificate("has no certificate in PEM"));
        };
        let (begins, ends) = life(first)
            .ok_or_else(|| files.of_certificate("has a certificate that cannot be understood"))?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| files.of_key(format_args!("has no private key in PEM: {error}")))?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let key = key.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                let other = files.certificate.display();
                files.of_key(format_args!(
                    "does not belong to the certificate in {other}"
                ))
            }
            other => files.of_key(format_args!("is no key that could be used: {other}")),
        })?;
        let key = Arc::new(key);
        Ok(Pair { key, begins, ends })
    }

    /// When it ends, for the log.
    pub(super) fn ends(&self) -> humantime::Rfc3339Timestamp {
        humantime::format_rfc3339_seconds(self.ends)
    }

    /// What to warn of: that it has ended, is about to, or has not begun.
    pub(super) fn warning(&self, now: SystemTime) -> Option<String> {
        let life = self.ends.duration_since(self.begins).unwrap_or_default();
        let near = NEAR.min(life / NEAR_PARTS);
        if now < self.begins {
            let begins = humantime::format_rfc3339_seconds(self.begins);
            Some(format!("the certificate is valid only from {begins} on"))
        } else if now >= self.ends {
            Some(format!("the certificate ended at {}", self.ends()))
        } else if self.ends.duration_since(now).unwrap_or_default() < near {
            Some(format!("the certificate ends at {}", self.ends()))
        } else {
            None
        }
    }
}

/// From when to when a certificate is valid.
fn life(certificate: &CertificateDer<'_>) -> Option<(SystemTime, SystemTime)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let validity = certificate.validity();
    let time = |seconds: i64| {
        let seconds = Duration::from_secs(u64::try_from(seconds).ok()?);
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    };
    Some((
        time(validity.not_before.timestamp())?,
        time(validity.not_after.timestamp())?,
    ))
}

#[cfg(test)]
mod tests;
