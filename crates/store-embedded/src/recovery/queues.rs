//! Queues at start-up: what waits, is proposed or is being held, and all ratings. What has ended stays on
//! disk.

use std::collections::BTreeMap;

use boards::PlayerId;
use matchmaking::{MatchState, TicketState};

use super::Loader;
use crate::engine::{Record, Table};
use crate::error::OpenError;
use crate::players::Players;
use crate::queues::{
    self, BackfillLine, Mark, Marks, MatchLine, Queue, Queues, Rated, put_match, read_match_key,
    read_named_key, read_queue_key, read_rating_key,
};
use crate::state::Position;

impl Loader<'_> {
    pub(super) fn queues(
        &mut self,
        position: &Position,
        players: &Players,
    ) -> Result<Queues, OpenError> {
        let mut all = Queues::new();
        let next = self.engine.next_queue();
        let next = next.map_err(|e| self.unreadable("next queue's number", &e))?;
        all.next = next.unwrap_or(all.next);
        self.read_queues(position, &mut all)?;
        self.read_matches(position, &mut all)?;
        self.read_tickets(position, players, &mut all)?;
        self.read_backfills(position, &mut all)?;
        self.read_ratings(position, players, &mut all)?;
        self.proposals_have_tickets(&all)?;
        Ok(all)
    }

    /// Players whose matches are still to be written anew.
    pub(super) fn erasures(
        &mut self,
        position: &Position,
    ) -> Result<BTreeMap<PlayerId, u64>, OpenError> {
        let mut all = BTreeMap::new();
        self.each(Table::Erasures, "erasures", |record| {
            let (player, commit) = queues::read_erasure(record)?;
            all.insert(player, commit);
            (commit <= position.commit).then_some(())
        })?;
        Ok(all)
    }

    /// Players that were erased lately.
    pub(super) fn marks(&mut self, position: &Position) -> Result<Marks, OpenError> {
        let mut all = Marks::default();
        self.each(Table::Erased, "erased players", |record| {
            let (player, mark) = Mark::read(record)?;
            all.put(player, mark);
            (mark.commit <= position.commit).then_some(())
        })?;
        Ok(all)
    }

    fn read_queues(&mut self, position: &Position, all: &mut Queues) -> Result<(), OpenError> {
        self.each(Table::DoomedQueues, "deleted queues", |record| {
            all.doomed.push(read_queue_key(record.key())?);
            Some(())
        })?;
        self.each(Table::Queues, "queues", |record| {
            let (number, id, settings) = queues::read_queue(record.key(), record.value())?;
            let mut queue = Queue::new(number, id.clone(), settings);
            queue.version = position.commit;
            all.numbers.insert(id, number);
            all.all.insert(number, queue);
            (number.0 < all.next).then_some(())
        })?;
        Ok(())
    }

    /// Before tickets and backfills, which refer to them.
    fn read_matches(&mut self, position: &Position, all: &mut Queues) -> Result<(), OpenError> {
        let count = self.each(Table::Matches, "matches", |record| {
            let line = MatchLine::read(record.value())?;
            let known = all.all.contains_key(&line.queue);
            let goes_on = match line.of.state {
                // A proposal fails with its queue.
                MatchState::Proposed { .. } => known,
                MatchState::Running { .. } => line.queue.0 < all.next,
                _ => false,
            };
            let own = read_match_key(record.key()) == Some(line.of.id);
            (own && goes_on && line.version <= position.commit).then_some(())?;
            put_match(all, line);
            Some(())
        })?;
        self.same("matches", count, position.matches)
    }

    fn read_tickets(
        &mut self,
        position: &Position,
        players: &Players,
        all: &mut Queues,
    ) -> Result<(), OpenError> {
        let count = self.each(Table::Tickets, "tickets", |record| {
            let (number, id) = read_named_key(record.key())?;
            if all.doomed.contains(&number) {
                return Some(());
            }
            let line = queues::read_ticket(record.value())?;
            let past = line.made < position.next_sequence && line.version <= position.commit;
            let known = |id: PlayerId| players.find(id).is_some();
            let mut party = line.ticket.ticket.players.iter();
            let whole = *line.ticket.id() == id && party.all(|p| known(p.id));
            let stands = match line.ticket.state {
                TicketState::Waiting => true,
                TicketState::Proposed { match_id } => {
                    let of = all.matches.get(&match_id)?;
                    of.of.accept_by_ms().is_some()
                }
                _ => false,
            };
            (past && whole && stands).then_some(())?;
            all.all.get_mut(&number)?.put_ticket(line);
            Some(())
        })?;
        self.same("tickets", count, position.tickets)
    }

    fn read_backfills(&mut self, position: &Position, all: &mut Queues) -> Result<(), OpenError> {
        let count = self.each(Table::Backfills, "backfills", |record| {
            let (number, id) = read_named_key(record.key())?;
            if all.doomed.contains(&number) {
                return Some(());
            }
            let line = BackfillLine::read(record.value())?;
            let held = all.matches.get(&line.backfill.match_id)?;
            let own = line.backfill.id == id && held.queue == number;
            (own && line.made < position.next_sequence).then_some(())?;
            all.all.get_mut(&number)?.put_backfill(line);
            Some(())
        })?;
        self.same("backfills", count, position.backfills)
    }

    fn read_ratings(
        &mut self,
        position: &Position,
        players: &Players,
        all: &mut Queues,
    ) -> Result<(), OpenError> {
        let count = self.each(Table::Ratings, "ratings", |record| {
            let (number, player) = read_rating_key(record.key())?;
            if all.doomed.contains(&number) {
                return Some(());
            }
            let rated = Rated::read(record.value())?;
            players.find(player)?;
            all.all.get_mut(&number)?.ratings.insert(player, rated);
            Some(())
        })?;
        self.same("ratings", count, position.ratings)
    }

    fn proposals_have_tickets(&self, all: &Queues) -> Result<(), OpenError> {
        let lacks = all.matches.values().find(|line| {
            let tickets = all.all.get(&line.queue).map(|queue| &queue.tickets);
            let has = |id| tickets.is_some_and(|tickets| tickets.contains_key(id));
            line.of.accept_by_ms().is_some() && !line.of.ticket_ids().all(has)
        });
        let orphan = |id| self.dir.damaged(format!("match {id} lacks a ticket"));
        lacks.map_or(Ok(()), |line| Err(orphan(line.of.id)))
    }

    /// Reads a table; returns how many records it has. One that `read` does not take is damaged.
    fn each(
        &mut self,
        table: Table,
        what: &str,
        mut read: impl FnMut(&Record) -> Option<()>,
    ) -> Result<u64, OpenError> {
        let mut count = 0;
        let engine = self.engine;
        for record in engine.scan(table) {
            let record = record.map_err(|e| self.unreadable(what, &e))?;
            count += 1;
            self.progress_so_far(what, count);
            read(&record).ok_or_else(|| self.malformed(what, record.key()))?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
