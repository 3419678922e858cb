//! What nodes tell each other has changed, so that whoever waits on any of them is woken.
//!
//! Messages are small and may be lost: who waits also looks by itself now and then.

use std::fmt::Write;

use matchmaking::TicketId;

use super::QueueNumber;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// These tickets look different; none: all of the queue may.
    Tickets(QueueNumber, Vec<TicketId>),
    /// Something else waits in the queue, or it has other settings.
    Waiting(QueueNumber),
}

pub(super) fn of_tickets<'a>(
    number: QueueNumber,
    tickets: impl Iterator<Item = &'a TicketId>,
) -> Vec<u8> {
    let mut text = format!("t {}", number.0);
    for ticket in tickets {
        // Writing to memory cannot fail.
        let _ = write!(text, " {ticket}");
    }
    text.into_bytes()
}

pub(super) fn of_all_tickets(number: QueueNumber) -> Vec<u8> {
    of_tickets(number, std::iter::empty())
}

pub(super) fn of_queue(number: QueueNumber) -> Vec<u8> {
    format!("q {}", number.0).into_bytes()
}

/// `None`: it is of another version.
pub(super) fn read(message: &[u8]) -> Option<News> {
    let mut words = std::str::from_utf8(message).ok()?.split(' ');
    let kind = words.next()?;
    let number = QueueNumber(words.next()?.parse().ok()?);
    match kind {
        "t" => {
            let tickets = words.map(|word| TicketId::parse(word).ok());
            Some(News::Tickets(number, tickets.collect::<Option<_>>()?))
        }
        "q" => Some(News::Waiting(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back() {
        let number = QueueNumber(7);
        let ids: Vec<_> = ["a", "b.c"].map(|id| TicketId::parse(id).unwrap()).into();
        let message = of_tickets(number, ids.iter());
        assert_eq!(message, b"t 7 a b.c");
        assert_eq!(read(&message), Some(News::Tickets(number, ids)));
        let all = of_all_tickets(number);
        assert_eq!(read(&all), Some(News::Tickets(number, Vec::new())));
        assert_eq!(read(&of_queue(number)), Some(News::Waiting(number)));
        for strange in [&b""[..], b"t", b"t x a", b"z 7", b"t 7 a/b", b"\xff"] {
            assert_eq!(read(strange), None);
        }
    }
}
