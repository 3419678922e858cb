//! `/v1/log`: what is logged, changed without a restart.
//!
//! A change lasts until the process ends; what is to stay belongs into the settings.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use fields::{Fields, FromFields, FromValue};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::body::JsonObject;
use crate::openapi::{LogErrors, NoErrors};
use crate::problem::Problem;
use crate::state::Api;

/// The least important kind of event that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(example = "info")]
pub enum LogLevel {
    /// What does not work.
    Error,
    /// What may stop working.
    Warn,
    /// What happens to the server as a whole.
    Info,
    /// What helps to find a fault.
    Debug,
    /// All there is.
    Trace,
}

const LEVELS: &str = "expected error, warn, info, debug or trace";

impl LogLevel {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        use LogLevel::{Debug, Error, Info, Trace, Warn};
        [Error, Warn, Info, Debug, Trace]
            .into_iter()
            .find(|level| level.as_str() == name)
    }
}

impl<'de> Deserialize<'de> for LogLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        LogLevel::parse(&name).ok_or_else(|| serde::de::Error::custom(LEVELS))
    }
}

impl FromValue for LogLevel {
    fn from_value(value: &serde_json::Value) -> Result<Self, &'static str> {
        let level = value.as_str().and_then(LogLevel::parse);
        level.ok_or("must be error, warn, info, debug or trace")
    }
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogSettings {
    /// The least important kind of event.
    #[schema(example = "info")]
    pub level: LogLevel,
    /// Whether each request has a line, at level `info`. Missing or null means false.
    #[schema(value_type = Option<bool>, required = false, default = false, example = true)]
    pub requests: bool,
}

impl FromFields for LogSettings {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let level = fields.required("level");
        let requests = fields.optional("requests");
        Some(LogSettings {
            level: level?,
            requests: requests?.unwrap_or(false),
        })
    }
}

/// Changes the log while it goes on; cheap to clone.
#[derive(Clone)]
pub struct LogSwitch(Arc<Switch>);

struct Switch {
    now: Mutex<LogSettings>,
    apply: Box<dyn Fn(LogSettings) + Send + Sync>,
}

impl LogSwitch {
    /// A switch for a log that has started with these settings.
    pub fn new(now: LogSettings, apply: impl Fn(LogSettings) + Send + Sync + 'static) -> Self {
        LogSwitch(Arc::new(Switch {
            now: Mutex::new(now),
            apply: Box::new(apply),
        }))
    }

    /// A switch that nothing is connected to, for where nothing is logged.
    pub fn unconnected() -> Self {
        let settings = LogSettings {
            level: LogLevel::Info,
            requests: false,
        };
        LogSwitch::new(settings, |_| {})
    }

    fn now(&self) -> LogSettings {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, new: LogSettings) {
        let mut now = self.0.now.lock().unwrap_or_else(PoisonError::into_inner);
        (self.0.apply)(new);
        *now = new;
    }
}

impl fmt::Debug for LogSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogSwitch").field(&self.now()).finish()
    }
}

/// What is logged
#[utoipa::path(get, path = "/v1/log", tag = "operations", responses(
    (status = 200, description = "What is logged", body = LogSettings),
    NoErrors,
))]
pub(crate) async fn get_log(State(api): State<Api>) -> Json<LogSettings> {
    Json(api.log.now())
}

/// Change what is logged
///
/// At once, and until the process ends.
#[utoipa::path(put, path = "/v1/log", tag = "operations", request_body = LogSettings, responses(
    (status = 200, description = "What is logged from now on", body = LogSettings),
    LogErrors,
))]
pub(crate) async fn put_log(
    State(api): State<Api>,
    JsonObject(settings): JsonObject<LogSettings>,
) -> Result<Json<LogSettings>, Problem> {
    // While the old ones are in force, so that lowering the level does not hide who lowered it.
    tracing::warn!(
        level = settings.level.as_str(),
        requests = settings.requests,
        "the log is changed"
    );
    api.log.set(settings);
    Ok(Json(settings))
}
