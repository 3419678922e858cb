//! What is asked of a board by those who read it, and what they get. Every answer is exact at one
//! instant.

use crate::board::{BoardId, SeasonId};
use crate::entry::RankedEntry;
use crate::player::PlayerId;
use crate::rank_key::RankKey;
use crate::score::Score;
use crate::segment::Segment;

/// The part of a board that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The board.
    pub board: BoardId,
    /// The season; `None`: the present one.
    pub season: Option<SeasonId>,
    /// The segment; `None`: the whole board.
    pub segment: Option<Segment>,
}

impl View {
    /// The whole of the board's present season.
    pub fn of(board: BoardId) -> Self {
        View {
            board,
            season: None,
            segment: None,
        }
    }
}

/// The board of this number, in this store and for ever: a board that is deleted and made again has
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BoardNumber(pub u32);

/// A point in the order of a board's season, whether or not an entry is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The board.
    pub board: BoardNumber,
    /// The season.
    pub season: SeasonId,
    /// The point.
    pub key: RankKey,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PageStart {
    /// After that many entries.
    Offset(u64),
    /// After this point.
    After(Mark),
}

/// Some consecutive entries of a board or segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The entries, best first.
    pub entries: Vec<RankedEntry>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Mark>,
    /// Entries in the board or segment.
    pub total: u64,
    /// The season that was read.
    pub season: SeasonId,
}

/// One entry, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The entry.
    pub entry: RankedEntry,
    /// Entries in the board or segment that was asked for.
    pub total: u64,
    /// The share of those, in percent, that have no better score: 100 for the first. `None` while the
    /// entry is hidden or is not in that segment.
    pub percentile: Option<f64>,
    /// The season that was read.
    pub season: SeasonId,
}

/// Entries of some players.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// Those that were found, best first, each with its rank among these; hidden ones are not.
    pub entries: Vec<(u64, RankedEntry)>,
    /// The others, in the order asked.
    pub not_found: Vec<PlayerId>,
    /// The season that was read.
    pub season: SeasonId,
}

/// The scores of a board or segment in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Entries.
    pub total: u64,
    /// The lowest score.
    pub min: Option<Score>,
    /// The highest score.
    pub max: Option<Score>,
    /// For each share in percent that was asked for, the lowest score such that at least this share of
    /// the entries is at or below it (nearest rank).
    pub percentiles: Vec<(f64, Score)>,
    /// Parts of the way from `min` to `max`, of one width, lowest first; none without entries.
    pub histogram: Vec<Bucket>,
    /// The season that was read.
    pub season: SeasonId,
}

/// A part of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Its lowest score.
    pub from: Score,
    /// Where the next one begins; the last one's own highest score.
    pub to: Score,
    /// Entries in it.
    pub count: u64,
}

/// Where the parts of a histogram begin: at most `buckets` of one width from `min` to `max`, the first
/// at `min`, each above the one before. The `i`th of `b` is `min × (1 − i/b) + max × i/b`, which no
/// finite doubles take out of range.
pub fn histogram_bounds(min: Score, max: Score, buckets: usize) -> Vec<Score> {
    let mut bounds = vec![min];
    for part in 1..buckets {
        let share = part as f64 / buckets as f64;
        let bound = min.get() * (1.0 - share) + max.get() * share;
        let above = bounds.last().is_some_and(|last| bound > last.get());
        if above && bound <= max.get() {
            bounds.extend(Score::new(bound));
        }
    }
    bounds
}
