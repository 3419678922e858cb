//! What readers are shown of queues.
//!
//! Each answer is of one instant as far as it is about one queue: a ticket and its match are read by one script.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use boards::StoreError;
use matchmaking::{
    Backfill, BackfillId, Match, MatchError, MatchId, QueueId, QueueInfo, QueueStats, Reason,
    TicketId, TicketState, TicketView,
};
use redis::{Cmd, Value};

use super::keys::{Part, Place, QUEUES, queue_of};
use super::{BackfillLine, MatchLine, QueueLine, Queues, records, wire};
use crate::layout::Layout;

impl Queues {
    pub(super) fn get(&self, place: Place, part: Part) -> Cmd {
        let key = self.core.layout.key(place.room, &place.key(part));
        redis::cmd("GET").arg(key).take()
    }

    pub(super) fn range(&self, place: Place, part: Part) -> Cmd {
        let key = self.core.layout.key(place.room, &place.key(part));
        redis::cmd("ZRANGE").arg(key).arg(0).arg(-1).take()
    }

    fn size(&self, place: Place, part: Part) -> Cmd {
        let key = self.core.layout.key(place.room, &place.key(part));
        redis::cmd("ZCARD").arg(key).take()
    }

    fn counts(&self, place: Place) -> Cmd {
        let key = self.core.layout.key(place.room, &place.key(Part::Counts));
        redis::cmd("HMGET")
            .arg(key)
            .arg(&["players", "proposed", "running"])
            .take()
    }

    /// Reads things of a queue together with its line.
    pub(super) async fn look(
        &self,
        queue: &QueueId,
        asked: impl Fn(Place) -> Vec<Cmd>,
    ) -> Result<(Place, QueueLine, Vec<Value>), MatchError> {
        for _ in 0..2 {
            let number = self.names.number(&self.core, queue).await?;
            let place = Place::of(&self.core.layout, number);
            let key = self.core.layout.key(place.room, QUEUES);
            let line = redis::cmd("HGET").arg(key).arg(queue.as_str()).take();
            let mut commands = asked(place);
            commands.push(line);
            let mut found = self
                .core
                .redis
                .read(commands)
                .await
                .map_err(StoreError::from)?;
            let line = found.pop().and_then(wire::bytes);
            let line = line.and_then(|bytes| records::read_queue(&bytes));
            match line.filter(|line| line.number == number) {
                Some(line) => return Ok((place, line, found)),
                None => self.names.forget(queue),
            }
        }
        Err(MatchError::UnknownQueue(queue.clone()))
    }

    pub(crate) async fn queue(&self, id: &QueueId) -> Result<QueueInfo, MatchError> {
        let (_, line, found) = self.look(id, |place| self.info_commands(place)).await?;
        Ok(info(id.clone(), line, &found))
    }

    pub(crate) async fn queues(
        &self,
        after: Option<&QueueId>,
        limit: usize,
    ) -> Result<Vec<QueueInfo>, MatchError> {
        let all = self.listed(after.is_none()).await?;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = all.range::<QueueId, _>((from, Bound::Unbounded));
        let lines = later
            .take(limit)
            .map(|(id, line)| (id.clone(), line.clone()));
        let lines: Vec<(QueueId, QueueLine)> = lines.collect();
        let places = lines
            .iter()
            .map(|(_, line)| Place::of(&self.core.layout, line.number));
        let commands = places.flat_map(|place| self.info_commands(place)).collect();
        let found = self
            .core
            .redis
            .read(commands)
            .await
            .map_err(StoreError::from)?;
        let infos = lines.into_iter().zip(found.chunks(INFO));
        Ok(infos
            .map(|((id, line), found)| info(id, line, found))
            .collect())
    }

    fn info_commands(&self, place: Place) -> Vec<Cmd> {
        vec![
            self.size(place, Part::Waiting),
            self.counts(place),
            self.get(place, Part::Version),
        ]
    }

    /// The list of queues, by name.
    pub(super) async fn all_lines(&self) -> Result<BTreeMap<QueueId, QueueLine>, StoreError> {
        let key = self.core.layout.key(Layout::CONTROL, QUEUES);
        let words = wire::items(self.read_one(redis::cmd("HGETALL").arg(key).take()).await?);
        let lines = words.chunks_exact(2).filter_map(|pair| {
            let id = QueueId::parse(std::str::from_utf8(&pair[0]).ok()?).ok()?;
            Some((id, records::read_queue(&pair[1])?))
        });
        Ok(lines.collect())
    }

    pub(crate) async fn ticket(
        &self,
        queue: &QueueId,
        id: &TicketId,
    ) -> Result<TicketView, MatchError> {
        for _ in 0..2 {
            let number = self.names.number(&self.core, queue).await?;
            let place = Place::of(&self.core.layout, number);
            let mut found = self.read_ticket(place, queue, id).await?.into_iter();
            let mut next = || found.next().and_then(wire::bytes);
            let line = next().and_then(|bytes| records::read_queue(&bytes));
            if line.is_none_or(|line| line.number != number) {
                self.names.forget(queue);
                continue;
            }
            let (ticket, of, why) = (next(), next(), next());
            let ticket = ticket.and_then(|bytes| records::read_ticket(&bytes));
            let ticket = ticket.ok_or_else(|| MatchError::UnknownTicket(id.clone()))?;
            let of = of.and_then(|bytes| MatchLine::read(&bytes));
            return self.view(place, ticket, of, why).await;
        }
        Err(MatchError::UnknownQueue(queue.clone()))
    }

    async fn read_ticket(
        &self,
        place: Place,
        queue: &QueueId,
        id: &TicketId,
    ) -> Result<Vec<Value>, StoreError> {
        let key = self.core.layout.key(place.room, &place.key(Part::Tickets));
        let words = [id.as_str().as_bytes(), queue.as_str().as_bytes()];
        let read = self
            .core
            .redis
            .read_script(&self.core.scripts.ticket, &key, &words);
        Ok(wire::list(read.await?))
    }

    async fn view(
        &self,
        place: Place,
        line: super::TicketLine,
        of: Option<MatchLine>,
        why: Option<Vec<u8>>,
    ) -> Result<TicketView, MatchError> {
        let version = of.as_ref().map_or(0, |of| of.version).max(line.version);
        let waits = line.ticket.state == TicketState::Waiting;
        let mut estimated_wait_ms = None;
        if waits {
            let now_ms = self.core.clock.now_ms();
            let waited_ms = now_ms.saturating_sub(line.ticket.created_at_ms);
            estimated_wait_ms = self.recent(place).await?.still_to_wait(waited_ms, now_ms);
        }
        let line = self.masked(line).await?;
        let of_match = match of {
            Some(of) => Some(self.masked_match(of).await?.of),
            None => None,
        };
        Ok(TicketView {
            ticket: line.ticket,
            of_match,
            why: why
                .filter(|_| waits)
                .and_then(|bytes| records::read_json(&bytes)),
            estimated_wait_ms,
            version,
        })
    }

    pub(crate) async fn find_match(&self, id: MatchId) -> Result<Arc<Match>, MatchError> {
        let at = queue_of(&self.core.layout, id);
        let mut tx = self.core.begin();
        tx.peek([at.clone()]).await?;
        let number = tx.known(&at).and_then(|bytes| records::read_number(&bytes));
        let number = number.ok_or(MatchError::UnknownMatch(id))?;
        let at = Place::of(&self.core.layout, number).of_match(id);
        tx.peek([at.clone()]).await?;
        let line = tx.known(&at).and_then(|bytes| MatchLine::read(&bytes));
        let line = line.ok_or(MatchError::UnknownMatch(id))?;
        Ok(self.masked_match(line).await?.of)
    }

    pub(crate) async fn backfill(
        &self,
        queue: &QueueId,
        id: &BackfillId,
    ) -> Result<Arc<Backfill>, MatchError> {
        let asked = |place: Place| {
            let key = self
                .core
                .layout
                .key(place.room, &place.key(Part::Backfills));
            vec![redis::cmd("HGET").arg(key).arg(id.as_str()).take()]
        };
        let (_, _, found) = self.look(queue, asked).await?;
        let bytes = found.into_iter().next().and_then(wire::bytes);
        let line = bytes.and_then(|bytes| BackfillLine::read(&bytes));
        let line = line.ok_or_else(|| MatchError::UnknownBackfill(id.clone()))?;
        Ok(line.backfill)
    }

    pub(crate) async fn stats(
        &self,
        queue: &QueueId,
        now_ms: i64,
    ) -> Result<QueueStats, MatchError> {
        let asked = |place| {
            vec![
                self.size(place, Part::Waiting),
                self.counts(place),
                self.size(place, Part::Openings),
                self.get(place, Part::Reasons),
            ]
        };
        let (place, _, found) = self.look(queue, asked).await?;
        let recent = self.recent(place).await?;
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or(Value::Nil);
        let waiting_tickets = wire::number(&next());
        let [waiting_players, proposed_tickets, running_matches] = figures(next());
        let open_backfills = wire::number(&next());
        let reasons = wire::bytes(next()).and_then(|bytes| records::read_json(&bytes));
        let reasons: Option<Vec<(Reason, u64)>> = reasons.filter(|_| waiting_tickets > 0);
        Ok(QueueStats {
            waiting_tickets,
            waiting_players,
            proposed_tickets,
            open_backfills,
            running_matches,
            matches_per_minute: recent.matches_per_minute(now_ms),
            wait_ms: recent.wait_ms(now_ms),
            rating_spread: recent.rating_spread(now_ms),
            reasons: reasons.unwrap_or_default(),
        })
    }
}

/// Answers that a queue's figures take.
const INFO: usize = 3;

fn info(id: QueueId, line: QueueLine, found: &[Value]) -> QueueInfo {
    let [_, proposed, _] = figures(found.get(1).cloned().unwrap_or(Value::Nil));
    QueueInfo {
        id,
        settings: Arc::new(line.settings),
        waiting: found.first().map_or(0, wire::number),
        proposed,
        version: found.get(2).map_or(0, wire::number),
    }
}

/// Players that wait, tickets that are proposed, matches that are being held.
fn figures(counts: Value) -> [u64; 3] {
    let counts = wire::list(counts);
    [0, 1, 2].map(|at| counts.get(at).map_or(0, wire::number))
}
