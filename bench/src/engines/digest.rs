//! Count and checksum of a set of records, whatever order they come in.
//!
//! Engines read in key order and the model's map in no order at all, so the
//! checksum is a sum of per-record hashes. It guards against mistakes, not
//! against an adversary.

use crate::random::scramble;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Digest {
    pub count: u64,
    pub sum: u64,
}

impl Digest {
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(hash(hash(0, key), value));
    }
}

fn hash(start: u64, bytes: &[u8]) -> u64 {
    let mut state = scramble(start ^ bytes.len() as u64);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = scramble(state ^ u64::from_le_bytes(word));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(records: &[(&[u8], &[u8])]) -> Digest {
        let mut digest = Digest::default();
        for (key, value) in records {
            digest.add(key, value);
        }
        digest
    }

    #[test]
    fn order_does_not_matter() {
        let (a, b) = (
            (b"a" as &[u8], b"1" as &[u8]),
            (b"b" as &[u8], b"2" as &[u8]),
        );
        assert_eq!(digest(&[a, b]), digest(&[b, a]));
    }

    #[test]
    fn swapped_values_are_noticed() {
        assert_ne!(
            digest(&[(b"a", b"1"), (b"b", b"2")]),
            digest(&[(b"a", b"2"), (b"b", b"1")])
        );
    }

    #[test]
    fn the_border_between_key_and_value_counts() {
        assert_ne!(digest(&[(b"ab", b"c")]), digest(&[(b"a", b"bc")]));
    }
}
