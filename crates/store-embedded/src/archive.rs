//! The form of an export: lines of JSON, in an order that lets a reader check it in little memory.
//!
//! ```text
//! {"kind":"agon_export","format":1,"taken_at":"2026-01-02T03:04:05.678Z","scope":"store"}
//! {"kind":"board",…}     by name
//! {"kind":"player",…}    by id
//! {"kind":"entry",…}     by board, season and player
//! {"kind":"hidden",…}    by board and player
//! {"kind":"end","boards":1,"players":2,"entries":2,"hidden":0,"sha256":"…"}
//! ```
//!
//! The digest is over all bytes before the last line. `reached` keeps the order of ties: of two equal
//! scores the one with the smaller number ranks first; the numbers mean nothing else. Absent on purpose:
//! answers that are kept for retries, the secret, and numbers by which a store knows its boards.

use std::collections::{BTreeMap, BTreeSet};

use boards::{
    AttributeName, AttributeValue, Attributes, BoardId, BoardSettings, Country, Details,
    DisplayName, Invalid, Metadata, Player, PlayerId, Score, Season, SeasonId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::codec::StoredEntry;

mod lines;
mod relay;

pub use lines::ArchiveError;
pub(crate) use lines::Lines;
pub use relay::relay;

/// The version of the form.
pub(crate) const FORMAT: u32 = 1;

/// What a line is; they come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    AgonExport,
    Board,
    Player,
    Entry,
    Hidden,
    End,
    /// Instead of the end, where the rest could not be read.
    Error,
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ScopeText", into = "ScopeText")]
pub enum Scope {
    /// All boards and all players.
    Store,
    /// These boards, and the players that have entries or are hidden there.
    Boards(BTreeSet<BoardId>),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum ScopeText {
    Word(StoreWord),
    Names(BTreeSet<BoardId>),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoreWord {
    Store,
}

impl From<ScopeText> for Scope {
    fn from(text: ScopeText) -> Self {
        match text {
            ScopeText::Word(StoreWord::Store) => Scope::Store,
            ScopeText::Names(names) => Scope::Boards(names),
        }
    }
}

impl From<Scope> for ScopeText {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Store => ScopeText::Word(StoreWord::Store),
            Scope::Boards(names) => ScopeText::Names(names),
        }
    }
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Boards.
    pub boards: u64,
    /// Players.
    pub players: u64,
    /// Entries, of all seasons.
    pub entries: u64,
    /// Marks that a player is hidden on a board.
    pub hidden: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Board => self.boards += 1,
            Kind::Player => self.players += 1,
            Kind::Entry => self.entries += 1,
            Kind::Hidden => self.hidden += 1,
            Kind::AgonExport | Kind::End | Kind::Error => {}
        }
    }

    /// All of it.
    pub fn records(&self) -> u64 {
        self.boards + self.players + self.entries + self.hidden
    }
}

/// The first part of every line; the rest is read once it is known what it is.
#[derive(Deserialize)]
pub(crate) struct Tag {
    pub(crate) kind: Kind,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) format: u32,
    pub(crate) taken_at: jiff::Timestamp,
    pub(crate) scope: Scope,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoardLine {
    pub(crate) kind: Kind,
    pub(crate) name: BoardId,
    pub(crate) settings: BoardSettings,
    pub(crate) seasons: Vec<Season>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlayerLine {
    kind: Kind,
    pub(crate) id: PlayerId,
    display_name: String,
    country: Option<Country>,
    attributes: BTreeMap<String, String>,
}

impl PlayerLine {
    pub(crate) fn of(player: &Player) -> Self {
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

    pub(crate) fn player(&self) -> Result<Player, Invalid> {
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

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryLine<'a> {
    pub(crate) kind: Kind,
    pub(crate) board: &'a str,
    pub(crate) season: SeasonId,
    pub(crate) player_id: PlayerId,
    pub(crate) score: Score,
    pub(crate) reached: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) occurred_at_ms: Option<i64>,
    /// An object.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<&'a RawValue>,
}

impl EntryLine<'_> {
    /// `None` where the metadata is not what an entry can have.
    pub(crate) fn stored(&self) -> Option<StoredEntry> {
        let text = self.metadata.map(RawValue::get);
        if text.is_some_and(|json| !json.starts_with('{')) {
            return None;
        }
        let metadata = text.map(|json| Metadata::of_object(json.to_owned()));
        Some(StoredEntry {
            score: self.score,
            reached: self.reached,
            details: Details {
                occurred_at_ms: self.occurred_at_ms,
                metadata: metadata.transpose().ok()?,
            },
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HiddenLine<'a> {
    pub(crate) kind: Kind,
    pub(crate) board: &'a str,
    pub(crate) player_id: PlayerId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndLine {
    kind: Kind,
    boards: u64,
    players: u64,
    entries: u64,
    hidden: u64,
    pub(crate) sha256: String,
}

impl EndLine {
    pub(crate) fn new(counts: &Counts, sha256: String) -> Self {
        EndLine {
            kind: Kind::End,
            boards: counts.boards,
            players: counts.players,
            entries: counts.entries,
            hidden: counts.hidden,
            sha256,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            boards: self.boards,
            players: self.players,
            entries: self.entries,
            hidden: self.hidden,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ErrorLine {
    pub(crate) kind: Kind,
    pub(crate) reason: String,
}

/// A digest as it is written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
