//! From what is in queues to its records, and back.

use std::sync::Arc;

use matchmaking::Rating;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::lines::{BackfillLine, MatchLine, QueueNumber, Rated, TicketLine};
use crate::parts::{Parts, VERSION, json};

/// A volatility follows.
const HAS_VOLATILITY: u8 = 1;

/// A digest of a request, to tell its repetition from another one.
pub fn digest(request: &impl Serialize) -> [u8; 16] {
    let hash = Sha256::digest(json(request));
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    digest
}

impl TicketLine {
    /// The record, in which `beside` is what the store has for itself, always of the same length. It comes before
    /// the JSON, where a script finds it.
    pub fn to_bytes(&self, beside: &[u8]) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.made.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.digest);
        bytes.extend(beside);
        bytes.extend(json(&*self.ticket));
        bytes
    }

    /// What the record says, and what the store has beside it; `None` where the bytes are no record.
    pub fn read<const BESIDE: usize>(bytes: &[u8]) -> Option<(Self, [u8; BESIDE])> {
        let mut parts = Parts::of(bytes)?;
        let made = u64::from_be_bytes(parts.take()?);
        let version = u64::from_be_bytes(parts.take()?);
        let digest = parts.take()?;
        let beside = parts.take()?;
        let line = TicketLine {
            made,
            digest,
            version,
            ticket: Arc::new(parts.json()?),
        };
        Some((line, beside))
    }
}

impl MatchLine {
    /// The record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.queue.0.to_be_bytes());
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(json(&*self.of));
        bytes
    }

    /// What the record says; `None` where the bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = Parts::of(bytes)?;
        Some(MatchLine {
            queue: QueueNumber(u32::from_be_bytes(parts.take()?)),
            version: u64::from_be_bytes(parts.take()?),
            of: Arc::new(parts.json()?),
        })
    }
}

impl BackfillLine {
    /// The record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.made.to_be_bytes());
        bytes.extend(self.digest);
        bytes.extend(json(&*self.backfill));
        bytes
    }

    /// What the record says; `None` where the bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = Parts::of(bytes)?;
        Some(BackfillLine {
            made: u64::from_be_bytes(parts.take()?),
            digest: parts.take()?,
            backfill: Arc::new(parts.json()?),
        })
    }
}

impl Rated {
    /// The record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Rating {
            mean,
            deviation,
            volatility,
        } = self.rating;
        let flags = volatility.map_or(0, |_| HAS_VOLATILITY);
        let mut bytes = vec![VERSION, flags];
        for number in [mean, deviation].into_iter().chain(volatility) {
            bytes.extend(number.to_bits().to_be_bytes());
        }
        bytes.extend(self.matches.to_be_bytes());
        bytes.extend(self.rated_at_ms.to_be_bytes());
        bytes
    }

    /// What the record says; `None` where the bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
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
        parts.is_empty().then_some(rated)
    }
}
