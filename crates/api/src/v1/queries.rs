//! What is asked of a board in a query: which part of it, how much, from where on.

use boards::{BoardId, Score, SeasonId, Segment, View};
use utoipa::IntoParams;

use crate::problem::Fault;
use crate::query::{FromQuery, MAX_LIMIT, optional_whole, parameter, parsed, whole};

const DEFAULT_LIMIT: u64 = 10;
/// As many above as below.
const DEFAULT_AROUND: u64 = 11;
const MAX_SEASON: u64 = u32::MAX as u64;
const DEFAULT_PERCENTS: [f64; 9] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];
const MAX_PERCENTS: usize = 20;
const DEFAULT_BUCKETS: u64 = 20;
const MAX_BUCKETS: u64 = 100;

/// The part of a board that is looked at.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ViewQuery {
    /// An attribute that the board is ranked by and its value; the whole board, if missing.
    #[param(value_type = String, example = "country:tr", required = false)]
    segment: Option<Segment>,
    /// A season; the present one, if missing.
    #[param(value_type = u32, minimum = 1, example = 1, required = false)]
    season: Option<SeasonId>,
}

impl FromQuery for ViewQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        let season = optional_whole(query, "season", 1..=MAX_SEASON, faults);
        ViewQuery {
            segment: parsed(query, "segment", Segment::parse, faults),
            season: season.map(|n| SeasonId(n as u32)),
        }
    }
}

impl ViewQuery {
    pub(crate) fn of(self, board: BoardId) -> View {
        View {
            board,
            season: self.season,
            segment: self.segment,
        }
    }
}

/// Which page of a board is wanted.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesQuery {
    /// Entries wanted.
    #[param(value_type = u64, minimum = 1, maximum = 1000, default = 10, required = false)]
    pub(crate) limit: usize,
    /// `next` of the page before, with the same segment; the first page, if missing. It leads on in the season
    /// of that page, also where another has begun.
    #[param(required = false)]
    pub(crate) cursor: Option<String>,
}

impl FromQuery for EntriesQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        EntriesQuery {
            limit: whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_LIMIT, faults) as usize,
            cursor: parameter(query, "cursor", faults),
        }
    }
}

/// How many entries around one are wanted.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AroundQuery {
    /// Entries wanted, the one in the middle included.
    #[param(value_type = u64, minimum = 1, maximum = 1000, default = 11, required = false)]
    pub(crate) limit: usize,
}

impl FromQuery for AroundQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        AroundQuery {
            limit: whole(query, "limit", 1..=MAX_LIMIT, DEFAULT_AROUND, faults) as usize,
        }
    }
}

/// Around which score entries are wanted.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScoreQuery {
    /// The score.
    #[param(value_type = f64, example = 42)]
    pub(crate) score: Score,
}

impl FromQuery for ScoreQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        let before = faults.len();
        let text = parameter(query, "score", faults);
        let score = text.as_deref().and_then(finite);
        if score.is_none() && faults.len() == before {
            let fault = text.map_or("is missing", |_| "must be a finite number");
            faults.push(Fault::parameter("score", fault));
        }
        ScoreQuery {
            score: score.and_then(|s| Score::new(s).ok()).unwrap_or_default(),
        }
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Which figures of a board are wanted.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// Up to 20 shares in percent, from 0 to 100, with commas between them.
    #[param(
        value_type = String,
        default = "1,5,10,25,50,75,90,95,99",
        example = "50,99.9",
        required = false
    )]
    pub(crate) percentiles: Vec<f64>,
    /// Parts of the histogram.
    #[param(value_type = u64, minimum = 1, maximum = 100, default = 20, required = false)]
    pub(crate) buckets: usize,
}

impl FromQuery for StatsQuery {
    fn from_query(query: &str, faults: &mut Vec<Fault>) -> Self {
        let percentiles = parameter(query, "percentiles", faults);
        let percentiles = percentiles.map_or(Some(DEFAULT_PERCENTS.to_vec()), |t| percents(&t));
        if percentiles.is_none() {
            let fault = "must be up to 20 numbers from 0 to 100, with commas between them";
            faults.push(Fault::parameter("percentiles", fault));
        }
        StatsQuery {
            percentiles: percentiles.unwrap_or_default(),
            buckets: whole(query, "buckets", 1..=MAX_BUCKETS, DEFAULT_BUCKETS, faults) as usize,
        }
    }
}

fn percents(text: &str) -> Option<Vec<f64>> {
    let percent = |part| finite(part).filter(|percent| (0.0..=100.0).contains(percent));
    let percents: Option<Vec<f64>> = text.split(',').map(percent).collect();
    percents.filter(|percents| percents.len() <= MAX_PERCENTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::read;

    #[test]
    fn parts_of_boards() {
        let view = |query: &str| read::<ViewQuery>(query).unwrap().of(BoardId::global());
        assert_eq!(view(""), View::of(BoardId::global()));
        let some = view("segment=clan%3Aa+b&season=2");
        assert_eq!(some.segment, Some(Segment::parse("clan:a b").unwrap()));
        assert_eq!(some.season, Some(SeasonId(2)));
        for bad in [
            "segment=",
            "segment=tr",
            "segment=a:b&segment=a:b",
            "season=0",
            "season=4294967296",
        ] {
            assert!(read::<ViewQuery>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults_of_both_halves_are_listed() {
        let problem = read::<(ViewQuery, EntriesQuery)>("season=x&limit=0&cursor=a&cursor=b");
        let problem = problem.unwrap_err().to_json();
        let faults = problem["errors"].as_array().unwrap().iter();
        let names: Vec<_> = faults.filter_map(|f| f["parameter"].as_str()).collect();
        assert_eq!(names, ["season", "limit", "cursor"]);
    }

    #[test]
    fn scores_are_finite_numbers() {
        let score = |query: &str| read::<ScoreQuery>(query).map(|q| q.score.get());
        assert_eq!(score("score=-1.5e3").unwrap(), -1500.0);
        assert_eq!(score("score=42").unwrap(), 42.0);
        for bad in [
            "",
            "score=",
            "score=x",
            "score=inf",
            "score=NaN",
            "score=1e999",
            "score=1&score=1",
        ] {
            let problem = score(bad).unwrap_err().to_json();
            assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{bad}");
        }
    }

    #[test]
    fn shares_are_numbers_with_commas() {
        let percents = |query: &str| read::<StatsQuery>(query).map(|q| q.percentiles);
        assert_eq!(percents("").unwrap(), DEFAULT_PERCENTS);
        assert_eq!(
            percents("percentiles=100,0,99.9").unwrap(),
            [100.0, 0.0, 99.9]
        );
        let twenty_one = format!("percentiles={}", ["1"; 21].join(","));
        for bad in [
            "percentiles=",
            "percentiles=1,,2",
            "percentiles=-1",
            "percentiles=100.1",
            "percentiles=NaN",
            "percentiles=1;2",
            &twenty_one,
        ] {
            assert!(percents(bad).is_err(), "{bad}");
        }
        assert_eq!(read::<StatsQuery>("buckets=100").unwrap().buckets, 100);
        assert!(read::<StatsQuery>("buckets=0").is_err());
    }
}
