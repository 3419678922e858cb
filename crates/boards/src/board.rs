//! A board's name, its seasons, and the words of its settings.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Invalid;

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

/// Which ranks equal scores get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankMode {
    /// 1 2 3 4: each a rank of its own, the score that was reached first above.
    #[default]
    Ordinal,
    /// 1 2 2 4: the same rank, and as many ranks left out.
    Shared,
    /// 1 2 2 3: the same rank, and none left out.
    Dense,
}

/// Who may submit scores, once there are access keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authority {
    /// Servers alone.
    #[default]
    Server,
    /// Players too, each for itself.
    Player,
}

/// A period of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Season {
    /// Its number.
    pub season: SeasonId,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_at_ms: i64,
    /// When it ended; `None` for the present one.
    pub ended_at_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
