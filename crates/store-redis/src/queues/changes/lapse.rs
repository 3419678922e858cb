//! What is over by now is ended: proposals that were not accepted, and tickets that have waited too long.

use boards::Guard;
use matchmaking::{
    MatchError, MatchId, QueueChange, QueueChanged, QueueId, QueueReceipt, TicketId,
};

use super::{Attempt, finished};
use crate::queues::draft::{Draft, now, read_ticket_id};
use crate::queues::keys::{Part, Place};
use crate::queues::{Queues, records, wire};
use crate::tx::Tx;

/// Proposals ended in one commit, with all their tickets, and tickets…
const PROPOSALS: usize = 50;
const TICKETS: usize = 200;
/// …and commits in one go; whoever asks looks whether there is more.
const ROUNDS: usize = 5;

impl Queues {
    pub(super) async fn lapse(
        &self,
        queue: &QueueId,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        let some = QueueChange::Lapse(queue.clone());
        let receipt = self.make(&some, guard, now_ms).await?;
        for _ in 1..ROUNDS {
            if receipt.replayed || !self.has_lapsed(queue, now_ms).await? {
                break;
            }
            self.make(&some, None, now_ms).await?;
        }
        Ok(receipt)
    }

    pub(super) async fn lapse_some<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        now_ms: i64,
    ) -> Attempt<'c> {
        let token = |place: Place| vec![place.token()];
        let Some((mut draft, _)) = self.enter(tx, queue, token).await? else {
            return Ok(None);
        };
        self.holds_token(&draft, queue)?;
        self.end_proposals(&mut draft, now_ms).await?;
        // After the proposals, which may have put tickets back that are over as well.
        self.end_tickets(&mut draft, now_ms).await?;
        finished(draft, QueueChanged::Done)
    }

    async fn end_proposals(&self, draft: &mut Draft<'_>, now_ms: i64) -> Result<(), MatchError> {
        let found = self
            .due(draft.place, Part::Proposals, PROPOSALS, now_ms)
            .await?;
        let ids = found
            .iter()
            .filter_map(|bytes| records::read_match_id(bytes));
        let ids: Vec<MatchId> = ids.collect();
        draft.fetch_matches(&ids).await?;
        let over = ids.iter().filter_map(|id| now(&draft.matches, id));
        let over: Vec<_> = over.filter(|line| line.of.is_over(now_ms)).collect();
        draft
            .fetch_tickets(over.iter().flat_map(|line| line.of.ticket_ids()))
            .await?;
        for line in over {
            draft.match_by(line.of.id, now_ms).await?;
        }
        Ok(())
    }

    async fn end_tickets(&self, draft: &mut Draft<'_>, now_ms: i64) -> Result<(), MatchError> {
        let found = self
            .due(draft.place, Part::Expiries, TICKETS, now_ms)
            .await?;
        let mut ids: Vec<TicketId> = found.iter().filter_map(|b| read_ticket_id(b)).collect();
        let known = draft.tickets.iter();
        let over = known.filter(|(_, slot)| {
            let line = slot.now.as_ref();
            line.is_some_and(|line| line.ticket.is_over(now_ms))
        });
        ids.extend(over.map(|(id, _)| id.clone()));
        draft.fetch_tickets(&ids).await?;
        for id in &ids {
            draft.ticket_by(id, now_ms).await?;
        }
        Ok(())
    }

    /// The first of what is due by now.
    async fn due(
        &self,
        place: Place,
        part: Part,
        most: usize,
        now_ms: i64,
    ) -> Result<Vec<Vec<u8>>, MatchError> {
        let key = self.core.layout.key(place.room, &place.key(part));
        let range = redis::cmd("ZRANGEBYSCORE")
            .arg(key)
            .arg("-inf")
            .arg(now_ms)
            .arg(&["LIMIT", "0"])
            .arg(most)
            .take();
        Ok(wire::items(self.read_one(range).await?))
    }
}
