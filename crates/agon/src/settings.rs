//! Settings: a TOML file, then `AGON_SECTION__KEY` variables, then flags; the later wins.
//!
//! `agon.example.toml` documents each of them; a test keeps it equal to the defaults here.

mod access;
mod address;
mod cors;
mod log;
mod proxies;
mod rate_limit;
mod store;
mod tls;
mod trace;
mod upstreams;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::store::{StoreInAWord, Variables};
use crate::units::{Size, Span};

pub(crate) use self::access::{AccessSection, JwksUrl};
pub(crate) use self::address::Address;
pub(crate) use self::cors::CorsSection;
pub(crate) use self::log::{Format, Log};
pub(crate) use self::proxies::{ForwardedHeader, Network};
pub(crate) use self::rate_limit::RateLimit;
pub(crate) use self::store::Store;
pub(crate) use self::tls::TlsSection;
pub(crate) use self::trace::Trace;
pub(crate) use self::upstreams::{UpstreamSection, Upstreams};

const MIN_HEADER_BYTES: u64 = 8 * 1024;
const MIN_INTERVAL: std::time::Duration = std::time::Duration::from_millis(10);

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) store: Store,
    pub(crate) matchmaking: Matchmaking,
    pub(crate) access: AccessSection,
    pub(crate) rate_limit: RateLimit,
    pub(crate) cors: CorsSection,
    pub(crate) log: Log,
    pub(crate) trace: Trace,
    pub(crate) upstreams: Upstreams,
}

/// Where and how HTTP is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) insecure_open: bool,
    pub(crate) max_connections: usize,
    /// 0: no limit.
    pub(crate) max_connections_per_client: usize,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) forwarded_header: ForwardedHeader,
    pub(crate) max_body: Size,
    pub(crate) max_header: Size,
    pub(crate) header_read_timeout: Span,
    pub(crate) body_read_timeout: Span,
    pub(crate) idle_timeout: Span,
    pub(crate) drain_delay: Span,
    pub(crate) drain_timeout: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<TlsSection>,
}

/// How matches are looked for, and what requests for matches may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Matchmaking {
    pub(crate) settle: Span,
    pub(crate) interval: Span,
    pub(crate) threads: usize,
    pub(crate) request_max_body: Size,
    /// 0: one for each core.
    pub(crate) request_concurrency: usize,
    pub(crate) request_deadline: Span,
}

impl Default for Server {
    fn default() -> Self {
        let seconds = |s| Span(std::time::Duration::from_secs(s));
        Server {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            insecure_open: false,
            max_connections: 10_000,
            max_connections_per_client: 1000,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            max_body: Size(16 << 20),
            max_header: Size(32 << 10),
            header_read_timeout: seconds(10),
            body_read_timeout: seconds(30),
            idle_timeout: seconds(75),
            drain_delay: seconds(0),
            drain_timeout: seconds(30),
            tls: None,
        }
    }
}

impl Default for Matchmaking {
    fn default() -> Self {
        let milliseconds = |ms| Span(std::time::Duration::from_millis(ms));
        Matchmaking {
            settle: milliseconds(100),
            interval: milliseconds(1000),
            threads: 2,
            request_max_body: Size(64 << 20),
            request_concurrency: 0,
            request_deadline: milliseconds(30_000),
        }
    }
}

/// Settings given on the command line.
#[derive(Default)]
pub(crate) struct Flags {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) store: Option<String>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) insecure_open: bool,
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read the settings: {0}")]
    Unreadable(String),
    #[error("setting {key}{value}: {reason}")]
    Refused {
        key: String,
        /// ` = …`, where there is one.
        value: String,
        reason: String,
    },
}

impl Settings {
    /// Gathers the settings. `variables` stands in for the environment in tests.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: Option<HashMap<String, String>>,
        flags: Flags,
    ) -> Result<Self, SettingsError> {
        let gathered = gather(file, variables, flags)?;
        let settings: Settings = read(&gathered)?;
        if let Some(fault) = store::misplaced(&gathered, &settings.store) {
            return Err(refused_in("store", fault));
        }
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let Server {
            listen,
            insecure_open,
            max_connections,
            max_header,
            ..
        } = &self.server;
        let refuse = |key: &str, value: String, reason: &str| {
            let (key, value) = (key.to_owned(), format!(" = {value}"));
            Err(SettingsError::Refused {
                key,
                value,
                reason: reason.to_owned(),
            })
        };
        self.store.check().map_err(|f| refused_in("store", f))?;
        self.access.check().map_err(|f| refused_in("access", f))?;
        if !listen.ip().is_loopback() && !insecure_open && self.access()?.is_open() {
            let reason = "is a public address, and there are no keys: anybody could change anything; \
                make one with `agon keys create`, listen on 127.0.0.1, or insist with --insecure-open";
            return refuse("server.listen", listen.to_string(), reason);
        }
        if *max_connections == 0 {
            return refuse(
                "server.max_connections",
                "0".to_owned(),
                "expected at least 1",
            );
        }
        if max_header.0 < MIN_HEADER_BYTES {
            let value = format!("{} B", max_header.0);
            return refuse("server.max_header", value, "expected at least 8 KiB");
        }
        if self.matchmaking.interval.0 < MIN_INTERVAL {
            let value = humantime::format_duration(self.matchmaking.interval.0);
            let reason = "expected at least 10ms";
            return refuse("matchmaking.interval", value.to_string(), reason);
        }
        if self.matchmaking.threads == 0 {
            let reason = "expected at least 1";
            return refuse("matchmaking.threads", "0".to_owned(), reason);
        }
        if self.log.keep_days == 0 {
            return refuse("log.keep_days", "0".to_owned(), "expected at least 1");
        }
        if let Err((key, value, reason)) = self.trace.check() {
            return refuse(key, value, reason);
        }
        self.rate_limit
            .check()
            .or_else(|(key, value, reason)| refuse(&key, value, &reason))?;
        self.cors.cors().or_else(|(value, reason)| {
            refuse("cors.allowed_origins", value, reason).map(|()| None)
        })?;
        self.upstreams().map(drop)
    }

    /// How Redis is used, where the store is there. Reads the file of its password.
    pub(crate) fn redis(&self) -> Result<Option<store_redis::Options>, SettingsError> {
        self.store
            .redis()
            .map_err(|fault| refused_in("store", fault))
    }

    /// What callers are known by. Reads the files of keys.
    pub(crate) fn access(&self) -> Result<::access::Access, SettingsError> {
        let access = self.access.open(&self.store);
        access.map_err(|fault| refused_in("access", fault))
    }

    /// The upstreams as they are called. Reads the files of their schemas.
    pub(crate) fn upstreams(&self) -> Result<Vec<(String, ::upstreams::Settings)>, SettingsError> {
        let read = |(name, section): (&String, &UpstreamSection)| {
            let settings = section.upstream(name);
            let settings = settings.map_err(|(key, value, reason)| {
                let key = format!("upstreams.{name}.{key}");
                SettingsError::Refused {
                    key: key.trim_end_matches('.').to_owned(),
                    value: format!(" = {value}"),
                    reason,
                }
            })?;
            Ok((name.clone(), settings))
        };
        self.upstreams.iter().map(read).collect()
    }
}

/// A fault of a section.
fn refused_in(section: &str, (key, value, reason): upstreams::Fault) -> SettingsError {
    SettingsError::Refused {
        key: format!("{section}.{key}"),
        value: format!(" = {value}"),
        reason,
    }
}

/// The settings as this type has them.
fn read<T: DeserializeOwned>(gathered: &Config) -> Result<T, SettingsError> {
    serde_path_to_error::deserialize(gathered.clone())
        .map_err(|e| refused(gathered, &e.path().to_string(), plain(e.inner())))
}

fn gather(
    file: Option<&Path>,
    variables: Option<HashMap<String, String>>,
    flags: Flags,
) -> Result<Config, SettingsError> {
    let unreadable = |e: config::ConfigError| {
        SettingsError::Unreadable(store::without_secret_lines(&e.to_string()))
    };
    gather_from(file, variables, flags).map_err(unreadable)
}

fn gather_from(
    file: Option<&Path>,
    variables: Option<HashMap<String, String>>,
    flags: Flags,
) -> Result<Config, config::ConfigError> {
    let environment = Environment::with_prefix("AGON")
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("server.trusted_proxies")
        .with_list_parse_key("cors.allowed_origins")
        .source(variables.clone());
    let variables = Variables {
        parsed: environment,
        given: variables,
    };
    let mut builder = Config::builder();
    if let Some(file) = file {
        let file = File::from(file).format(FileFormat::Toml);
        builder = builder.add_source(StoreInAWord(file));
    }
    let data_dir = flags.data_dir.map(|d| d.to_string_lossy().into_owned());
    builder = builder
        .add_source(StoreInAWord(variables))
        .set_override_option("server.listen", flags.listen.map(|l| l.to_string()))?
        .set_override_option("store.url", flags.store)?
        .set_override_option("store.data_dir", data_dir)?;
    if flags.insecure_open {
        builder = builder.set_override("server.insecure_open", true)?;
    }
    builder.build()
}

fn refused(gathered: &Config, key: &str, reason: String) -> SettingsError {
    let value = gathered.get::<config::Value>(key).ok();
    let value = value.filter(|v| !matches!(v.kind, config::ValueKind::Table(_)));
    let value = value.and_then(|value| store::shown(key, value.to_string()));
    SettingsError::Refused {
        key: key.to_owned(),
        value: value.map(|v| format!(" = {v}")).unwrap_or_default(),
        reason,
    }
}

/// The reason alone: the key and the value are told beside it.
fn plain(error: &config::ConfigError) -> String {
    match error {
        config::ConfigError::At { error, .. } => plain(error),
        config::ConfigError::Type { expected, .. } => format!("expected {expected}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
