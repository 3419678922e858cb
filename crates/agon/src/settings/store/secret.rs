//! What must not be shown: passwords, also where they stand in a URL or in a line that is refused.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "(not shown)";
/// Settings of the store whose values may be shown as they are.
const SHOWN: [&str; 14] = [
    "ca_file",
    "cache",
    "connect_timeout",
    "connections",
    "data_dir",
    "durability",
    "max_queue",
    "partitions",
    "password_file",
    "patience",
    "prefix",
    "response_timeout",
    "wait_replicas",
    "wait_timeout",
];

/// A text that is shown to nobody.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Secret(text.to_owned())
    }

    /// The text itself, for whom it is meant.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// A URL without the password; who it is for stays.
pub(super) fn without_credentials(url: &str) -> String {
    // Not the first @: one in a password that should have been encoded must not bring the rest to light.
    let Some((credentials, place)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    let (scheme, credentials) = match credentials.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), credentials),
    };
    match credentials.split_once(':') {
        Some((user, _)) => format!("{scheme}{user}:***@{place}"),
        None => format!("{scheme}{credentials}@{place}"),
    }
}

/// The value of a setting as a refusal may show it; `None` where nobody knows what is in it.
pub(in crate::settings) fn shown(key: &str, value: String) -> Option<String> {
    let Some(rest) = key.strip_prefix("store") else {
        return (!key.contains("pass")).then_some(value);
    };
    match rest.strip_prefix('.') {
        Some("url") => Some(without_credentials(&value)),
        Some(known) => SHOWN.contains(&known).then_some(value),
        // `store_password`, say, in a variable that was misspelt.
        None => None,
    }
}

/// What is wrong with a file, without those of its lines that may have a password in them.
pub(in crate::settings) fn without_secret_lines(error: &str) -> String {
    let is_secret = |line: &str| {
        let source = line.split_once('|').map(|(_, source)| source);
        source.is_some_and(|s| s.contains('@') || s.to_ascii_lowercase().contains("pass"))
    };
    let line = |line: &str| match line.split_once('|') {
        Some((number, _)) if is_secret(line) => format!("{number}| {HIDDEN}"),
        _ => line.to_owned(),
    };
    error.lines().map(line).collect::<Vec<_>>().join("\n")
}
