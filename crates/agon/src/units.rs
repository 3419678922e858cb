//! Settings that have a unit: durations and sizes. A bare number is refused, since nobody could
//! tell whether it means seconds or milliseconds.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// A duration with its unit, such as `30s` or `1m 30s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A size with its unit, such as `16 MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let span = humantime::parse_duration(&text).map(Span);
        span.map_err(|_| D::Error::custom("expected a duration with a unit, such as 30s or 500ms"))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let has_unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
        let size = text.parse::<bytesize::ByteSize>().ok().filter(|_| has_unit);
        let size = size.map(|s| Size(s.as_u64()));
        size.ok_or_else(|| D::Error::custom("expected a size with a unit, such as 16 MiB"))
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&bytesize::ByteSize(self.0).display().iec())
    }
}
