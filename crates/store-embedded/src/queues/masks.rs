//! Erased players in what has ended.
//!
//! Ended tickets and failed matches are on disk for an hour and cannot be found by player. So they are
//! left as they are when a player is erased; whoever reads them is shown a nil id in place of a player
//! that does not exist. Matches with a result stay for good, and are written anew; until they are, those
//! that were erased are masked in them as well, also where one of the same id has been made since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use boards::PlayerId;
use matchmaking::MatchState;

use super::{MatchLine, TicketLine};

/// A ticket that has ended, as it is shown.
pub(crate) fn masked_ticket(line: TicketLine, knows: impl Fn(PlayerId) -> bool) -> TicketLine {
    match line.ticket.masked(knows) {
        None => line,
        Some(masked) => TicketLine {
            ticket: Arc::new(masked),
            ..line
        },
    }
}

/// A match that has ended, as it is shown. `erasures` are those that go on.
pub(crate) fn masked_match(
    line: MatchLine,
    erasures: &BTreeMap<PlayerId, u64>,
    knows: impl Fn(PlayerId) -> bool,
) -> MatchLine {
    let finished = matches!(line.of.state, MatchState::Finished { .. });
    let was_erased = |id| {
        let commit = erasures.get(&id).filter(|_| finished);
        commit.is_some_and(|commit| line.version <= *commit)
    };
    let blamed = match &line.of.state {
        MatchState::Failed { because_of, .. } => because_of.clone(),
        _ => BTreeSet::new(),
    };
    let all: BTreeSet<PlayerId> = line.of.everybody().chain(blamed).collect();
    let unknown = all
        .into_iter()
        .filter(|id| *id != PlayerId::NIL && (was_erased(*id) || !knows(*id)));
    let masked = unknown.fold(None, |masked, id| {
        let of = masked.as_ref().unwrap_or(&*line.of);
        Some(of.erased(id))
    });
    match masked {
        None => line,
        Some(masked) => MatchLine {
            of: Arc::new(masked),
            ..line
        },
    }
}
