//! What an export holds, to be compared with another one, made by another store of the same things.
//!
//! Stores number entries, tickets and backfills as they like, as long as the order is the same. So these numbers are
//! left out of the lines and compared apart: of entries as distances from the smallest, of tickets and backfills
//! as an order within their queue. The lines themselves are added up by their hashes, whatever their order.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{Counts, Kind};

const KINDS: [(Kind, &str); 9] = [
    (Kind::Board, "boards"),
    (Kind::Player, "players"),
    (Kind::Entry, "entries"),
    (Kind::Hidden, "hidden marks"),
    (Kind::Queue, "queues"),
    (Kind::Match, "matches"),
    (Kind::Ticket, "tickets"),
    (Kind::Backfill, "backfills"),
    (Kind::Rating, "ratings"),
];

/// The sum of an export. Takes a few tens of bytes for each ticket and backfill, and none for anything else.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    kinds: BTreeMap<Kind, Lines>,
    /// Tickets and backfills: kind, queue, number, hash.
    made: Vec<(Kind, String, u64, u128)>,
}

/// The lines of a kind.
#[derive(Clone, Debug, Default)]
struct Lines {
    count: u64,
    hashes: u128,
    /// Each hash times its line's number.
    weighted: u128,
    least: Option<u64>,
}

impl Lines {
    fn add(&mut self, hash: u128, number: Option<u64>) {
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(hash);
        if let Some(number) = number {
            let weighted = hash.wrapping_mul(u128::from(number));
            self.weighted = self.weighted.wrapping_add(weighted);
            self.least = Some(self.least.map_or(number, |least| least.min(number)));
        }
    }

    /// As if the smallest number were nought.
    fn order(&self) -> u128 {
        let least = u128::from(self.least.unwrap_or(0));
        self.weighted.wrapping_sub(least.wrapping_mul(self.hashes))
    }
}

#[derive(Deserialize)]
struct Made {
    made: u64,
    #[serde(alias = "backfill")]
    ticket: Place,
}

#[derive(Deserialize)]
struct Place {
    queue: String,
}

impl Sum {
    /// Adds a line as it was written. Those of kinds that are no records count for nothing.
    pub fn add(&mut self, kind: Kind, line: &[u8]) {
        let name = match kind {
            Kind::Entry => Some("\"reached\":"),
            Kind::Ticket | Kind::Backfill => Some("\"made\":"),
            _ => None,
        };
        let (hash, number) = match name.and_then(|name| cut(line, name)) {
            Some((before, number, after)) => (hash(&[before, after]), Some(number)),
            None => (hash(&[line]), None),
        };
        if matches!(kind, Kind::Ticket | Kind::Backfill)
            && let Ok(Made { made, ticket }) = serde_json::from_slice(line)
        {
            self.made.push((kind, ticket.queue, made, hash));
        }
        let number = number.filter(|_| kind == Kind::Entry);
        self.kinds.entry(kind).or_default().add(hash, number);
    }

    /// How many lines were added.
    pub fn counts(&self) -> Counts {
        let count = |kind| self.kinds.get(&kind).map_or(0, |lines| lines.count);
        Counts {
            boards: count(Kind::Board),
            players: count(Kind::Player),
            entries: count(Kind::Entry),
            hidden: count(Kind::Hidden),
            queues: count(Kind::Queue),
            matches: count(Kind::Match),
            tickets: count(Kind::Ticket),
            backfills: count(Kind::Backfill),
            ratings: count(Kind::Rating),
        }
    }

    /// In what the other one differs, in words; nothing where it is the same.
    pub fn differences(&self, other: &Sum) -> Vec<String> {
        let kinds = KINDS.iter();
        kinds
            .filter_map(|(kind, name)| self.difference(other, *kind, name))
            .collect()
    }

    fn difference(&self, other: &Sum, kind: Kind, name: &str) -> Option<String> {
        let none = Lines::default();
        let of = |sum: &Sum| sum.kinds.get(&kind).unwrap_or(&none).clone();
        let (a, b) = (of(self), of(other));
        if a.count != b.count {
            return Some(format!("{} {name} and {}", a.count, b.count));
        }
        if a.hashes != b.hashes {
            return Some(format!("the {name} are not the same"));
        }
        let in_order = a.order() == b.order() && self.made(kind) == other.made(kind);
        (!in_order).then(|| format!("the {name} are in another order"))
    }

    /// The hashes of a kind, queue by queue in the order in which they were made.
    fn made(&self, kind: Kind) -> Vec<(&str, u128)> {
        let mut made: Vec<_> = self.made.iter().filter(|line| line.0 == kind).collect();
        made.sort_unstable();
        made.into_iter()
            .map(|(_, queue, _, hash)| (queue.as_str(), *hash))
            .collect()
    }
}

/// A line before and after a number, and the number. The first of its name is the line's own: what comes before it
/// are names that have no quotes in them.
fn cut<'a>(line: &'a [u8], name: &str) -> Option<(&'a [u8], u64, &'a [u8])> {
    let name = name.as_bytes();
    let at = line.windows(name.len()).position(|part| part == name)? + name.len();
    let (before, rest) = line.split_at_checked(at)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, after) = rest.split_at_checked(digits)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((before, number, after))
}

fn hash(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let hash: [u8; 32] = hash.finalize().into();
    hash.first_chunk()
        .map_or(0, |half| u128::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(lines: &[(Kind, &str)]) -> Sum {
        let mut sum = Sum::default();
        lines
            .iter()
            .for_each(|(kind, line)| sum.add(*kind, line.as_bytes()));
        sum
    }

    fn entry(player: &str, reached: u64) -> String {
        format!("{{\"kind\":\"entry\",\"player_id\":\"{player}\",\"reached\":{reached}}}\n")
    }

    fn ticket(id: &str, queue: &str, made: u64) -> String {
        let ticket = format!("{{\"queue\":\"{queue}\",\"id\":\"{id}\"}}");
        format!("{{\"kind\":\"ticket\",\"made\":{made},\"ticket\":{ticket}}}\n")
    }

    #[test]
    fn numbers_may_be_moved_and_lines_be_in_another_order() {
        let of = |a: u64, b: u64| {
            let (a, b) = (entry("a", a), entry("b", b));
            sum(&[(Kind::Entry, &a), (Kind::Entry, &b)])
        };
        let one = of(7, 9);
        assert_eq!(one.differences(&of(100, 102)), [""; 0]);
        let (a, b) = (entry("a", 7), entry("b", 9));
        let turned = sum(&[(Kind::Entry, &b), (Kind::Entry, &a)]);
        assert_eq!(one.differences(&turned), [""; 0]);
        assert_eq!(
            one.differences(&of(9, 7)),
            ["the entries are in another order"]
        );
        assert_eq!(one.counts().entries, 2);
    }

    #[test]
    fn tickets_keep_their_order_within_a_queue() {
        let of = |made: [u64; 3]| {
            let queues = ["p", "p", "q"];
            let mut sum = Sum::default();
            for ((id, queue), made) in ["a", "b", "c"].iter().zip(queues).zip(made) {
                sum.add(Kind::Ticket, ticket(id, queue, made).as_bytes());
            }
            sum
        };
        let one = of([5, 9, 7]);
        assert_eq!(one.differences(&of([1, 2, 1])), [""; 0]);
        assert_eq!(
            one.differences(&of([2, 1, 1])),
            ["the tickets are in another order"]
        );
    }

    #[test]
    fn what_differs_is_named() {
        let one = sum(&[(Kind::Player, "a"), (Kind::Board, "x")]);
        assert_eq!(
            one.differences(&sum(&[(Kind::Board, "x")])),
            ["1 players and 0"]
        );
        let other = sum(&[(Kind::Player, "b"), (Kind::Board, "x")]);
        assert_eq!(one.differences(&other), ["the players are not the same"]);
    }
}
