//! Where what is of a queue is kept: its room, and the names of its keys there.

use boards::PlayerId;
use matchmaking::{BackfillId, MatchId, QueueId, TicketId};
use store_records::EndKind;

use super::QueueNumber;
use crate::layout::{Layout, Room};
use crate::tx::At;

/// The list of queues in the room of lists, and the queue's own line in its room.
pub(super) const QUEUES: &[u8] = b"queues";
/// In the room of lists: queues that were deleted and have left something.
pub(super) const DOOMED: &[u8] = b"doomed-queues";
/// By the id of a match the number of its queue. Written before the match, so it may name one that is not there.
pub(super) const MATCHES: &[u8] = b"m";

/// What is kept of a queue, by the end of its key's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Hash: name → ticket, also of those that have ended, for an hour.
    Tickets,
    /// Hash: player → the ticket that it waits or is proposed in.
    Live,
    /// Sorted set: tickets that wait, by when they were made.
    Waiting,
    /// Sorted set: the same, by when they expire.
    Expiries,
    /// Sorted set: matches that are proposed, by when they have to be accepted.
    Proposals,
    /// Hash: id → match. Those with a result stay for ever.
    Matches,
    /// Sorted set, all of score 0: player ‖ match, of those that are being held.
    Held,
    /// Hash: name → backfill, also of those that have ended, for an hour.
    Backfills,
    /// Hash: match → names of its open backfills.
    OpenOf,
    /// Sorted set: open backfills by when they were made.
    Openings,
    /// Sorted set: what can be read for an hour, by the time in milliseconds at which it ended.
    Ended,
    /// Sorted set: tickets by the number of the change that changed them last.
    Changed,
    /// That number: larger after each change of what waits.
    Version,
    /// What the latest look at what waits has left, for the next one to see that nothing was lost since.
    Mark,
    /// Hash: players that wait, tickets that are proposed, matches that are being held.
    Counts,
    /// List: when tickets were matched lately, and how long they had waited.
    Waits,
    /// List: when matches began lately, and how far apart their ratings were.
    Spreads,
    /// Hash: who leads the queue, and until when.
    Lease,
    /// The number of that lead, larger with each who takes it from another.
    Token,
    /// Hash: ticket → why it waits.
    Why,
    /// How many tickets wait for each reason.
    Reasons,
    /// Hash, in the rooms of players: player → rating.
    Ratings,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Tickets => "tickets",
            Part::Live => "live",
            Part::Waiting => "waiting",
            Part::Expiries => "expiries",
            Part::Proposals => "proposals",
            Part::Matches => "matches",
            Part::Held => "held",
            Part::Backfills => "backfills",
            Part::OpenOf => "open-of",
            Part::Openings => "openings",
            Part::Ended => "ended",
            Part::Changed => "changed",
            Part::Version => "v",
            Part::Mark => "mark",
            Part::Counts => "counts",
            Part::Waits => "waits",
            Part::Spreads => "spreads",
            Part::Lease => "lease",
            Part::Token => "token",
            Part::Why => "why",
            Part::Reasons => "reasons",
            Part::Ratings => "ratings",
        }
    }
}

/// A queue's number and room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: QueueNumber,
    pub(super) room: Room,
}

impl Place {
    pub(super) fn of(layout: &Layout, number: QueueNumber) -> Self {
        Place {
            number,
            room: layout.of_queue(number.0),
        }
    }

    /// The name of a key without what all keys of its room begin with.
    pub(super) fn key(&self, part: Part) -> Vec<u8> {
        format!("q{}:{}", self.number.0, part.name()).into_bytes()
    }

    pub(super) fn ticket(&self, id: &TicketId) -> At {
        At::field(self.room, self.key(Part::Tickets), id.as_str())
    }

    pub(super) fn live(&self, player: PlayerId) -> At {
        At::field(self.room, self.key(Part::Live), player.as_bytes())
    }

    pub(super) fn of_match(&self, id: MatchId) -> At {
        At::field(self.room, self.key(Part::Matches), id.as_bytes())
    }

    pub(super) fn backfill(&self, id: &BackfillId) -> At {
        At::field(self.room, self.key(Part::Backfills), id.as_str())
    }

    pub(super) fn open_of(&self, id: MatchId) -> At {
        At::field(self.room, self.key(Part::OpenOf), id.as_bytes())
    }

    pub(super) fn token(&self) -> At {
        At::whole(self.room, self.key(Part::Token))
    }

    /// A player's rating in the queue.
    pub(super) fn rating(&self, layout: &Layout, player: PlayerId) -> At {
        let room = layout.of_player(player);
        At::field(room, self.key(Part::Ratings), player.as_bytes())
    }
}

/// A queue's line in a room.
pub(super) fn line(room: Room, queue: &QueueId) -> At {
    At::field(room, QUEUES, queue.as_str())
}

/// Of which queue a match is.
pub(super) fn queue_of(layout: &Layout, id: MatchId) -> At {
    At::field(layout.of_match(id), MATCHES, id.as_bytes())
}

/// A player, as the store of boards keeps it.
pub(super) fn player(layout: &Layout, id: PlayerId) -> At {
    At::field(layout.of_player(id), b"players", id.as_bytes())
}

/// Sorted set, in the player's room: its matches that have a result, by when they were made.
pub(super) fn history(player: PlayerId) -> Vec<u8> {
    format!("history:{player}").into_bytes()
}

/// Hash, in the player's room, by number: queues in which it may have tickets, matches and a rating. Written
/// before these are, so it may name one where there is nothing.
pub(super) fn queues_of(player: PlayerId) -> Vec<u8> {
    format!("pq:{player}").into_bytes()
}

/// In the player's room: when it was erased, as a stamp. As long as anything can be read that was written before.
pub(crate) fn erased(layout: &Layout, id: PlayerId) -> At {
    At::whole(layout.of_player(id), format!("erased:{id}"))
}

/// A match in a history.
pub(super) fn history_member(id: MatchId, queue: QueueNumber) -> Vec<u8> {
    [&id.as_bytes()[..], &queue.0.to_be_bytes()].concat()
}

pub(super) fn read_history_member(member: &[u8]) -> Option<(MatchId, QueueNumber)> {
    let (id, number) = member.split_first_chunk()?;
    let number = u32::from_be_bytes(number.try_into().ok()?);
    Some((MatchId::from_bytes(*id), QueueNumber(number)))
}

/// A player in a match that is being held.
pub(super) fn held_member(player: PlayerId, id: MatchId) -> Vec<u8> {
    [&player.as_bytes()[..], id.as_bytes()].concat()
}

/// The match of it.
pub(super) fn read_held_member(member: &[u8]) -> Option<MatchId> {
    let id = member.get(16..)?.try_into().ok()?;
    Some(MatchId::from_bytes(id))
}

/// A thing that has ended; `key` is its field.
pub(super) fn ended_member(kind: EndKind, key: &[u8]) -> Vec<u8> {
    [&[kind.letter()][..], key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_back() {
        let (player, id) = (PlayerId::from_bytes([7; 16]), MatchId::from_random([3; 16]));
        let member = history_member(id, QueueNumber(9));
        assert_eq!(read_history_member(&member), Some((id, QueueNumber(9))));
        assert_eq!(read_history_member(&member[1..]), None);
        assert_eq!(read_held_member(&held_member(player, id)), Some(id));
        assert_eq!(read_held_member(b"short"), None);
        assert_eq!(ended_member(EndKind::Ticket, b"a"), b"ta");
    }
}
