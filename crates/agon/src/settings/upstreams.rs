//! The sections `[upstreams.NAME]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderName, StatusCode, Uri};
use hedge::{BudgetSettings, Delay, MAX_HEDGES};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use upstreams::{Circuit, Ejection, Policy, Timeouts};

use crate::units::{Size, Span};

/// What the upstream `default` answers with, where its section names no schema: the practice
/// upstream's reply, and that of the services which Agon takes the place of.
const DEFAULT_SCHEMA: &str =
    r#"{"type": "object", "required": ["time"], "properties": {"time": {"type": "integer"}}}"#;
const MAX_NAME_BYTES: usize = 64;
const MAX_SPAN: Duration = Duration::from_secs(3600);
/// Headers that belong to a connection or to the caller alone.
const NEVER_FORWARDED: [&str; 16] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The upstreams by name.
pub(crate) type Upstreams = BTreeMap<String, UpstreamSection>;

/// One upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UpstreamSection {
    pub(crate) url: Option<Url>,
    pub(crate) urls: Vec<Url>,
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub(crate) policy: Policy,
    pub(crate) delay: DelaySetting,
    pub(crate) hedges: u32,
    pub(crate) budget: Option<f64>,
    pub(crate) budget_floor_per_s: f64,
    pub(crate) timeout_default: Span,
    pub(crate) timeout_min: Span,
    pub(crate) timeout_max: Span,
    pub(crate) max_body: Size,
    pub(crate) accept_statuses: Vec<u16>,
    pub(crate) schema_file: Option<PathBuf>,
    pub(crate) pool_size: usize,
    pub(crate) forward_headers: Vec<String>,
    pub(crate) coalesce: bool,
    pub(crate) max_in_flight: usize,
    pub(crate) eject_after: u32,
    pub(crate) eject_for: Span,
    pub(crate) circuit_after: Span,
    pub(crate) circuit_attempts: u32,
    pub(crate) circuit_open: Span,
}

impl Default for UpstreamSection {
    fn default() -> Self {
        let seconds = |s| Span(Duration::from_secs(s));
        UpstreamSection {
            url: None,
            urls: Vec::new(),
            policy: Policy::Smart,
            delay: DelaySetting::Fixed(Duration::from_millis(300)),
            hedges: 2,
            budget: None,
            budget_floor_per_s: 1.0,
            timeout_default: seconds(1),
            timeout_min: seconds(0),
            timeout_max: seconds(60),
            max_body: Size(1 << 20),
            accept_statuses: vec![200, 201],
            schema_file: None,
            pool_size: 64,
            forward_headers: Vec::new(),
            coalesce: false,
            max_in_flight: 1024,
            eject_after: 5,
            eject_for: seconds(10),
            circuit_after: seconds(10),
            circuit_attempts: 20,
            circuit_open: seconds(5),
        }
    }
}

/// An absolute `http` or `https` URL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Url(pub(super) Uri);

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri = text.parse::<Uri>().ok().filter(|uri| {
            let authority = uri.authority();
            matches!(uri.scheme_str(), Some("http" | "https"))
                && authority.is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'))
        });
        uri.map(Url)
            .ok_or("expected a URL such as http://127.0.0.1:9000/api/work, without a user")
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_text(self, serializer)
    }
}

/// A duration such as `300ms`, or a percentile such as `p95`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DelaySetting {
    Fixed(Duration),
    Percentile(f64),
}

impl FromStr for DelaySetting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a duration such as 300ms, or a percentile such as p95";
        let Some(percent) = text.strip_prefix('p') else {
            let delay = humantime::parse_duration(text).map(DelaySetting::Fixed);
            return delay.map_err(|_| EXPECTED);
        };
        let percent = percent.parse::<f64>().ok();
        let percent = percent.filter(|p| *p > 0.0 && *p < 100.0);
        percent.map(DelaySetting::Percentile).ok_or(EXPECTED)
    }
}

impl std::fmt::Display for DelaySetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DelaySetting::Fixed(delay) => humantime::format_duration(*delay).fmt(f),
            DelaySetting::Percentile(percent) => write!(f, "p{percent}"),
        }
    }
}

impl<'de> Deserialize<'de> for DelaySetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl Serialize for DelaySetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_text(self, serializer)
    }
}

fn from_text<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

fn as_text<S: Serializer>(value: &impl std::fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// A setting that is refused: its key within the section, its value, the reason.
pub(crate) type Fault = (&'static str, String, String);

impl UpstreamSection {
    /// A section for one URL with everything else as it is by default.
    pub(crate) fn at(url: &str) -> Result<Self, &'static str> {
        Ok(UpstreamSection {
            url: Some(url.parse()?),
            ..UpstreamSection::default()
        })
    }

    /// The upstream that this section describes. Reads the schema's file.
    pub(crate) fn upstream(&self, name: &str) -> Result<upstreams::Settings, Fault> {
        self.check_name(name)?;
        self.check_numbers()?;
        self.check_spans()?;
        let share = self.budget.map(|share| BudgetSettings {
            share,
            floor_per_s: self.budget_floor_per_s,
        });
        Ok(upstreams::Settings {
            urls: self.all_urls()?,
            policy: self.policy,
            hedging: hedge::Settings {
                delay: self.delay(),
                hedges: self.hedges,
                budget: share,
            },
            timeouts: self.timeouts()?,
            max_body_bytes: usize::try_from(self.max_body.0).unwrap_or(usize::MAX),
            accept_statuses: self.statuses()?,
            schema: self.schema(name)?,
            pool_size: self.pool_size,
            forward_headers: self.headers()?,
            coalesce: self.coalesce,
            max_in_flight: self.max_in_flight,
            ejection: Ejection {
                after: self.eject_after,
                time: self.eject_for.0,
            },
            circuit: Circuit {
                after: self.circuit_after.0,
                attempts: self.circuit_attempts,
                open: self.circuit_open.0,
            },
        })
    }

    fn check_name(&self, name: &str) -> Result<(), Fault> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let first = name.bytes().next().is_some_and(plain);
        let rest = name.bytes().all(|b| plain(b) || b == b'_' || b == b'-');
        if first && rest && name.len() <= MAX_NAME_BYTES {
            return Ok(());
        }
        let expected = "expected a name of a-z, 0-9, _ and -, at most 64 long";
        refuse("", name, expected)
    }

    fn check_numbers(&self) -> Result<(), Fault> {
        if self.hedges > MAX_HEDGES {
            return refuse("hedges", self.hedges, "expected 0 to 16");
        }
        let zeros = [
            ("max_in_flight", self.max_in_flight as u64),
            ("eject_after", self.eject_after.into()),
            ("circuit_attempts", self.circuit_attempts.into()),
            ("max_body", self.max_body.0),
        ];
        if let Some((key, _)) = zeros.into_iter().find(|(_, value)| *value == 0) {
            return refuse(key, 0, "expected more than 0");
        }
        // What the semaphore that counts calls can hold.
        if self.max_in_flight > 1_000_000 {
            return refuse(
                "max_in_flight",
                self.max_in_flight,
                "expected at most 1000000",
            );
        }
        let shares = [
            ("budget", self.budget.unwrap_or_default()),
            ("budget_floor_per_s", self.budget_floor_per_s),
        ];
        let bad = shares
            .into_iter()
            .find(|(_, v)| !(0.0..=1000.0).contains(v));
        bad.map_or(Ok(()), |(key, value)| {
            refuse(key, value, "expected 0 to 1000")
        })
    }

    fn check_spans(&self) -> Result<(), Fault> {
        let delay = match self.delay {
            DelaySetting::Fixed(delay) => delay,
            DelaySetting::Percentile(_) => Duration::ZERO,
        };
        let spans = [
            ("delay", delay),
            ("timeout_max", self.timeout_max.0),
            ("eject_for", self.eject_for.0),
            ("circuit_after", self.circuit_after.0),
            ("circuit_open", self.circuit_open.0),
        ];
        let long = spans.into_iter().find(|(_, span)| *span > MAX_SPAN);
        long.map_or(Ok(()), |(key, span)| {
            refuse(key, humantime::format_duration(span), "expected at most 1h")
        })
    }

    fn all_urls(&self) -> Result<Vec<Uri>, Fault> {
        let urls: Vec<Uri> = self
            .url
            .iter()
            .chain(&self.urls)
            .map(|u| u.0.clone())
            .collect();
        if urls.is_empty() || (self.url.is_some() && !self.urls.is_empty()) {
            return refuse("url", urls.len(), "expected either url or urls");
        }
        Ok(urls)
    }

    fn delay(&self) -> Delay {
        match self.delay {
            DelaySetting::Fixed(delay) => Delay::Fixed(delay),
            DelaySetting::Percentile(percent) => Delay::Percentile {
                share: percent / 100.0,
                initially: Duration::from_millis(300),
            },
        }
    }

    fn timeouts(&self) -> Result<Timeouts, Fault> {
        let [default, min, max] =
            [self.timeout_default, self.timeout_min, self.timeout_max].map(|span| span.0);
        if !(min..=max).contains(&default) {
            let default = humantime::format_duration(default);
            let expected = "expected something from timeout_min to timeout_max";
            return refuse("timeout_default", default, expected);
        }
        Ok(Timeouts { default, min, max })
    }

    fn statuses(&self) -> Result<Vec<StatusCode>, Fault> {
        let expected = "expected statuses from 200 to 599, at least one";
        let all = format!("{:?}", self.accept_statuses);
        let statuses: Option<Vec<_>> = self
            .accept_statuses
            .iter()
            .map(|status| {
                StatusCode::from_u16(*status)
                    .ok()
                    .filter(|s| s.as_u16() >= 200)
            })
            .collect();
        match statuses {
            Some(statuses) if !statuses.is_empty() => Ok(statuses),
            _ => refuse("accept_statuses", all, expected),
        }
    }

    fn schema(&self, name: &str) -> Result<Option<serde_json::Value>, Fault> {
        let (text, key) = match &self.schema_file {
            None if name == "default" => (DEFAULT_SCHEMA.to_owned(), String::new()),
            None => return Ok(None),
            Some(file) => {
                let text = std::fs::read_to_string(file);
                let shown = file.display().to_string();
                let text = text.map_err(|e| ("schema_file", shown.clone(), e.to_string()))?;
                (text, shown)
            }
        };
        let schema = serde_json::from_str(&text);
        schema.map_err(|e| ("schema_file", key, format!("expected JSON: {e}")))
    }

    fn headers(&self) -> Result<Vec<HeaderName>, Fault> {
        let header = |name: &String| {
            let parsed = name.parse::<HeaderName>().ok();
            let fit = parsed.filter(|n| !NEVER_FORWARDED.contains(&n.as_str()));
            let expected =
                "expected names of headers that are neither credentials nor of the connection";
            fit.ok_or(("forward_headers", name.clone(), expected.to_owned()))
        };
        self.forward_headers.iter().map(header).collect()
    }
}

pub(super) fn refuse<T>(key: &'static str, value: impl ToString, reason: &str) -> Result<T, Fault> {
    Err((key, value.to_string(), reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_delays_are_read_and_printed() {
        for good in ["http://up/", "https://up:8443/a?b=c", "http://[::1]:80/x"] {
            assert_eq!(good.parse::<Url>().unwrap().to_string(), good);
        }
        for bad in [
            "up",
            "/path",
            "ftp://up/",
            "http://",
            "http://user:pass@up/",
            "http:///x",
        ] {
            assert!(bad.parse::<Url>().is_err(), "{bad}");
        }
        for good in ["300ms", "p95", "p99.9", "1s 500ms"] {
            assert_eq!(good.parse::<DelaySetting>().unwrap().to_string(), good);
        }
        for bad in ["300", "p", "p0", "p100", "pNaN", "q95", "-1s"] {
            assert!(bad.parse::<DelaySetting>().is_err(), "{bad}");
        }
    }
}
