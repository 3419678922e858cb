//! `[server.tls]`: the certificate that connections are served under.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::units::Span;

/// How connections are encrypted. Both files have to be named; the rest has defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSection {
    pub(crate) cert_file: PathBuf,
    pub(crate) key_file: PathBuf,
    #[serde(default = "ten_seconds")]
    pub(crate) handshake_timeout: Span,
    /// 0: browsers are told nothing.
    #[serde(default = "nothing")]
    pub(crate) hsts_max_age: Span,
}

fn ten_seconds() -> Span {
    Span(std::time::Duration::from_secs(10))
}

fn nothing() -> Span {
    Span(std::time::Duration::ZERO)
}
