//! What a server says of itself, held against what Agon needs and what was promised.
//!
//! What Agon cannot live with is an error: an old version, keys that vanish when memory is full, a cluster that is
//! taken for a single server. What contradicts the promised durability is a warning, in words that say what can be
//! lost: it is the operator's server. Where the server does not let its settings be read, as managed ones do, that
//! is said as well.

use std::collections::HashMap;

use redis::Value;

use crate::address::Host;
use crate::failure::ConnectError;
use crate::options::{Durability, Options};

const OLDEST_VERSION: u32 = 7;
/// The settings that are asked for.
pub(crate) const SETTINGS: [&str; 2] = ["appendfsync", "no-appendfsync-on-rewrite"];

/// What a server says of itself.
pub(crate) struct Facts<'a> {
    host: &'a Host,
    info: HashMap<String, String>,
    /// `None` where it does not let them be read.
    settings: Option<HashMap<String, String>>,
}

impl<'a> Facts<'a> {
    /// From the replies to `INFO` and `CONFIG GET`.
    pub(crate) fn new(host: &'a Host, info: &Value, settings: &Value) -> Self {
        let lines = text(info).unwrap_or_default();
        let pairs = lines.lines().filter_map(|line| line.split_once(':'));
        let owned = |(k, v): (&str, &str)| (k.to_owned(), v.trim().to_owned());
        Facts {
            host,
            info: pairs.map(owned).collect(),
            settings: pairs_of(settings),
        }
    }

    fn info(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    fn setting(&self, name: &str) -> Option<&str> {
        let settings = self.settings.as_ref()?;
        settings.get(name).map(String::as_str)
    }

    /// An error where Agon cannot use it, else what contradicts the promise.
    pub(crate) fn judge(&self, options: &Options) -> Result<Vec<String>, ConnectError> {
        self.judge_version()?;
        let host = self.host.to_string();
        let policy = self.info("maxmemory_policy");
        if policy != "noeviction" {
            let policy = policy.to_owned();
            return Err(ConnectError::Evicts { host, policy });
        }
        if self.info("redis_mode") == "cluster" && !options.address.cluster {
            return Err(ConnectError::IsACluster { host });
        }
        let mut warnings = self.contradictions(options.durability);
        if self.info("role") == "slave" {
            warnings.push("it is a replica and takes no changes".to_owned());
        }
        let warnings = warnings.into_iter();
        Ok(warnings.map(|text| format!("{host}: {text}")).collect())
    }

    /// Valkey tells a version of Redis as well, that which it is compatible with.
    fn judge_version(&self) -> Result<(), ConnectError> {
        let version = self.info("redis_version");
        let major = version.split('.').next().and_then(|v| v.parse().ok());
        let is_valkey = !self.info("valkey_version").is_empty();
        if is_valkey || major.is_some_and(|major: u32| major >= OLDEST_VERSION) {
            return Ok(());
        }
        Err(ConnectError::TooOld {
            host: self.host.to_string(),
            version: version.to_owned(),
        })
    }

    fn contradictions(&self, promise: Durability) -> Vec<String> {
        match promise {
            Durability::Memory => Vec::new(),
            Durability::EverySecond => self.disk("loses the last second or two of changes", false),
            Durability::Always => self.disk("loses no change", true),
            Durability::Replicas { count, .. } => self.too_few_replicas(count),
        }
    }

    fn disk(&self, promise: &str, always: bool) -> Vec<String> {
        let promise = format!("but the promise is that a crash {promise}");
        if self.info("aof_enabled") != "1" {
            let loss = "a crash loses all changes since its last snapshot";
            return vec![format!("it has appendonly no: {loss}, {promise}")];
        }
        let Some(fsync) = self.setting("appendfsync") else {
            return vec![format!(
                "it does not let its settings be read, so appendfsync could not be checked; {promise}"
            )];
        };
        let mut warnings = Vec::new();
        let loss = match (fsync, always) {
            ("always", _) | ("everysec", false) => None,
            ("everysec", true) => Some("a crash loses the last second or two of changes"),
            _ => Some(
                "a crash of the machine loses what the system has not written yet, half a minute or so",
            ),
        };
        if let Some(loss) = loss {
            warnings.push(format!("it has appendfsync {fsync}: {loss}, {promise}"));
        }
        if self.setting("no-appendfsync-on-rewrite") == Some("yes") {
            warnings.push(format!(
                "it has no-appendfsync-on-rewrite yes: while it rewrites its file nothing is synced, {promise}"
            ));
        }
        warnings
    }

    fn too_few_replicas(&self, count: u32) -> Vec<String> {
        let connected = self.info("connected_slaves").parse().unwrap_or(0);
        if connected >= count {
            return Vec::new();
        }
        vec![format!(
            "it has {connected} replicas, but the promise is that {count} have each change: changes are not \
             acknowledged until there are as many"
        )]
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

fn pairs_of(value: &Value) -> Option<HashMap<String, String>> {
    let Value::Array(items) = value else {
        return None;
    };
    let pairs = items.chunks_exact(2);
    pairs.map(|p| Some((text(&p[0])?, text(&p[1])?))).collect()
}

#[cfg(test)]
mod tests;
