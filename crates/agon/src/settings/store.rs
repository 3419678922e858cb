//! `[store]`: where the data is. In a directory of this machine, or on Redis, where any number of nodes share it.
//!
//! `store = "redis://…"` in a word is the same as `url` in the section. Settings of the one kind of store are
//! refused where the other is meant, since whoever gives them believes in something that is not so. A data
//! directory in a variable is let pass: images and units set it for whatever is started from them.

mod given;
mod secret;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use store_redis::{Address, AddressError, Options};

use super::upstreams::{Fault, refuse};
use crate::units::{Size, Span};

pub(super) use self::given::{StoreInAWord, Variables, misplaced};
use self::secret::HIDDEN;
pub(crate) use self::secret::Secret;
pub(super) use self::secret::{shown, without_secret_lines};

/// It becomes part of every key.
const MAX_PREFIX_BYTES: usize = 32;
const MAX_PARTITIONS: u16 = 4096;
const MAX_CONNECTIONS: usize = 256;
const MAX_REPLICAS: u32 = 16;
const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(60);

/// Where the data is, and how it is reached. Those of the other kind of store have their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) url: StoreUrl,
    // Of the embedded store.
    pub(crate) data_dir: PathBuf,
    pub(crate) cache: Size,
    pub(crate) max_queue: usize,
    // Of Redis.
    pub(crate) password: Option<Secret>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) prefix: String,
    /// 0: as many as suit the kind of Redis, when the store is made.
    pub(crate) partitions: u16,
    pub(crate) connections: usize,
    pub(crate) connect_timeout: Span,
    pub(crate) response_timeout: Span,
    pub(crate) patience: Span,
    pub(crate) durability: Durability,
    pub(crate) wait_replicas: u32,
    pub(crate) wait_timeout: Span,
}

/// Which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// In a directory of this machine.
    Embedded,
    /// On Redis, where that is.
    Redis(Address),
}

/// What has become of a change when it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// Whatever the server's settings promise.
    Server,
    /// It is on disk within about a second.
    Everysec,
    /// It is on disk.
    Always,
    /// So many replicas have it.
    Replicas,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            url: StoreUrl::Embedded,
            data_dir: PathBuf::from("./agon-data"),
            cache: Size(32 << 20),
            max_queue: 65_536,
            password: None,
            password_file: None,
            ca_file: None,
            prefix: "agon".to_owned(),
            partitions: 0,
            connections: 4,
            connect_timeout: Span(Duration::from_secs(1)),
            response_timeout: Span(Duration::from_secs(5)),
            patience: Span(Duration::from_secs(5)),
            durability: Durability::Server,
            wait_replicas: 1,
            wait_timeout: Span(Duration::from_secs(1)),
        }
    }
}

/// What is in force of the settings: those of the store that is meant.
impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("url", &self.url)?;
        if self.is_embedded() {
            fields.serialize_entry("data_dir", &self.data_dir)?;
            fields.serialize_entry("cache", &self.cache)?;
            fields.serialize_entry("max_queue", &self.max_queue)?;
            return fields.end();
        }
        for (key, value) in [
            ("password_file", &self.password_file),
            ("ca_file", &self.ca_file),
        ] {
            if let Some(value) = value {
                fields.serialize_entry(key, value)?;
            }
        }
        if let Some(password) = &self.password {
            fields.serialize_entry("password", password)?;
        }
        fields.serialize_entry("prefix", &self.prefix)?;
        fields.serialize_entry("partitions", &self.partitions)?;
        fields.serialize_entry("connections", &self.connections)?;
        fields.serialize_entry("connect_timeout", &self.connect_timeout)?;
        fields.serialize_entry("response_timeout", &self.response_timeout)?;
        fields.serialize_entry("patience", &self.patience)?;
        fields.serialize_entry("durability", &self.durability)?;
        fields.serialize_entry("wait_replicas", &self.wait_replicas)?;
        fields.serialize_entry("wait_timeout", &self.wait_timeout)?;
        fields.end()
    }
}

impl Store {
    /// Whether it is in a directory of this machine.
    pub(crate) fn is_embedded(&self) -> bool {
        self.url == StoreUrl::Embedded
    }

    /// The password that is not in the URL, where there is one. Reads its file.
    fn password(&self) -> Result<Option<Secret>, Fault> {
        let Some(path) = &self.password_file else {
            return Ok(self.password.clone());
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(text.lines().next().map(Secret::new)),
            Err(error) => refuse("password_file", path.display(), &error.to_string()),
        }
    }

    /// How to use Redis; `None` where the store is embedded. Reads the file of the password.
    pub(crate) fn redis(&self) -> Result<Option<Options>, Fault> {
        let StoreUrl::Redis(address) = self.url.clone() else {
            return Ok(None);
        };
        let address = match self.password()? {
            Some(password) => address.with_password(password.expose()),
            None => address,
        };
        let options = Options {
            address,
            prefix: self.prefix.clone(),
            partitions: (self.partitions > 0).then_some(self.partitions),
            connect_timeout: self.connect_timeout.0,
            response_timeout: self.response_timeout.0,
            patience: self.patience.0,
            durability: self.promise(),
            connections: self.connections,
            ca_file: self.ca_file.clone(),
        };
        match options.check() {
            Ok(()) => Ok(Some(options)),
            Err(error) => refuse("url", &self.url, &error.to_string()),
        }
    }

    fn promise(&self) -> store_redis::Durability {
        match self.durability {
            Durability::Server => store_redis::Durability::Memory,
            Durability::Everysec => store_redis::Durability::EverySecond,
            Durability::Always => store_redis::Durability::Always,
            Durability::Replicas => store_redis::Durability::Replicas {
                count: self.wait_replicas,
                timeout: self.wait_timeout.0,
            },
        }
    }

    /// Checks what can be checked without looking at files.
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.is_embedded() {
            if self.max_queue == 0 {
                return refuse("max_queue", "0", "expected at least 1");
            }
            return Ok(());
        }
        self.check_credentials()?;
        self.check_layout()?;
        self.check_times()?;
        if !(1..=MAX_REPLICAS).contains(&self.wait_replicas) {
            return refuse("wait_replicas", self.wait_replicas, "expected 1 to 16");
        }
        Ok(())
    }

    fn check_credentials(&self) -> Result<(), Fault> {
        let StoreUrl::Redis(address) = &self.url else {
            return Ok(());
        };
        let given = [
            address.has_password(),
            self.password.is_some(),
            self.password_file.is_some(),
        ];
        if given.into_iter().filter(|given| *given).count() > 1 {
            let reason =
                "expected one of password, password_file, and a password in url, and not several";
            return refuse("password", HIDDEN, reason);
        }
        if let (Some(file), false) = (&self.ca_file, address.is_tls()) {
            let reason = "is of use with TLS alone, that is rediss:// or rediss-cluster://";
            return refuse("ca_file", file.display(), reason);
        }
        Ok(())
    }

    fn check_layout(&self) -> Result<(), Fault> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
        let length = self.prefix.len();
        if !(1..=MAX_PREFIX_BYTES).contains(&length) || !self.prefix.bytes().all(fits) {
            let reason = "expected 1 to 32 of a-z, 0-9, - and _";
            return refuse("prefix", &self.prefix, reason);
        }
        if self.partitions > MAX_PARTITIONS {
            let reason = "expected 1 to 4096, or 0 for what suits the kind of Redis";
            return refuse("partitions", self.partitions, reason);
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return refuse("connections", self.connections, "expected 1 to 256");
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), Fault> {
        for (key, span) in [
            ("connect_timeout", self.connect_timeout),
            ("response_timeout", self.response_timeout),
            ("patience", self.patience),
            ("wait_timeout", self.wait_timeout),
        ] {
            if !TIMEOUTS.contains(&span.0) {
                let value = humantime::format_duration(span.0);
                return refuse(key, value, "expected 10ms to 1m");
            }
        }
        Ok(())
    }
}

impl FromStr for StoreUrl {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "embedded" => Ok(StoreUrl::Embedded),
            _ => text.parse().map(StoreUrl::Redis),
        }
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error: AddressError| {
            serde::de::Error::custom(format!(
                "expected embedded, or an address such as redis://localhost:6379 or \
                 redis-cluster://host1,host2: {error}"
            ))
        })
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Without a password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUrl::Embedded => f.write_str("embedded"),
            StoreUrl::Redis(address) => address.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Durability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "server" => Ok(Durability::Server),
            "everysec" => Ok(Durability::Everysec),
            "always" => Ok(Durability::Always),
            "replicas" => Ok(Durability::Replicas),
            _ => Err(serde::de::Error::custom(
                "expected server, everysec, always or replicas",
            )),
        }
    }
}
