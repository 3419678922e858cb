//! The parts of a board that are ranked by themselves as well, and the attributes that make them.

use std::collections::BTreeMap;
use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Invalid;
use crate::player::{Country, Player};

const COUNTRY: &str = "country";
const MAX_NAME_BYTES: usize = 32;
const MAX_VALUE_CHARS: usize = 64;
/// Attributes that one player may have.
const MAX_ATTRIBUTES: usize = 16;

/// An attribute of players by which a board can be split into segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// The country, which every player may have.
    Country,
    /// One that the game has given its players.
    Named(AttributeName),
}

impl Attribute {
    /// # Errors
    /// [`Invalid`] where the text is neither `country` nor an attribute's name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text == COUNTRY {
            return Ok(Attribute::Country);
        }
        AttributeName::parse(text).map(Attribute::Named)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match self {
            Attribute::Country => COUNTRY,
            Attribute::Named(name) => name.as_str(),
        }
    }

    /// The segment of this attribute that a player belongs to, if any.
    pub fn segment_of(&self, player: &Player) -> Option<Segment> {
        match self {
            Attribute::Country => player.country.map(Segment::Country),
            Attribute::Named(name) => {
                let value = player.attributes.get(name)?;
                Some(Segment::Named(name.clone(), value.clone()))
            }
        }
    }
}

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Attribute::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The name of an attribute: `[a-z][a-z0-9_]{0,31}`, and not `country`, which has its own place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct AttributeName(CompactString);

impl AttributeName {
    /// # Errors
    /// [`Invalid`] where the text is no such name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = text.as_bytes();
        let part = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_';
        let well_formed = bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.len() <= MAX_NAME_BYTES
            && bytes.iter().all(part);
        if !well_formed {
            return Err(Invalid::new(
                "must be 1 to 32 of a-z, 0-9 and _, starting with a letter",
            ));
        }
        if text == COUNTRY {
            return Err(Invalid::new("must not be country, which has its own field"));
        }
        Ok(AttributeName(CompactString::new(text)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an attribute is for a player: 1 to 64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct AttributeValue(CompactString);

impl AttributeValue {
    /// # Errors
    /// [`Invalid`] where the text is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().take(MAX_VALUE_CHARS + 1).count();
        if !(1..=MAX_VALUE_CHARS).contains(&length) {
            return Err(Invalid::new("must have 1 to 64 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::new("must not contain control characters"));
        }
        Ok(AttributeValue(CompactString::new(text)))
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The attributes of a player, by name.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Attributes(Box<[(AttributeName, AttributeValue)]>);

impl Attributes {
    /// # Errors
    /// [`Invalid`] where there are more than 16.
    pub fn new(all: BTreeMap<AttributeName, AttributeValue>) -> Result<Self, Invalid> {
        if all.len() > MAX_ATTRIBUTES {
            return Err(Invalid::new("must have at most 16 attributes"));
        }
        Ok(Attributes(all.into_iter().collect()))
    }

    /// The value of an attribute.
    pub fn get(&self, name: &AttributeName) -> Option<&AttributeValue> {
        self.iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&AttributeName, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// The entries of all players with one value of an attribute, such as `country:tr`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The players of one country.
    Country(Country),
    /// The players with this value of an attribute.
    Named(AttributeName, AttributeValue),
}

impl Segment {
    /// Reads an attribute and its value, such as `country:tr`.
    ///
    /// # Errors
    /// [`Invalid`] where the text is not of that form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let parts = text.split_once(':');
        let (name, value) = parts.ok_or(Invalid::new("must be of the form attribute:value"))?;
        match Attribute::parse(name)? {
            Attribute::Country => Country::parse(value).map(Segment::Country),
            Attribute::Named(name) => Ok(Segment::Named(name, AttributeValue::parse(value)?)),
        }
    }

    /// What it is a segment by.
    pub fn attribute(&self) -> Attribute {
        match self {
            Segment::Country(_) => Attribute::Country,
            Segment::Named(name, _) => Attribute::Named(name.clone()),
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Segment::Country(country) => write!(f, "{COUNTRY}:{}", country.as_str()),
            Segment::Named(name, value) => write!(f, "{}:{}", name.as_str(), value.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_read_as_they_are_written() {
        for good in ["country:tr", "league:gold", "clan:a:b c"] {
            assert_eq!(Segment::parse(good).unwrap().to_string(), good);
        }
        assert_eq!(
            Segment::parse("country:TR").unwrap().to_string(),
            "country:tr"
        );
        for bad in [
            "",
            "tr",
            ":tr",
            "league:",
            "League:x",
            "country:tur",
            "l-g:x",
            "league:a\nb",
        ] {
            assert!(Segment::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_player_is_in_the_segments_of_its_attributes() {
        let name = AttributeName::parse("league").unwrap();
        let gold = AttributeValue::parse("gold").unwrap();
        let attributes = Attributes::new(BTreeMap::from([(name.clone(), gold)])).unwrap();
        let player = Player {
            id: crate::PlayerId::from_bytes([1; 16]),
            display_name: crate::DisplayName::parse("ada").unwrap(),
            country: None,
            attributes,
        };
        let league = Attribute::Named(name).segment_of(&player);
        assert_eq!(league, Some(Segment::parse("league:gold").unwrap()));
        assert_eq!(Attribute::Country.segment_of(&player), None);
        assert!(AttributeName::parse("country").is_err());
    }

    #[test]
    fn too_many_attributes_are_refused() {
        let some = |n: usize| {
            (0..n)
                .map(|n| AttributeName::parse(&format!("a{n}")).unwrap())
                .map(|name| (name, AttributeValue::parse("x").unwrap()))
                .collect::<BTreeMap<_, _>>()
        };
        assert!(Attributes::new(some(MAX_ATTRIBUTES)).is_ok());
        assert!(Attributes::new(some(MAX_ATTRIBUTES + 1)).is_err());
        assert!(Attributes::new(some(0)).unwrap().is_empty());
    }
}
