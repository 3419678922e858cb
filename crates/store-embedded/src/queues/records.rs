//! Records of what is in queues: a fixed head, which the store needs, and JSON, which has what readers
//! see. Ratings, of which there may be millions, are fixed as a whole. The first byte of each is its
//! version.

use std::sync::Arc;

use matchmaking::{QueueId, QueueSettings, Rating};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{BackfillLine, MatchLine, QueueNumber, Rated, TicketLine};

const VERSION: u8 = 1;
/// A volatility follows.
const HAS_VOLATILITY: u8 = 1;

/// A digest of a request, to tell its repetition from another one.
pub(crate) fn digest(request: &impl Serialize) -> [u8; 16] {
    let hash = Sha256::digest(json(request));
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    digest
}

/// The key of a queue is its name.
pub(crate) fn queue(number: QueueNumber, settings: &QueueSettings) -> Vec<u8> {
    [&[VERSION][..], &number.0.to_be_bytes(), &json(settings)].concat()
}

pub(crate) fn read_queue(
    key: &[u8],
    bytes: &[u8],
) -> Option<(QueueNumber, QueueId, QueueSettings)> {
    let id = QueueId::parse(std::str::from_utf8(key).ok()?).ok()?;
    let mut parts = Parts::of(bytes)?;
    let number = QueueNumber(u32::from_be_bytes(parts.take()?));
    Some((number, id, parts.json()?))
}

pub(crate) fn ticket(line: &TicketLine) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(line.made.to_be_bytes());
    bytes.extend(line.version.to_be_bytes());
    bytes.extend(line.digest);
    bytes.extend(json(&*line.ticket));
    bytes
}

pub(crate) fn read_ticket(bytes: &[u8]) -> Option<TicketLine> {
    let mut parts = Parts::of(bytes)?;
    Some(TicketLine {
        made: u64::from_be_bytes(parts.take()?),
        version: u64::from_be_bytes(parts.take()?),
        digest: parts.take()?,
        ticket: Arc::new(parts.json()?),
    })
}

pub(crate) fn match_record(line: &MatchLine) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(line.queue.0.to_be_bytes());
    bytes.extend(line.version.to_be_bytes());
    bytes.extend(json(&*line.of));
    bytes
}

pub(crate) fn read_match(bytes: &[u8]) -> Option<MatchLine> {
    let mut parts = Parts::of(bytes)?;
    Some(MatchLine {
        queue: QueueNumber(u32::from_be_bytes(parts.take()?)),
        version: u64::from_be_bytes(parts.take()?),
        of: Arc::new(parts.json()?),
    })
}

pub(crate) fn backfill(line: &BackfillLine) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(line.made.to_be_bytes());
    bytes.extend(line.digest);
    bytes.extend(json(&*line.backfill));
    bytes
}

pub(crate) fn read_backfill(bytes: &[u8]) -> Option<BackfillLine> {
    let mut parts = Parts::of(bytes)?;
    Some(BackfillLine {
        made: u64::from_be_bytes(parts.take()?),
        digest: parts.take()?,
        backfill: Arc::new(parts.json()?),
    })
}

pub(crate) fn rating(rated: &Rated) -> Vec<u8> {
    let Rating {
        mean,
        deviation,
        volatility,
    } = rated.rating;
    let flags = if volatility.is_some() {
        HAS_VOLATILITY
    } else {
        0
    };
    let mut bytes = vec![VERSION, flags];
    for number in [mean, deviation].into_iter().chain(volatility) {
        bytes.extend(number.to_bits().to_be_bytes());
    }
    bytes.extend(rated.matches.to_be_bytes());
    bytes.extend(rated.rated_at_ms.to_be_bytes());
    bytes
}

pub(crate) fn read_rating(bytes: &[u8]) -> Option<Rated> {
    let mut parts = Parts::of(bytes)?;
    let [flags] = parts.take()?;
    let rated = Rated {
        rating: Rating {
            mean: parts.number()?,
            deviation: parts.number()?,
            volatility: match flags {
                0 => None,
                HAS_VOLATILITY => Some(parts.number()?),
                _ => return None,
            },
        },
        matches: u64::from_be_bytes(parts.take()?),
        rated_at_ms: i64::from_be_bytes(parts.take()?),
    };
    parts.0.is_empty().then_some(rated)
}

/// What is left to be read of a record.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// What comes after the version.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut parts = Parts(bytes);
        (parts.take()? == [VERSION]).then_some(parts)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn number(&mut self) -> Option<f64> {
        let number = f64::from_bits(u64::from_be_bytes(self.take()?));
        number.is_finite().then_some(number)
    }

    fn json<T: serde::de::DeserializeOwned>(self) -> Option<T> {
        serde_json::from_slice(self.0).ok()
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
    fn ratings_come_back() {
        for volatility in [None, Some(0.06)] {
            let rated = Rated {
                rating: Rating {
                    mean: 1500.1,
                    deviation: 0.1 + 0.2,
                    volatility,
                },
                matches: 3,
                rated_at_ms: -1,
            };
            let bytes = rating(&rated);
            assert_eq!(read_rating(&bytes), Some(rated));
            assert_eq!(read_rating(&bytes[..bytes.len() - 1]), None);
            assert_eq!(read_rating(&[&bytes[..], &[0]].concat()), None);
        }
        assert_eq!(read_rating(&[]), None);
        assert_eq!(read_ticket(&[VERSION; 40]), None);
        assert_eq!(read_match(&[2; 40]), None);
        assert_eq!(read_backfill(&[VERSION]), None);
    }
}
