//! What of a transaction one script is given: a room's part, or some of it where that is very large.
//!
//! A server does nothing else while it runs a script, so none is given more than the largest batch of submissions has.
//! A room's part that is larger goes in several shares, each of which is prepared and applied as if it was of a room of
//! its own: all of them are made or none. While they are applied, one after the other, a reader may see some. Whoever
//! changes something may not: commands come first and records, which hold the locks, last, so that nothing is let go
//! before all of the room is written. That takes the order to be kept by whoever applies them ([`Share::up_to`]), and
//! the first share to decide, if one of its room does.

use std::collections::BTreeMap;

use super::wire::Part;
use crate::layout::Room;

/// Records and commands in one script, which takes a few tenths of a second then.
const MOST: usize = if cfg!(test) { 60 } else { 100_000 };

/// Which share: of that room, with that number from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share {
    pub(super) room: Room,
    pub(super) number: u32,
}

impl Share {
    /// What it is called in its room. The first one is called as the transaction, so that those of one share are what
    /// they always were.
    pub(super) fn name(self, transaction: &str) -> String {
        match self.number {
            0 => transaction.to_owned(),
            number => format!("{transaction}#{number}"),
        }
    }

    /// As it is listed where it is decided.
    pub(super) fn text(self) -> String {
        match self.number {
            0 => self.room.0.to_string(),
            number => format!("{}#{number}", self.room.0),
        }
    }

    /// The shares of a room that are applied before the one of this name, and that one.
    pub(super) fn up_to(room: Room, name: &str) -> Vec<Share> {
        let number = name.split_once('#').and_then(|(_, n)| n.parse().ok());
        let numbers = 0..=number.unwrap_or(0);
        numbers.map(|number| Share { room, number }).collect()
    }

    pub(super) fn read(text: &str) -> Option<Share> {
        let (room, number) = text.split_once('#').unwrap_or((text, "0"));
        Some(Share {
            room: Room(room.parse().ok()?),
            number: number.parse().ok()?,
        })
    }
}

/// The transaction that a share is of, by what the share is called.
pub(super) fn transaction_of(name: &str) -> &str {
    name.split_once('#')
        .map_or(name, |(transaction, _)| transaction)
}

/// Takes the figures out of rooms whose parts are too large for one script: they are asked for once all is written.
pub(super) fn counts_of_large(parts: &mut BTreeMap<Room, Part>) -> BTreeMap<Room, Part> {
    let large = parts.iter_mut().filter(|(_, part)| is_large(part));
    let counts = large.filter(|(_, part)| !part.counts.is_empty());
    let counts = counts.map(|(room, part)| {
        let only = Part {
            counts: std::mem::take(&mut part.counts),
            ..Part::default()
        };
        (*room, only)
    });
    counts.collect()
}

/// The shares of a transaction, in the order in which they are applied in a room.
pub(super) fn shares(parts: BTreeMap<Room, Part>) -> BTreeMap<Share, Part> {
    let mut shares = BTreeMap::new();
    for (room, part) in parts {
        for (number, some) in (0..).zip(split(part)) {
            shares.insert(Share { room, number }, some);
        }
    }
    shares
}

fn is_large(part: &Part) -> bool {
    part.records.len() + part.commands.len() > MOST
}

fn split(part: Part) -> Vec<Part> {
    if !is_large(&part) {
        return vec![part];
    }
    let clock = part.clock;
    let mut all = Vec::new();
    let mut records = part.records.into_iter();
    let mut commands = last_counters(part.commands).into_iter();
    while records.len() + commands.len() > 0 {
        let commands: Vec<_> = commands.by_ref().take(MOST).collect();
        let room_left = MOST - commands.len();
        all.push(Part {
            records: records.by_ref().take(room_left).collect(),
            commands,
            counts: Vec::new(),
            clock,
        });
    }
    all
}

/// Counters come last: who looks whenever one has changed would miss what is written afterwards.
fn last_counters(commands: Vec<Vec<Vec<u8>>>) -> Vec<Vec<Vec<u8>>> {
    let is_counter = |command: &Vec<Vec<u8>>| command.first().is_some_and(|word| word == b"INCR");
    let (counters, mut others): (Vec<_>, Vec<_>) = commands.into_iter().partition(is_counter);
    others.extend(counters);
    others
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Checked, Expected};
    use super::*;

    fn part(records: usize, commands: usize) -> Part {
        let record = |n: usize| Checked {
            key: b"key".to_vec(),
            field: Some(n.to_string().into_bytes()),
            expected: Expected::Anything,
        };
        let command = |n: usize| match n {
            0 => vec![b"INCR".to_vec(), b"v".to_vec()],
            _ => vec![
                b"SADD".to_vec(),
                b"set".to_vec(),
                n.to_string().into_bytes(),
            ],
        };
        Part {
            records: (0..records).map(record).collect(),
            commands: (0..commands).map(command).collect(),
            counts: Vec::new(),
            clock: Some((3, 4)),
        }
    }

    #[test]
    fn a_large_part_is_split_and_nothing_is_lost() {
        let parts = [
            (Room(1), part(MOST, 0)),
            (Room(2), part(MOST / 2, MOST * 2)),
        ];
        let shares = shares(BTreeMap::from(parts));
        let of = |room| {
            shares
                .iter()
                .filter(move |(share, _)| share.room == Room(room))
        };
        assert_eq!(of(1).count(), 1);
        assert_eq!(of(2).count(), 3);
        assert!(of(2).all(|(_, p)| p.records.len() + p.commands.len() <= MOST));
        assert!(of(2).all(|(_, p)| p.clock == Some((3, 4))));
        let records: usize = of(2).map(|(_, p)| p.records.len()).sum();
        let commands: usize = of(2).map(|(_, p)| p.commands.len()).sum();
        assert_eq!((records, commands), (MOST / 2, MOST * 2));
        let all: Vec<_> = of(2).flat_map(|(_, p)| &p.commands).collect();
        assert_eq!(all.last().unwrap()[0], b"INCR");
        // Whatever locks something is applied when all is written.
        let with_records = of(2).skip_while(|(_, p)| p.records.is_empty());
        assert!(with_records.skip(1).all(|(_, p)| p.commands.is_empty()));
    }

    #[test]
    fn names_come_back() {
        for (number, name, text) in [(0, "7.ab", "3"), (12, "7.ab#12", "3#12")] {
            let share = Share {
                room: Room(3),
                number,
            };
            assert_eq!(share.name("7.ab"), name);
            assert_eq!(transaction_of(name), "7.ab");
            assert_eq!(share.text(), text);
            assert_eq!(Share::read(text), Some(share));
            let up_to = Share::up_to(Room(3), name);
            assert!(up_to.iter().map(|s| s.number).eq(0..=number));
        }
        assert_eq!(Share::read(""), None);
        assert_eq!(Share::read("3#x"), None);
    }
}
