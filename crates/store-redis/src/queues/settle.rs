//! From what a change has done to a queue to the writes of its transaction: the things themselves, and the sets
//! by which they are found, counted and waited for.
//!
//! The sets follow from the things alone, before and after. As a commit makes sure that the things were as they
//! were read, the sets are right without being checked themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{BackfillState, MatchId, MatchState, TicketState};

use super::draft::{Draft, Slot};
use super::keys::{EndKind, Part, ended_member, held_member, history, history_member};
use super::tallies::Happened;
use super::{BackfillLine, MatchLine, TicketLine, news, records};
use crate::tx::Write;

/// Tickets and matches of which figures are kept.
const LATEST: u64 = 10_000;

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

    fn settle_tickets(&mut self, version: u64, counts: &mut Counts) {
        let all = taken(&mut self.tickets);
        // First those that have ended, which may have made room for others of the same players.
        let (ended, live): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(_, after)| after.ticket.state.is_final());
        for (before, after) in ended.into_iter().chain(live) {
            let after = TicketLine { version, ..after };
            self.settle_ticket(before.as_ref(), &after, counts);
        }
    }

    fn settle_ticket(
        &mut self,
        before: Option<&TicketLine>,
        after: &TicketLine,
        counts: &mut Counts,
    ) {
        let id = after.ticket.id();
        self.tx.set(self.place.ticket(id), records::ticket(after));
        self.also(Write::Stamped {
            counter: self.place.key(Part::Version),
            key: self.place.key(Part::Changed),
            member: id.as_str().as_bytes().to_vec(),
        });
        self.settle_waiting(before, after, counts);
        counts.proposed += i64::from(after.is_proposed());
        counts.proposed -= i64::from(before.is_some_and(TicketLine::is_proposed));
        let was_live = before.is_some_and(|line| !line.ticket.state.is_final());
        let is_live = !after.ticket.state.is_final();
        for player in &after.ticket.ticket.players {
            let live = self.place.live(player.id);
            match (was_live, is_live) {
                (false, true) => self.tx.set(live, id.as_str().as_bytes().to_vec()),
                (true, false) => self.tx.remove(live),
                _ => {}
            }
        }
        if !is_live {
            self.note_end(EndKind::Ticket, id.as_str().as_bytes());
        }
        if let TicketState::Matched { at_ms, .. } = after.ticket.state {
            let waited_ms = at_ms.saturating_sub(after.ticket.created_at_ms);
            self.note(Part::Waits, at_ms, waited_ms.to_be_bytes());
        }
    }

    fn settle_waiting(
        &mut self,
        before: Option<&TicketLine>,
        after: &TicketLine,
        counts: &mut Counts,
    ) {
        let was = before.is_some_and(TicketLine::waits);
        let is = after.waits();
        if was == is {
            return;
        }
        let name = after.ticket.id().as_str();
        let players = i64::try_from(after.ticket.ticket.players.len()).unwrap_or(0);
        if is {
            counts.players += players;
            self.z_add(Part::Waiting, after.made as f64, name);
            self.z_add(Part::Expiries, after.ticket.expires_at_ms as f64, name);
        } else {
            counts.players -= players;
            self.z_rem(Part::Waiting, name);
            self.z_rem(Part::Expiries, name);
        }
    }

    fn settle_matches(&mut self, version: u64, counts: &mut Counts) {
        for (before, after) in taken(&mut self.matches) {
            let after = MatchLine { version, ..after };
            self.settle_match(before.as_ref(), &after, counts);
        }
    }

    fn settle_match(&mut self, before: Option<&MatchLine>, after: &MatchLine, counts: &mut Counts) {
        let id = after.of.id;
        self.tx
            .set(self.place.of_match(id), records::match_record(after));
        let was_due = before.is_some_and(|line| line.of.accept_by_ms().is_some());
        match after.of.accept_by_ms() {
            Some(by) if !was_due => self.z_add(Part::Proposals, by as f64, id.as_bytes()),
            None if was_due => self.z_rem(Part::Proposals, id.as_bytes()),
            _ => {}
        }
        let was_running = before.is_some_and(MatchLine::is_running);
        counts.running += i64::from(after.is_running()) - i64::from(was_running);
        self.settle_held(before, after);
        match &after.of.state {
            MatchState::Running { since_ms } if !was_running => {
                let spread = after.of.rating_spread.to_bits().to_be_bytes();
                self.note(Part::Spreads, *since_ms, spread);
            }
            MatchState::Failed { .. } => {
                self.note_end(EndKind::Match, id.as_bytes());
            }
            MatchState::Finished { .. } => self.remember(after),
            _ => {}
        }
    }

    /// By which the matches of a player are found that are being held.
    fn settle_held(&mut self, before: Option<&MatchLine>, after: &MatchLine) {
        let players = |line: Option<&MatchLine>| -> BTreeSet<PlayerId> {
            let held = line.filter(|line| line.is_running());
            held.into_iter().flat_map(MatchLine::players).collect()
        };
        let (were, are) = (players(before), players(Some(after)));
        let id: MatchId = after.of.id;
        for player in are.difference(&were) {
            self.z_add(Part::Held, 0.0, held_member(*player, id));
        }
        for player in were.difference(&are) {
            self.z_rem(Part::Held, held_member(*player, id));
        }
    }

    /// Puts a match with a result into the histories of its players.
    fn remember(&mut self, line: &MatchLine) {
        let member = history_member(line.of.id, line.queue);
        for player in line.players() {
            let room = self.core().layout.of_player(player);
            let write = Write::ZAdd {
                key: history(player),
                score: line.of.created_at_ms as f64,
                member: member.clone(),
            };
            self.tx.also(room, write);
        }
    }

    fn settle_backfills(&mut self) {
        let mut moved = false;
        for (before, after) in taken(&mut self.backfills) {
            self.settle_backfill(before.as_ref(), &after);
            moved = true;
        }
        for (id, slot) in std::mem::take(&mut self.open_of) {
            let at = self.place.open_of(id);
            match slot.now.filter(|_| slot.is_changed) {
                Some(open) if open.is_empty() => self.tx.remove(at),
                Some(open) => self.tx.set(at, records::open_of(&open)),
                None => {}
            }
        }
        if moved {
            let key = self.place.key(Part::Version);
            self.also(Write::Incr { key });
        }
    }

    fn settle_backfill(&mut self, before: Option<&BackfillLine>, after: &BackfillLine) {
        let id = after.backfill.id.as_str().as_bytes();
        let at = self.place.backfill(&after.backfill.id);
        self.tx.set(at, records::backfill(after));
        let is_open = |line: &BackfillLine| line.backfill.state == BackfillState::Open;
        match (before.is_some_and(is_open), is_open(after)) {
            (false, true) => self.z_add(Part::Openings, after.made as f64, id),
            (true, false) => self.z_rem(Part::Openings, id),
            _ => {}
        }
        if !is_open(after) {
            self.note_end(EndKind::Backfill, id);
        }
    }

    /// So that it is found when it has been readable long enough, counted from when it was noticed to be over.
    fn note_end(&mut self, kind: EndKind, key: &[u8]) {
        let at_ms = self.core().clock.now_ms() as f64;
        self.z_add(Part::Ended, at_ms, ended_member(kind, key));
    }

    fn note(&mut self, part: Part, at_ms: i64, figure: [u8; 8]) {
        let value = [at_ms.to_be_bytes(), figure].concat();
        let (key, keep) = (self.place.key(part), LATEST);
        self.also(Write::Push { key, value, keep });
    }

    fn count(&mut self, counts: &Counts) {
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

fn changed<K, T>(slots: &super::draft::Slots<K, T>) -> impl Iterator<Item = (&K, &Slot<T>)> {
    slots.iter().filter(|(_, slot)| slot.is_changed)
}

/// What has changed: before and after.
fn taken<K, T>(slots: &mut super::draft::Slots<K, T>) -> Vec<(Option<T>, T)> {
    let all = std::mem::take(slots).into_values();
    let changed = all.filter(|slot| slot.is_changed);
    let pairs = changed.filter_map(|slot| Some((slot.stored, slot.now?)));
    pairs.collect()
}
