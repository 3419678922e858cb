//! A player as it is stored under its id: JSON, since scripts look up segments in it.

use std::collections::BTreeMap;

use boards::{AttributeName, AttributeValue, Attributes, Country, DisplayName, Player, PlayerId};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<Country>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

pub(crate) fn to_bytes(player: &Player) -> Vec<u8> {
    let texts = player.attributes.iter();
    let texts = texts.map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()));
    let stored = Stored {
        name: player.display_name.as_str().to_owned(),
        country: player.country,
        attributes: texts.collect(),
    };
    // Plain data with text keys always has a JSON form.
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// `None` where the bytes are no player.
pub(crate) fn read(id: PlayerId, bytes: &[u8]) -> Option<Player> {
    let stored: Stored = serde_json::from_slice(bytes).ok()?;
    let attributes = stored.attributes.iter().map(|(name, value)| {
        let name = AttributeName::parse(name).ok()?;
        Some((name, AttributeValue::parse(value).ok()?))
    });
    Some(Player {
        id,
        display_name: DisplayName::parse(&stored.name).ok()?,
        country: stored.country,
        attributes: Attributes::new(attributes.collect::<Option<_>>()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(name: &str, country: Option<&str>, attributes: &[(&str, &str)]) -> Player {
        let attributes = attributes.iter().map(|(name, value)| {
            let name = AttributeName::parse(name).unwrap();
            (name, AttributeValue::parse(value).unwrap())
        });
        Player {
            id: PlayerId::from_bytes([3; 16]),
            display_name: DisplayName::parse(name).unwrap(),
            country: country.map(|code| Country::parse(code).unwrap()),
            attributes: Attributes::new(attributes.collect()).unwrap(),
        }
    }

    #[test]
    fn players_come_back() {
        let all = [
            player("ada", None, &[]),
            player("ü\"\\ 𝄞", Some("TR"), &[]),
            player("x", None, &[("clan", "a:b c"), ("league", "\"gold\"")]),
        ];
        for player in all {
            let bytes = to_bytes(&player);
            assert_eq!(read(player.id, &bytes), Some(player));
        }
    }

    #[test]
    fn what_is_no_player_is_not_read() {
        let id = PlayerId::from_bytes([3; 16]);
        let bad = [
            "",
            "{}",
            r#"{"name":""}"#,
            r#"{"name":"x","country":"tur"}"#,
            r#"{"name":"x","attributes":{"country":"tr"}}"#,
        ];
        for bytes in bad {
            assert_eq!(read(id, bytes.as_bytes()), None, "{bytes}");
        }
        assert_eq!(to_bytes(&player("x", None, &[])), br#"{"name":"x"}"#);
    }
}
