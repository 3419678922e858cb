//! Where a server with these settings is reached, for whoever asks after its health.
//!
//! Nothing else is looked at and no file is opened: a server at work keeps what it began with, so keys that
//! cannot be read by now, or a flag that only the server was given, say nothing of how it is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Flags, Server, Settings, SettingsError, gather, read};

/// Where a server listens, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    server: ServerPart,
}

#[derive(Deserialize)]
#[serde(default)]
struct ServerPart {
    listen: SocketAddr,
    tls: Option<IgnoredAny>,
}

impl Default for ServerPart {
    fn default() -> Self {
        ServerPart {
            listen: Server::default().listen,
            tls: None,
        }
    }
}

impl Settings {
    /// Where a server with these settings listens. `variables` stands in for the environment in tests.
    ///
    /// # Errors
    /// Where the settings cannot be read, or where it listens is no address.
    pub(crate) fn address(
        file: Option<&Path>,
        variables: Option<HashMap<String, String>>,
        flags: Flags,
    ) -> Result<Address, SettingsError> {
        let Part { server } = read(&gather(file, variables, flags)?)?;
        Ok(Address {
            listen: server.listen,
            tls: server.tls.is_some(),
        })
    }
}
