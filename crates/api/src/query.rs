//! Queries: read into values that cannot be wrong, all faults at once.
//!
//! Names that nobody asks for are ignored; one that is repeated is a fault, since nobody can tell which
//! of the two is meant.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use boards::{BoardId, Invalid};
use matchmaking::QueueId;
use utoipa::IntoParams;

use crate::problem::{Code, Fault, Problem};

pub(crate) const MAX_LIMIT: u64 = 1000;
const DEFAULT_LIMIT: u64 = 10;
const DEFAULT_BOARDS: u64 = 100;
/// What every language has an integer for.
const MAX_OFFSET: u64 = i64::MAX as u64;

/// A type that can be read from a query. What it is where there were faults does not matter.
pub(crate) trait FromQuery: Sized {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self;
}

/// What a query says.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Query)
    }
}

pub(crate) fn read<T: FromQuery>(query: &str) -> Result<T, Problem> {
    let mut faults = Vec::new();
    let read = T::from_query(query, &mut faults);
    no_faults(faults).map(|()| read)
}

/// Nothing, or the problem with all of them.
pub(crate) fn no_faults(faults: Vec<Fault>) -> Result<(), Problem> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::faults(Code::InvalidRequest, faults))
    }
}

impl<A: FromQuery, B: FromQuery> FromQuery for (A, B) {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        (A::from_query(query, faults), B::from_query(query, faults))
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Entries wanted.
    #[param(value_type = u64, minimum = 1, maximum = 1000, default = 10, required = false)]
    pub(crate) limit: usize,
    /// Entries to pass over.
    #[param(
        minimum = 0,
        maximum = 9223372036854775807_u64,
        default = 0,
        required = false
    )]
    pub(crate) offset: u64,
}

impl FromQuery for PageQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        PageQuery {
            limit: whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_LIMIT, faults) as usize,
            offset: whole(query, "offset", 0..=MAX_OFFSET, 0, faults),
        }
    }
}

/// Which boards are wanted.
#[derive(Clone, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BoardsQuery {
    /// Boards wanted.
    #[param(value_type = u64, minimum = 1, maximum = 1000, default = 100, required = false)]
    pub(crate) limit: usize,
    /// The name after which they come.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "weekly", required = false)]
    pub(crate) after: Option<BoardId>,
}

impl FromQuery for BoardsQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        BoardsQuery {
            limit: whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_BOARDS, faults) as usize,
            after: parsed(query, "after", BoardId::parse, faults),
        }
    }
}

/// Which queues are wanted.
#[derive(Clone, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueuesQuery {
    /// Queues wanted.
    #[param(value_type = u64, minimum = 1, maximum = 1000, default = 100, required = false)]
    pub(crate) limit: usize,
    /// The name after which they come.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$", example = "ranked-5v5", required = false)]
    pub(crate) after: Option<QueueId>,
}

impl FromQuery for QueuesQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        QueuesQuery {
            limit: whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_BOARDS, faults) as usize,
            after: parsed(query, "after", QueueId::parse, faults),
        }
    }
}

/// A whole number of a range.
pub(crate) fn whole(
    query: &str,
    name: &str,
    range: RangeInclusive<u64>,
    default: u64,
    faults: &mut Vec<Fault>,
) -> u64 {
    optional_whole(query, name, range, faults).unwrap_or(default)
}

/// The same where there is no default.
pub(crate) fn optional_whole(
    query: &str,
    name: &str,
    range: RangeInclusive<u64>,
    faults: &mut Vec<Fault>,
) -> Option<u64> {
    let text = parameter(query, name, faults)?;
    let value = digits(&text).filter(|value| range.contains(value));
    if value.is_none() {
        let (low, high) = range.into_inner();
        let fault = format!("must be a whole number from {low} to {high}");
        faults.push(Fault::parameter(name, fault));
    }
    value
}

/// A length of time with its unit, such as `30s`.
pub(crate) fn duration(
    query: &str,
    name: &str,
    max: Duration,
    faults: &mut Vec<Fault>,
) -> Option<Duration> {
    let text = parameter(query, name, faults)?;
    let duration = with_unit(&text).filter(|duration| *duration <= max);
    if duration.is_none() {
        let fault = format!(
            "must be a time of at most {} s, such as 30s or 500ms",
            max.as_secs()
        );
        faults.push(Fault::parameter(name, fault));
    }
    duration
}

fn with_unit(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = digits(&text[..text.len() - unit.len()])?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

/// A parameter that is read by the domain.
pub(crate) fn parsed<T>(
    query: &str,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let text = parameter(query, name, faults)?;
    let parsed = parse(&text);
    parsed
        .map_err(|e| faults.push(Fault::parameter(name, e.reason())))
        .ok()
}

/// A parameter of a query; repeating it is a fault.
pub(crate) fn parameter(query: &str, name: &str, faults: &mut Vec<Fault>) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(n, _)| n == name);
    let (_, first) = values.next()?;
    if values.next().is_some() {
        faults.push(Fault::parameter(name, "must not be repeated"));
        return None;
    }
    Some(first.into_owned())
}

/// Digits alone: `parse` would take a sign as well.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_offsets() {
        let page = |limit, offset| PageQuery { limit, offset };
        let read = |query: &str| read::<PageQuery>(query);
        assert_eq!(read("").unwrap(), page(10, 0));
        assert_eq!(read("limit=1000&offset=7").unwrap(), page(1000, 7));
        assert_eq!(read("limit=1&colour=red").unwrap(), page(1, 0));
        for bad in [
            "limit=0",
            "limit=1001",
            "limit=-1",
            "limit=+1",
            "limit=",
            "limit=ten",
            "limit=1.0",
            "limit=1&limit=1",
            "offset=-1",
            "offset=9223372036854775808",
            "offset= 1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        let read = |query: &str| {
            let mut faults = Vec::new();
            let max = Duration::from_secs(60);
            let read = duration(query, "wait", max, &mut faults);
            no_faults(faults).map(|()| read)
        };
        for (query, ms) in [
            ("wait=30s", 30_000),
            ("wait=500ms", 500),
            ("wait=1m", 60_000),
            ("wait=0s", 0),
            ("wait=60s", 60_000),
        ] {
            assert_eq!(
                read(query).unwrap(),
                Some(Duration::from_millis(ms)),
                "{query}"
            );
        }
        assert_eq!(read("").unwrap(), None);
        for bad in [
            "wait=30",
            "wait=s",
            "wait=61s",
            "wait=-1s",
            "wait=1.5s",
            "wait=30 s",
            "wait=2m",
            "wait=18446744073709551615m",
            "wait=1h",
            "wait=",
            "wait=1s&wait=1s",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn boards_come_after_a_board() {
        let read = |query: &str| read::<BoardsQuery>(query);
        assert_eq!(read("").unwrap().after, None);
        let after = read("after=weekly&limit=2").unwrap().after;
        assert_eq!(after, Some(BoardId::parse("weekly").unwrap()));
        for bad in ["after=", "after=A", "after=a&after=b", "limit=0"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
