//! Changes of queues: each is tried until it is made on what it has read, or refused.

use boards::{Guard, StoreError};
use matchmaking::{
    MatchError, MatchId, MatchState, QueueChange, QueueChanged, QueueId, QueueReceipt,
};

use super::draft::Draft;
use super::keys::{Place, line, queue_of};
use super::{QueueLine, Queues, records};
use crate::changes::{After, Stands, refusal_stands};
use crate::guard::{self, Answer};
use crate::tx::{At, Attempts, Tx};

mod announce;
mod backfills;
mod deleted;
mod finish;
mod index;
mod lapse;
mod parts;
mod settings;
mod tickets;

pub(super) use settings::NEXT;

/// A change that is put together, and only has to be committed.
struct Made<'c> {
    changed: QueueChanged,
    tx: Tx<'c>,
    /// What boards ask for once it is made.
    after: After,
}

/// The attempts at a change before the present one.
#[derive(Clone, Copy)]
struct SoFar<'a, 'c> {
    attempts: &'a Attempts<'c>,
    tries: u32,
}

/// What came of an attempt; `None`: the queue was not where it was known to be, or something of a board had to
/// come first, and it is to begin anew.
type Attempt<'c> = Result<Option<Made<'c>>, MatchError>;

impl Queues {
    /// Makes a change; see [`matchmaking::MatchStore::change_queue`].
    pub(crate) async fn change(
        &self,
        change: QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        if let Some(receipt) = self.made_before(&change, guard, now_ms).await? {
            return Ok(receipt);
        }
        self.prepare(&change).await?;
        let made = match &change {
            QueueChange::Lapse(queue) => self.lapse(queue, guard, now_ms).await,
            _ => self.announce_in_parts(&change, guard, now_ms).await,
        };
        if let QueueChange::PutQueue { .. } | QueueChange::DeleteQueue(_) = &change {
            self.listed.is_different();
        }
        self.forget_unmade(&change, &made).await;
        let receipt = made?;
        self.forget_versions(&change, &receipt);
        self.follow_up(&change, &receipt, now_ms).await;
        Ok(receipt)
    }

    /// What came of it before, for what has something to be done even before it is tried.
    async fn made_before(
        &self,
        change: &QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<Option<QueueReceipt>, MatchError> {
        if !matches!(change, QueueChange::Announce { .. } | QueueChange::Lapse(_)) {
            return Ok(None);
        }
        let answer = guard::earlier(&mut self.core.begin(), guard, now_ms).await?;
        match answer {
            Some(answer) => Ok(Some(self.replay(answer).await?)),
            None => Ok(None),
        }
    }

    /// A result that was there before, by a key or by what it says, was made by any node, and boards with it.
    fn forget_versions(&self, change: &QueueChange, receipt: &QueueReceipt) {
        let QueueChange::Finish { .. } = change else {
            return;
        };
        if let QueueChanged::Match(of) = &receipt.changed
            && let MatchState::Finished { boards, .. } = &of.state
        {
            let all = boards.iter().map(|effect| &effect.board);
            all.for_each(|board| self.core.versions.changed(board));
        }
    }

    /// What has to be there before the change is.
    async fn prepare(&self, change: &QueueChange) -> Result<(), MatchError> {
        match change {
            QueueChange::Announce { queue, matches, .. } => {
                self.have_lead(queue).await?;
                self.index_matches(queue, matches).await
            }
            QueueChange::Lapse(queue) => self.have_lead(queue).await,
            _ => Ok(()),
        }
    }

    /// What is seen to once the change is made. It is made whatever becomes of that.
    async fn follow_up(&self, change: &QueueChange, receipt: &QueueReceipt, now_ms: i64) {
        let done = match (change, &receipt.changed) {
            (QueueChange::CreateTicket { queue, ticket }, _) if !receipt.replayed => {
                self.look_once_more(queue, ticket, now_ms).await
            }
            (QueueChange::DeleteQueue(_), QueueChanged::Done) => self.clear_deleted().await,
            _ => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "a change of queues is made, and what follows from it waits");
        }
    }

    async fn make(
        &self,
        change: &QueueChange,
        guard: Option<Guard>,
        now_ms: i64,
    ) -> Result<QueueReceipt, MatchError> {
        let mut attempts = self.core.attempts();
        for tries in 0.. {
            let mut tx = self.core.begin();
            if let Some(answer) = guard::earlier(&mut tx, guard, now_ms).await? {
                return Ok(self.replay(answer).await?);
            }
            let so_far = SoFar {
                attempts: &attempts,
                tries,
            };
            let made = match self.attempt(tx, change, so_far, now_ms).await {
                Ok(made) => made,
                Err(refusal) => {
                    match refusal_stands(&self.core, guard, &mut attempts, now_ms).await? {
                        Stands::Yes => return Err(refusal),
                        Stands::Answered(answer) => return Ok(self.replay(answer).await?),
                        Stands::No => continue,
                    }
                }
            };
            let Some(mut made) = made else {
                attempts.pause().await?;
                if let QueueChange::Lapse(queue) = change {
                    // The lead was of a queue that is gone. An announcement was of its tickets, and is refused.
                    self.have_lead(queue).await?;
                }
                continue;
            };
            if let Some(guard) = guard {
                let version = self.core.stamps.next(1);
                let answer = Answer::of_queues(guard, made.changed.clone(), version, now_ms);
                guard::keep(&mut made.tx, guard, &answer);
            }
            if attempts.outcome(made.tx.commit().await?).await?.is_some() {
                made.after.run(&self.core).await;
                return Ok(QueueReceipt {
                    changed: made.changed,
                    replayed: false,
                });
            }
        }
        Err(StoreError::Overloaded.into())
    }

    async fn attempt<'c>(
        &'c self,
        tx: Tx<'c>,
        change: &QueueChange,
        so_far: SoFar<'_, 'c>,
        now_ms: i64,
    ) -> Attempt<'c> {
        match change {
            QueueChange::PutQueue { queue, settings } => self.put_queue(tx, queue, settings).await,
            QueueChange::DeleteQueue(queue) => self.delete_queue(tx, queue, now_ms).await,
            QueueChange::CreateTicket { queue, ticket } => {
                self.create_ticket(tx, queue, ticket, now_ms).await
            }
            QueueChange::CancelTicket { queue, ticket } => {
                self.cancel_ticket(tx, queue, ticket, now_ms).await
            }
            QueueChange::Announce {
                queue,
                matches,
                fills,
            } => self.announce(tx, queue, (matches, fills), now_ms).await,
            QueueChange::Lapse(queue) => self.lapse_some(tx, queue, now_ms).await,
            QueueChange::Accept { match_id, who } => self.accept(tx, *match_id, who, now_ms).await,
            QueueChange::Decline { match_id, who } => {
                self.decline(tx, *match_id, who, now_ms).await
            }
            QueueChange::Finish { match_id, result } => {
                self.finish(tx, so_far, (*match_id, result), now_ms).await
            }
            QueueChange::CreateBackfill { queue, backfill } => {
                self.create_backfill(tx, queue, backfill, now_ms).await
            }
            QueueChange::CancelBackfill { queue, backfill } => {
                self.cancel_backfill(tx, queue, backfill).await
            }
        }
    }

    /// Begins a change of a queue, and reads its line with what else is asked for, in one round trip. The
    /// commit depends on all of it. `None` where the queue is not where it was known to be.
    async fn enter<'c>(
        &'c self,
        mut tx: Tx<'c>,
        queue: &QueueId,
        also: impl FnOnce(Place) -> Vec<At>,
    ) -> Result<Option<(Draft<'c>, QueueLine)>, MatchError> {
        let number = self.names.number(&self.core, queue).await?;
        let place = Place::of(&self.core.layout, number);
        let at = line(place.room, queue);
        let mut all = also(place);
        all.push(at.clone());
        tx.fetch(all).await?;
        let found = tx.known(&at).and_then(|bytes| records::read_queue(&bytes));
        let Some(line) = found.filter(|line| line.number == number) else {
            self.names.forget(queue);
            return Ok(None);
        };
        Ok(Some((Draft::new(tx, place), line)))
    }

    /// Begins a change of the queue that a match is of.
    async fn enter_of<'c>(&'c self, mut tx: Tx<'c>, id: MatchId) -> Result<Draft<'c>, MatchError> {
        let at = queue_of(&self.core.layout, id);
        tx.peek([at.clone()]).await?;
        let number = tx.known(&at).and_then(|bytes| records::read_number(&bytes));
        let number = number.ok_or(MatchError::UnknownMatch(id))?;
        Ok(Draft::new(tx, Place::of(&self.core.layout, number)))
    }
}

/// The end of an attempt: what it has done becomes writes.
fn finished(mut draft: Draft<'_>, changed: QueueChanged) -> Attempt<'_> {
    if draft.has_changed() {
        draft.settle();
    }
    Ok(Some(made(changed, draft.tx)))
}

fn made(changed: QueueChanged, tx: Tx<'_>) -> Made<'_> {
    Made {
        changed,
        tx,
        after: After::default(),
    }
}
