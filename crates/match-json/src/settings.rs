//! The settings of a queue on the wire: its rules, and what else it needs.

use fields::{Fields, FromFields, FromValue};
use matchmaking::{BoardFeed, Feed, QueueSettings, RatingSystem};
use serde::Serialize;
use serde_json::{Value, json};

use crate::parts::only;
use crate::rules::{NAMES as RULES, RulesBody, read_rules};

/// Neither can anybody accept sooner, nor should others be kept waiting longer, in milliseconds.
const ACCEPTANCE_MS: std::ops::RangeInclusive<u64> = 100..=3_600_000;
/// How long tickets may live, in milliseconds: up to a day.
const TTL_MS: std::ops::RangeInclusive<u64> = 100..=86_400_000;
const DEFAULT_TTL_MS: u64 = 600_000;
const MAX_BOARDS: usize = 16;
/// As many as there can be teams.
const MAX_POINTS: usize = 32;
/// Neither way more than this for one match.
const MOST_POINTS: f64 = 1e9;

/// What stands beside the rules. The last are written with a queue and not read, so that what was
/// written can be sent again.
const NAMES: [&str; 7] = [
    "acceptance_window_ms",
    "ticket_ttl_ms",
    "rating_system",
    "boards",
    "queue",
    "waiting_tickets",
    "proposed_tickets",
];

/// The settings of a queue, as they are read.
pub struct NewQueue(pub QueueSettings);

impl FromFields for NewQueue {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &[&RULES[..], &NAMES].concat());
        let rules = read_rules(fields);
        let acceptance_ms = fields.whole("acceptance_window_ms", ACCEPTANCE_MS);
        let ticket_ttl_ms = fields.whole("ticket_ttl_ms", TTL_MS);
        let rating_system = fields.optional::<RatingSystem>("rating_system");
        let boards = boards(fields);
        known?;
        Some(NewQueue(QueueSettings {
            rules: rules?,
            acceptance_ms: acceptance_ms?,
            ticket_ttl_ms: ticket_ttl_ms?.unwrap_or(DEFAULT_TTL_MS),
            rating_system: rating_system?.unwrap_or_default(),
            boards: boards?,
        }))
    }
}

fn boards(fields: &mut Fields<'_>) -> Option<Vec<BoardFeed>> {
    let feeds = fields.optional_objects::<NewFeed>("boards", MAX_BOARDS)?;
    let feeds = feeds.unwrap_or_default().into_iter();
    let feeds: Vec<BoardFeed> = feeds.map(|NewFeed(feed)| feed).collect();
    let again = |n: &usize| feeds[..*n].iter().any(|f| f.board == feeds[*n].board);
    let again: Vec<usize> = (0..feeds.len()).filter(again).collect();
    for place in &again {
        fields.fault(&format!("boards/{place}/board"), "must not be repeated");
    }
    again.is_empty().then_some(feeds)
}

struct NewFeed(BoardFeed);

impl FromFields for NewFeed {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let known = only(fields, &["board", "submit"]);
        let board = fields.required("board");
        let submit = fields.required::<NewSubmit>("submit");
        known?;
        Some(NewFeed(BoardFeed {
            board: board?,
            submit: submit?.0,
        }))
    }
}

struct NewSubmit(Feed);

const SUBMIT: &str = "must be rating, cautious_rating, wins or {\"points\": [3, 1, 0]}";

impl FromValue for NewSubmit {
    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let feed = match value {
            Value::String(word) => match word.as_str() {
                "rating" => Feed::Rating,
                "cautious_rating" => Feed::CautiousRating,
                "wins" => Feed::Wins,
                _ => return Err(SUBMIT),
            },
            Value::Object(object) if object.len() == 1 => points(
                object
                    .get("points")
                    .and_then(Value::as_array)
                    .ok_or(SUBMIT)?,
            )?,
            _ => return Err(SUBMIT),
        };
        Ok(NewSubmit(feed))
    }
}

fn points(list: &[Value]) -> Result<Feed, &'static str> {
    let point = |value: &Value| {
        let number = value.as_f64().filter(|n| n.abs() <= MOST_POINTS);
        number.ok_or("must have points from -1000000000 to 1000000000")
    };
    if !(1..=MAX_POINTS).contains(&list.len()) {
        return Err("must have points for 1 to 32 placements");
    }
    list.iter()
        .map(point)
        .collect::<Result<_, _>>()
        .map(Feed::Points)
}

/// The settings of a queue, as they are written.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingsBody {
    /// What a match is.
    #[serde(flatten)]
    rules: RulesBody,
    /// How long players have to accept a match; null: a match needs no acceptance.
    #[cfg_attr(feature = "openapi", schema(required = true, example = 15_000))]
    acceptance_window_ms: Option<u64>,
    /// How long a ticket waits at the most.
    #[cfg_attr(feature = "openapi", schema(example = 600_000))]
    ticket_ttl_ms: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = crate::schema::RatingSystem, inline))]
    rating_system: RatingSystem,
    /// What results do on boards.
    boards: Vec<BoardFeedBody>,
}

/// What results do on a board, as it is written.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WrittenBoardFeed))]
pub struct BoardFeedBody {
    #[cfg_attr(feature = "openapi", schema(example = "weekly"))]
    board: String,
    #[cfg_attr(
        feature = "openapi",
        schema(value_type = crate::schema::Submit, inline)
    )]
    submit: Value,
}

impl From<&QueueSettings> for SettingsBody {
    fn from(settings: &QueueSettings) -> Self {
        SettingsBody {
            rules: RulesBody::from(&settings.rules),
            acceptance_window_ms: settings.acceptance_ms,
            ticket_ttl_ms: settings.ticket_ttl_ms,
            rating_system: settings.rating_system,
            boards: settings.boards.iter().map(BoardFeedBody::from).collect(),
        }
    }
}

impl From<&BoardFeed> for BoardFeedBody {
    fn from(feed: &BoardFeed) -> Self {
        BoardFeedBody {
            board: feed.board.to_string(),
            submit: match &feed.submit {
                Feed::Rating => json!("rating"),
                Feed::CautiousRating => json!("cautious_rating"),
                Feed::Wins => json!("wins"),
                Feed::Points(points) => json!({ "points": points }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use fields::{Fault, read_object};

    use super::*;

    fn read(settings: &Value) -> Result<QueueSettings, Vec<Fault>> {
        let mut faults = Vec::new();
        let read = read_object::<NewQueue>(settings, "", &mut faults);
        read.map(|NewQueue(settings)| settings).ok_or(faults)
    }

    fn pointers(settings: Value) -> Vec<String> {
        let faults = read(&settings).unwrap_err().into_iter();
        faults.filter_map(|fault| fault.pointer).collect()
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings = read(&json!({"teams": {"min_size": 1}})).unwrap();
        assert_eq!(settings.acceptance_ms, None);
        assert_eq!(settings.ticket_ttl_ms, 600_000);
        assert_eq!(settings.rating_system, RatingSystem::WengLin);
        assert_eq!(settings.boards, []);
    }

    #[test]
    fn settings_come_back_as_they_were_sent() {
        let sent = json!({
            "teams": {"count": 3, "min_size": 1, "max_size": 2, "roles": {"tank": 1}},
            "rating": {"spread": 100.5, "widen_per_s": 10.0, "max_spread": 500.0, "max_team_gap": 60.0, "clock": "newest"},
            "latency": {"max_ms": 80.0, "widen_ms_per_s": 2.0, "ceiling_ms": 200.0},
            "attributes": [{"name": "mode", "rule": "equal"}, {"name": "clan", "rule": "different"}],
            "party": {"max_size": 2, "max_spread": 300.0, "mirrored": true},
            "clock": "newest",
            "acceptance_window_ms": 15_000, "ticket_ttl_ms": 60_000, "rating_system": "glicko2",
            "boards": [
                {"board": "a", "submit": "rating"}, {"board": "b", "submit": "cautious_rating"},
                {"board": "c", "submit": "wins"}, {"board": "d", "submit": {"points": [3.0, 1.5, 0.0, -1.0]}},
            ],
        });
        let settings = read(&sent).unwrap();
        let written = serde_json::to_value(SettingsBody::from(&settings)).unwrap();
        assert_eq!(written, sent);
    }

    #[test]
    fn what_is_written_can_be_sent_again() {
        let written = json!({
            "queue": "1v1", "waiting_tickets": 7, "proposed_tickets": 0,
            "teams": {"min_size": 1}, "rating": null, "acceptance_window_ms": null,
        });
        assert!(read(&written).is_ok());
    }

    #[test]
    fn every_fault_has_its_place() {
        let bad = json!({
            "teams": {"min_size": 1}, "acceptance_window_ms": 99, "ticket_ttl_ms": 1.5, "rating_system": "mmr",
            "boards": [
                {"board": "A", "submit": "losses"}, {"submit": {"points": []}}, {"board": "b", "submit": {"points": ["1"]}},
                {"board": "b", "submit": {"points": [1], "wins": 1}, "when": "now"}, {"board": "b"},
            ],
            "ttl": 5,
        });
        let expected = "/ttl /acceptance_window_ms /ticket_ttl_ms /rating_system /boards/0/board \
            /boards/0/submit /boards/1/board /boards/1/submit /boards/2/submit /boards/3/when \
            /boards/3/submit /boards/4/submit";
        assert_eq!(pointers(bad).join(" "), expected);
        let feed = json!({"board": "b", "submit": "wins"});
        let twice = json!({"teams": {"min_size": 1}, "boards": [feed, feed]});
        assert_eq!(pointers(twice), ["/boards/1/board"]);
    }
}
