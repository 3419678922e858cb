//! What replies say, as the domain's own types.

use std::collections::BTreeMap;

use boards::{
    AttributeName, AttributeValue, Attributes, Bucket, Details, DisplayName, Lookup, Metadata,
    Outcome, Player, RankedEntry, Score, SeasonId, Standing, Stats,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

const SINCE: &str = "1970-01-01T00:00:00";
const BEFORE: &str = "1969-12-31T23:59:59";

/// A field; panics if it is missing, also where null would do.
pub(crate) fn field<T: DeserializeOwned>(value: &Value, name: &str) -> T {
    let field = value.get(name);
    let field = field.unwrap_or_else(|| panic!("no {name} in {value}"));
    serde_json::from_value(field.clone()).unwrap_or_else(|e| panic!("{name}: {e} in {value}"))
}

/// The items of a list.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value[name].as_array();
    list.unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// A time within a second of the epoch; the steps have no others.
pub(crate) fn time(ms: i64) -> String {
    if ms < 0 {
        format!("{BEFORE}.{:03}Z", 1000 + ms)
    } else {
        format!("{SINCE}.{ms:03}Z")
    }
}

fn time_ms(text: &str) -> i64 {
    let (second, start_ms) = match text.strip_prefix(SINCE) {
        Some(rest) => (rest, 0),
        None => (text.strip_prefix(BEFORE).unwrap(), -1000),
    };
    let fraction = second.trim_end_matches('Z').trim_start_matches('.');
    start_ms + format!("{fraction:0<3}").parse::<i64>().unwrap()
}

pub(crate) fn player(value: &Value) -> Player {
    let pairs: BTreeMap<String, String> = field(value, "attributes");
    let pairs = pairs.into_iter().map(|(name, value)| {
        let name = AttributeName::parse(&name).unwrap();
        (name, AttributeValue::parse(&value).unwrap())
    });
    let name: String = field(value, "display_name");
    Player {
        id: field(value, "player_id"),
        display_name: DisplayName::parse(&name).unwrap(),
        country: field(value, "country"),
        attributes: Attributes::new(pairs.collect()).unwrap(),
    }
}

pub(crate) fn outcome(value: &Value) -> Outcome {
    Outcome {
        score: field(value, "score"),
        previous_score: field(value, "previous_score"),
        rank: field(value, "rank"),
        previous_rank: field(value, "previous_rank"),
        total: field(value, "total"),
        applied: field(value, "applied"),
        season: field(value, "season"),
    }
}

pub(crate) fn entry(value: &Value) -> RankedEntry {
    let occurred_at: Option<String> = field(value, "occurred_at");
    let metadata: Option<Value> = field(value, "metadata");
    RankedEntry {
        player: player(value),
        score: field(value, "score"),
        rank: field(value, "rank"),
        segment_rank: value.get("segment_rank").map(|rank| rank.as_u64().unwrap()),
        details: Details {
            occurred_at_ms: occurred_at.map(|text| time_ms(&text)),
            metadata: metadata.map(|json| Metadata::of_object(json.to_string()).unwrap()),
        },
    }
}

pub(crate) fn standing(value: &Value) -> Standing {
    let entry = entry(value);
    assert_eq!(field::<bool>(value, "hidden"), entry.rank.is_none());
    Standing {
        entry,
        total: field(value, "total"),
        percentile: field(value, "percentile"),
        season: season(value),
    }
}

pub(crate) fn lookup(value: &Value) -> Lookup {
    let entries = list(value, "entries").iter();
    Lookup {
        entries: entries.map(|e| (field(e, "set_rank"), entry(e))).collect(),
        not_found: field(value, "not_found"),
        season: season(value),
    }
}

pub(crate) fn stats(value: &Value) -> Stats {
    let percentile = |p: &Value| (field::<f64>(p, "percent"), field::<Score>(p, "score"));
    let bucket = |b: &Value| Bucket {
        from: field(b, "from"),
        to: field(b, "to"),
        count: field(b, "count"),
    };
    Stats {
        total: field(value, "total"),
        min: field(value, "min"),
        max: field(value, "max"),
        percentiles: list(value, "percentiles").iter().map(percentile).collect(),
        histogram: list(value, "histogram").iter().map(bucket).collect(),
        season: season(value),
    }
}

pub(crate) fn season(value: &Value) -> SeasonId {
    field(value, "season")
}
