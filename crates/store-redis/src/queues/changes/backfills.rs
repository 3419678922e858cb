//! Seats of running matches opened, and taken back.

use std::sync::Arc;

use matchmaking::{
    Backfill, BackfillId, BackfillState, MatchError, MatchId, NewBackfill, QueueChanged, QueueId,
};

use super::{Attempt, finished};
use crate::queues::draft::{Draft, known};
use crate::queues::keys::Place;
use crate::queues::{BackfillLine, QueueLine, Queues, records};
use crate::tx::Tx;

impl Queues {
    pub(super) async fn create_backfill<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        new: &NewBackfill,
        now_ms: i64,
    ) -> Attempt<'c> {
        let of = new.match_id;
        let records_of = |place: Place| {
            vec![
                place.backfill(&new.id),
                place.of_match(of),
                place.open_of(of),
            ]
        };
        let Some((mut draft, line)) = self.enter(tx, queue, records_of).await? else {
            return Ok(None);
        };
        let digest = records::digest(new);
        if let Some(line) = draft.find_backfill(&new.id).await? {
            if line.digest != digest {
                return Err(MatchError::BackfillExists(new.id.clone()));
            }
            return finished(draft, answer(&line.backfill));
        }
        let seats = seats(&mut draft, &line, new, now_ms).await?;
        let backfill = new.made(queue.clone(), seats, now_ms);
        let changed = answer(&backfill);
        draft.set_backfill(BackfillLine {
            made: self.core.stamps.next(1),
            digest,
            backfill: Arc::new(backfill),
        });
        finished(draft, changed)
    }

    pub(super) async fn cancel_backfill<'c>(
        &'c self,
        tx: Tx<'c>,
        queue: &QueueId,
        id: &BackfillId,
    ) -> Attempt<'c> {
        let backfill = |place: Place| vec![place.backfill(id)];
        let Some((mut draft, _)) = self.enter(tx, queue, backfill).await? else {
            return Ok(None);
        };
        let Some(line) = draft.find_backfill(id).await? else {
            return Err(MatchError::UnknownBackfill(id.clone()));
        };
        if line.backfill.state != BackfillState::Open {
            return finished(draft, answer(&line.backfill));
        }
        let closed = line.backfill.closed(BackfillState::Cancelled);
        let changed = answer(&closed);
        draft.open_backfills(closed.match_id).await?;
        draft.close(line, closed);
        finished(draft, changed)
    }
}

/// The seats to be opened, once those who leave have left.
async fn seats(
    draft: &mut Draft<'_>,
    line: &QueueLine,
    new: &NewBackfill,
    now_ms: i64,
) -> Result<Vec<matchmaking::OpenSeat>, MatchError> {
    let of = known(draft.match_by(new.match_id, now_ms).await?, new.match_id)?;
    let open = draft.open_backfills(new.match_id).await?;
    let open: Vec<_> = open.iter().flat_map(|line| &line.backfill.open).collect();
    let (after, seats) = new.seats_of(&of.of, &line.settings.rules, &open)?;
    if after != *of.of {
        draft.set_match(of, after);
    }
    Ok(seats)
}

impl Draft<'_> {
    /// The match of these backfills has ended.
    pub(super) async fn end_backfills(&mut self, of: MatchId) -> Result<(), MatchError> {
        for line in self.open_backfills(of).await? {
            let closed = line.backfill.closed(BackfillState::Ended);
            self.close(line, closed);
        }
        Ok(())
    }

    fn close(&mut self, line: BackfillLine, closed: Backfill) {
        let backfill = Arc::new(closed);
        self.set_backfill(BackfillLine { backfill, ..line });
    }
}

fn answer(backfill: &Backfill) -> QueueChanged {
    QueueChanged::Backfill(Box::new(backfill.clone()))
}
