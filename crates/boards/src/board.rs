//! A board: its name, and the settings that say what a submission does and who ranks first.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Invalid;
use crate::score::Score;
use crate::segment::Attribute;

const MAX_ID_BYTES: usize = 64;

/// The name of a board: `[a-z0-9][a-z0-9_-]{0,63}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct BoardId(String);

impl BoardId {
    /// The board behind the classic paths.
    pub fn global() -> Self {
        BoardId("global".to_owned())
    }

    /// # Errors
    /// [`Invalid`] where the text is not a board's name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let well_formed = bytes.first().is_some_and(|b| letter(*b))
            && bytes.len() <= MAX_ID_BYTES
            && bytes.iter().all(|b| letter(*b) || matches!(b, b'_' | b'-'));
        if well_formed {
            Ok(BoardId(text.to_owned()))
        } else {
            Err(Invalid::new(
                "must be 1 to 64 of a-z, 0-9, _ and -, starting with a letter or digit",
            ))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BoardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BoardId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BoardId::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One period of a board between resets, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeasonId(pub u32);

impl SeasonId {
    /// The season of a board that was never reset.
    pub const FIRST: SeasonId = SeasonId(1);
}

/// Which score ranks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The highest.
    Desc,
    /// The lowest, as in lap times.
    Asc,
}

/// How a submission changes a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// Adds to it.
    Sum,
    /// Replaces it if that ranks higher.
    Best,
    /// Replaces it.
    Last,
}

/// What a board is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardSettings {
    /// Which score ranks first.
    pub order: Order,
    /// How a submission changes a score.
    pub operator: Operator,
    /// The attributes by which the board is ranked in parts as well.
    pub segments: Vec<Attribute>,
}

impl BoardSettings {
    /// The settings of the board behind the classic paths: points add up, most points first, ranked
    /// by country too.
    pub fn global() -> Self {
        BoardSettings {
            order: Order::Desc,
            operator: Operator::Sum,
            segments: vec![Attribute::Country],
        }
    }

    /// The score after a submission of `submitted` to an entry that has `previous`.
    ///
    /// `None` where the sum is too large for a double. A result equal to `previous` is no change:
    /// the entry keeps its place among its ties.
    pub fn apply(&self, previous: Option<Score>, submitted: Score) -> Option<Score> {
        let Some(previous) = previous else {
            return Some(submitted);
        };
        match self.operator {
            Operator::Sum => previous.checked_add(submitted),
            Operator::Last => Some(submitted),
            Operator::Best => Some(match self.order {
                Order::Desc => previous.max(submitted),
                Order::Asc => previous.min(submitted),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(value: f64) -> Score {
        Score::new(value).unwrap()
    }

    fn board(order: Order, operator: Operator) -> BoardSettings {
        BoardSettings {
            order,
            operator,
            segments: Vec::new(),
        }
    }

    #[test]
    fn operators_change_scores() {
        let apply = |order, operator, previous: Option<f64>, submitted| {
            board(order, operator)
                .apply(previous.map(score), score(submitted))
                .map(Score::get)
        };
        for order in [Order::Asc, Order::Desc] {
            for operator in [Operator::Sum, Operator::Best, Operator::Last] {
                assert_eq!(apply(order, operator, None, -4.5), Some(-4.5));
            }
            assert_eq!(apply(order, Operator::Sum, Some(3.0), -4.5), Some(-1.5));
            assert_eq!(apply(order, Operator::Last, Some(3.0), -4.5), Some(-4.5));
            assert_eq!(apply(order, Operator::Sum, Some(f64::MAX), f64::MAX), None);
        }
        assert_eq!(
            apply(Order::Desc, Operator::Best, Some(3.0), 5.0),
            Some(5.0)
        );
        assert_eq!(
            apply(Order::Desc, Operator::Best, Some(3.0), 2.0),
            Some(3.0)
        );
        assert_eq!(apply(Order::Asc, Operator::Best, Some(3.0), 5.0), Some(3.0));
        assert_eq!(apply(Order::Asc, Operator::Best, Some(3.0), 2.0), Some(2.0));
    }

    #[test]
    fn names_of_boards() {
        for good in ["global", "a", "0", "weekly-2024_x", &"x".repeat(64)] {
            assert_eq!(BoardId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "_a", "A", "a.b", "a/b", "ä", &"x".repeat(65)] {
            assert!(BoardId::parse(bad).is_err(), "{bad}");
        }
    }
}
