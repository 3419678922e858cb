//! What scripts answer, read.

use boards::StoreError;
use redis::Value;

/// The answer of a script that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It is done; figures.
    Done(Vec<u64>),
    /// Something is not as it was read.
    Changed,
    /// Something is locked by a transaction.
    Locked { by: String, age_ms: u64 },
    /// The room has given out later stamps.
    Behind(u64),
    /// Anything else.
    Other(String),
}

/// Reads an answer whose first item says what it is.
pub(crate) fn read(answer: &Value) -> Reply {
    let Value::Array(items) = answer else {
        return Reply::Other(format!("{answer:?}"));
    };
    let mut items = items.iter();
    let word = items.next().and_then(text).unwrap_or_default();
    match word.as_str() {
        // NONE: somebody else has done it already.
        "OK" | "NONE" => Reply::Done(items.filter_map(whole).collect()),
        // ABORTED: it took too long, and can begin anew.
        "CHANGED" | "ABORTED" => Reply::Changed,
        "LOCKED" => Reply::Locked {
            by: items.next().and_then(text).unwrap_or_default(),
            age_ms: items.next().and_then(whole).unwrap_or(0),
        },
        "BEHIND" => Reply::Behind(items.next().and_then(whole).unwrap_or(0)),
        _ => Reply::Other(word),
    }
}

/// Text, where it is that.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        Value::Okay => Some("OK".to_owned()),
        _ => None,
    }
}

/// Bytes, where it is those.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

/// The pairs of a list of which every second item belongs to the one before.
pub(crate) fn pairs(value: &Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    let Value::Array(items) = value else {
        return Vec::new();
    };
    let pair = |pair: &[Value]| Some((bytes(&pair[0])?, bytes(&pair[1])?));
    items.chunks_exact(2).filter_map(pair).collect()
}

/// The texts of a list.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        other => text(other).into_iter().collect(),
    }
}

/// A whole number, as such or as text.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        other => text(other)?.parse().ok(),
    }
}

/// An answer that no script of this version gives.
pub(crate) fn strange(answer: &str) -> StoreError {
    StoreError::Unavailable {
        reason: format!("Redis gave an answer that nobody understands: {answer}"),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn answers_are_read() {
        let list = |items: Vec<Value>| read(&Value::Array(items));
        assert_eq!(list(vec![bulk("OK"), Value::Int(7)]), Reply::Done(vec![7]));
        assert_eq!(list(vec![bulk("CHANGED")]), Reply::Changed);
        let locked = list(vec![bulk("LOCKED"), bulk("0.a"), Value::Int(12)]);
        let by = "0.a".to_owned();
        assert_eq!(locked, Reply::Locked { by, age_ms: 12 });
        assert_eq!(list(vec![bulk("BEHIND"), bulk("99")]), Reply::Behind(99));
        assert_eq!(list(vec![bulk("?")]), Reply::Other("?".to_owned()));
    }
}
