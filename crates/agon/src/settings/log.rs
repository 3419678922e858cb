//! `[log]`: what is logged, how, and where to.

use std::path::PathBuf;

use api::LogLevel;
use serde::{Deserialize, Serialize};

/// What is logged, how, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    /// Whether each request has a line.
    pub(crate) requests: bool,
    pub(crate) format: Format,
    /// Where `api.log` is kept, beside standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dir: Option<PathBuf>,
    pub(crate) keep_days: usize,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For a person.
    Human,
    /// An object a line, for a program.
    Json,
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "human" => Ok(Format::Human),
            "json" => Ok(Format::Json),
            _ => Err(serde::de::Error::custom("expected human or json")),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: LogLevel::Info,
            requests: false,
            format: Format::Human,
            dir: None,
            keep_days: 14,
        }
    }
}
