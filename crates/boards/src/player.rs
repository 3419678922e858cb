//! A player: an id, a name, a country, attributes.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::error::Invalid;
use crate::segment::Attributes;

const MAX_NAME_CHARS: usize = 64;

/// Who a player is: a UUID in its hyphenated text form.
///
/// The nil UUID is nobody's: it stands for players that were erased. It is refused wherever an id is taken
/// in ([`PlayerId::parse`]), and read where it was stored ([`Deserialize`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayerId(Uuid);

impl PlayerId {
    /// What stands in the place of a player that was erased.
    pub const NIL: PlayerId = PlayerId(Uuid::nil());

    /// A new random id.
    pub fn random() -> Self {
        PlayerId(Uuid::new_v4())
    }

    /// The id of these sixteen bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        PlayerId(Uuid::from_bytes(bytes))
    }

    /// Its sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads the form `e4cdb120-28fc-4285-a78d-eb48660b7730`, in either case.
    ///
    /// # Errors
    /// [`Invalid`] for anything else, the braced and unhyphenated forms included, and for the nil UUID.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match PlayerId::parse_stored(text)? {
            PlayerId::NIL => Err(Invalid::new(
                "must not be the nil UUID, which stands for players that were erased",
            )),
            id => Ok(id),
        }
    }

    /// As [`parse`](Self::parse), but the nil UUID is read too: for what was stored before that was refused.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn parse_stored(text: &str) -> Result<Self, Invalid> {
        const HYPHENATED: usize = uuid::fmt::Hyphenated::LENGTH;
        match Uuid::try_parse(text) {
            Ok(id) if text.len() == HYPHENATED => Ok(PlayerId(id)),
            _ => Err(Invalid::new(
                "must be a UUID such as e4cdb120-28fc-4285-a78d-eb48660b7730",
            )),
        }
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl<'de> Deserialize<'de> for PlayerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        PlayerId::parse_stored(&text).map_err(serde::de::Error::custom)
    }
}

impl Serialize for PlayerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut text))
    }
}

/// What a player is called: 1 to 64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DisplayName(CompactString);

impl DisplayName {
    /// # Errors
    /// [`Invalid`] where the text is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.chars().count() > MAX_NAME_CHARS {
            return Err(Invalid::new("must have 1 to 64 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("must not contain control characters"));
        }
        Ok(DisplayName(CompactString::new(text)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A country: two ASCII letters, as in ISO 3166-1 alpha-2. Read in any case, kept in lower case.
///
/// Whether the code is assigned to a country is not checked; the list changes, and `xk` or `eu`
/// are in use without being on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// # Errors
    /// [`Invalid`] where the text is not two ASCII letters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Country([a.to_ascii_lowercase(), b.to_ascii_lowercase()]))
            }
            _ => Err(Invalid::new("must be two letters such as tr")),
        }
    }

    /// The two lower-case letters as ASCII.
    pub fn to_bytes(self) -> [u8; 2] {
        self.0
    }

    /// The two lower-case letters.
    pub fn as_str(&self) -> &str {
        // Two ASCII letters are UTF-8.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Country::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A player as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// Who it is.
    pub id: PlayerId,
    /// What it is called; names are not unique.
    pub display_name: DisplayName,
    /// Where it is from, where that is known.
    pub country: Option<Country>,
    /// What else the game says of it.
    pub attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hyphenated_uuids() {
        let id = PlayerId::parse("E4CDB120-28fc-4285-a78d-eb48660b7730").unwrap();
        assert_eq!(id.to_string(), "e4cdb120-28fc-4285-a78d-eb48660b7730");
        for bad in [
            "",
            "7",
            "e4cdb12028fc4285a78deb48660b7730",
            "{e4cdb120-28fc-4285-a78d-eb48660b7730}",
            "urn:uuid:e4cdb120-28fc-4285-a78d-eb48660b7730",
            "e4cdb120-28fc-4285-a78d-eb48660b773g",
        ] {
            assert!(PlayerId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_nil_id_is_nobodys_and_is_read_where_it_was_stored() {
        let text = "00000000-0000-0000-0000-000000000000";
        let refused = PlayerId::parse(text).unwrap_err();
        assert!(refused.reason().contains("erased"));
        let json = format!("\"{text}\"");
        assert_eq!(
            serde_json::from_str::<PlayerId>(&json).unwrap(),
            PlayerId::NIL
        );
        assert_eq!(serde_json::to_string(&PlayerId::NIL).unwrap(), json);
        assert!(PlayerId::parse("00000000-0000-0000-0000-000000000001").is_ok());
    }

    #[test]
    fn countries_are_two_letters_in_any_case() {
        assert_eq!(Country::parse("TR").unwrap(), Country::parse("tr").unwrap());
        for bad in ["", "t", "tur", "t1", "ş", "t "] {
            assert!(Country::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_short_and_printable() {
        assert!(DisplayName::parse(&"ü".repeat(64)).is_ok());
        for bad in ["", "a\nb", "\u{7f}", &"x".repeat(65)] {
            assert!(DisplayName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
