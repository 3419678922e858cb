//! Of which queue matches are, in the rooms of their ids: written before they are made, and removed again where
//! they are not, or can no longer be read.

use std::collections::BTreeMap;

use boards::StoreError;
use futures_util::future::try_join_all;
use matchmaking::{
    MatchError, MatchId, ProposedMatch, QueueChange, QueueChanged, QueueId, QueueReceipt,
};

use crate::layout::Room;
use crate::queues::Queues;
use crate::queues::keys::{MATCHES, Place, queue_of};
use crate::tx::{At, Commit, Tx, Write};

impl Queues {
    /// Writes down of which queue the matches will be, where nobody else has for another one.
    pub(super) async fn index_matches(
        &self,
        queue: &QueueId,
        matches: &[ProposedMatch],
    ) -> Result<(), MatchError> {
        let number = self.names.number(&self.core, queue).await?;
        let places = matches.iter().map(|m| queue_of(&self.core.layout, m.id));
        let places: Vec<At> = places.collect();
        let mut tx = self.core.begin();
        tx.peek(places.iter().cloned()).await?;
        let missing = places.into_iter().filter(|at| tx.known(at).is_none());
        let value = number.0.to_string().into_bytes();
        Ok(self.put_each(missing.map(|at| (at, value.clone()))).await?)
    }

    /// Writes records that are the same whoever writes them, each room by itself.
    pub(super) async fn put_each(
        &self,
        records: impl Iterator<Item = (At, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let mut rooms: BTreeMap<Room, Tx<'_>> = BTreeMap::new();
        for (at, value) in records {
            let tx = rooms.entry(at.room).or_insert_with(|| self.core.begin());
            tx.set(at, value);
        }
        // Nothing is checked, so nothing can be in the way but that a room is being changed.
        let commits = rooms.into_values().map(|tx| async {
            match tx.commit().await? {
                Commit::Made(_) => Ok(()),
                Commit::Conflict | Commit::Behind(_) => Err(StoreError::Overloaded),
            }
        });
        try_join_all(commits).await.map(drop)
    }

    /// Removes what was written for an announcement of which, for certain, not all is made.
    pub(super) async fn forget_unmade(
        &self,
        change: &QueueChange,
        made: &Result<QueueReceipt, MatchError>,
    ) {
        let QueueChange::Announce { queue, matches, .. } = change else {
            return;
        };
        let is_certain = match made.as_ref().map(|receipt| &receipt.changed) {
            Ok(QueueChanged::Announced(done)) => done.stale > 0,
            Ok(_) => false,
            Err(error) => matches!(error, MatchError::NotLeader(_)),
        };
        if is_certain && let Err(error) = self.forget_missing(queue, matches).await {
            tracing::debug!(%queue, %error, "matches that are not made are remembered");
        }
    }

    async fn forget_missing(
        &self,
        queue: &QueueId,
        matches: &[ProposedMatch],
    ) -> Result<(), MatchError> {
        let layout = &self.core.layout;
        let number = self.names.number(&self.core, queue).await?;
        let (place, own) = (Place::of(layout, number), number.0.to_string().into_bytes());
        let both = |id| [queue_of(layout, id), place.of_match(id)];
        let mut tx = self.core.begin();
        tx.peek(matches.iter().flat_map(|m| both(m.id))).await?;
        let missing = matches.iter().map(|m| m.id).filter(|id| {
            let [index, of] = both(*id);
            tx.known(&of).is_none() && tx.known(&index).as_ref() == Some(&own)
        });
        Ok(self.forget_matches(missing).await?)
    }

    /// Forgets of which queue the matches were.
    pub(in crate::queues) async fn forget_matches(
        &self,
        ids: impl Iterator<Item = MatchId>,
    ) -> Result<(), StoreError> {
        let mut rooms: BTreeMap<Room, Tx<'_>> = BTreeMap::new();
        for id in ids {
            let room = self.core.layout.of_match(id);
            let tx = rooms.entry(room).or_insert_with(|| self.core.begin());
            let (key, field) = (MATCHES.to_vec(), id.as_bytes().to_vec());
            tx.also(room, Write::HDel { key, field });
        }
        // No commit depends on anything, so all of them are made.
        try_join_all(rooms.into_values().map(Tx::commit))
            .await
            .map(drop)
    }
}
