//! An entry on the wire, alone and with others.

use boards::{
    Attributes, Country, DisplayName, Lookup, Page, PlayerId, RankedEntry, Score, SeasonId,
    Segment, Standing,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::cursor::Cursors;
use crate::time::Time;

/// A player's line on a board.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entry {
    /// Rank on the whole board, counted from 1; null while the player is hidden.
    #[schema(required = true, example = 1)]
    rank: Option<u64>,
    /// Rank in the segment that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    segment_rank: Option<u64>,
    #[schema(value_type = String, format = Uuid, example = "e4cdb120-28fc-4285-a78d-eb48660b7730")]
    player_id: PlayerId,
    #[schema(value_type = String, example = "ada")]
    display_name: DisplayName,
    /// Two lower-case letters, where the country is known.
    #[schema(value_type = Option<String>, required = true, example = "tr")]
    country: Option<Country>,
    #[schema(value_type = BTreeMap<String, String>, example = json!({"league": "gold"}))]
    attributes: Attributes,
    #[schema(value_type = f64, example = 42)]
    score: Score,
    /// When the score was achieved, where that was told.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2024-05-01T12:00:00Z")]
    occurred_at: Option<Time>,
    /// What was sent along with the score.
    #[schema(value_type = Option<BTreeMap<String, serde_json::Value>>, required = true, example = json!({"level": 7}))]
    metadata: Option<Box<RawValue>>,
}

impl From<RankedEntry> for Entry {
    fn from(entry: RankedEntry) -> Self {
        let metadata = entry.details.metadata.map(|m| m.as_json().to_owned());
        Entry {
            rank: entry.rank,
            segment_rank: entry.segment_rank,
            player_id: entry.player.id,
            display_name: entry.player.display_name,
            country: entry.player.country,
            attributes: entry.player.attributes,
            score: entry.score,
            occurred_at: entry.details.occurred_at_ms.map(Time::from_ms),
            metadata: metadata.and_then(|json| RawValue::from_string(json).ok()),
        }
    }
}

/// Consecutive entries.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entries {
    /// Best first.
    entries: Vec<Entry>,
    /// What to send as `cursor` for those that follow; null after the last.
    #[schema(
        required = true,
        example = "AQAAAAcAAAADv7s___-A__8AAAEAAAAAAJ3R5mM0Ck2yq8r5b6WQ1vE"
    )]
    next: Option<String>,
    /// Ranked entries of the board or segment.
    #[schema(example = 1000)]
    total: u64,
    /// The season that was read.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
}

impl Entries {
    pub(crate) fn new(page: Page, segment: Option<&Segment>, cursors: &Cursors) -> Self {
        Entries {
            entries: page.entries.into_iter().map(Entry::from).collect(),
            next: page.next.map(|mark| cursors.write(mark, segment)),
            total: page.total,
            season: page.season,
        }
    }
}

/// An entry, and how it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryStanding {
    #[serde(flatten)]
    entry: Entry,
    /// Ranked entries of the board or segment.
    #[schema(example = 1000)]
    total: u64,
    /// The share of those, in percent, that have no better score: 100 for the first; null while the
    /// player is hidden or where it is not in the segment.
    #[schema(value_type = Option<f64>, required = true, example = 99.9)]
    percentile: Option<Score>,
    /// The season that was read.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
    /// Whether the player is out of the ranks of this board.
    #[schema(example = false)]
    hidden: bool,
}

impl From<Standing> for EntryStanding {
    fn from(standing: Standing) -> Self {
        EntryStanding {
            hidden: standing.entry.rank.is_none(),
            entry: standing.entry.into(),
            total: standing.total,
            percentile: standing.percentile.and_then(number),
            season: standing.season,
        }
    }
}

/// A number as scores are written: whole ones without a fraction.
pub(crate) fn number(value: f64) -> Option<Score> {
    Score::new(value).ok()
}

/// An entry among others that were asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryOfSet {
    /// Rank among the entries that were asked for, counted from 1.
    #[schema(example = 1)]
    set_rank: u64,
    #[serde(flatten)]
    entry: Entry,
}

/// Entries of some players.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntrySet {
    /// Best first.
    entries: Vec<EntryOfSet>,
    /// Players without an entry there, or hidden, in the order asked.
    #[schema(value_type = Vec<String>, example = json!(["e4cdb120-28fc-4285-a78d-eb48660b7730"]))]
    not_found: Vec<PlayerId>,
    /// The season that was read.
    #[schema(value_type = u32, example = 3)]
    season: SeasonId,
}

impl From<Lookup> for EntrySet {
    fn from(lookup: Lookup) -> Self {
        let entry = |(set_rank, entry): (u64, RankedEntry)| EntryOfSet {
            set_rank,
            entry: entry.into(),
        };
        EntrySet {
            entries: lookup.entries.into_iter().map(entry).collect(),
            not_found: lookup.not_found,
            season: lookup.season,
        }
    }
}
