//! Records of boards, as JSON, since there are few.

use boards::{BoardId, BoardNumber, BoardSettings, Season, SeasonId};
use serde::{Deserialize, Serialize};
use store_records::{json, read_json};

/// A board as it is stored under its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BoardRecord {
    pub(crate) settings: BoardSettings,
    /// The present season first, then the past ones that are kept, newest first.
    pub(crate) seasons: Vec<Season>,
    /// When the schedule was set, where that was within the present season.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reset_set_at_ms: Option<i64>,
}

/// The record begins with the board's number.
pub(crate) fn board(number: BoardNumber, record: &BoardRecord) -> Vec<u8> {
    let mut bytes = number.0.to_be_bytes().to_vec();
    bytes.extend(json(record));
    bytes
}

pub(crate) fn read_board(key: &[u8], bytes: &[u8]) -> Option<(BoardNumber, BoardId, BoardRecord)> {
    let id = BoardId::parse(std::str::from_utf8(key).ok()?).ok()?;
    let (number, json) = bytes.split_first_chunk()?;
    let record = read_json(json);
    let record = record.or_else(|| format_1(json))?;
    (!record.seasons.is_empty()).then_some(())?;
    Some((BoardNumber(u32::from_be_bytes(*number)), id, record))
}

/// Format 1 had the settings alone.
fn format_1(json: &[u8]) -> Option<BoardRecord> {
    let first = Season {
        season: SeasonId::FIRST,
        started_at_ms: 0,
        ended_at_ms: None,
    };
    Some(BoardRecord {
        settings: read_json(json)?,
        seasons: vec![first],
        reset_set_at_ms: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_come_back() {
        let season = |n, ended_at_ms| Season {
            season: SeasonId(n),
            started_at_ms: 5,
            ended_at_ms,
        };
        let record = BoardRecord {
            settings: BoardSettings::global(),
            seasons: vec![season(2, None), season(1, Some(9))],
            reset_set_at_ms: Some(7),
        };
        let bytes = board(BoardNumber(7), &record);
        let back = read_board(b"global", &bytes);
        assert_eq!(back, Some((BoardNumber(7), BoardId::global(), record)));
        assert_eq!(read_board(b"global", &bytes[..9]), None);
    }

    #[test]
    fn boards_that_do_not_say_when_their_schedule_was_set_are_read() {
        let old = br#"{"settings":{"reset":{"cron":"@daily","time_zone":"UTC"}},"seasons":[{"season":1,"started_at_ms":5,"ended_at_ms":null}]}"#;
        let bytes = [&[0, 0, 0, 1][..], old].concat();
        let (_, _, record) = read_board(b"global", &bytes).unwrap();
        assert!(record.settings.reset.is_some());
        assert_eq!(record.reset_set_at_ms, None);
    }

    #[test]
    fn boards_of_format_1_are_read() {
        let settings = br#"{"order":"desc","operator":"sum","segments":["country"]}"#;
        let bytes = [&[0, 0, 0, 1][..], settings].concat();
        let (number, id, record) = read_board(b"global", &bytes).unwrap();
        assert_eq!((number, id), (BoardNumber(1), BoardId::global()));
        assert_eq!(record.settings, BoardSettings::global());
        assert_eq!(record.seasons[0].season, SeasonId::FIRST);
    }
}
