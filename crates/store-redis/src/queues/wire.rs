//! What the server answers to readings, taken apart.

use redis::Value;

/// Bytes, where it is that.
pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

/// The items of a list; none where it is none.
pub(super) fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// The texts of a list.
pub(super) fn items(value: Value) -> Vec<Vec<u8>> {
    list(value).into_iter().filter_map(bytes).collect()
}

/// A number that the server has as text or as such; 0 where there is none.
pub(super) fn number(value: &Value) -> u64 {
    crate::replies::whole(value).unwrap_or(0)
}

/// A score, as text.
pub(super) fn score(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
