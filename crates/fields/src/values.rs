//! The domain's values, read from JSON.

use boards::{
    Attribute, Authority, BoardId, Country, DisplayName, Metadata, Operator, Order, PlayerId,
    RankMode, Score, Segment,
};
use matchmaking::{
    AttributeKey, AttributeText, Clock, Likeness, MatchId, QueueId, RatingSystem, Region, Role,
    TicketId,
};
use serde::Deserialize;
use serde_json::Value;

use super::FromValue;

/// The text of a JSON string.
///
/// # Errors
/// What is wrong, where it is no string.
pub fn text(value: &Value) -> Result<&str, &'static str> {
    value.as_str().ok_or("must be a string")
}

/// Up to here doubles are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole number that a JSON number is, be it written `4`, `4.0` or `0.4e1`: that is what JSON Schema
/// means by an integer, and many languages have no other numbers. Written as a fraction only as far as doubles
/// are exact.
pub fn integer(value: &Value) -> Option<i128> {
    let written = value.as_i64().map(i128::from);
    written
        .or_else(|| value.as_u64().map(i128::from))
        .or_else(|| {
            let number = value.as_f64()?;
            let is_whole = number.fract() == 0.0 && number.abs() <= EXACT;
            is_whole.then_some(number as i128)
        })
}

/// Types that the domain reads from text.
macro_rules! parsed {
    ($($type:ty),+) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                <$type>::parse(text(value)?).map_err(|e| e.reason())
            }
        })+
    };
}

parsed!(
    Attribute,
    AttributeKey,
    AttributeText,
    BoardId,
    Country,
    DisplayName,
    MatchId,
    PlayerId,
    QueueId,
    Region,
    Role,
    Segment,
    TicketId
);

/// Types that are one of a few words.
macro_rules! words {
    ($($type:ty: $reason:literal),+) => {
        $(impl FromValue for $type {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                text(value)?;
                <$type>::deserialize(value).map_err(|_| $reason)
            }
        })+
    };
}

words!(
    Authority: "must be server or player",
    Clock: "must be oldest or newest",
    Likeness: "must be equal, different or overlap",
    Operator: "must be sum, best or last",
    Order: "must be desc or asc",
    RankMode: "must be ordinal, shared or dense",
    RatingSystem: "must be weng-lin, glicko2, elo or trueskill"
);

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        value.as_bool().ok_or("must be true or false")
    }
}

impl FromValue for Score {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let number = value.as_f64().ok_or("must be a number")?;
        Score::new(number).map_err(|e| e.reason())
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        text(value).map(str::to_owned)
    }
}

impl FromValue for Metadata {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        if !value.is_object() {
            return Err("must be an object");
        }
        Metadata::of_object(value.to_string()).map_err(|e| e.reason())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |text: &str| integer(&serde_json::from_str(text).unwrap());
        for (text, number) in [
            ("4", 4),
            ("4.0", 4),
            ("0.4e1", 4),
            ("-3.0", -3),
            ("-0.0", 0),
            ("18446744073709551615", u64::MAX.into()),
            ("-9223372036854775808", i64::MIN.into()),
            ("9007199254740992.0", 1 << 53),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for bad in [
            "4.5",
            "1e16",
            "1e300",
            "18446744073709551616",
            "\"4\"",
            "true",
            "[4]",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_are_words() {
        assert_eq!(Order::from_value(&json!("asc")), Ok(Order::Asc));
        assert_eq!(RankMode::from_value(&json!("dense")), Ok(RankMode::Dense));
        for bad in [json!("up"), json!("Asc"), json!({"asc": null}), json!(1)] {
            assert!(Order::from_value(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_are_small_objects() {
        let read = Metadata::from_value(&json!({"a": [1, 2.5, null]})).unwrap();
        assert_eq!(read.as_json(), r#"{"a":[1,2.5,null]}"#);
        let of_bytes = |bytes: usize| json!({"a": "x".repeat(bytes - 8)});
        assert!(Metadata::from_value(&of_bytes(1024)).is_ok());
        for bad in [of_bytes(1025), json!([]), json!("{}")] {
            assert!(Metadata::from_value(&bad).is_err());
        }
    }
}
