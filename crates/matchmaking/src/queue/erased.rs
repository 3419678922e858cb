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
    /// The ticket as it is shown: without those of whom it avoids who were erased and, once it has ended, without
    /// players who were or do not exist; one that goes on is cancelled with its players. `None` where that is as it
    /// is.
    ///
    /// `erased` tells who was erased since it was made, whoever has the id now; `knows`, who there is.
    pub fn shown(
        &self,
        erased: impl Fn(PlayerId) -> bool,
        knows: impl Fn(PlayerId) -> bool,
    ) -> Option<QueuedTicket> {
        let ended = self.state.is_final();
        self.without(&erased, |id| !ended || (knows(id) && !erased(id)))
    }

    /// The ticket with a nil id for each of its players that is not there, and without these of those whom it avoids.
    fn without(
        &self,
        erased: impl Fn(PlayerId) -> bool,
        is_there: impl Fn(PlayerId) -> bool,
    ) -> Option<QueuedTicket> {
        let gone = |id| id != PlayerId::NIL && !is_there(id);
        let ticket = &self.ticket;
        let of_party = ticket.players.iter().any(|player| gone(player.id));
        let of_avoided = ticket.avoid.iter().any(|id| erased(*id));
        if !of_party && !of_avoided {
            return None;
        }
        let mut after = Ticket::clone(ticket);
        let party = after.players.iter_mut().filter(|player| gone(player.id));
        party.for_each(|player| player.id = PlayerId::NIL);
        after.avoid.retain(|id| !erased(*id));
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
        let mut ids: BTreeSet<PlayerId> = self.everybody().collect();
        if let MatchState::Failed { because_of, .. } = &self.state {
            ids.extend(because_of);
        }
        ids.remove(&PlayerId::NIL);
        ids
    }

    /// The match without players who were erased or do not exist; `None` where it has none of them. `erased` tells
    /// who was erased since it was written, whoever has the id now; `knows`, who there is.
    pub fn without(
        &self,
        erased: impl Fn(PlayerId) -> bool,
        knows: impl Fn(PlayerId) -> bool,
    ) -> Option<Match> {
        let ids = self.ids().into_iter();
        let gone = ids.filter(|id| erased(*id) || !knows(*id));
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

    /// The same, as it is told once more: without players who were erased or do not exist, and without those who are
    /// avoided and were erased. `erased` tells who was erased since it was told first, whoever has the id now;
    /// `knows`, who there is.
    #[must_use]
    pub fn without(
        self,
        erased: impl Fn(PlayerId) -> bool,
        knows: impl Fn(PlayerId) -> bool,
    ) -> QueueChanged {
        match self {
            QueueChanged::Ticket(ticket) => {
                let after = ticket.without(&erased, |id| knows(id) && !erased(id));
                QueueChanged::Ticket(after.map_or(ticket, Box::new))
            }
            QueueChanged::Match(of) => {
                let after = of.without(erased, knows);
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
    use crate::queue::TicketEnd;
    use crate::queue::testing::{id, ids, proposed, ticket};

    /// Players 1 and 2, who avoid 3 and 4.
    fn avoiding() -> QueuedTicket {
        let mut made = ticket("a", &[1, 2]);
        made.avoid = vec![id(3), id(4)];
        QueuedTicket::made(QueueId::parse("q").unwrap(), made, 100, 0)
    }

    fn party(ticket: &QueuedTicket) -> Vec<PlayerId> {
        let players = ticket.ticket.players.iter().map(|player| player.id);
        players.collect()
    }

    #[test]
    fn a_ticket_has_nil_for_its_players_once_it_has_ended() {
        let made = avoiding();
        assert_eq!(made.shown(|one| one == id(2), |_| true), None);
        assert_eq!(made.shown(|_| false, |_| false), None);
        let ended = made.cancelled(TicketEnd::Requested, 5);
        let after = ended.shown(|one| one == id(2), |_| true).unwrap();
        assert_eq!(party(&after), [id(1), PlayerId::NIL]);
        assert_eq!(after.id(), ended.id());
        let unknown = ended.shown(|_| false, |one| one != id(2)).unwrap();
        assert_eq!(unknown, after);
        let again = after.shown(|one| one == id(2), |one| one == id(1));
        assert_eq!(again, None, "the nil id is nobody's");
    }

    #[test]
    fn a_ticket_no_longer_avoids_who_was_erased() {
        for made in [avoiding(), avoiding().cancelled(TicketEnd::Requested, 5)] {
            let after = made.shown(|one| one == id(4), |_| true).unwrap();
            assert_eq!(after.ticket.avoid, [id(3)]);
            assert_eq!(party(&after), party(&made));
        }
    }

    #[test]
    fn an_answer_has_nil_also_for_players_of_a_ticket_that_goes_on() {
        let changed = QueueChanged::Ticket(Box::new(avoiding()));
        assert_eq!(changed.avoided(), [id(3), id(4)]);
        assert_eq!(changed.ids(), ids(&[1, 2]));
        let told = |erased: &[u8], known: &[u8]| {
            let (erased, known) = (ids(erased), ids(known));
            let told = changed.clone();
            let told = told.without(|id| erased.contains(&id), |id| known.contains(&id));
            let QueueChanged::Ticket(after) = told else {
                panic!("it is another thing");
            };
            (party(&after), after.ticket.avoid.clone())
        };
        let avoided = || vec![id(3), id(4)];
        assert_eq!(told(&[], &[1, 2]), (vec![id(1), id(2)], avoided()));
        assert_eq!(told(&[], &[2]), (vec![PlayerId::NIL, id(2)], avoided()));
        let of_both = (vec![id(1), PlayerId::NIL], vec![id(4)]);
        assert_eq!(told(&[2, 3], &[1, 2]), of_both);
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
        let everybody: Vec<_> = failed.everybody().collect();
        assert_eq!(everybody, [id(1), id(3)]);
        assert!(failed.has_player(id(1)) && !failed.has_player(id(2)));
        assert!(!failed.has_player(PlayerId::NIL));
    }

    #[test]
    fn a_match_has_nil_for_those_it_was_and_failed_of() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        let failed = held.failed(ids(&[2, 3]), 5);
        assert_eq!(failed.ids(), ids(&[1, 2, 3]));
        let is_one = |one| one == id(2) || one == id(9);
        let after = failed.without(is_one, |_| true).unwrap();
        assert_eq!(after, failed.erased(id(2)));
        assert_eq!(
            failed.without(|_| false, |one| !is_one(one)),
            Some(after.clone())
        );
        assert_eq!(after.ids(), ids(&[1, 3]));
        assert_eq!(after.without(is_one, |_| true), None);
        let changed = QueueChanged::Match(Box::new(failed.clone()));
        assert_eq!(changed.ids(), ids(&[1, 2, 3]));
        let same = changed.clone().without(|_| false, |_| true);
        assert_eq!(same, changed);
        let told = changed.without(|_| false, |one| !is_one(one));
        assert_eq!(told, QueueChanged::Match(Box::new(after)));
    }
}
