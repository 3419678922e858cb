//! Backfills, and those that a match has open.

use std::collections::BTreeSet;

use boards::StoreError;
use matchmaking::{BackfillId, BackfillState, MatchId};

use super::Draft;
use super::slots::{fetch_into, now, set};
use crate::queues::{BackfillLine, records};

impl Draft<'_> {
    pub(in crate::queues) async fn fetch_backfills(
        &mut self,
        ids: impl IntoIterator<Item = &BackfillId>,
    ) -> Result<(), StoreError> {
        let place = self.place;
        fetch_into(
            &mut self.tx,
            &mut self.backfills,
            ids,
            |id| place.backfill(id),
            BackfillLine::read,
        )
        .await
    }

    pub(in crate::queues) async fn find_backfill(
        &mut self,
        id: &BackfillId,
    ) -> Result<Option<BackfillLine>, StoreError> {
        self.fetch_backfills([id]).await?;
        Ok(now(&self.backfills, id))
    }

    pub(in crate::queues) async fn open_backfill(
        &mut self,
        id: &BackfillId,
    ) -> Result<Option<BackfillLine>, StoreError> {
        let line = self.find_backfill(id).await?;
        Ok(line.filter(|line| line.backfill.state == BackfillState::Open))
    }

    /// The open backfills of a match, by name. The commit depends on there being no other.
    pub(in crate::queues) async fn open_backfills(
        &mut self,
        of: MatchId,
    ) -> Result<Vec<BackfillLine>, StoreError> {
        let place = self.place;
        fetch_into(
            &mut self.tx,
            &mut self.open_of,
            [&of],
            |id| place.open_of(*id),
            records::read_open_of,
        )
        .await?;
        let ids: BTreeSet<BackfillId> = now(&self.open_of, &of).into_iter().flatten().collect();
        self.fetch_backfills(&ids).await?;
        let lines = ids.iter().filter_map(|id| now(&self.backfills, id));
        Ok(lines
            .filter(|line| line.backfill.state == BackfillState::Open)
            .collect())
    }

    /// Puts a backfill in its place. The open ones of its match have to be known.
    pub(in crate::queues) fn set_backfill(&mut self, line: BackfillLine) {
        let id = line.backfill.id.clone();
        let of = line.backfill.match_id;
        let mut open = now(&self.open_of, &of).unwrap_or_default();
        let was_open = open.contains(&id);
        let is_open = line.backfill.state == BackfillState::Open;
        if was_open != is_open {
            open.retain(|other| *other != id);
            open.extend(is_open.then(|| id.clone()));
            set(&mut self.open_of, of, open);
        }
        set(&mut self.backfills, id, line);
    }
}
