//! Erased players in what is read.
//!
//! Ended tickets and failed matches are on disk for an hour, answers for a day, and none of them can be found by
//! player. So they are left as they are when a player is erased; whoever reads them is shown a nil id in place of
//! a player that does not exist, or that was erased since ([`super::Marks`]) and is another one by now. Likewise
//! those whom a ticket avoids, who are left out. Matches with a result stay for good, and are written anew; until
//! they are, those that were erased are masked in them as well.

use std::sync::Arc;

use boards::PlayerId;
use matchmaking::QueueChanged;

use super::{MatchLine, TicketLine};
use crate::state::State;

impl State {
    /// A ticket as it is shown. `knows` tells who there is.
    pub(crate) fn masked_ticket(
        &self,
        line: TicketLine,
        knows: impl Fn(PlayerId) -> bool,
    ) -> TicketLine {
        let erased = |id| {
            let mark = self.marks.get(id);
            mark.is_some_and(|mark| line.made < mark.sequence)
        };
        match line.ticket.shown(erased, knows) {
            None => line,
            Some(masked) => TicketLine {
                ticket: Arc::new(masked),
                ..line
            },
        }
    }

    /// A match that has ended, as it is shown.
    pub(crate) fn masked_match(
        &self,
        line: MatchLine,
        knows: impl Fn(PlayerId) -> bool,
    ) -> MatchLine {
        masked_match(line, |id| self.erased_by(id), knows)
    }

    /// An answer that was kept by that commit, as it is given once more.
    pub(crate) fn masked_answer(
        &self,
        answer: QueueChanged,
        commit: u64,
        knows: impl Fn(PlayerId) -> bool,
    ) -> QueueChanged {
        let erased = |id| self.erased_by(id).is_some_and(|by| commit <= by);
        answer.without(erased, knows)
    }

    /// The commit that erased a player last, as long as that is of any concern.
    fn erased_by(&self, player: PlayerId) -> Option<u64> {
        let mark = self.marks.get(player).map(|mark| mark.commit);
        mark.max(self.erasures.get(&player).copied())
    }
}

/// A match that has ended, as it is shown. `erased_by` tells the commit that erased a player.
pub(crate) fn masked_match(
    line: MatchLine,
    erased_by: impl Fn(PlayerId) -> Option<u64>,
    knows: impl Fn(PlayerId) -> bool,
) -> MatchLine {
    let erased = |id| erased_by(id).is_some_and(|commit| line.version <= commit);
    match line.of.without(erased, knows) {
        None => line,
        Some(masked) => MatchLine {
            of: Arc::new(masked),
            ..line
        },
    }
}
