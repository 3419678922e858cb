//! An entry as it is stored under its player: the score's bits, when it was reached, and what it keeps of its
//! submission, as JSON where there is something. Scripts read and write the sixteen bytes at the beginning.

use boards::{Details, Metadata, Order, RankKey, Score};
use serde::{Deserialize, Serialize};

/// An entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredEntry {
    pub(crate) score: Score,
    pub(crate) reached: u64,
    pub(crate) details: Details,
}

/// Details with short names, since there are many of them.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, rename = "at", skip_serializing_if = "Option::is_none")]
    occurred_at_ms: Option<i64>,
    #[serde(default, rename = "data", skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
}

impl StoredEntry {
    pub(crate) fn key(&self, order: Order) -> RankKey {
        RankKey::new(order, self.score, self.reached)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let score = self.score.get().to_bits().to_be_bytes();
        let reached = self.reached.to_be_bytes();
        [&score[..], &reached, &details(&self.details)].concat()
    }

    /// `None` where the bytes are no entry.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (score, rest) = bytes.split_first_chunk()?;
        let (reached, rest) = rest.split_first_chunk()?;
        Some(StoredEntry {
            score: Score::new(f64::from_bits(u64::from_be_bytes(*score))).ok()?,
            reached: u64::from_be_bytes(*reached),
            details: read_details(rest)?,
        })
    }
}

/// What follows the first sixteen bytes.
pub(crate) fn details(details: &Details) -> Vec<u8> {
    if details.is_empty() {
        return Vec::new();
    }
    let kept = Kept {
        occurred_at_ms: details.occurred_at_ms,
        metadata: details.metadata.clone(),
    };
    // Plain data with text keys always has a JSON form.
    serde_json::to_vec(&kept).unwrap_or_default()
}

fn read_details(bytes: &[u8]) -> Option<Details> {
    if bytes.is_empty() {
        return Some(Details::default());
    }
    let kept: Kept = serde_json::from_slice(bytes).ok()?;
    Some(Details {
        occurred_at_ms: kept.occurred_at_ms,
        metadata: kept.metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let metadata = Metadata::of_object(r#"{"lap":"1 \" ü"}"#.to_owned()).unwrap();
        for occurred_at_ms in [None, Some(-5)] {
            for metadata in [None, Some(metadata.clone())] {
                let details = Details {
                    occurred_at_ms,
                    metadata,
                };
                let entry = StoredEntry {
                    score: Score::new(-0.1).unwrap(),
                    reached: u64::MAX,
                    details,
                };
                assert_eq!(StoredEntry::read(&entry.to_bytes()), Some(entry));
            }
        }
    }

    #[test]
    fn an_entry_without_details_has_sixteen_bytes() {
        let entry = StoredEntry {
            score: Score::new(1.0).unwrap(),
            reached: 2,
            details: Details::default(),
        };
        let bytes = entry.to_bytes();
        assert_eq!(bytes.len(), 16);
        assert_eq!(StoredEntry::read(&bytes[..15]), None);
        assert_eq!(StoredEntry::read(&[&bytes[..], b"{"].concat()), None);
        let infinite = [&f64::INFINITY.to_bits().to_be_bytes()[..], &[0; 8]].concat();
        assert_eq!(StoredEntry::read(&infinite), None);
    }
}
