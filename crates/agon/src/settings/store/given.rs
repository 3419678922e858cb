//! What was given of the section, and by whom, before it becomes settings.

use std::collections::HashMap;

use config::{Config, ConfigError, Environment, Map, Source, Value, ValueKind};

use super::Store;
use super::secret::{HIDDEN, shown};
use crate::settings::upstreams::Fault;

const PASSWORD: &str = "store.password";
/// What `config` calls the source of variables.
const VARIABLES: &str = "the environment";
/// Settings of the embedded store alone.
const EMBEDDED: [&str; 3] = ["data_dir", "cache", "max_queue"];
/// Settings of Redis alone.
const REDIS: [&str; 12] = [
    "password",
    "password_file",
    "ca_file",
    "prefix",
    "partitions",
    "connections",
    "connect_timeout",
    "response_timeout",
    "patience",
    "durability",
    "wait_replicas",
    "wait_timeout",
];

/// Takes `store = "…"` in a source for `store.url = "…"`.
#[derive(Clone, Debug)]
pub(in crate::settings) struct StoreInAWord<S>(pub(in crate::settings) S);

impl<S: Source + Clone + Send + Sync + 'static> Source for StoreInAWord<S> {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut all = self.0.collect()?;
        let in_a_word = |value: &&Value| !matches!(value.kind, ValueKind::Table(_));
        if all.get("store").filter(in_a_word).is_some()
            && let Some(url) = all.remove("store")
            && all.insert("store.url".to_owned(), url).is_some()
        {
            let both = "AGON_STORE and AGON_STORE__URL are given, which mean the same";
            return Err(ConfigError::Message(both.to_owned()));
        }
        Ok(all)
    }
}

/// Variables, of which the password is taken as it is: one of digits is no number.
#[derive(Clone, Debug)]
pub(in crate::settings) struct Variables {
    pub(in crate::settings) parsed: Environment,
    /// In the place of the environment.
    pub(in crate::settings) given: Option<HashMap<String, String>>,
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut all = self.parsed.collect()?;
        if let (Some(value), Some(password)) = (all.get_mut(PASSWORD), self.password()) {
            value.kind = ValueKind::String(password);
        }
        Ok(all)
    }
}

impl Variables {
    fn password(&self) -> Option<String> {
        let is_it = |name: &str| name.eq_ignore_ascii_case("AGON_STORE__PASSWORD");
        match &self.given {
            Some(given) => given
                .iter()
                .find(|(name, _)| is_it(name))
                .map(|(_, value)| value.clone()),
            None => std::env::vars_os()
                .find(|(name, _)| name.to_str().is_some_and(is_it))
                .and_then(|(_, value)| value.into_string().ok()),
        }
    }
}

/// A setting that was given although it is of the other kind of store.
pub(in crate::settings) fn misplaced(gathered: &Config, store: &Store) -> Option<Fault> {
    let (keys, kind, other): (&[&'static str], _, _) = if store.is_embedded() {
        (&REDIS, "Redis", "store.url is embedded".to_owned())
    } else {
        let url = format!("store.url is {}", store.url);
        (&EMBEDDED, "the embedded store", url)
    };
    let found = keys.iter().find_map(|key| {
        let value = given(gathered, key)?;
        // Images and units set it for whatever is started from them.
        let is_for_all = *key == "data_dir" && value.origin() == Some(VARIABLES);
        let value = shown(&format!("store.{key}"), value.to_string());
        (!is_for_all).then(|| (*key, value.unwrap_or_else(|| HIDDEN.to_owned())))
    });
    let (key, value) = found?;
    let value = shown(&format!("store.{key}"), value).unwrap_or_else(|| HIDDEN.to_owned());
    let reason = format!("is a setting of {kind}, and {other}; leave it out");
    Some((key, value, reason))
}

/// What was given of a setting of the section. Not by [`Config::get`], which forgets by whom.
fn given<'c>(gathered: &'c Config, key: &str) -> Option<&'c Value> {
    let ValueKind::Table(all) = &gathered.cache.kind else {
        return None;
    };
    let ValueKind::Table(store) = &all.get("store")?.kind else {
        return None;
    };
    store.get(key)
}
