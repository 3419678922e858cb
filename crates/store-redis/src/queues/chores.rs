//! What queues leave behind: tickets, backfills and failed matches that ended an hour ago, and what is left of queues
//! that were deleted. Every node sees to it; what two do at once is done once.

use std::collections::BTreeSet;

use boards::StoreError;
use matchmaking::MatchError;

use super::keys::{DOOMED, Part, Place, QUEUES};
use super::{QueueNumber, Queues, records, wire};
use crate::layout::Layout;

/// How long what has ended can be read.
pub(super) const READABLE_MS: i64 = 60 * 60 * 1000;
/// Things removed in one go.
const SOME: u64 = 200;

impl Queues {
    /// Removes what nobody can read any more. What fails of one queue keeps no other from being tidied up.
    pub(super) async fn tidy(&self) -> Result<(), MatchError> {
        self.mirrors.forget_unused();
        self.whys.keep(|number| self.leases.holds(number));
        if let Err(error) = self.clear_deleted().await {
            tracing::warn!(%error, "what deleted queues have left stays for now");
        }
        let before_ms = self.core.clock.now_ms().saturating_sub(READABLE_MS);
        // Before the list is read, so that queues that are made meanwhile are not taken for deleted ones.
        let known = self.known_numbers();
        let all = self.all_numbers().await?;
        self.forget_others(known, &all);
        for number in all {
            let place = Place::of(&self.core.layout, number);
            if let Err(error) = self.remove_all_ended(place, before_ms).await {
                tracing::warn!(queue = number.0, %error, "what has ended stays for now");
            }
        }
        Ok(())
    }

    /// Queues of which this node remembers something.
    fn known_numbers(&self) -> BTreeSet<QueueNumber> {
        let mut known: BTreeSet<QueueNumber> =
            self.names.all().into_iter().map(|(_, n)| n).collect();
        known.extend(self.leases.all());
        known.extend(self.recents.all());
        known.extend(self.core.tallies.all());
        known
    }

    /// Forgets what this node remembers of queues that are not there any more.
    fn forget_others(&self, mut known: BTreeSet<QueueNumber>, there: &[QueueNumber]) {
        for number in there {
            known.remove(number);
        }
        for number in known {
            self.names.forget_number(number);
            self.leases.lost(number);
            self.recents.forget(number);
            self.core.tallies.forget(number);
        }
    }

    async fn remove_all_ended(&self, place: Place, before_ms: i64) -> Result<(), StoreError> {
        while self.remove_ended(place, before_ms).await? {}
        Ok(())
    }

    /// Queues that there are and queues that were deleted.
    async fn all_numbers(&self) -> Result<Vec<QueueNumber>, StoreError> {
        let key = |name| self.core.layout.key(Layout::CONTROL, name);
        let lines = redis::cmd("HVALS").arg(key(QUEUES)).take();
        let doomed = redis::cmd("HKEYS").arg(key(DOOMED)).take();
        let mut found = self.core.redis.read(vec![lines, doomed]).await?.into_iter();
        let mut next = || found.next().map(wire::items).unwrap_or_default();
        let lines = next();
        let lines = lines.iter().filter_map(|bytes| records::read_queue(bytes));
        let mut numbers: Vec<QueueNumber> = lines.map(|line| line.number).collect();
        numbers.extend(
            next()
                .iter()
                .filter_map(|bytes| records::read_number(bytes)),
        );
        Ok(numbers)
    }

    /// How much of a queue can be read for the rest of its hour.
    pub(super) async fn ended_of(&self, place: Place) -> Result<u64, StoreError> {
        let key = self.core.layout.key(place.room, &place.key(Part::Ended));
        Ok(wire::number(
            &self.read_one(redis::cmd("ZCARD").arg(key).take()).await?,
        ))
    }

    /// Whether there may be more.
    async fn remove_ended(&self, place: Place, before_ms: i64) -> Result<bool, StoreError> {
        let key = self.core.layout.key(place.room, &place.key(Part::Ended));
        let (before, some) = (before_ms.to_string(), SOME.to_string());
        let words = [before.as_bytes(), some.as_bytes()];
        let answer = self
            .core
            .redis
            .script(&self.core.scripts.ended, &key, &words);
        let mut answer = wire::list(answer.await?).into_iter();
        let removed = answer.next().as_ref().map_or(0, wire::number);
        let matches = answer.filter_map(wire::bytes);
        let matches = matches.filter_map(|bytes| records::read_match_id(&bytes));
        self.forget_matches(matches).await?;
        Ok(removed == SOME)
    }
}
