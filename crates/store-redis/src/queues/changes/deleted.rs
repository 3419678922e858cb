//! Queues deleted, and what they leave.
//!
//! With its lines a queue is gone for everybody: whatever is about it in the same instant depends on them. Its
//! proposals fail through nobody's fault, some at a time, or when somebody answers one before; its tickets, backfills and ratings are removed with their
//! keys. Its matches stay, and those that failed for the hour that they can be read. For that hour the queue is on the
//! list of deleted ones, where every node finds it and removes what it has left: the node that deleted it may stop in
//! between, and a result that was under way may be written after all.

use std::collections::BTreeSet;

use boards::StoreError;
use matchmaking::{MatchError, MatchId, QueueChanged, QueueId};

use super::{Attempt, made};
use crate::layout::Layout;
use crate::queues::chores::READABLE_MS;
use crate::queues::draft::Draft;
use crate::queues::keys::{DOOMED, Part, Place, line};
use crate::queues::{MatchLine, QueueNumber, Queues, news, records, wire};
use crate::tx::{At, Tx, Write};

/// Proposals that fail in one go.
const PROPOSALS: usize = 50;

/// What a deleted queue leaves that is of no use to anybody, in its room.
const LEFT: [Part; 18] = [
    Part::Tickets,
    Part::Live,
    Part::Waiting,
    Part::Expiries,
    Part::Proposals,
    Part::Backfills,
    Part::OpenOf,
    Part::Openings,
    Part::Changed,
    Part::Version,
    Part::Mark,
    Part::Counts,
    Part::Waits,
    Part::Spreads,
    Part::Lease,
    Part::Token,
    Part::Why,
    Part::Reasons,
];

impl Queues {
    pub(super) async fn delete_queue<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        now_ms: i64,
    ) -> Attempt<'c> {
        let list = |_: Place| vec![line(Layout::CONTROL, queue)];
        let Some((draft, found)) = self.enter(tx, queue, list).await? else {
            return Ok(None);
        };
        let (mut tx, place) = (draft.tx, draft.place);
        tx.remove(line(Layout::CONTROL, queue));
        tx.remove(line(place.room, queue));
        let doomed = At::field(Layout::CONTROL, DOOMED, found.number.0.to_string());
        tx.set(doomed, now_ms.to_string().into_bytes());
        for message in [
            news::of_all_tickets(found.number),
            news::of_queue(found.number),
        ] {
            let channel = self.core.layout.channel();
            tx.also(place.room, Write::Publish { channel, message });
        }
        Ok(Some(made(QueueChanged::Done, tx)))
    }

    /// Removes what deleted queues have left.
    pub(crate) async fn clear_deleted(&self) -> Result<(), MatchError> {
        let key = self.core.layout.key(Layout::CONTROL, DOOMED);
        let found = self.read_one(redis::cmd("HGETALL").arg(key).take()).await?;
        let words = wire::items(found);
        for pair in words.chunks_exact(2) {
            let number = records::read_number(&pair[0]);
            let at_ms = std::str::from_utf8(&pair[1])
                .ok()
                .and_then(|t| t.parse().ok());
            if let (Some(number), Some(at_ms)) = (number, at_ms)
                && let Err(error) = self.clear(number, at_ms).await
            {
                tracing::warn!(queue = number.0, %error, "what a deleted queue has left stays for now");
            }
        }
        Ok(())
    }

    async fn clear(&self, number: QueueNumber, at_ms: i64) -> Result<(), StoreError> {
        let place = Place::of(&self.core.layout, number);
        while self.fail_proposals(place, at_ms).await? {}
        let mut tx = self.core.begin();
        let keys = LEFT.iter().map(|part| place.key(*part)).collect();
        tx.also(place.room, Write::Unlink { keys });
        tx.commit().await?;
        for room in self.core.layout.rooms() {
            let mut tx = self.core.begin();
            let keys = vec![place.key(Part::Ratings)];
            tx.also(room, Write::Unlink { keys });
            tx.commit().await?;
        }
        // As long as there are failed matches to be read, there is something to remove; and for as long a result that was
        // under way may still rate somebody.
        let is_over = self.core.clock.now_ms().saturating_sub(at_ms) > READABLE_MS;
        if is_over && self.ended_of(place).await? == 0 {
            let mut tx = self.core.begin();
            tx.remove(At::field(Layout::CONTROL, DOOMED, number.0.to_string()));
            tx.commit().await?;
        }
        Ok(())
    }

    /// Whether there may be more.
    async fn fail_proposals(&self, place: Place, at_ms: i64) -> Result<bool, StoreError> {
        let key = self
            .core
            .layout
            .key(place.room, &place.key(Part::Proposals));
        let range = redis::cmd("ZRANGE")
            .arg(key)
            .arg(0)
            .arg(PROPOSALS - 1)
            .take();
        let found = wire::items(self.read_one(range).await?);
        let ids = found
            .iter()
            .filter_map(|bytes| records::read_match_id(bytes));
        let ids: Vec<MatchId> = ids.collect();
        let mut attempts = self.core.attempts();
        loop {
            let mut draft = Draft::new(self.core.begin(), place);
            draft.fetch_matches(&ids).await?;
            for id in &ids {
                draft.fail_at_the_end(*id, at_ms).await?;
            }
            if draft.commit(&mut attempts).await? {
                return Ok(ids.len() == PROPOSALS);
            }
        }
    }
}

impl Draft<'_> {
    /// A match as it is by now, of which it is asked whether it is accepted. The commit depends on its queue, so
    /// that nothing begins in one that is deleted.
    pub(super) async fn proposal_by(
        &mut self,
        id: MatchId,
        now_ms: i64,
    ) -> Result<Option<MatchLine>, StoreError> {
        let found = self.match_by(id, now_ms).await?;
        let Some(proposal) = found.filter(|line| line.of.accept_by_ms().is_some()) else {
            return self.find_match(id).await;
        };
        let at = line(self.place.room, &proposal.of.queue);
        let queue = self.tx.get(&at).await?;
        let queue = queue.and_then(|bytes| records::read_queue(&bytes));
        if queue.is_none_or(|queue| queue.number != self.place.number) {
            self.fail_at_the_end(id, now_ms).await?;
        }
        self.find_match(id).await
    }

    /// A proposal's queue is deleted. Its tickets are, with it.
    async fn fail_at_the_end(&mut self, id: MatchId, at_ms: i64) -> Result<(), StoreError> {
        self.is_of_deleted = true;
        let Some(line) = self.find_match(id).await? else {
            return Ok(());
        };
        if line.of.is_over(at_ms) {
            let lapsed = line.of.lapsed();
            self.set_match(line, lapsed);
        } else if line.of.accept_by_ms().is_some() {
            let failed = line.of.failed(BTreeSet::new(), at_ms);
            self.set_match(line, failed);
        }
        Ok(())
    }
}
