//! Settings: a TOML file, then `AGON_SECTION__KEY` variables, then flags; the later wins.
//!
//! `agon.example.toml` documents each of them; a test keeps it equal to the defaults here.

mod upstreams;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use serde::{Deserialize, Serialize};

use crate::units::{Size, Span};

pub(crate) use self::upstreams::{UpstreamSection, Upstreams};

const MIN_HEADER_BYTES: u64 = 8 * 1024;

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) store: Store,
    pub(crate) log: Log,
    pub(crate) upstreams: Upstreams,
}

/// Where and how HTTP is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) insecure_open: bool,
    pub(crate) max_connections: usize,
    pub(crate) max_body: Size,
    pub(crate) max_header: Size,
    pub(crate) header_read_timeout: Span,
    pub(crate) body_read_timeout: Span,
    pub(crate) idle_timeout: Span,
    pub(crate) drain_delay: Span,
    pub(crate) drain_timeout: Span,
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) data_dir: PathBuf,
    pub(crate) cache: Size,
    pub(crate) max_queue: usize,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: Level,
}

/// The least important kind of event that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "error" => Ok(Level::Error),
            "warn" => Ok(Level::Warn),
            "info" => Ok(Level::Info),
            "debug" => Ok(Level::Debug),
            "trace" => Ok(Level::Trace),
            _ => Err(serde::de::Error::custom(
                "expected error, warn, info, debug or trace",
            )),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        let seconds = |s| Span(std::time::Duration::from_secs(s));
        Server {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            insecure_open: false,
            max_connections: 10_000,
            max_body: Size(16 << 20),
            max_header: Size(32 << 10),
            header_read_timeout: seconds(10),
            body_read_timeout: seconds(30),
            idle_timeout: seconds(75),
            drain_delay: seconds(0),
            drain_timeout: seconds(30),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Store {
            data_dir: PathBuf::from("./agon-data"),
            cache: Size(32 << 20),
            max_queue: 65_536,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Log { level: Level::Info }
    }
}

/// Settings given on the command line.
#[derive(Default)]
pub(crate) struct Flags {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) insecure_open: bool,
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read the settings: {0}")]
    Unreadable(config::ConfigError),
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
        let gathered = gather(file, variables, flags).map_err(SettingsError::Unreadable)?;
        let settings: Settings = serde_path_to_error::deserialize(gathered.clone())
            .map_err(|e| refused(&gathered, &e.path().to_string(), plain(e.inner())))?;
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
        if !listen.ip().is_loopback() && !insecure_open {
            let reason = "is a public address, where anybody could change anything; \
                listen on 127.0.0.1 behind a proxy, or insist with --insecure-open";
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
        if self.store.max_queue == 0 {
            return refuse("store.max_queue", "0".to_owned(), "expected at least 1");
        }
        self.upstreams().map(drop)
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

fn gather(
    file: Option<&Path>,
    variables: Option<HashMap<String, String>>,
    flags: Flags,
) -> Result<Config, config::ConfigError> {
    let environment = Environment::with_prefix("AGON")
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .source(variables);
    let mut builder = Config::builder();
    if let Some(file) = file {
        builder = builder.add_source(File::from(file).format(FileFormat::Toml));
    }
    let data_dir = flags.data_dir.map(|d| d.to_string_lossy().into_owned());
    builder = builder
        .add_source(environment)
        .set_override_option("server.listen", flags.listen.map(|l| l.to_string()))?
        .set_override_option("store.data_dir", data_dir)?;
    if flags.insecure_open {
        builder = builder.set_override("server.insecure_open", true)?;
    }
    builder.build()
}

fn refused(gathered: &Config, key: &str, reason: String) -> SettingsError {
    let value = gathered.get::<config::Value>(key).ok();
    let value = value.filter(|v| !matches!(v.kind, config::ValueKind::Table(_)));
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
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../agon.example.toml");

    fn load(toml: &str, variables: &[(&str, &str)], flags: Flags) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("agon.toml");
        std::fs::write(&file, toml).unwrap();
        let variables = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::load(Some(&file), Some(variables.collect()), flags).map_err(|e| e.to_string())
    }

    fn refusal(toml: &str, variables: &[(&str, &str)]) -> String {
        load(toml, variables, Flags::default()).unwrap_err()
    }

    #[test]
    fn the_example_is_the_defaults_and_documents_each_setting() {
        assert_eq!(
            load(EXAMPLE, &[], Flags::default()).unwrap(),
            Settings::default()
        );
        let defaults = toml::Value::try_from(Settings::default()).unwrap();
        for (section, settings) in defaults.as_table().unwrap() {
            assert!(EXAMPLE.contains(&format!("[{section}]\n")), "{section}");
            for key in settings.as_table().unwrap().keys() {
                let lines: Vec<&str> = EXAMPLE.lines().collect();
                let at = lines
                    .iter()
                    .position(|l| l.starts_with(&format!("{key} = ")));
                let at = at.unwrap_or_else(|| panic!("{section}.{key} is not in the example"));
                assert!(
                    lines[at - 1].starts_with("# "),
                    "{section}.{key} has no comment"
                );
            }
        }
    }

    #[test]
    fn later_sources_win() {
        let toml =
            "[server]\nlisten = \"127.0.0.1:1\"\nmax_body = \"1 MiB\"\n[log]\nlevel = \"warn\"";
        let variables = [
            ("AGON_SERVER__LISTEN", "127.0.0.1:2"),
            ("AGON_SERVER__MAX_BODY", "2 MiB"),
            ("AGON_STORE__MAX_QUEUE", "7"),
        ];
        let listen = Some("127.0.0.1:3".parse().unwrap());
        let settings = load(
            toml,
            &variables,
            Flags {
                listen,
                ..Flags::default()
            },
        )
        .unwrap();
        assert_eq!(settings.server.listen.port(), 3);
        assert_eq!(settings.server.max_body, Size(2 << 20));
        assert_eq!(settings.store.max_queue, 7);
        assert_eq!(settings.log.level, Level::Warn);
    }

    #[test]
    fn refusals_name_the_key_the_value_and_what_would_be_right() {
        for (toml, variables, expected) in [
            (
                "[server]\nlisten = \"here\"",
                vec![],
                ["server.listen", "here", "socket address"],
            ),
            (
                "[server]\nmax_body = \"16 apples\"",
                vec![],
                ["server.max_body", "16 apples", "such as 16 MiB"],
            ),
            (
                "[server]\nmax_body = 16",
                vec![],
                ["server.max_body", "16", "such as 16 MiB"],
            ),
            (
                "[server]\nidle_timeout = 5",
                vec![],
                ["server.idle_timeout", "5", "such as 30s"],
            ),
            (
                "[server]\nmax_connections = -1",
                vec![],
                ["server.max_connections", "-1", "expected"],
            ),
            (
                "[server]\nmax_connections = 0",
                vec![],
                ["server.max_connections", "0", "at least 1"],
            ),
            (
                "[server]\nmax_header = \"1 KiB\"",
                vec![],
                ["server.max_header", "1024 B", "8 KiB"],
            ),
            (
                "[server]\nlisten = \"0.0.0.0:80\"",
                vec![],
                ["server.listen", "0.0.0.0:80", "--insecure-open"],
            ),
            (
                "[sever]\nlisten = \"x\"",
                vec![],
                ["sever", "unknown field", "server"],
            ),
            (
                "[server]\nlissten = \"x\"",
                vec![],
                ["server.lissten", "x", "listen"],
            ),
            (
                "[log]\nlevel = \"loud\"",
                vec![],
                ["log.level", "loud", "debug"],
            ),
            (
                "",
                vec![("AGON_SERVER__LISTN", "x")],
                ["server.listn", "x", "listen"],
            ),
            (
                "",
                vec![("AGON_STORE__MAX_QUEUE", "many")],
                ["store.max_queue", "many", "integer"],
            ),
        ] {
            let refusal = refusal(toml, &variables);
            for part in expected {
                assert!(
                    refusal.contains(part),
                    "{refusal:?} should contain {part:?}"
                );
            }
        }
    }

    #[test]
    fn files_that_are_missing_or_not_toml_are_refused() {
        let missing = Settings::load(
            Some(Path::new("/none.toml")),
            Some(HashMap::new()),
            Flags::default(),
        );
        assert!(missing.unwrap_err().to_string().contains("/none.toml"));
        assert!(refusal("[server\n", &[]).contains("agon.toml"));
    }
}
