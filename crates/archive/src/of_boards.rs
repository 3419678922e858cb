//! The lines of boards and players.

use std::collections::BTreeMap;

use boards::{
    AttributeName, AttributeValue, Attributes, BoardId, BoardSettings, Country, Details,
    DisplayName, Invalid, Metadata, Player, PlayerId, Score, Season, SeasonId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Kind;

/// A board.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoardLine {
    kind: Kind,
    /// Its name.
    pub name: BoardId,
    /// Its settings.
    pub settings: BoardSettings,
    /// The present season first, then the past ones, newest first.
    pub seasons: Vec<Season>,
    /// When the schedule was set, where that was within the present season; in milliseconds since the Unix epoch.
    /// Exports by versions that did not keep it are without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_set_at_ms: Option<i64>,
}

impl BoardLine {
    /// The line of a board.
    pub fn new(
        name: BoardId,
        settings: BoardSettings,
        seasons: Vec<Season>,
        reset_set_at_ms: Option<i64>,
    ) -> Self {
        BoardLine {
            kind: Kind::Board,
            name,
            settings,
            seasons,
            reset_set_at_ms,
        }
    }
}

/// A player.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayerLine {
    kind: Kind,
    /// Who.
    pub id: PlayerId,
    display_name: String,
    country: Option<Country>,
    attributes: BTreeMap<String, String>,
}

impl PlayerLine {
    /// The line of a player.
    pub fn of(player: &Player) -> Self {
        let attributes = player.attributes.iter();
        let texts = |(name, value): (&AttributeName, &AttributeValue)| {
            (name.as_str().to_owned(), value.as_str().to_owned())
        };
        PlayerLine {
            kind: Kind::Player,
            id: player.id,
            display_name: player.display_name.as_str().to_owned(),
            country: player.country,
            attributes: attributes.map(texts).collect(),
        }
    }

    /// The player of the line.
    ///
    /// # Errors
    /// [`Invalid`] where no player is like that.
    pub fn player(&self) -> Result<Player, Invalid> {
        let mut attributes = BTreeMap::new();
        for (name, value) in &self.attributes {
            attributes.insert(AttributeName::parse(name)?, AttributeValue::parse(value)?);
        }
        Ok(Player {
            id: self.id,
            display_name: DisplayName::parse(&self.display_name)?,
            country: self.country,
            attributes: Attributes::new(attributes)?,
        })
    }
}

/// A player's entry in a season of a board.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryLine<'a> {
    kind: Kind,
    /// The board.
    pub board: &'a str,
    /// The season.
    pub season: SeasonId,
    /// The player.
    pub player_id: PlayerId,
    /// The score.
    pub score: Score,
    /// Of two equal scores the one with the smaller number ranks first.
    pub reached: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at_ms: Option<i64>,
    /// An object.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

impl EntryLine<'_> {
    /// What the entry keeps beside its score; `None` where the metadata is not what an entry can have.
    pub fn details(&self) -> Option<Details> {
        let text = self.metadata.map(RawValue::get);
        if text.is_some_and(|json| !json.starts_with('{')) {
            return None;
        }
        let metadata = text.map(|json| Metadata::of_object(json.to_owned()));
        Some(Details {
            occurred_at_ms: self.occurred_at_ms,
            metadata: metadata.transpose().ok()?,
        })
    }

    /// Hands the line of an entry to `write`; `None` where its metadata is no JSON.
    pub fn with<T>(
        (board, season, player_id): (&str, SeasonId, PlayerId),
        (score, reached): (Score, u64),
        details: &Details,
        write: impl FnOnce(&EntryLine<'_>) -> T,
    ) -> Option<T> {
        // Between the parts of JSON a line end is but a space, and here it would end the line.
        let text = details.metadata.as_ref();
        let text = text.map(|m| m.as_json().replace(['\n', '\r'], " "));
        let metadata: Option<Box<RawValue>> = text.map(RawValue::from_string).transpose().ok()?;
        Some(write(&EntryLine {
            kind: Kind::Entry,
            board,
            season,
            player_id,
            score,
            reached,
            occurred_at_ms: details.occurred_at_ms,
            metadata: metadata.as_deref(),
        }))
    }
}

/// A mark that a player is hidden on a board.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenLine<'a> {
    kind: Kind,
    /// The board.
    pub board: &'a str,
    /// The player.
    pub player_id: PlayerId,
}

impl<'a> HiddenLine<'a> {
    /// The line of a mark.
    pub fn new(board: &'a str, player_id: PlayerId) -> Self {
        HiddenLine {
            kind: Kind::Hidden,
            board,
            player_id,
        }
    }
}
