//! From what a change has done to a queue to the writes of its transaction: the things themselves, and the sets
//! by which they are found, counted and waited for.
//!
//! The sets follow from the things alone, before and after. As a commit makes sure that the things were as they
//! were read, the sets are right without being checked themselves.

mod backfills;
mod matches;
mod tickets;

use std::collections::BTreeSet;
use std::sync::Arc;

use matchmaking::lately;
use store_records::EndKind;

use super::draft::{Draft, Slot, Slots};
use super::keys::{Part, ended_member};
use super::news;
use super::tallies::Happened;
use crate::tx::Write;

/// How the figures of a queue change.
#[derive(Default)]
struct Counts {
    players: i64,
    proposed: i64,
    running: i64,
}

impl Draft<'_> {
    /// Whether the change has done anything.
    pub(super) fn has_changed(&self) -> bool {
        self.tickets.values().any(|slot| slot.is_changed)
            || self.matches.values().any(|slot| slot.is_changed)
            || self.backfills.values().any(|slot| slot.is_changed)
    }

    /// Turns what has changed into writes of the transaction.
    pub(super) fn settle(&mut self) {
        let stamps = &self.core().stamps;
        stamps.observe(self.seen);
        let version = stamps.next(1);
        let mut counts = Counts::default();
        self.tell();
        self.tally();
        self.settle_tickets(version, &mut counts);
        self.settle_matches(version, &mut counts);
        self.settle_backfills();
        self.count(&counts);
    }

    fn also(&mut self, write: Write) {
        self.tx.also(self.place.room, write);
    }

    fn z_add(&mut self, part: Part, score: f64, member: impl AsRef<[u8]>) {
        let (key, member) = (self.place.key(part), member.as_ref().to_vec());
        self.also(Write::ZAdd { key, score, member });
    }

    fn z_rem(&mut self, part: Part, member: impl AsRef<[u8]>) {
        let (key, member) = (self.place.key(part), member.as_ref().to_vec());
        self.also(Write::ZRem { key, member });
    }

    /// Tells all nodes which tickets look different, and whether something else waits.
    fn tell(&mut self) {
        let mut tickets: BTreeSet<_> = changed(&self.tickets).map(|(id, _)| id.clone()).collect();
        for (_, slot) in changed(&self.matches) {
            let ids = slot.now.iter().flat_map(|line| line.of.ticket_ids());
            tickets.extend(ids.cloned());
        }
        let waits =
            changed(&self.tickets).next().is_some() || changed(&self.backfills).next().is_some();
        let number = self.place.number;
        let channel = self.core().layout.channel();
        if !tickets.is_empty() {
            let message = news::of_tickets(number, tickets.iter());
            let channel = channel.clone();
            self.also(Write::Publish { channel, message });
        }
        if waits {
            let message = news::of_queue(number);
            self.also(Write::Publish { channel, message });
        }
    }

    /// What is counted of this once it is made.
    fn tally(&mut self) {
        let mut happened = Happened::default();
        for (_, slot) in changed(&self.tickets) {
            if let Some(after) = &slot.now {
                let before = slot.stored.as_ref().map(|line| &*line.ticket);
                happened.ticket(before, &after.ticket);
            }
        }
        for (_, slot) in changed(&self.matches) {
            if let Some(after) = &slot.now {
                happened.of_match(slot.stored.as_ref().map(|line| &line.of.state), &after.of);
            }
        }
        let (number, tallies) = (self.place.number, Arc::clone(&self.core().tallies));
        self.tx.once_made(move || tallies.add(number, &happened));
    }

    /// So that it is found when it has been readable long enough, counted from when it was noticed to be over.
    fn note_end(&mut self, kind: EndKind, key: &[u8]) {
        let at_ms = self.core().clock.now_ms() as f64;
        self.z_add(Part::Ended, at_ms, ended_member(kind, key));
    }

    fn note(&mut self, part: Part, at_ms: i64, figure: [u8; 8]) {
        if self.is_of_deleted {
            return;
        }
        let value = [at_ms.to_be_bytes(), figure].concat();
        let (key, keep) = (self.place.key(part), lately::MOST as u64);
        self.also(Write::Push { key, value, keep });
    }

    fn count(&mut self, counts: &Counts) {
        if self.is_of_deleted {
            return;
        }
        let figures = [
            ("players", counts.players),
            ("proposed", counts.proposed),
            ("running", counts.running),
        ];
        for (field, by) in figures.into_iter().filter(|(_, by)| *by != 0) {
            let (key, field) = (self.place.key(Part::Counts), field.as_bytes().to_vec());
            self.also(Write::Add { key, field, by });
        }
    }
}

fn changed<K, T>(slots: &Slots<K, T>) -> impl Iterator<Item = (&K, &Slot<T>)> {
    slots.iter().filter(|(_, slot)| slot.is_changed)
}

/// What has changed: before and after.
fn taken<K, T>(slots: &mut Slots<K, T>) -> Vec<(Option<T>, T)> {
    let all = std::mem::take(slots).into_values();
    let changed = all.filter(|slot| slot.is_changed);
    let pairs = changed.filter_map(|slot| Some((slot.stored, slot.now?)));
    pairs.collect()
}
