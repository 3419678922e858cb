//! What tickets, queues, matches, roles, regions and attributes are called.

use std::fmt;

use boards::{Invalid, PlayerId};
use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A kind of name: text that is checked when it is read, and compared as it is.
macro_rules! name {
    ($(#[$about:meta])* $name:ident, $fits:expr, $reason:literal) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(CompactString);

        impl $name {
            /// # Errors
            /// [`Invalid`] where the text is no such name.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let fits: fn(&str) -> bool = $fits;
                if !fits(text) {
                    return Err(Invalid::new($reason));
                }
                Ok($name(CompactString::new(text)))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $name::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name! {
    /// The name of a queue: `[a-z0-9][a-z0-9_-]{0,63}`.
    QueueId,
    |text| is_word(text, 64) && text.as_bytes()[0] != b'_' && text.as_bytes()[0] != b'-',
    "must be 1 to 64 of a-z, 0-9, _ and -, starting with a letter or digit"
}
name! {
    /// The name of a ticket, its client's or made up: 1 to 64 of `A-Z a-z 0-9 _ . -`. A name of dots
    /// alone would be lost in a path.
    TicketId,
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        && text.bytes().any(|b| b != b'.'),
    "must be 1 to 64 of A-Z, a-z, 0-9, _, . and -"
}
name! {
    /// What a player does in a team, such as `healer`: `[a-z0-9_-]{1,32}`.
    Role,
    |text| is_word(text, 32),
    "must be 1 to 32 of a-z, 0-9, _ and -"
}
name! {
    /// Where matches are held, such as `eu`: `[a-z0-9_-]{1,32}`.
    Region,
    |text| is_word(text, 32),
    "must be 1 to 32 of a-z, 0-9, _ and -"
}
name! {
    /// The name of an attribute that rules speak of: `[a-z0-9_-]{1,32}`.
    AttributeKey,
    |text| is_word(text, 32),
    "must be 1 to 32 of a-z, 0-9, _ and -"
}
name! {
    /// A value of an attribute: 1 to 64 characters, none of them a control character.
    AttributeText,
    |text| (1..=64).contains(&text.chars().take(65).count()) && !text.chars().any(char::is_control),
    "must have 1 to 64 characters, none of them a control character"
}

fn is_word(text: &str, longest: usize) -> bool {
    let part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=longest).contains(&text.len()) && text.bytes().all(part)
}

impl TicketId {
    /// The name for a ticket that has none: this UUID.
    pub fn of(unique: PlayerId) -> Self {
        TicketId(CompactString::new(unique.to_string()))
    }
}

/// Which match it is: a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatchId(Uuid);

impl MatchId {
    /// The id of these random bytes, as a UUID of version 4.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        MatchId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The id of these sixteen bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        MatchId(Uuid::from_bytes(bytes))
    }

    /// Its sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// # Errors
    /// [`Invalid`] where the text is no hyphenated UUID.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == uuid::fmt::Hyphenated::LENGTH => Ok(MatchId(id)),
            _ => Err(Invalid::new(
                "must be a UUID such as 0d6f9b1e-5f3a-4c56-9a57-6f0e5d0c8a11",
            )),
        }
    }
}

impl fmt::Display for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl Serialize for MatchId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MatchId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        MatchId::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_they_have_to_be() {
        for good in ["a", "1v1", "ranked-5v5", &"q".repeat(64)] {
            assert_eq!(QueueId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "_a", "A", "a b", "a/b", "ä", &"q".repeat(65)] {
            assert!(QueueId::parse(bad).is_err(), "{bad}");
        }
        for good in ["t1", "T.1_-", &"t".repeat(64), "..a"] {
            assert!(TicketId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "a:b", &"t".repeat(65)] {
            assert!(TicketId::parse(bad).is_err(), "{bad}");
        }
        assert!(Role::parse("tank").is_ok() && Role::parse(&"r".repeat(33)).is_err());
        assert!(AttributeText::parse("Ranked, 5v5").is_ok());
        assert!(AttributeText::parse("a\n").is_err() && AttributeText::parse("").is_err());
    }

    #[test]
    fn matches_have_random_ids() {
        let id = MatchId::from_random([0xff; 16]);
        assert_eq!(id.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(MatchId::parse(&id.to_string()), Ok(id));
        assert!(MatchId::parse("ffffffffffff4fffbfffffffffffffff").is_err());
    }
}
