//! Why tickets wait, as who leads the queue last saw it: found anew all the time, so only what is different is
//! written. Nothing depends on it; each commit depends on the number of the lead, so that neither a former leader
//! nor one of a queue that is deleted meanwhile writes anything.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use boards::StoreError;
use matchmaking::{MatchError, QueueId, Reason, TicketId, WhyWaiting};
use parking_lot::Mutex;
use tokio::task::{JoinError, spawn_blocking};

use super::draft::Draft;
use super::keys::{Part, Place};
use super::{QueueNumber, Queues, records};
use crate::tx::{At, Tx, Write};

/// Tickets written in one go.
const SOME: usize = 500;

/// What this node has written, by queue.
#[derive(Default)]
pub(super) struct Whys(Mutex<HashMap<QueueNumber, Written>>);

#[derive(Default)]
struct Written {
    /// By which lead; what another node has written meanwhile is not known.
    token: Vec<u8>,
    /// Digests of the reasons.
    of: HashMap<TicketId, u64>,
}

impl Whys {
    /// Forgets what was written of other queues.
    pub(super) fn keep(&self, which: impl Fn(QueueNumber) -> bool) {
        self.0.lock().retain(|number, _| which(*number));
    }
}

impl Queues {
    /// Keeps for readers of all nodes why tickets wait, in place of what was kept before.
    ///
    /// # Errors
    /// [`MatchError::NotLeader`] where another node leads the queue.
    pub(crate) async fn explain(
        &self,
        queue: &QueueId,
        why: Vec<(TicketId, WhyWaiting)>,
    ) -> Result<(), MatchError> {
        self.have_lead(queue).await?;
        let number = self.names.number(&self.core, queue).await?;
        let place = Place::of(&self.core.layout, number);
        let token = self.leases.token(number).unwrap_or_default();
        // Taken out, so that what fails in between is written as a whole the next time.
        let before = self.whys.0.lock().remove(&number);
        let before = before.filter(|written| written.token == token);
        let mut writes = Vec::new();
        if before.is_none() {
            let keys = vec![place.key(Part::Why)];
            writes.push(Write::Unlink { keys });
        }
        let before = before.unwrap_or_default().of;
        // Of a million tickets that takes a second, and who asks may have other queues to look at.
        let compared =
            spawn_blocking(move || (WhyWaiting::counts(&why), differences(place, before, why)));
        let (counts, (of, different)) = compared.await.map_err(not_compared)?;
        writes.extend(different);
        self.write_why(queue, place, &writes, &counts).await?;
        self.whys.0.lock().insert(number, Written { token, of });
        Ok(())
    }

    async fn write_why(
        &self,
        queue: &QueueId,
        place: Place,
        writes: &[Write],
        counts: &[(Reason, u64)],
    ) -> Result<(), MatchError> {
        for some in writes.chunks(SOME) {
            let put = |tx: &mut Tx<'_>| {
                let some = some.iter().cloned();
                some.for_each(|write| tx.also(place.room, write));
            };
            self.write_as_leader(queue, place, put).await?;
        }
        let at = At::whole(place.room, place.key(Part::Reasons));
        let value = records::json(counts);
        let put = |tx: &mut Tx<'_>| tx.set(at.clone(), value.clone());
        self.write_as_leader(queue, place, put).await
    }

    /// Commits what depends on nothing but this node's lead.
    async fn write_as_leader(
        &self,
        queue: &QueueId,
        place: Place,
        put: impl Fn(&mut Tx<'_>),
    ) -> Result<(), MatchError> {
        let mut attempts = self.core.attempts();
        loop {
            let mut draft = Draft::new(self.core.begin(), place);
            draft.tx.fetch([place.token()]).await?;
            self.holds_token(&draft, queue)?;
            put(&mut draft.tx);
            if attempts.outcome(draft.tx.commit().await?).await?.is_some() {
                return Ok(());
            }
        }
    }
}

fn not_compared(error: JoinError) -> StoreError {
    StoreError::Unavailable {
        reason: format!("why tickets wait was not compared with what was written: {error}"),
        source: None,
    }
}

/// What is to be written so that it is as it is now, and what is then written.
fn differences(
    place: Place,
    mut before: HashMap<TicketId, u64>,
    why: Vec<(TicketId, WhyWaiting)>,
) -> (HashMap<TicketId, u64>, Vec<Write>) {
    let mut now = HashMap::with_capacity(why.len());
    let mut writes = Vec::new();
    let name = |id: &TicketId| id.as_str().as_bytes().to_vec();
    for (id, why) in why {
        let value = records::json(&why);
        let digest = digest(&value);
        if before.remove(&id) != Some(digest) {
            let (key, field) = (place.key(Part::Why), name(&id));
            writes.push(Write::HSet { key, field, value });
        }
        now.insert(id, digest);
    }
    for id in before.into_keys() {
        let (key, field) = (place.key(Part::Why), name(&id));
        writes.push(Write::HDel { key, field });
    }
    (now, writes)
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    fn why(id: &str, detail: &str) -> (TicketId, WhyWaiting) {
        let reason = Reason::TooFewPlayers;
        let detail = detail.to_owned();
        (TicketId::parse(id).unwrap(), WhyWaiting { reason, detail })
    }

    #[test]
    fn what_is_the_same_is_not_written() {
        let place = Place::of(&Layout::new("agon", 1), QueueNumber(1));
        let first = vec![why("a", "x"), why("b", "x")];
        let counts = WhyWaiting::counts(&first);
        assert_eq!(counts, [(Reason::TooFewPlayers, 2)]);
        let (written, writes) = differences(place, HashMap::new(), first.clone());
        assert_eq!(writes.len(), 2);
        let (written, writes) = differences(place, written, first);
        assert_eq!(writes, []);
        let (written, writes) = differences(place, written, vec![why("b", "y")]);
        assert_eq!(written.len(), 1);
        let fields = writes.iter().map(|write| match write {
            Write::HSet { field, .. } => ("set", field.clone()),
            Write::HDel { field, .. } => ("removed", field.clone()),
            other => panic!("{other:?}"),
        });
        let fields: Vec<_> = fields.collect();
        assert_eq!(fields, [("set", b"b".to_vec()), ("removed", b"a".to_vec())]);
    }
}
