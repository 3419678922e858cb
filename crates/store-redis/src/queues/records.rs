//! Records of what is in queues: a fixed head, which the store and its scripts need, and JSON, which has what
//! readers see. Ratings, of which there may be millions, are fixed as a whole. The first byte of each is its
//! version.

use std::sync::Arc;

use matchmaking::{BackfillId, MatchId, Rating, TicketState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{BackfillLine, MatchLine, QueueLine, QueueNumber, Rated, TicketLine};

const VERSION: u8 = 1;
/// A volatility follows.
const HAS_VOLATILITY: u8 = 1;
/// In place of a match where a ticket is in none.
const NO_MATCH: [u8; 16] = [0; 16];

/// A digest of a request, to tell its repetition from another one.
pub(super) fn digest(request: &impl Serialize) -> [u8; 16] {
    let hash = Sha256::digest(json(request));
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    digest
}

pub(super) fn queue(line: &QueueLine) -> Vec<u8> {
    json(line)
}

pub(super) fn read_queue(bytes: &[u8]) -> Option<QueueLine> {
    read_json(bytes)
}

/// The match comes before the JSON, for the script that reads both at once (`lua/ticket.lua`).
pub(super) fn ticket(line: &TicketLine) -> Vec<u8> {
    let of_match = match line.ticket.state {
        TicketState::Proposed { match_id } | TicketState::Matched { match_id, .. } => {
            *match_id.as_bytes()
        }
        _ => NO_MATCH,
    };
    let mut bytes = vec![VERSION];
    bytes.extend(line.made.to_be_bytes());
    bytes.extend(line.version.to_be_bytes());
    bytes.extend(line.digest);
    bytes.extend(of_match);
    bytes.extend(json(&*line.ticket));
    bytes
}

pub(super) fn read_ticket(bytes: &[u8]) -> Option<TicketLine> {
    let mut parts = Parts::of(bytes)?;
    let made = u64::from_be_bytes(parts.take()?);
    let version = u64::from_be_bytes(parts.take()?);
    let digest = parts.take()?;
    let _of_match: [u8; 16] = parts.take()?;
    Some(TicketLine {
        made,
        version,
        digest,
        ticket: Arc::new(parts.json()?),
    })
}

pub(super) fn match_record(line: &MatchLine) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(line.queue.0.to_be_bytes());
    bytes.extend(line.version.to_be_bytes());
    bytes.extend(json(&*line.of));
    bytes
}

pub(super) fn read_match(bytes: &[u8]) -> Option<MatchLine> {
    let mut parts = Parts::of(bytes)?;
    Some(MatchLine {
        queue: QueueNumber(u32::from_be_bytes(parts.take()?)),
        version: u64::from_be_bytes(parts.take()?),
        of: Arc::new(parts.json()?),
    })
}

pub(super) fn backfill(line: &BackfillLine) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend(line.made.to_be_bytes());
    bytes.extend(line.digest);
    bytes.extend(json(&*line.backfill));
    bytes
}

pub(super) fn read_backfill(bytes: &[u8]) -> Option<BackfillLine> {
    let mut parts = Parts::of(bytes)?;
    Some(BackfillLine {
        made: u64::from_be_bytes(parts.take()?),
        digest: parts.take()?,
        backfill: Arc::new(parts.json()?),
    })
}

/// The open backfills of a match.
pub(super) fn open_of(ids: &[BackfillId]) -> Vec<u8> {
    json(&ids)
}

pub(super) fn read_open_of(bytes: &[u8]) -> Option<Vec<BackfillId>> {
    read_json(bytes)
}

/// When a player was erased.
pub(super) fn erased(stamp: u64) -> Vec<u8> {
    stamp.to_string().into_bytes()
}

pub(super) fn read_erased(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The number of a match's queue.
pub(super) fn read_number(bytes: &[u8]) -> Option<QueueNumber> {
    Some(QueueNumber(std::str::from_utf8(bytes).ok()?.parse().ok()?))
}

pub(super) fn read_match_id(bytes: &[u8]) -> Option<MatchId> {
    Some(MatchId::from_bytes(bytes.try_into().ok()?))
}

pub(super) fn rating(rated: &Rated) -> Vec<u8> {
    let Rating {
        mean,
        deviation,
        volatility,
    } = rated.rating;
    let flags = volatility.map_or(0, |_| HAS_VOLATILITY);
    let mut bytes = vec![VERSION, flags];
    for number in [mean, deviation].into_iter().chain(volatility) {
        bytes.extend(number.to_bits().to_be_bytes());
    }
    bytes.extend(rated.matches.to_be_bytes());
    bytes.extend(rated.rated_at_ms.to_be_bytes());
    bytes
}

pub(super) fn read_rating(bytes: &[u8]) -> Option<Rated> {
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

pub(super) fn json(record: &(impl Serialize + ?Sized)) -> Vec<u8> {
    // Plain data with text keys always has a JSON form.
    serde_json::to_vec(record).unwrap_or_default()
}

pub(super) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
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

    fn json<T: DeserializeOwned>(self) -> Option<T> {
        read_json(self.0)
    }
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
    }

    #[test]
    fn what_is_no_record_is_not_read() {
        assert_eq!(read_rating(&[]), None);
        assert_eq!(read_ticket(&[VERSION; 60]), None);
        assert_eq!(read_match(&[2; 40]), None);
        assert_eq!(read_backfill(&[VERSION]), None);
        assert_eq!(read_number(b"x"), None);
        assert_eq!(read_number(b"12"), Some(QueueNumber(12)));
    }
}
