//! Points of the order and scores, as scripts are told of them and as they answer.

use boards::{Order, PlayerId, RankKey, Score, StoreError};
use redis::Value;

use super::gather::Cut;
use crate::board_keys::{read_member, score_of};
use crate::replies::{strange, text, whole};

/// Arguments of a script.
pub(super) type Words = Vec<Vec<u8>>;

pub(super) fn word(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

pub(super) fn count_word(count: u64) -> Vec<u8> {
    count.to_string().into_bytes()
}

/// A number as scripts read it back to the same double.
pub(super) fn number(score: Score) -> Vec<u8> {
    format!("{:e}", score.get()).into_bytes()
}

/// A score as sorted sets have it, whichever way the board ranks: the half of a key that is the score sorts
/// as the weight does.
pub(super) fn weight_of(key: RankKey) -> Score {
    key.score(Order::Asc)
}

/// The first members that could stand after that point: weight, and when it was reached.
pub(super) fn cut_words(cut: Cut) -> [Vec<u8>; 2] {
    let (key, after) = cut;
    // Nobody has reached anything at the last instant.
    let reached = key.reached().saturating_add(u64::from(after));
    let weight = number(weight_of(key));
    [weight, reached.to_be_bytes().to_vec()]
}

/// The items of a list; of nothing, none.
pub(super) fn items(value: &Value) -> Result<&[Value], StoreError> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Nil => Ok(&[]),
        other => Err(odd(other)),
    }
}

/// An item of a list.
pub(super) fn item(items: &[Value], at: usize) -> Result<&Value, StoreError> {
    items.get(at).ok_or_else(|| strange("it is too short"))
}

pub(super) fn count(value: &Value) -> Result<u64, StoreError> {
    whole(value).ok_or_else(|| odd(value))
}

pub(super) fn counts(value: &Value) -> Result<Vec<u64>, StoreError> {
    items(value)?.iter().map(count).collect()
}

/// Bytes; `None` where there are none.
pub(super) fn bytes(value: &Value) -> Result<Option<&[u8]>, StoreError> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        other => Err(odd(other)),
    }
}

/// A number that is a score, or the weight of one; `None` where there is none.
pub(super) fn weight(value: &Value) -> Result<Option<Score>, StoreError> {
    if *value == Value::Nil {
        return Ok(None);
    }
    let number = text(value).and_then(|text| text.parse().ok());
    let score = number.and_then(|number: f64| Score::new(number).ok());
    score.map(Some).ok_or_else(|| odd(value))
}

pub(super) fn weights(value: &Value) -> Result<Vec<Score>, StoreError> {
    let weights = items(value)?.iter().map(weight);
    weights.filter_map(Result::transpose).collect()
}

/// Where a weight stands in the order, with when it was reached.
pub(super) fn key_of(order: Order, weight: Score, reached: u64) -> Result<RankKey, StoreError> {
    let score = score_of(order, weight.get()).ok_or_else(|| strange("a score is none"))?;
    Ok(RankKey::new(order, score, reached))
}

/// The keys of members, each followed by its weight.
pub(super) fn keys(order: Order, value: &Value) -> Result<Vec<RankKey>, StoreError> {
    let pairs = items(value)?.chunks_exact(2);
    let key = |pair: &[Value]| {
        let (reached, _) = member(&pair[0])?;
        let weight = weight(&pair[1])?.ok_or_else(|| odd(&pair[1]))?;
        key_of(order, weight, reached)
    };
    pairs.map(key).collect()
}

/// A member of a sorted set.
pub(super) fn member(value: &Value) -> Result<(u64, PlayerId), StoreError> {
    let member = bytes(value)?.and_then(read_member);
    member.ok_or_else(|| odd(value))
}

pub(super) fn odd(value: &Value) -> StoreError {
    strange(&format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_keys_sort_as_the_board_ranks() {
        let score = |value| Score::new(value).unwrap();
        for (order, sign) in [(Order::Asc, 1.0), (Order::Desc, -1.0)] {
            for value in [0.0, -1.5, 7.0, f64::MAX, f64::MIN, 5e-324] {
                let key = RankKey::new(order, score(value), 9);
                assert_eq!(weight_of(key), score(sign * value));
                assert_eq!(key_of(order, weight_of(key), 9).unwrap(), key);
            }
        }
    }

    #[test]
    fn a_cut_after_a_key_is_right_after_it() {
        let key = RankKey::new(Order::Desc, Score::new(2.5).unwrap(), 7);
        let reached = |n: u64| n.to_be_bytes().to_vec();
        assert_eq!(cut_words((key, false)), [word("-2.5e0"), reached(7)]);
        assert_eq!(cut_words((key, true)), [word("-2.5e0"), reached(8)]);
        assert_eq!(cut_words((key.last_of_ties(), true))[1], reached(u64::MAX));
    }

    #[test]
    fn odd_answers_are_refused() {
        assert!(counts(&Value::Int(3)).is_err());
        assert!(counts(&Value::Array(vec![Value::Int(-3)])).is_err());
        assert!(weight(&Value::BulkString(b"inf".to_vec())).is_err());
        assert!(member(&Value::BulkString(b"short".to_vec())).is_err());
        assert_eq!(weight(&Value::Nil).unwrap(), None);
        assert_eq!(bytes(&Value::Nil).unwrap(), None);
    }
}
