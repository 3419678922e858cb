//! The store as a store of queues.

use std::sync::Arc;

use async_trait::async_trait;
use boards::{Guard, PlayerId};
use matchmaking::{
    Backfill, BackfillId, HistoryMark, Match, MatchError, MatchId, MatchStore, PlayerRating,
    QueueChange, QueueId, QueueInfo, QueueReceipt, QueueSnapshot, QueueStats, TicketId,
    TicketState, TicketView, WhyWaiting,
};
use tokio::sync::oneshot;

use crate::engine::{EngineError, Frozen, Table};
use crate::queues::{
    self, BackfillLine, Explained, FoundTicket, MatchLine, QueueNumber, TicketLine, history_key,
    is_of_before, named_key, read_history_key,
};
use crate::reader::unavailable;
use crate::stage::{Asked, Command};
use crate::store::{EmbeddedStore, stopped};

/// Tickets put into a snapshot before others are let in.
const RUN: usize = 8192;
/// Matches of an erased player that a reader of a history passes over before it looks no further.
const PASSED_OVER: usize = 1000;

#[async_trait]
impl MatchStore for EmbeddedStore {
    async fn change_queue(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Command::Queues(Asked {
            change,
            guard,
            now_ms,
            reply,
        }))?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        Ok(self.state.read().queue(id)?.info())
    }

    async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        Ok(self.state.read().queues_after(after, limit))
    }

    async fn ticket(&self, queue: &QueueId, ticket: &TicketId) -> Result<TicketView, MatchError> {
        let found = self
            .state
            .read()
            .find_ticket(queue, ticket, self.clock.now_ms())?;
        match found {
            FoundTicket::Here(view) => Ok(*view),
            FoundTicket::Ended(number) => self.ended_ticket(number, ticket).await,
        }
    }

    async fn ticket_changed(
        &self,
        queue: &QueueId,
        ticket: &TicketId,
        seen: u64,
    ) -> Result<(), MatchError> {
        let number = self.state.read().queue(queue)?.number;
        // First, so that no change can come in between.
        let mut watch = self.watches.join((number, ticket.clone()));
        if self.ticket(queue, ticket).await?.version == seen {
            watch.changed().await;
        }
        Ok(())
    }

    async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError> {
        if let Some(line) = self.state.read().queues.matches.get(&id) {
            return Ok(Arc::clone(&line.of));
        }
        let stored = self.reader.read(move |disk| past_match(disk, id)).await?;
        let line = stored.ok_or(MatchError::UnknownMatch(id))?;
        Ok(self.mask_match(line).of)
    }

    async fn backfill(
        &self,
        queue: &QueueId,
        backfill: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError> {
        let number = {
            let state = self.state.read();
            let queue = state.queue(queue)?;
            if let Some(line) = queue.backfills.get(backfill) {
                return Ok(Arc::clone(&line.backfill));
            }
            queue.number
        };
        let key = named_key(number, backfill);
        let read = move |disk: &Frozen| disk.get(Table::EndedBackfills, &key);
        let stored = self.reader.read(read).await?;
        let line = stored.and_then(|bytes| BackfillLine::read(&bytes));
        let unknown = || MatchError::UnknownBackfill(backfill.clone());
        Ok(line.ok_or_else(unknown)?.backfill)
    }

    async fn queue_stats(&self, queue: &QueueId, now_ms: i64) -> Result<QueueStats, MatchError> {
        Ok(self.state.read().queue(queue)?.stats(now_ms))
    }

    async fn ratings(&self, player: PlayerId) -> Result<Vec<PlayerRating>, MatchError> {
        let state = self.state.read();
        state.slot(player)?;
        Ok(state.ratings(player))
    }

    async fn history(
        &self,
        player: PlayerId,
        before: Option<HistoryMark>,
        limit: usize,
    ) -> Result<Vec<Arc<Match>>, MatchError> {
        let erased_by = {
            let state = self.state.read();
            state.slot(player)?;
            state.erasures.get(&player).copied()
        };
        let read = move |disk: &Frozen| history(disk, (player, erased_by), before, limit);
        let lines = self.reader.read(read).await?;
        let shown = lines.into_iter().map(|line| self.mask_match(line).of);
        Ok(shown.collect())
    }

    async fn waiting_changed(&self, seen: u64) -> u64 {
        let mut waits = self.waits.clone();
        let changed = waits.wait_for(|now| *now != seen).await.map(|now| *now);
        match changed {
            Ok(now) => now,
            // The writer has stopped, and nothing changes any more.
            Err(_) => std::future::pending().await,
        }
    }

    async fn snapshot(&self, queue: &QueueId, now_ms: i64) -> Result<QueueSnapshot, MatchError> {
        let mut snapshot = {
            let state = self.state.read();
            let queue = state.queue(queue)?;
            QueueSnapshot {
                settings: Arc::clone(&queue.settings),
                waiting: Vec::with_capacity(queue.waiting.len()),
                openings: state.openings(queue),
                lapsed: queue.has_lapsed(now_ms),
                version: queue.version,
            }
        };
        let mut last = None;
        loop {
            {
                let state = self.state.read();
                let queue = state.queue(queue)?;
                last = queue.wait_after(last, RUN, now_ms, &mut snapshot.waiting);
            }
            if last.is_none() {
                return Ok(snapshot);
            }
            // A million tickets take a while, and who asks may have other queues to look at.
            tokio::task::yield_now().await;
        }
    }

    async fn explain(
        &self,
        queue: &QueueId,
        why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError> {
        // There may be a million of them.
        let explained = blocking(move || Arc::new(Explained::new(why))).await?;
        let old = {
            let mut state = self.state.write();
            let number = state.queue(queue)?.number;
            let queue = state.queues.all.get_mut(&number);
            queue.map(|queue| std::mem::replace(&mut queue.why, explained))
        };
        // After the lock is released.
        blocking(move || drop(old)).await?;
        Ok(())
    }

    async fn lead(&self, queue: &QueueId, _now_ms: i64) -> Result<bool, MatchError> {
        self.state.read().queue(queue).map(|_| true)
    }

    async fn resign(&self) -> Result<(), MatchError> {
        Ok(())
    }
}

impl EmbeddedStore {
    async fn ended_ticket(
        &self,
        queue: QueueNumber,
        id: &TicketId,
    ) -> Result<TicketView, MatchError> {
        // A match that gets its result between the two looks is found at the second attempt.
        for last in [false, true] {
            let key = named_key(queue, id);
            let read = move |disk: &Frozen| ended_ticket(disk, &key);
            let stored = self.reader.read(read).await?;
            let (line, of) = stored.ok_or_else(|| MatchError::UnknownTicket(id.clone()))?;
            let state = self.state.read();
            let knows = |id| state.slot(id).is_ok();
            let mut view = state.ticket_view(&state.masked_ticket(line, knows));
            if let Some(of) = of {
                view.version = view.version.max(of.version);
                view.of_match = Some(state.masked_match(of, knows).of);
            }
            let matched = matches!(view.ticket.state, TicketState::Matched { .. });
            if last || !matched || view.of_match.is_some() {
                return Ok(view);
            }
        }
        Err(MatchError::UnknownTicket(id.clone()))
    }

    fn mask_match(&self, line: MatchLine) -> MatchLine {
        let state = self.state.read();
        state.masked_match(line, |id| state.slot(id).is_ok())
    }
}

/// Does what takes long where it keeps nobody waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, MatchError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| unavailable(e.to_string()).into())
}

/// A ticket that has ended, with its match where that has ended too.
fn ended_ticket(
    disk: &Frozen,
    key: &[u8],
) -> Result<Option<(TicketLine, Option<MatchLine>)>, EngineError> {
    let stored = disk.get(Table::EndedTickets, key)?;
    let Some(line) = stored.and_then(|bytes| queues::read_ticket(&bytes)) else {
        return Ok(None);
    };
    let of = match line.ticket.state {
        TicketState::Matched { match_id, .. } => past_match(disk, match_id)?,
        _ => None,
    };
    Ok(Some((line, of)))
}

fn past_match(disk: &Frozen, id: MatchId) -> Result<Option<MatchLine>, EngineError> {
    let stored = disk.get(Table::PastMatches, id.as_bytes())?;
    Ok(stored.and_then(|bytes| MatchLine::read(&bytes)))
}

/// The matches of a player. Of those of one who had its id and was erased, as long as they are there, some
/// are passed over: the latest come first, so the player's own do.
fn history(
    disk: &Frozen,
    (player, erased_by): (PlayerId, Option<u64>),
    before: Option<HistoryMark>,
    limit: usize,
) -> Result<Vec<MatchLine>, EngineError> {
    let prefix = player.as_bytes();
    let after = match before {
        Some((at_ms, id)) => history_key(player, at_ms, id).to_vec(),
        None => prefix.to_vec(),
    };
    let mut lines = Vec::new();
    let mut passed_over = 0;
    for record in disk.scan_after(Table::History, prefix, &after) {
        if lines.len() == limit || passed_over == PASSED_OVER {
            break;
        }
        let Some(id) = read_history_key(record?.key()) else {
            continue;
        };
        let line = past_match(disk, id)?;
        let old = |line: &MatchLine| erased_by.is_some_and(|by| is_of_before(line, player, by));
        passed_over += usize::from(line.as_ref().is_some_and(old));
        lines.extend(line.filter(|line| !old(line)));
    }
    Ok(lines)
}
