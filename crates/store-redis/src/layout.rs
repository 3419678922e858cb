//! Which keys there are, and in which room: all keys of a room have one hash tag, and so are on one slot.
//!
//! A room is chosen by a hash that is part of the stored format: it may never change.

use boards::PlayerId;
use matchmaking::MatchId;

/// The most rooms that a store may have: their numbers are the low bits of stamps.
pub(crate) const MAX_ROOMS: u16 = 1 << ROOM_BITS;
pub(crate) const ROOM_BITS: u32 = 12;

/// A part of the store that a script can change as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Room(pub(crate) u16);

/// Where the store has what.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    prefix: String,
    rooms: u16,
}

impl Layout {
    /// The room with the lists of boards and queues.
    pub(crate) const CONTROL: Room = Room(0);

    /// `rooms` is from 1 to [`MAX_ROOMS`].
    pub(crate) fn new(prefix: &str, rooms: u16) -> Self {
        Layout {
            prefix: prefix.to_owned(),
            rooms: rooms.clamp(1, MAX_ROOMS),
        }
    }

    pub(crate) fn count(&self) -> u16 {
        self.rooms
    }

    pub(crate) fn rooms(&self) -> impl ExactSizeIterator<Item = Room> + use<> {
        (0..self.rooms).map(Room)
    }

    /// Where all that belongs to a player is.
    pub(crate) fn of_player(&self, id: PlayerId) -> Room {
        self.by_hash(id.as_bytes())
    }

    /// Where a queue is with all that is in it.
    pub(crate) fn of_queue(&self, number: u32) -> Room {
        let room = number % u32::from(self.rooms);
        Room(u16::try_from(room).unwrap_or_default())
    }

    /// Where it is written down which queue a match is of.
    pub(crate) fn of_match(&self, id: MatchId) -> Room {
        self.by_hash(id.as_bytes())
    }

    /// Where the answer to a guarded change is kept.
    pub(crate) fn of_guard(&self, key: &[u8; 16]) -> Room {
        self.by_hash(key)
    }

    /// The whole name of a key.
    pub(crate) fn key(&self, room: Room, suffix: &[u8]) -> Vec<u8> {
        let tag = format!("{{{}:{}}}:", self.prefix, room.0);
        [tag.as_bytes(), suffix].concat()
    }

    /// The channel on which nodes tell each other what has changed in queues.
    pub(crate) fn channel(&self) -> Vec<u8> {
        format!("{}:events", self.prefix).into_bytes()
    }

    /// The one for boards: who is woken by messages about tickets is not by those about every submission.
    pub(crate) fn board_channel(&self) -> Vec<u8> {
        format!("{}:boards", self.prefix).into_bytes()
    }

    fn by_hash(&self, bytes: &[u8; 16]) -> Room {
        let room = hash(bytes) % u64::from(self.rooms);
        Room(u16::try_from(room).unwrap_or_default())
    }
}

/// FNV-1a of 64 bits, its halves folded together: the low bits of FNV alone are weak.
fn hash(bytes: &[u8]) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_stays_in_its_room() {
        let layout = Layout::new("agon", 16);
        let room = |last: u8| {
            let mut bytes = [7; 16];
            bytes[15] = last;
            layout.of_player(PlayerId::from_bytes(bytes)).0
        };
        // Part of the stored format.
        assert_eq!([0, 1, 2, 3, 4, 5].map(room), [8, 11, 14, 1, 4, 7]);
        assert_eq!(layout.of_queue(35), Room(3));
        assert_eq!(layout.key(Room(3), b"players"), b"{agon:3}:players");
    }

    #[test]
    fn rooms_are_filled_alike() {
        let layout = Layout::new("agon", 8);
        let mut filled = [0; 8];
        for number in 0..8_000_u128 {
            let id = PlayerId::from_bytes(number.to_be_bytes());
            filled[usize::from(layout.of_player(id).0)] += 1;
        }
        assert!(filled.iter().all(|n| (800..1200).contains(n)), "{filled:?}");
    }
}
