//! What the keys of boards are called in a room, without the tag that all keys of the room begin with, and
//! where an entry stands in their sorted sets.
//!
//! Scores are kept so that less is better, whichever way the board ranks: then all sets are read from their
//! beginning, and of equal scores the one that was reached first stands first.

use boards::{BoardNumber, Order, PlayerId, Score, SeasonId, Segment};

/// Players by id.
pub(crate) const PLAYERS: &[u8] = b"players";
/// Boards by name, the same in every room.
pub(crate) const BOARDS: &[u8] = b"boards";
/// Another value after every change of a line in [`BOARDS`].
pub(crate) const LINES: &[u8] = b"lines";
/// Boards, seasons and segments whose keys are to be removed.
pub(crate) const DOOMED: &[u8] = b"doomed";
/// Players whose deletion has begun and not come to its end, by id.
pub(crate) const DOOMED_PLAYERS: &[u8] = b"doomed-players";

/// A season of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Ladder {
    pub(crate) board: BoardNumber,
    pub(crate) season: SeasonId,
}

impl Ladder {
    pub(crate) fn new(board: BoardNumber, season: SeasonId) -> Self {
        Ladder { board, season }
    }

    /// The sorted set of the ranked entries.
    pub(crate) fn ranked(self) -> Vec<u8> {
        format!("b{}:s{}", self.board.0, self.season.0).into_bytes()
    }

    /// The sorted set of those in a segment.
    pub(crate) fn segment(self, segment: &Segment) -> Vec<u8> {
        [&self.ranked()[..], format!(":{segment}").as_bytes()].concat()
    }

    /// The hash of all entries, those that are hidden too.
    pub(crate) fn entries(self) -> Vec<u8> {
        [&self.ranked()[..], b":e"].concat()
    }

    /// The set of the segments that ever had somebody.
    pub(crate) fn parts(self) -> Vec<u8> {
        [&self.ranked()[..], b":parts"].concat()
    }
}

/// The hash of the players that are hidden on a board.
pub(crate) fn hidden(board: BoardNumber) -> Vec<u8> {
    format!("b{}:hidden", board.0).into_bytes()
}

/// The counter of the changes of a board in this room that readers can see.
pub(crate) fn version(board: BoardNumber) -> Vec<u8> {
    format!("b{}:v", board.0).into_bytes()
}

/// A score as sorted sets have it.
pub(crate) fn weight(order: Order, score: Score) -> f64 {
    match order {
        Order::Asc => score.get(),
        // No negative zero.
        Order::Desc => 0.0 - score.get(),
    }
}

/// The score of a weight; `None` where it is none that this store has written.
pub(crate) fn score_of(order: Order, weight: f64) -> Option<Score> {
    let score = match order {
        Order::Asc => weight,
        Order::Desc => -weight,
    };
    Score::new(score).ok()
}

/// Who an entry is of, and when it reached its score, as a member of a sorted set.
pub(crate) fn member(reached: u64, player: PlayerId) -> Vec<u8> {
    [&reached.to_be_bytes()[..], player.as_bytes()].concat()
}

pub(crate) fn read_member(member: &[u8]) -> Option<(u64, PlayerId)> {
    let (reached, player) = member.split_first_chunk()?;
    let player = PlayerId::from_bytes(player.try_into().ok()?);
    Some((u64::from_be_bytes(*reached), player))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        let ladder = Ladder::new(BoardNumber(7), SeasonId(2));
        let segment = Segment::parse("clan:a:b c").unwrap();
        let keys = [
            ladder.ranked(),
            ladder.segment(&segment),
            ladder.entries(),
            ladder.parts(),
            hidden(BoardNumber(7)),
            version(BoardNumber(7)),
        ];
        let keys = keys.map(|key| String::from_utf8(key).unwrap());
        assert_eq!(
            keys,
            [
                "b7:s2",
                "b7:s2:clan:a:b c",
                "b7:s2:e",
                "b7:s2:parts",
                "b7:hidden",
                "b7:v"
            ]
        );
    }

    #[test]
    fn less_is_better_in_either_order() {
        let score = |value: f64| Score::new(value).unwrap();
        for order in [Order::Asc, Order::Desc] {
            for value in [0.0, -1.5, f64::MAX, f64::MIN, 5e-324] {
                let weight = weight(order, score(value));
                assert_eq!(score_of(order, weight), Some(score(value)));
            }
        }
        assert!(weight(Order::Desc, score(2.0)) < weight(Order::Desc, score(1.0)));
        assert!(weight(Order::Desc, score(0.0)).is_sign_positive());
    }

    #[test]
    fn members_come_back() {
        let player = PlayerId::from_bytes([9; 16]);
        let bytes = member(u64::MAX - 1, player);
        assert_eq!(read_member(&bytes), Some((u64::MAX - 1, player)));
        assert_eq!(read_member(&bytes[..23]), None);
        assert_eq!(read_member(b"short"), None);
    }
}
