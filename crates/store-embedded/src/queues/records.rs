//! Records of queues and of tickets in their tables. What is in all stores the same is in [`store_records`].

use matchmaking::{QueueId, QueueSettings};
use store_records::{Parts, VERSION, json};

use super::{QueueNumber, TicketLine};

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
    line.to_bytes(&[])
}

pub(crate) fn read_ticket(bytes: &[u8]) -> Option<TicketLine> {
    let (line, []) = TicketLine::read(bytes)?;
    Some(line)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use matchmaking::{QueuedTicket, RatingSystem, Rules, Ticket, TicketId};

    use super::*;

    fn settings() -> QueueSettings {
        QueueSettings {
            rules: Rules {
                teams: Vec::new(),
                rating: None,
                latency: None,
                attributes: Vec::new(),
                party: Default::default(),
                clock: matchmaking::Clock::Oldest,
            },
            acceptance_ms: None,
            ticket_ttl_ms: 1,
            rating_system: RatingSystem::Elo,
            boards: Vec::new(),
        }
    }

    #[test]
    fn queues_come_back_by_their_names() {
        let (number, settings) = (QueueNumber(0x0102_0304), settings());
        let bytes = queue(number, &settings);
        assert_eq!(bytes[..5], [1, 1, 2, 3, 4]);
        assert_eq!(bytes[5..], json(&settings));
        let id = QueueId::parse("duel").unwrap();
        let back = read_queue(b"duel", &bytes);
        assert_eq!(back, Some((number, id, settings)));
        assert_eq!(read_queue(b"no name", &bytes), None);
        assert_eq!(read_queue(b"duel", &bytes[..9]), None);
    }

    #[test]
    fn tickets_have_nothing_beside_them() {
        let ticket = Ticket {
            id: TicketId::parse("t").unwrap(),
            players: Vec::new(),
            priority: 0,
            avoid: Vec::new(),
        };
        let id = QueueId::parse("duel").unwrap();
        let line = TicketLine {
            made: 1,
            digest: [2; 16],
            version: 3,
            ticket: Arc::new(QueuedTicket::made(id, ticket, 1, 0)),
        };
        let bytes = super::ticket(&line);
        assert_eq!(bytes[33..], json(&*line.ticket));
        assert_eq!(read_ticket(&bytes), Some(line));
        assert_eq!(read_ticket(&[VERSION; 40]), None);
    }
}
