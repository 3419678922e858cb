//! What is shown of players that were erased: a nil id in their place where they were, nothing where they were
//! avoided.
//!
//! Which those are is what a store knows. The nil id is nobody's, so it is in no list of those who are avoided: it
//! would keep a ticket from every match with an erased player.

use std::collections::BTreeSet;
use std::sync::Arc;

use boards::PlayerId;

use crate::queue::{Match, MatchState, QueueChanged, QueuedTicket};
use crate::ticket::Ticket;

impl QueuedTicket {
    /// The ticket without these of its players, and without these of those whom it avoids; `None` where it has
    /// none of them.
    pub fn without(
        &self,
        gone: impl Fn(PlayerId) -> bool,
        gone_of_avoided: impl Fn(PlayerId) -> bool,
    ) -> Option<QueuedTicket> {
        let ticket = &self.ticket;
        let of_party = ticket.players.iter().any(|player| gone(player.id));
        let of_avoided = ticket.avoid.iter().any(|id| gone_of_avoided(*id));
        if !of_party && !of_avoided {
            return None;
        }
        let mut after = Ticket::clone(ticket);
        let party = after.players.iter_mut().filter(|player| gone(player.id));
        party.for_each(|player| player.id = PlayerId::NIL);
        after.avoid.retain(|id| !gone_of_avoided(*id));
        Some(QueuedTicket {
            ticket: Arc::new(after),
            ..self.clone()
        })
    }
}

impl Match {
    /// The match as it is kept once a player is erased: a nil id stands for the player.
    pub fn erased(&self, player: PlayerId) -> Match {
        let erase = |id: &mut PlayerId| {
            if *id == player {
                *id = PlayerId::NIL;
            }
        };
        let mut after = self.clone();
        let teams = after.teams.iter_mut();
        teams
            .flat_map(|team| &mut team.players)
            .for_each(|p| erase(&mut p.player.id));
        match &mut after.state {
            MatchState::Proposed { accepted: ids, .. }
            | MatchState::Failed {
                because_of: ids, ..
            } => {
                if ids.remove(&player) {
                    ids.insert(PlayerId::NIL);
                }
            }
            MatchState::Running { .. } => {}
            MatchState::Finished {
                ratings, boards, ..
            } => {
                ratings.iter_mut().for_each(|r| erase(&mut r.player));
                boards.iter_mut().for_each(|b| erase(&mut b.player));
            }
        }
        after
    }

    /// All who are in it by their ids, also those who have left it or because of whom it failed.
    pub fn ids(&self) -> BTreeSet<PlayerId> {
        let teams = self.teams.iter();
        let players = teams.flat_map(|team| team.players.iter().map(|p| p.player.id));
        let mut ids: BTreeSet<PlayerId> = players.collect();
        if let MatchState::Failed { because_of, .. } = &self.state {
            ids.extend(because_of);
        }
        ids.remove(&PlayerId::NIL);
        ids
    }

    /// The match without these; `None` where it has none of them.
    pub fn without(&self, gone: impl Fn(PlayerId) -> bool) -> Option<Match> {
        let gone = self.ids().into_iter().filter(|id| gone(*id));
        gone.fold(None, |after, id| {
            Some(after.as_ref().unwrap_or(self).erased(id))
        })
    }
}

impl QueueChanged {
    /// All players that it names, beside those who are avoided.
    pub fn ids(&self) -> BTreeSet<PlayerId> {
        match self {
            QueueChanged::Ticket(ticket) => {
                let players = ticket.ticket.players.iter().map(|player| player.id);
                players.filter(|id| *id != PlayerId::NIL).collect()
            }
            QueueChanged::Match(of) => of.ids(),
            _ => BTreeSet::new(),
        }
    }

    /// Those whom a ticket avoids.
    pub fn avoided(&self) -> &[PlayerId] {
        match self {
            QueueChanged::Ticket(ticket) => &ticket.ticket.avoid,
            _ => &[],
        }
    }

    /// The same without these players, and without these of those who are avoided.
    #[must_use]
    pub fn without(
        self,
        gone: impl Fn(PlayerId) -> bool,
        gone_of_avoided: impl Fn(PlayerId) -> bool,
    ) -> QueueChanged {
        match self {
            QueueChanged::Ticket(ticket) => {
                let after = ticket.without(gone, gone_of_avoided);
                QueueChanged::Ticket(after.map_or(ticket, Box::new))
            }
            QueueChanged::Match(of) => {
                let after = of.without(gone);
                QueueChanged::Match(after.map_or(of, Box::new))
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::QueueId;
    use crate::queue::testing::{id, ids, proposed, ticket};

    #[test]
    fn a_ticket_has_nil_for_its_players_and_no_longer_avoids_others() {
        let mut made = ticket("a", &[1, 2]);
        made.avoid = vec![id(3), id(4)];
        let made = QueuedTicket::made(QueueId::parse("q").unwrap(), made, 100, 0);
        let (party, avoided) = (ids(&[2, 3]), ids(&[1, 4]));
        let after = made.without(|id| party.contains(&id), |id| avoided.contains(&id));
        let after = after.unwrap();
        let players: Vec<_> = after.ticket.players.iter().map(|p| p.id).collect();
        assert_eq!(players, [id(1), PlayerId::NIL]);
        assert_eq!(after.ticket.avoid, [id(3)]);
        assert_eq!(made.without(|id| avoided.contains(&id), |_| false), {
            let changed = QueueChanged::Ticket(Box::new(made.clone()));
            assert_eq!(changed.avoided(), [id(3), id(4)]);
            let QueueChanged::Ticket(after) =
                changed.without(|id| avoided.contains(&id), |_| false)
            else {
                panic!("it is another thing");
            };
            Some(*after)
        });
        assert_eq!(after.without(|_| false, |_| false), None);
    }

    #[test]
    fn an_erased_player_is_nil_wherever_it_was() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        let failed = held.failed(ids(&[2, 3]), 5).erased(id(2));
        assert!(!format!("{failed:?}").contains(&format!("{:?}", id(2))));
        let MatchState::Failed { because_of, .. } = &failed.state else {
            panic!("{failed:?}");
        };
        assert_eq!(*because_of, BTreeSet::from([id(0), id(3)]));
        assert_eq!(failed.teams[0].players[1].player.id, id(0));
    }

    #[test]
    fn a_match_has_nil_for_those_it_was_and_failed_of() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        let failed = held.failed(ids(&[2, 3]), 5);
        assert_eq!(failed.ids(), ids(&[1, 2, 3]));
        let after = failed.without(|one| one == id(2) || one == id(9)).unwrap();
        assert_eq!(after, failed.erased(id(2)));
        assert_eq!(after.ids(), ids(&[1, 3]));
        assert_eq!(after.without(|one| one == id(2)), None);
        let changed = QueueChanged::Match(Box::new(failed.clone()));
        assert_eq!(changed.ids(), ids(&[1, 2, 3]));
        let same = changed.clone().without(|_| false, |_| true);
        assert_eq!(same, changed);
    }
}
