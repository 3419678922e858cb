//! Records of which there are few, as JSON: boards, and answers that are kept for retries.

use boards::{BoardId, BoardNumber, BoardSettings, Changed, Receipt, Season, SeasonId};
use matchmaking::QueueChanged;
use serde::{Deserialize, Serialize};

/// A board as it is stored under its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BoardRecord {
    pub(crate) settings: BoardSettings,
    /// The present season first, then the past ones that are kept, newest first.
    pub(crate) seasons: Vec<Season>,
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
    let record = serde_json::from_slice(json).ok();
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
        settings: serde_json::from_slice(json).ok()?,
        seasons: vec![first],
    })
}

/// The answer to a guarded change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The digest of the request.
    pub(crate) request: [u8; 16],
    pub(crate) at_ms: i64,
    /// By which commit it was kept; 0 in answers of before that was written down, as if they were the oldest.
    #[serde(default)]
    pub(crate) commit: u64,
    /// What a change of boards or players did…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<Changed>,
    /// …or one of queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of_queues: Option<QueueChanged>,
}

impl Answer {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// What the client gets that asks again; `None` where it was not about boards.
    pub(crate) fn replay(self) -> Option<Receipt> {
        Some(Receipt {
            changed: self.changed?,
            replayed: true,
            at_ms: self.at_ms,
        })
    }
}

fn json(record: &impl Serialize) -> Vec<u8> {
    // Plain data with text keys always has a JSON form.
    serde_json::to_vec(record).unwrap_or_default()
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
        };
        let bytes = board(BoardNumber(7), &record);
        let back = read_board(b"global", &bytes);
        assert_eq!(back, Some((BoardNumber(7), BoardId::global(), record)));
        assert_eq!(read_board(b"global", &bytes[..9]), None);
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
