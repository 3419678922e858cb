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

impl PageStart {
    /// The season that is read from here in a view: where it names none, that of the mark, so that pages go on
    /// to the end of a season that has ended meanwhile. `None`: the present one.
    pub fn season_in(&self, view: &View) -> Option<SeasonId> {
        match self {
            PageStart::Offset(_) => view.season,
            PageStart::After(mark) => view.season.or(Some(mark.season)),
        }
    }
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
    /// The share of those, in percent, that have no better score (`100 * these / total`): 100 for the
    /// first. `None` while the entry is hidden or is not in that segment.
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
    /// the entries is at or below it: the one at the [`nearest_rank`]. None without entries.
    pub percentiles: Vec<(f64, Score)>,
    /// Parts of the way from `min` to `max`, of one width, lowest first: they begin at the
    /// [`histogram_bounds`], and an entry is in the last that begins at or below its score. None
    /// without entries.
    pub histogram: Vec<Bucket>,
    /// The season that was read.
    pub season: SeasonId,
}

impl Stats {
    /// Those of nobody.
    pub fn none(season: SeasonId) -> Self {
        Stats {
            total: 0,
            min: None,
            max: None,
            percentiles: Vec::new(),
            histogram: Vec::new(),
            season,
        }
    }
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

/// Which of `total` scores, lowest first and counted from 1, is the one at this share in percent:
/// `percent * total / 100`, rounded up, and from 1 to `total`.
///
/// Multiplied first, so that whole percents of whole numbers come out whole: `7.0 / 100.0 * 100.0`
/// is more than seven.
pub fn nearest_rank(percent: f64, total: u64) -> u64 {
    let rank = (percent * total as f64 / 100.0).ceil();
    (rank as u64).clamp(1, total.max(1))
}

/// The scores at which the parts of a histogram begin: `min`, then for each part `i` after the first
/// `min + (max - min) * i / buckets`, or, where that is too large for a double on the way,
/// `min * (1 - i / buckets) + max * (i / buckets)`.
///
/// Strictly increasing and, after the first, between `min` and `max`: where doubles are too coarse
/// for that many parts, there are fewer. So there is one part where `min` is `max`, and none where
/// none is asked for.
pub fn histogram_bounds(min: Score, max: Score, buckets: usize) -> Vec<Score> {
    if buckets == 0 {
        return Vec::new();
    }
    let mut bounds = vec![min];
    let mut last = min;
    let inner = (1..buckets).filter_map(|part| bound(min.get(), max.get(), part, buckets));
    for bound in inner.filter(|bound| *bound < max) {
        if bound > last {
            bounds.push(bound);
            last = bound;
        }
    }
    bounds
}

fn bound(min: f64, max: f64, part: usize, parts: usize) -> Option<Score> {
    let (part, parts) = (part as f64, parts as f64);
    let share = part / parts;
    Score::new(min + (max - min) * part / parts)
        .or_else(|_| Score::new(min * (1.0 - share) + max * share))
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(min: f64, max: f64, buckets: usize) -> Vec<f64> {
        let score = |value| Score::new(value).unwrap();
        let bounds = histogram_bounds(score(min), score(max), buckets);
        bounds.into_iter().map(Score::get).collect()
    }

    #[test]
    fn the_nearest_rank_is_at_or_above_the_share() {
        let ranks = [0.0, 10.0, 25.0, 50.0, 50.1, 99.9, 100.0].map(|p| nearest_rank(p, 5));
        assert_eq!(ranks, [1, 1, 2, 3, 3, 5, 5]);
        assert!((1..=100).all(|p| nearest_rank(p as f64, 100) == p));
        assert_eq!(nearest_rank(99.9, 1000), 999);
        let strange = [-1.0, 101.0, f64::NAN].map(|p| nearest_rank(p, 7));
        assert_eq!(strange, [1, 7, 1]);
    }

    #[test]
    fn parts_of_a_histogram_are_of_one_width() {
        assert_eq!(bounds(0.0, 10.0, 4), [0.0, 2.5, 5.0, 7.5]);
        assert_eq!(bounds(-3.0, 3.0, 3), [-3.0, -1.0, 1.0]);
        assert_eq!(bounds(0.0, 100.0, 100)[28], 28.0);
        assert_eq!(bounds(-1.5, 8.0, 1), [-1.5]);
        assert!(bounds(0.0, 1.0, 0).is_empty());
    }

    #[test]
    fn a_histogram_has_fewer_parts_where_doubles_are_too_coarse() {
        assert_eq!(bounds(7.0, 7.0, 5), [7.0]);
        let next = f64::from_bits(1.0_f64.to_bits() + 2);
        assert_eq!(bounds(1.0, next, 8), [1.0, 1.0 + f64::EPSILON]);
    }

    #[test]
    fn the_widest_histogram_is_finite() {
        assert_eq!(bounds(-f64::MAX, f64::MAX, 2), [-f64::MAX, 0.0]);
        assert_eq!(bounds(-f64::MAX, f64::MAX, 1000).len(), 1000);
        assert_eq!(bounds(0.0, f64::MAX, 2), [0.0, f64::MAX / 2.0]);
    }

    fn score() -> impl Strategy<Value = Score> {
        any::<f64>().prop_filter_map("finite", |v| Score::new(v).ok())
    }

    proptest! {
        #[test]
        fn parts_of_a_histogram_ascend_between_the_ends(
            a in score(), b in score(), buckets in 1..50_usize
        ) {
            let (min, max) = (a.min(b), a.max(b));
            let bounds = histogram_bounds(min, max, buckets);
            prop_assert_eq!(bounds[0], min);
            prop_assert!(bounds.len() <= buckets);
            prop_assert!(bounds.is_sorted_by(|a, b| a < b));
            prop_assert!(bounds[1..].iter().all(|bound| *bound < max));
        }
    }
}
