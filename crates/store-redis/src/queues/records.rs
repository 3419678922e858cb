//! Records of queues, of tickets, and of what else scripts read in Redis. What is in all stores the same is in
//! [`store_records`].

use matchmaking::{BackfillId, MatchId};
pub(super) use store_records::{digest, json, read_json};

use super::{QueueLine, QueueNumber, TicketLine};

/// In place of a match where a ticket is in none.
const NO_MATCH: [u8; 16] = [0; 16];

pub(super) fn queue(line: &QueueLine) -> Vec<u8> {
    json(line)
}

pub(super) fn read_queue(bytes: &[u8]) -> Option<QueueLine> {
    read_json(bytes)
}

/// The match is beside the ticket, for the script that reads both at once (`lua/ticket.lua`).
pub(super) fn ticket(line: &TicketLine) -> Vec<u8> {
    let of_match = line.ticket.state.match_id();
    line.to_bytes(&of_match.map_or(NO_MATCH, |id| *id.as_bytes()))
}

pub(super) fn read_ticket(bytes: &[u8]) -> Option<TicketLine> {
    let (line, _): (_, [u8; NO_MATCH.len()]) = TicketLine::read(bytes)?;
    Some(line)
}

/// The open backfills of a match.
pub(super) fn open_of(ids: &[BackfillId]) -> Vec<u8> {
    json(ids)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use matchmaking::{QueuedTicket, Ticket, TicketId, TicketState};

    use super::*;

    /// As `lua/ticket.lua` reads it.
    #[test]
    fn a_ticket_has_its_match_in_bytes_34_to_49() {
        let ticket = Ticket {
            id: TicketId::parse("t").unwrap(),
            players: Vec::new(),
            priority: 0,
            avoid: Vec::new(),
        };
        let id = matchmaking::QueueId::parse("duel").unwrap();
        let waiting = QueuedTicket::made(id, ticket, 1, 0);
        let match_id = MatchId::from_bytes([7; 16]);
        let proposed = waiting.turned(TicketState::Proposed { match_id });
        for (queued, of_match) in [(waiting, NO_MATCH), (proposed, [7; 16])] {
            let line = TicketLine {
                made: 1,
                digest: [2; 16],
                version: 3,
                ticket: Arc::new(queued),
            };
            let bytes = super::ticket(&line);
            assert_eq!(bytes[33..49], of_match);
            assert_eq!(bytes[49..], json(&*line.ticket));
            assert_eq!(read_ticket(&bytes), Some(line));
        }
    }

    #[test]
    fn what_is_no_record_is_not_read() {
        assert_eq!(read_queue(b"{}"), None);
        assert_eq!(read_ticket(&[1; 60]), None);
        assert_eq!(read_open_of(b"{}"), None);
        assert_eq!(read_match_id(&[1; 15]), None);
        assert_eq!(read_number(b"x"), None);
        assert_eq!(read_number(b"12"), Some(QueueNumber(12)));
    }
}
