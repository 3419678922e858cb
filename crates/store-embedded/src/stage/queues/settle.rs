//! From what a batch has changed of queues to its writes and its effect.

use boards::PlayerId;
use matchmaking::{BackfillState, MatchState};

use super::{QueuesDraft, Stage};
use crate::effect::Effect;
use crate::engine::{Table, Write};
use crate::queues::{
    self, BackfillLine, Delta, EndKind, MatchLine, QueueNumber, Rated, TicketLine, end_key,
    history_key, named_key, rating_key,
};

impl Stage<'_> {
    pub(in crate::stage) fn settle_queues(&mut self) {
        let draft = std::mem::take(&mut self.queues);
        let delta = self.delta(draft);
        for (queue, line) in &delta.tickets {
            self.write_ticket(*queue, line);
        }
        for line in &delta.matches {
            self.write_match(line);
        }
        for (queue, line) in &delta.backfills {
            self.write_backfill(*queue, line);
        }
        for (queue, player, rated) in &delta.ratings {
            self.write_rating(*queue, *player, rated.as_ref());
        }
        if !delta.is_empty() {
            self.effects.push(Effect::Queues(delta));
        }
    }

    fn delta(&self, draft: QueuesDraft) -> Delta {
        let version = self.position.commit + 1;
        let tickets = draft.tickets.into_values();
        let matches = draft.matches.into_values();
        let backfills = draft.backfills.into_values();
        let ratings = draft.ratings.into_values();
        Delta {
            tickets: tickets
                .map(|((queue, _), line)| (queue, TicketLine { version, ..line }))
                .collect(),
            matches: matches
                .map(|(_, line)| MatchLine { version, ..line })
                .collect(),
            backfills: backfills.map(|((queue, _), line)| (queue, line)).collect(),
            ratings: ratings
                .map(|((queue, player), rated)| (queue, player, rated))
                .collect(),
        }
    }

    fn write_ticket(&mut self, queue: QueueNumber, line: &TicketLine) {
        let id = line.ticket.id();
        let key = named_key(queue, id);
        let record = queues::ticket(line);
        let stored = self.state.queues.all.get(&queue);
        let was_live = stored.is_some_and(|queue| queue.tickets.contains_key(id));
        if !line.ticket.state.is_final() {
            self.position.tickets += u64::from(!was_live);
            self.writes.push(Write::put(Table::Tickets, &key, &record));
            return;
        }
        if was_live {
            self.position.tickets -= 1;
            self.writes.push(Write::remove(Table::Tickets, &key));
        }
        self.writes
            .push(Write::put(Table::EndedTickets, &key, &record));
        self.note_end(EndKind::Ticket, &key);
    }

    fn write_match(&mut self, line: &MatchLine) {
        let id = line.of.id;
        let key = id.as_bytes();
        let record = line.to_bytes();
        let was_live = self.state.queues.matches.contains_key(&id);
        let goes_on = matches!(
            line.of.state,
            MatchState::Proposed { .. } | MatchState::Running { .. }
        );
        if goes_on {
            self.position.matches += u64::from(!was_live);
            self.writes.push(Write::put(Table::Matches, key, &record));
            return;
        }
        if was_live {
            self.position.matches -= 1;
            self.writes.push(Write::remove(Table::Matches, key));
        }
        self.writes
            .push(Write::put(Table::PastMatches, key, &record));
        if matches!(line.of.state, MatchState::Failed { .. }) {
            self.note_end(EndKind::Match, key);
            return;
        }
        for player in line.of.everybody() {
            let key = history_key(player, line.of.created_at_ms, id);
            self.writes.push(Write::put(Table::History, &key, &[]));
        }
    }

    fn write_backfill(&mut self, queue: QueueNumber, line: &BackfillLine) {
        let id = &line.backfill.id;
        let key = named_key(queue, id);
        let record = line.to_bytes();
        let stored = self.state.queues.all.get(&queue);
        let was_open = stored.is_some_and(|queue| queue.backfills.contains_key(id));
        if line.backfill.state == BackfillState::Open {
            self.position.backfills += u64::from(!was_open);
            self.writes
                .push(Write::put(Table::Backfills, &key, &record));
            return;
        }
        if was_open {
            self.position.backfills -= 1;
            self.writes.push(Write::remove(Table::Backfills, &key));
        }
        self.writes
            .push(Write::put(Table::EndedBackfills, &key, &record));
        self.note_end(EndKind::Backfill, &key);
    }

    fn write_rating(&mut self, queue: QueueNumber, player: PlayerId, rated: Option<&Rated>) {
        let key = rating_key(queue, player);
        let stored = self.state.queues.all.get(&queue);
        let was_there = stored.is_some_and(|queue| queue.ratings.contains_key(&player));
        match rated {
            Some(rated) => {
                self.position.ratings += u64::from(!was_there);
                let record = rated.to_bytes();
                self.writes.push(Write::put(Table::Ratings, &key, &record));
            }
            None => {
                self.position.ratings -= u64::from(was_there);
                self.writes.push(Write::remove(Table::Ratings, &key));
            }
        }
    }

    /// So that it is found when it has been readable long enough, counted from when it was noticed to be
    /// over.
    fn note_end(&mut self, kind: EndKind, key: &[u8]) {
        let place = end_key(self.now_ms, kind, key);
        self.writes.push(Write::put(Table::Ends, &place, &[]));
    }
}
