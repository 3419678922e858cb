//! Instants on the wire: RFC 3339, read with any offset, written in UTC.
//!
//! Civil date-times do the arithmetic, not the library's own instants: those end a day before the year
//! 9999 does, so as to leave room for every offset.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use serde::{Serialize, Serializer};
use serde_json::Value;

use fields::{FromValue, text};

const WRONG: &str = "must be a time such as 2024-05-01T12:00:00Z, from the years 1 to 9999";
const NANOS_IN_MS: i128 = 1_000_000;
const MINUTE_MS: i64 = 60_000;
/// 0001-01-01T00:00:00Z and the last millisecond of 9999.
const MIN_MS: i64 = -62_135_596_800_000;
const MAX_MS: i64 = 253_402_300_799_999;

/// An instant from the year 1 to the year 9999, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(i64);

impl Time {
    /// Of a stored time; one that is out of range, which none that came in here is, is moved to its end.
    pub(crate) fn from_ms(ms: i64) -> Self {
        Time(ms.clamp(MIN_MS, MAX_MS))
    }

    pub(crate) fn as_ms(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339. What of a second is less than a millisecond is left out; a leap second is taken
    /// as the second before it.
    fn parse(text: &str) -> Option<Self> {
        let (local, offset) = split(text)?;
        let local: DateTime = local.parse().ok()?;
        let nanos = local.duration_since(epoch()).as_nanos();
        let ms = i64::try_from(nanos.div_euclid(NANOS_IN_MS)).ok()? - offset * MINUTE_MS;
        (MIN_MS..=MAX_MS).contains(&ms).then_some(Time(ms))
    }
}

fn epoch() -> DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

/// The local part of a time and its offset in minutes. The library would take more forms than the RFC
/// has, so the form is looked at here and the calendar there.
fn split(text: &str) -> Option<(&str, i64)> {
    let seconds = text.get(..19)?;
    if !has_form(seconds, "dddd-dd-ddTdd:dd:dd") {
        return None;
    }
    let rest = &text[19..];
    let fraction = match rest.strip_prefix('.') {
        Some(digits) => 1 + digits.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    if fraction == 1 {
        return None;
    }
    // Nine digits are as many as the library takes, and three as many as are kept.
    let local = &text[..19 + fraction.min(10)];
    Some((local, minutes(&rest[fraction..])?))
}

fn minutes(offset: &str) -> Option<i64> {
    if offset.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    if !has_form(offset, "+dd:dd") && !has_form(offset, "-dd:dd") {
        return None;
    }
    let number = |digits: &str| digits.parse::<i64>().ok();
    let (hours, minutes) = (number(&offset[1..3])?, number(&offset[4..6])?);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Whether a text is as this one, in which `d` is any digit.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(b, f): (u8, u8)| match f {
        b'd' => b.is_ascii_digit(),
        _ => b.eq_ignore_ascii_case(&f),
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = epoch().checked_add(SignedDuration::from_millis(self.0));
        let utc = utc.map_err(|_| fmt::Error)?;
        match utc.millisecond() {
            0 => write!(f, "{utc}Z"),
            _ => write!(f, "{utc:.3}Z"),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromValue for Time {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        Time::parse(text(value)?).ok_or(WRONG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (sent, written) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"),
            ("2024-05-01t12:00:00z", "2024-05-01T12:00:00Z"),
            ("2024-05-01T12:00:00+03:30", "2024-05-01T08:30:00Z"),
            ("2024-05-01T12:00:00-00:00", "2024-05-01T12:00:00Z"),
            ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59Z"),
            ("2024-12-31T23:30:00-01:00", "2025-01-01T00:30:00Z"),
            ("2024-05-01T12:00:00.5Z", "2024-05-01T12:00:00.500Z"),
            ("2024-05-01T12:00:00.0009999Z", "2024-05-01T12:00:00Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            (
                "2024-05-01T12:00:00.123456789012Z",
                "2024-05-01T12:00:00.123Z",
            ),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("0000-12-31T23:30:00-01:00", "0001-01-01T00:30:00Z"),
        ] {
            let time = Time::parse(sent).unwrap_or_else(|| panic!("{sent}"));
            assert_eq!(time.to_string(), written, "{sent}");
            assert_eq!(Time::parse(written), Some(time), "{written}");
        }
    }

    #[test]
    fn the_ends_are_the_ends() {
        assert_eq!(Time::parse("0001-01-01T00:00:00Z"), Some(Time(MIN_MS)));
        assert_eq!(Time::parse("9999-12-31T23:59:59.999Z"), Some(Time(MAX_MS)));
        for ms in [i64::MIN, i64::MAX] {
            assert!(Time::parse(&Time::from_ms(ms).to_string()).is_some());
        }
        assert_eq!(Time::parse("1970-01-01T00:00:01.002Z"), Some(Time(1002)));
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "",
            "2024-05-01",
            "2024-05-01T12:00:00",
            "2024-05-01T12:00Z",
            "2024-05-01 12:00:00Z",
            "20240501T120000Z",
            "2024-05-01T12:00:00.Z",
            "2024-05-01T12:00:00,5Z",
            "2024-05-01T12:00:00+03",
            "2024-05-01T12:00:00+0330",
            "2024-05-01T12:00:00+24:00",
            "2024-05-01T12:00:00+00:60",
            "2024-05-01T12:00:00+00:00:00",
            "2024-05-01T12:00:00Z[UTC]",
            "2024-05-01T12:00:00ZZ",
            "2024-05-01T24:00:00Z",
            "2024-05-01T12:60:00Z",
            "2024-05-01T12:00:61Z",
            "2023-02-29T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "+2024-05-01T12:00:00Z",
            "-001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "2024-05-01T12:00:0٣Z",
            " 2024-05-01T12:00:00Z",
            "1714564800",
        ] {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
    }
}
