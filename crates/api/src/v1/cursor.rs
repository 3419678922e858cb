//! Cursors: where the next page of a board or of a player's matches begins, as a text that clients keep and cannot change.
//!
//! A version, the board's number, the season and the point in the order, sealed by a code over these
//! and the segment, which is not in it: whoever sends it names the segment again. It is not secret what
//! a cursor says, only that it came from here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use boards::{BoardNumber, Mark, PlayerId, RankKey, SeasonId, Segment};
use hmac::{Hmac, KeyInit, Mac};
use matchmaking::{HistoryMark, MatchId};
use sha2::Sha256;

/// What is sealed here; the store's secret seals other things too, maybe.
const PURPOSE: &[u8] = b"agon cursor\0";
const HISTORY: &[u8] = b"history\0";
const VERSION: u8 = 1;
/// The hash takes blocks of this; a shorter key is one with zeros after it (RFC 2104).
const BLOCK_BYTES: usize = 64;
const POINT_BYTES: usize = 1 + 4 + 4 + 16;
/// Half of the code: 128 bits are beyond guessing.
const SEAL_BYTES: usize = 16;
const CURSOR_BYTES: usize = POINT_BYTES + SEAL_BYTES;
/// A version, an instant and a match.
const MARK_BYTES: usize = 1 + 8 + 16;

/// Makes cursors and reads them.
#[derive(Clone)]
pub(crate) struct Cursors(Hmac<Sha256>);

impl Cursors {
    /// With a store's secret.
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let mut block = [0; BLOCK_BYTES];
        block[..secret.len()].copy_from_slice(&secret);
        Cursors(Hmac::new(&block.into()).chain_update(PURPOSE))
    }

    /// The cursor of a point in the order of a board's season or of a segment of it.
    pub(crate) fn write(&self, mark: Mark, segment: Option<&Segment>) -> String {
        let point = to_bytes(mark);
        let seal = self.seal(&point, segment).finalize().into_bytes();
        let mut cursor = [0; CURSOR_BYTES];
        cursor[..POINT_BYTES].copy_from_slice(&point);
        cursor[POINT_BYTES..].copy_from_slice(&seal[..SEAL_BYTES]);
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The point of a cursor; `None` where it was not made here for this segment.
    pub(crate) fn read(&self, cursor: &str, segment: Option<&Segment>) -> Option<Mark> {
        let cursor = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let cursor: [u8; CURSOR_BYTES] = cursor.try_into().ok()?;
        let (point, seal) = cursor.split_first_chunk()?;
        let expected = self.seal(point, segment);
        // In constant time: how long it takes must not tell how much of a guess is right.
        expected.verify_truncated_left(seal).ok()?;
        from_bytes(point)
    }

    /// The cursor of a point in a player's matches.
    pub(crate) fn write_history(&self, (at_ms, id): HistoryMark, player: PlayerId) -> String {
        let mut cursor = vec![VERSION];
        cursor.extend(at_ms.to_be_bytes());
        cursor.extend(id.as_bytes());
        let seal = self.seal_history(&cursor, player).finalize().into_bytes();
        cursor.extend(&seal[..SEAL_BYTES]);
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The point of a cursor; `None` where it was not made here for this player.
    pub(crate) fn read_history(&self, cursor: &str, player: PlayerId) -> Option<HistoryMark> {
        let cursor = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let cursor: [u8; MARK_BYTES + SEAL_BYTES] = cursor.try_into().ok()?;
        let (mark, seal) = cursor.split_at(MARK_BYTES);
        let expected = self.seal_history(mark, player);
        expected.verify_truncated_left(seal).ok()?;
        let (version, rest) = mark.split_first()?;
        let (at_ms, id) = rest.split_first_chunk()?;
        let mark = (
            i64::from_be_bytes(*at_ms),
            MatchId::from_bytes(id.try_into().ok()?),
        );
        (*version == VERSION).then_some(mark)
    }

    fn seal_history(&self, mark: &[u8], player: PlayerId) -> Hmac<Sha256> {
        let seal = self.0.clone().chain_update(HISTORY).chain_update(mark);
        seal.chain_update(player.as_bytes())
    }

    fn seal(&self, point: &[u8; POINT_BYTES], segment: Option<&Segment>) -> Hmac<Sha256> {
        // No segment is without text, so no text is no segment.
        let segment = segment.map_or_else(String::new, Segment::to_string);
        self.0.clone().chain_update(point).chain_update(segment)
    }
}

fn to_bytes(mark: Mark) -> [u8; POINT_BYTES] {
    let mut bytes = [VERSION; POINT_BYTES];
    bytes[1..5].copy_from_slice(&mark.board.0.to_be_bytes());
    bytes[5..9].copy_from_slice(&mark.season.0.to_be_bytes());
    bytes[9..].copy_from_slice(&mark.key.to_bytes());
    bytes
}

fn from_bytes(bytes: &[u8; POINT_BYTES]) -> Option<Mark> {
    let (version, rest) = bytes.split_first()?;
    let (board, rest) = rest.split_first_chunk()?;
    let (season, rest) = rest.split_first_chunk()?;
    let mark = Mark {
        board: BoardNumber(u32::from_be_bytes(*board)),
        season: SeasonId(u32::from_be_bytes(*season)),
        key: RankKey::from_bytes(rest.try_into().ok()?)?,
    };
    (*version == VERSION).then_some(mark)
}

#[cfg(test)]
mod tests {
    use boards::{Order, Score};

    use super::*;

    fn mark() -> Mark {
        Mark {
            board: BoardNumber(7),
            season: SeasonId(3),
            key: RankKey::new(Order::Desc, Score::new(41.5).unwrap(), 1 << 40),
        }
    }

    fn segment(text: &str) -> Option<Segment> {
        Some(Segment::parse(text).unwrap())
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursors = Cursors::new([9; 32]);
        for segment in [None, segment("country:tr"), segment("clan:ä b")] {
            let cursor = cursors.write(mark(), segment.as_ref());
            assert_eq!(cursor.len(), 55);
            assert!(
                cursor
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            );
            assert_eq!(cursors.read(&cursor, segment.as_ref()), Some(mark()));
        }
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let cursors = Cursors::new([9; 32]);
        let cursor = cursors.write(mark(), None);
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(cursors.read(&changed, None), None, "bit {bit}");
        }
        for place in 0..cursor.len() {
            for other in "AQgw_-=%"
                .chars()
                .filter(|c| !cursor[place..].starts_with(*c))
            {
                let mut changed = cursor.clone();
                changed.replace_range(place..=place, &other.to_string());
                assert_eq!(cursors.read(&changed, None), None, "{changed}");
            }
        }
    }

    #[test]
    fn a_point_of_a_history_holds_for_its_player_and_its_store_alone() {
        let (cursors, others) = (Cursors::new([9; 32]), Cursors::new([8; 32]));
        let [ada, bob] = [1, 2].map(|n| PlayerId::from_bytes([n; 16]));
        let mark = (-5_i64, MatchId::from_bytes([7; 16]));
        let cursor = cursors.write_history(mark, ada);
        assert_eq!(cursors.read_history(&cursor, ada), Some(mark));
        assert_eq!(cursors.read_history(&cursor, bob), None);
        assert_eq!(others.read_history(&cursor, ada), None);
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(cursors.read_history(&changed, ada), None, "bit {bit}");
        }
        let of_board = cursors.write(self::mark(), None);
        assert_eq!(cursors.read_history(&of_board, ada), None);
        assert_eq!(cursors.read(&cursor, None), None);
    }

    #[test]
    fn every_other_length_is_refused() {
        let cursors = Cursors::new([9; 32]);
        let cursor = cursors.write(mark(), None);
        for length in 0..cursor.len() {
            assert_eq!(cursors.read(&cursor[..length], None), None);
        }
        for more in ["A", "=", "AA", "AAAA"] {
            assert_eq!(cursors.read(&format!("{cursor}{more}"), None), None);
        }
    }

    #[test]
    fn a_cursor_holds_for_its_segment_and_its_store_alone() {
        let (cursors, others) = (Cursors::new([9; 32]), Cursors::new([8; 32]));
        let segments = [
            None,
            segment("country:tr"),
            segment("country:us"),
            segment("clan:tr"),
        ];
        for (n, written) in segments.iter().enumerate() {
            let cursor = cursors.write(mark(), written.as_ref());
            assert_eq!(others.read(&cursor, written.as_ref()), None);
            for (m, read) in segments.iter().enumerate() {
                assert_eq!(cursors.read(&cursor, read.as_ref()).is_some(), n == m);
            }
        }
    }
}
