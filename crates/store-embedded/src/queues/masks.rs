//! Erased players in what has ended.
//!
//! Ended tickets and failed matches are on disk for an hour and cannot be found by player. So they are
//! left as they are when a player is erased; whoever reads them is shown a nil id in place of a player
//! that does not exist. Matches with a result stay for good, and are written anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::PlayerId;
use matchmaking::{MatchState, Ticket};

use super::{MatchLine, TicketLine};

const NIL: PlayerId = PlayerId::from_bytes([0; 16]);

/// A ticket that has ended, as it is shown.
pub(crate) fn masked_ticket(line: TicketLine, knows: impl Fn(PlayerId) -> bool) -> TicketLine {
    let ticket = &line.ticket.ticket;
    if ticket.players.iter().all(|player| knows(player.id)) {
        return line;
    }
    let mut masked = Ticket::clone(ticket);
    for player in masked.players.iter_mut().filter(|p| !knows(p.id)) {
        player.id = NIL;
    }
    let mut queued = (*line.ticket).clone();
    queued.ticket = Arc::new(masked);
    TicketLine {
        ticket: Arc::new(queued),
        ..line
    }
}

/// A match that has ended, as it is shown.
pub(crate) fn masked_match(line: MatchLine, knows: impl Fn(PlayerId) -> bool) -> MatchLine {
    let teams = line.of.teams.iter();
    let players = teams.flat_map(|team| team.players.iter().map(|p| p.player.id));
    let blamed = match &line.of.state {
        MatchState::Failed { because_of, .. } => because_of.clone(),
        _ => BTreeSet::new(),
    };
    let all: BTreeSet<PlayerId> = players.chain(blamed).collect();
    let unknown = all.into_iter().filter(|id| *id != NIL && !knows(*id));
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
