//! What the matchmaker looks at.

use std::sync::Arc;

use boards::StoreError;
use matchmaking::{Backfill, BackfillState, Match, MatchError, QueueId, QueueSnapshot};
use redis::{Cmd, Value};

use super::draft::read_ticket_id;
use super::keys::{Part, Place};
use super::{BackfillLine, MatchLine, Queues, wire};

/// Tickets put into a snapshot before others are let in.
const RUN: usize = 8192;

impl Queues {
    /// What the matchmaker looks at; see [`matchmaking::MatchStore::snapshot`].
    pub(crate) async fn snapshot(
        &self,
        queue: &QueueId,
        now_ms: i64,
    ) -> Result<QueueSnapshot, MatchError> {
        let asked = |place| {
            let mut commands = vec![self.get(place, Part::Version)];
            commands.extend(self.first_due(place));
            commands.push(self.range(place, Part::Openings));
            commands
        };
        let (place, line, found) = self.look(queue, asked).await?;
        let version = found.first().map_or(0, wire::number);
        let lapsed = found.get(1..3).is_some_and(|firsts| is_due(firsts, now_ms));
        let openings = self.openings(place, found.into_iter().nth(3)).await?;
        let kept = self.mirrors.of(place.number);
        let mut mirror = kept.mirror.lock().await;
        mirror.follow(&self.core, place).await?;
        kept.note(&mirror);
        let mut waiting = Vec::new();
        for ticket in mirror.waiting() {
            if !ticket.is_over(now_ms) {
                waiting.push(Arc::clone(ticket));
            }
            // A million tickets take a while, and who asks may have other queues to look at.
            if waiting.len() % RUN == RUN - 1 {
                tokio::task::yield_now().await;
            }
        }
        Ok(QueueSnapshot {
            settings: Arc::new(line.settings),
            waiting,
            openings,
            lapsed,
            version,
        })
    }

    /// Whether something is over by now and has not been ended.
    pub(super) async fn has_lapsed(
        &self,
        queue: &QueueId,
        now_ms: i64,
    ) -> Result<bool, MatchError> {
        let (_, _, found) = self.look(queue, |place| self.first_due(place)).await?;
        Ok(is_due(&found, now_ms))
    }

    /// When the first of what waits or is proposed is over.
    fn first_due(&self, place: Place) -> Vec<Cmd> {
        let first = |part| {
            let key = self.core.layout.key(place.room, &place.key(part));
            redis::cmd("ZRANGE")
                .arg(key)
                .arg(0)
                .arg(0)
                .arg("WITHSCORES")
                .take()
        };
        vec![first(Part::Proposals), first(Part::Expiries)]
    }

    /// Open backfills in the order in which they were made, each with its match.
    async fn openings(
        &self,
        place: Place,
        names: Option<Value>,
    ) -> Result<Vec<(Arc<Backfill>, Arc<Match>)>, StoreError> {
        let names = names.map(wire::items).unwrap_or_default();
        let ids: Vec<_> = names
            .iter()
            .filter_map(|name| read_ticket_id(name))
            .collect();
        let mut tx = self.core.begin();
        tx.peek(ids.iter().map(|id| place.backfill(id))).await?;
        let lines = ids.iter().filter_map(|id| {
            let bytes = tx.known(&place.backfill(id))?;
            BackfillLine::read(&bytes)
        });
        let is_open = |line: &BackfillLine| line.backfill.state == BackfillState::Open;
        let lines: Vec<BackfillLine> = lines.filter(is_open).collect();
        tx.peek(
            lines
                .iter()
                .map(|line| place.of_match(line.backfill.match_id)),
        )
        .await?;
        let openings = lines.into_iter().filter_map(|line| {
            let of = tx.known(&place.of_match(line.backfill.match_id))?;
            let of = MatchLine::read(&of).filter(MatchLine::is_running)?;
            Some((line.backfill, of.of))
        });
        Ok(openings.collect())
    }
}

/// Whether one of these sets begins with something that is over by now.
fn is_due(firsts: &[Value], now_ms: i64) -> bool {
    firsts.iter().cloned().map(wire::items).any(|pair| {
        let score = pair.get(1).and_then(|score| wire::score(score));
        score.is_some_and(|at_ms| at_ms <= now_ms as f64)
    })
}
