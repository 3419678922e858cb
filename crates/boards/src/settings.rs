//! What a board is like: what a submission does, who ranks first, how far it goes.

use serde::{Deserialize, Serialize};

use crate::board::{Authority, Operator, Order, RankMode};
use crate::schedule::Schedule;
use crate::score::Score;
use crate::segment::Attribute;

const DEFAULT_SEASONS: u32 = 4;

/// The settings of a board. Those that are missing in what is stored have their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BoardSettings {
    /// Which score ranks first.
    pub order: Order,
    /// How a submission changes a score.
    pub operator: Operator,
    /// Which ranks equal scores get.
    pub rank_mode: RankMode,
    /// The attributes by which the board is ranked in parts as well.
    pub segments: Vec<Attribute>,
    /// When the board begins a new season; `None`: when it is told to.
    pub reset: Option<Schedule>,
    /// Seasons of the past that are kept, each with an index in memory.
    pub keep_seasons: u32,
    /// Ranked entries at the most; the last of the order give way. `None`: no limit.
    pub max_entries: Option<u64>,
    /// The lowest score that an entry may get.
    pub min_score: Option<Score>,
    /// The highest score that an entry may get.
    pub max_score: Option<Score>,
    /// Who may submit.
    pub authority: Authority,
}

impl Default for BoardSettings {
    fn default() -> Self {
        BoardSettings {
            order: Order::Desc,
            operator: Operator::Best,
            rank_mode: RankMode::Ordinal,
            segments: vec![Attribute::Country],
            reset: None,
            keep_seasons: DEFAULT_SEASONS,
            max_entries: None,
            min_score: None,
            max_score: None,
            authority: Authority::Server,
        }
    }
}

impl BoardSettings {
    /// The settings of the board behind the classic paths: points add up, most points first, ranked
    /// by country too.
    pub fn global() -> Self {
        BoardSettings {
            operator: Operator::Sum,
            ..BoardSettings::default()
        }
    }

    /// The score after a submission of `submitted` to an entry that has `previous`, by this operator.
    ///
    /// `None` where the sum is too large for a double. A result equal to `previous` is no change of
    /// place: the entry keeps it among its ties.
    pub fn apply(
        &self,
        operator: Operator,
        previous: Option<Score>,
        submitted: Score,
    ) -> Option<Score> {
        let Some(previous) = previous else {
            return Some(submitted);
        };
        match operator {
            Operator::Sum => previous.checked_add(submitted),
            Operator::Last => Some(submitted),
            Operator::Best => Some(match self.order {
                Order::Desc => previous.max(submitted),
                Order::Asc => previous.min(submitted),
            }),
        }
    }

    /// Whether an entry may have this score.
    pub fn allows(&self, score: Score) -> bool {
        self.min_score.is_none_or(|min| score >= min)
            && self.max_score.is_none_or(|max| score <= max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(value: f64) -> Score {
        Score::new(value).unwrap()
    }

    fn board(order: Order, operator: Operator) -> BoardSettings {
        BoardSettings {
            order,
            operator,
            ..BoardSettings::default()
        }
    }

    #[test]
    fn operators_change_scores() {
        let apply = |order, operator, previous: Option<f64>, submitted| {
            board(order, operator)
                .apply(operator, previous.map(score), score(submitted))
                .map(Score::get)
        };
        for order in [Order::Asc, Order::Desc] {
            for operator in [Operator::Sum, Operator::Best, Operator::Last] {
                assert_eq!(apply(order, operator, None, -4.5), Some(-4.5));
            }
            assert_eq!(apply(order, Operator::Sum, Some(3.0), -4.5), Some(-1.5));
            assert_eq!(apply(order, Operator::Last, Some(3.0), -4.5), Some(-4.5));
            assert_eq!(apply(order, Operator::Sum, Some(f64::MAX), f64::MAX), None);
        }
        assert_eq!(
            apply(Order::Desc, Operator::Best, Some(3.0), 5.0),
            Some(5.0)
        );
        assert_eq!(
            apply(Order::Desc, Operator::Best, Some(3.0), 2.0),
            Some(3.0)
        );
        assert_eq!(apply(Order::Asc, Operator::Best, Some(3.0), 5.0), Some(3.0));
        assert_eq!(apply(Order::Asc, Operator::Best, Some(3.0), 2.0), Some(2.0));
    }

    #[test]
    fn bounds_are_allowed_themselves() {
        let board = BoardSettings {
            min_score: Some(score(-1.0)),
            max_score: Some(score(2.5)),
            ..BoardSettings::default()
        };
        let allowed = [-1.0, 0.0, 2.5].map(|s| board.allows(score(s)));
        assert_eq!(allowed, [true; 3]);
        assert!(!board.allows(score(-1.5)) && !board.allows(score(2.75)));
        assert!(BoardSettings::default().allows(score(f64::MIN)));
    }

    #[test]
    fn settings_of_an_older_store_are_read() {
        let old = r#"{"order":"desc","operator":"sum","segments":["country"]}"#;
        let read: BoardSettings = serde_json::from_str(old).unwrap();
        assert_eq!(read, BoardSettings::global());
    }
}
