//! Paths and queries.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use boards::{BoardId, Invalid};
use utoipa::IntoParams;

use crate::problem::{Code, Fault, Problem};

const DEFAULT_LIMIT: u64 = 10;
const DEFAULT_BOARDS: u64 = 100;
const MAX_LIMIT: u64 = 1000;
/// What every language has an integer for.
const MAX_OFFSET: u64 = i64::MAX as u64;

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

impl<S: Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        PageQuery::parse(parts.uri.query().unwrap_or_default())
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

impl<S: Sync> FromRequestParts<S> for BoardsQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        BoardsQuery::parse(parts.uri.query().unwrap_or_default())
    }
}

impl BoardsQuery {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        let limit = whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_BOARDS, &mut faults);
        let after = parsed(query, "after", BoardId::parse, &mut faults);
        no_faults(faults)?;
        Ok(BoardsQuery {
            limit: limit as usize,
            after,
        })
    }
}

/// Nothing, or the problem with all of them.
pub(crate) fn no_faults(faults: Vec<Fault>) -> Result<(), Problem> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Problem::faults(Code::InvalidRequest, faults))
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

impl PageQuery {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        let limit = whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_LIMIT, &mut faults);
        let offset = whole(query, "offset", 0..=MAX_OFFSET, 0, &mut faults);
        no_faults(faults)?;
        Ok(PageQuery {
            limit: limit as usize,
            offset,
        })
    }
}

/// A whole number from a query; unknown names are ignored, repeated ones are not.
pub(crate) fn whole(
    query: &str,
    name: &str,
    range: std::ops::RangeInclusive<u64>,
    default: u64,
    faults: &mut Vec<Fault>,
) -> u64 {
    let Some(text) = parameter(query, name, faults) else {
        return default;
    };
    if let Some(value) = digits(&text).filter(|value| range.contains(value)) {
        return value;
    }
    let (low, high) = range.into_inner();
    let fault = format!("must be a whole number from {low} to {high}");
    faults.push(Fault::parameter(name, fault));
    default
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
        assert_eq!(PageQuery::parse("").unwrap(), page(10, 0));
        assert_eq!(
            PageQuery::parse("limit=1000&offset=7").unwrap(),
            page(1000, 7)
        );
        assert_eq!(PageQuery::parse("limit=1&colour=red").unwrap(), page(1, 0));
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
            assert!(PageQuery::parse(bad).is_err(), "{bad}");
        }
    }
}
