//! Keys of queues and of what is in them. Each kind has a table of its own; within it keys sort as their
//! parts do.

use boards::PlayerId;
use matchmaking::{MatchId, TicketId};

use super::{EndKind, Named, QueueNumber};

/// What the keys of everything in a queue begin with.
pub(crate) fn queue_key(queue: QueueNumber) -> [u8; 4] {
    queue.0.to_be_bytes()
}

pub(crate) fn read_queue_key(key: &[u8]) -> Option<QueueNumber> {
    Some(QueueNumber(u32::from_be_bytes(key.try_into().ok()?)))
}

/// The key of a ticket or backfill.
pub(crate) fn named_key(queue: QueueNumber, id: &TicketId) -> Vec<u8> {
    [&queue_key(queue)[..], id.as_str().as_bytes()].concat()
}

pub(crate) fn read_named_key(key: &[u8]) -> Option<Named> {
    let (queue, id) = key.split_at_checked(4)?;
    let id = TicketId::parse(std::str::from_utf8(id).ok()?).ok()?;
    Some((read_queue_key(queue)?, id))
}

pub(crate) fn read_match_key(key: &[u8]) -> Option<MatchId> {
    Some(MatchId::from_bytes(key.try_into().ok()?))
}

pub(crate) fn rating_key(queue: QueueNumber, player: PlayerId) -> [u8; 20] {
    let mut key = [0; 20];
    key[..4].copy_from_slice(&queue_key(queue));
    key[4..].copy_from_slice(player.as_bytes());
    key
}

pub(crate) fn read_rating_key(key: &[u8]) -> Option<(QueueNumber, PlayerId)> {
    let (queue, player) = key.split_at_checked(4)?;
    let player = PlayerId::from_bytes(player.try_into().ok()?);
    Some((read_queue_key(queue)?, player))
}

/// The key of a match in a player's history: the latest sorts first.
pub(crate) fn history_key(player: PlayerId, created_at_ms: i64, id: MatchId) -> [u8; 40] {
    let mut key = [0; 40];
    key[..16].copy_from_slice(player.as_bytes());
    key[16..24].copy_from_slice(&(!sortable(created_at_ms)).to_be_bytes());
    for (to, from) in key[24..].iter_mut().zip(id.as_bytes()) {
        *to = !from;
    }
    key
}

/// The match of a key in a history.
pub(crate) fn read_history_key(key: &[u8]) -> Option<MatchId> {
    let mut id: [u8; 16] = key.get(24..)?.try_into().ok()?;
    id.iter_mut().for_each(|byte| *byte = !*byte);
    Some(MatchId::from_bytes(id))
}

/// The key of a note that something ended at that time; `key` is its own.
pub(crate) fn end_key(at_ms: i64, kind: EndKind, key: &[u8]) -> Vec<u8> {
    [&sortable(at_ms).to_be_bytes()[..], &[kind.letter()], key].concat()
}

pub(crate) fn read_end_key(key: &[u8]) -> Option<(i64, EndKind, &[u8])> {
    let (at_ms, rest) = key.split_first_chunk()?;
    let (kind, rest) = rest.split_first()?;
    let at_ms = (u64::from_be_bytes(*at_ms) ^ (1 << 63)) as i64;
    Some((at_ms, EndKind::of(*kind)?, rest))
}

/// Sorts as the signed number does.
fn sortable(at_ms: i64) -> u64 {
    at_ms as u64 ^ (1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back() {
        let id = TicketId::parse(&"t".repeat(64)).unwrap();
        let queue = QueueNumber(7);
        let key = named_key(queue, &id);
        assert_eq!(read_named_key(&key), Some((queue, id)));
        assert_eq!(read_named_key(&key[..4]), None);
        let player = PlayerId::from_bytes([9; 16]);
        let key = rating_key(queue, player);
        assert_eq!(read_rating_key(&key), Some((queue, player)));
        let id = MatchId::from_random([3; 16]);
        assert_eq!(read_history_key(&history_key(player, -5, id)), Some(id));
        for at_ms in [i64::MIN, -1, 0, 1, i64::MAX] {
            let key = end_key(at_ms, EndKind::Match, id.as_bytes());
            let back = read_end_key(&key);
            assert_eq!(back, Some((at_ms, EndKind::Match, &id.as_bytes()[..])));
        }
        assert_eq!(read_end_key(&[0; 9]), None);
    }

    #[test]
    fn the_latest_match_comes_first() {
        let player = PlayerId::from_bytes([9; 16]);
        let key = |at_ms, id| history_key(player, at_ms, MatchId::from_bytes([id; 16]));
        assert!(key(2, 1) < key(1, 1) && key(0, 1) < key(-1, 1));
        assert!(key(1, 2) < key(1, 1));
        let end = |at_ms| end_key(at_ms, EndKind::Ticket, b"t");
        assert!(end(-1) < end(0) && end(0) < end(1));
    }
}
