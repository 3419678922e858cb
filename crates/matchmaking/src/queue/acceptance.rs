//! From a proposal to a match that is held or not: who has accepted, who has not, and until when.
//!
//! Like a ticket, a proposal is over at its instant, whenever somebody notices.

use std::collections::BTreeSet;

use boards::PlayerId;

use crate::error::MatchError;
use crate::names::TicketId;
use crate::queue::{Match, MatchPlayer, MatchState, QueuedTicket, TicketEnd, TicketState, Who};

impl Match {
    /// The names of its tickets, by team.
    pub fn ticket_ids(&self) -> impl Iterator<Item = &TicketId> {
        self.teams.iter().flat_map(|team| &team.tickets)
    }

    /// Whether it is proposed, and was not accepted in time.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.accept_by_ms().is_some_and(|by| by <= now_ms)
    }

    /// Until when it has to be accepted; `None` where it is not proposed.
    pub fn accept_by_ms(&self) -> Option<i64> {
        match self.state {
            MatchState::Proposed { accept_by_ms, .. } => Some(accept_by_ms),
            _ => None,
        }
    }

    /// What its tickets are in it, from now on: proposed, or matched.
    pub fn state_of_tickets(&self, now_ms: i64) -> TicketState {
        let (match_id, at_ms) = (self.id, now_ms);
        match self.accept_by_ms() {
            Some(_) => TicketState::Proposed { match_id },
            None => TicketState::Matched { match_id, at_ms },
        }
    }

    /// The match as it is once these have accepted: with the last of its players it begins. Accepting
    /// twice is as accepting once.
    ///
    /// # Errors
    /// [`MatchError::NotInMatch`]; [`MatchError::WrongState`] where it has failed or has a result.
    pub fn accept(&self, who: &Who, now_ms: i64) -> Result<Match, MatchError> {
        let named = self.named(who)?;
        let state = match &self.state {
            MatchState::Running { .. } => return Ok(self.clone()),
            MatchState::Failed { .. } => return Err(MatchError::WrongState("has failed")),
            MatchState::Finished { .. } => return Err(MatchError::WrongState("has ended")),
            MatchState::Proposed {
                accept_by_ms,
                accepted,
            } => {
                let accepted: BTreeSet<_> = accepted.union(&named).copied().collect();
                if self.players().all(|p| accepted.contains(&p.player.id)) {
                    MatchState::Running { since_ms: now_ms }
                } else {
                    MatchState::Proposed {
                        accept_by_ms: *accept_by_ms,
                        accepted,
                    }
                }
            }
        };
        Ok(self.turned(state))
    }

    /// The match as it is once these have declined. Those who have declined may do so again.
    ///
    /// # Errors
    /// [`MatchError::NotInMatch`]; [`MatchError::WrongState`] where it has begun, or failed because of
    /// others.
    pub fn decline(&self, who: &Who, now_ms: i64) -> Result<Match, MatchError> {
        let named = self.named(who)?;
        match &self.state {
            MatchState::Proposed { .. } => Ok(self.failed(named, now_ms)),
            MatchState::Failed { because_of, .. } if named.is_subset(because_of) => {
                Ok(self.clone())
            }
            MatchState::Failed { .. } => Err(MatchError::WrongState("has failed")),
            MatchState::Running { .. } => Err(MatchError::WrongState("has begun")),
            MatchState::Finished { .. } => Err(MatchError::WrongState("has ended")),
        }
    }

    /// The match as it is once it was not accepted in time.
    pub fn lapsed(&self) -> Match {
        let MatchState::Proposed {
            accept_by_ms,
            accepted,
        } = &self.state
        else {
            return self.clone();
        };
        let ids = self.players().map(|p| p.player.id);
        let missing = ids.filter(|id| !accepted.contains(id)).collect();
        self.failed(missing, *accept_by_ms)
    }

    /// The match as it is once it will not be held.
    pub fn failed(&self, because_of: BTreeSet<PlayerId>, at_ms: i64) -> Match {
        self.turned(MatchState::Failed { at_ms, because_of })
    }

    /// One of its tickets as it is once the match has failed: cancelled for this reason where one of its
    /// players is among those because of whom, otherwise as it was before the proposal.
    pub fn lets_go(&self, ticket: &QueuedTicket, why: TicketEnd) -> QueuedTicket {
        let MatchState::Failed { at_ms, because_of } = &self.state else {
            return ticket.clone();
        };
        let mut players = ticket.ticket.players.iter();
        if players.any(|player| because_of.contains(&player.id)) {
            return ticket.cancelled(why, *at_ms);
        }
        ticket.released(*at_ms)
    }

    /// The same match in another state.
    pub fn turned(&self, state: MatchState) -> Match {
        Match {
            state,
            ..self.clone()
        }
    }

    /// A ticket names its erased players as well, the nil id names none.
    fn named(&self, who: &Who) -> Result<BTreeSet<PlayerId>, MatchError> {
        let named: BTreeSet<_> = match who {
            Who::Player(id) => self.ids_where(|player| player.is(*id)),
            Who::Ticket(id) => self.ids_where(|player| player.ticket == *id),
        };
        if named.is_empty() {
            return Err(MatchError::NotInMatch(match who {
                Who::Player(id) => format!("player {id}"),
                Who::Ticket(id) => format!("ticket {id}"),
            }));
        }
        Ok(named)
    }

    fn ids_where(&self, which: impl Fn(&MatchPlayer) -> bool) -> BTreeSet<PlayerId> {
        let named = self.players().filter(|player| which(player));
        named.map(|p| p.player.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::QueueId;
    use crate::queue::testing::{id, ids, proposed, ticket, ticket_id};

    fn player(n: u8) -> Who {
        Who::Player(id(n))
    }

    #[test]
    fn it_begins_when_the_last_accepts() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        let one = held.accept(&player(1), 5).unwrap();
        assert_eq!(one, one.accept(&player(1), 6).unwrap(), "twice is as once");
        let two = one.accept(&Who::Ticket(ticket_id("b")), 7).unwrap();
        let MatchState::Proposed { accepted, .. } = &two.state else {
            panic!("{two:?}");
        };
        assert_eq!(*accepted, ids(&[1, 3]));
        let all = two.accept(&player(2), 8).unwrap();
        assert_eq!(all.state, MatchState::Running { since_ms: 8 });
        let (match_id, at_ms) = (held.id, 8);
        assert_eq!(two.state_of_tickets(8), TicketState::Proposed { match_id });
        let matched = TicketState::Matched { match_id, at_ms };
        assert_eq!(all.state_of_tickets(8), matched);
        assert_eq!(matched.match_id(), Some(match_id));
        assert_eq!(all.accept(&player(3), 9).unwrap(), all);
        assert!(matches!(
            all.decline(&player(3), 9),
            Err(MatchError::WrongState("has begun"))
        ));
    }

    #[test]
    fn strangers_have_no_say() {
        let held = proposed(&[&[("a", &[1])], &[("b", &[3])]], 100);
        for who in [player(9), Who::Ticket(ticket_id("c"))] {
            assert!(matches!(
                held.accept(&who, 5),
                Err(MatchError::NotInMatch(_))
            ));
            assert!(matches!(
                held.decline(&who, 5),
                Err(MatchError::NotInMatch(_))
            ));
        }
    }

    #[test]
    fn erased_players_have_a_say_by_their_ticket_alone() {
        let held = proposed(&[&[("a", &[1])], &[("b", &[3])]], 100);
        let running = held.turned(MatchState::Running { since_ms: 5 });
        let failed = held.failed(ids(&[1, 3]), 5);
        for held in [running, failed] {
            let held = held.erased(id(1)).erased(id(3));
            for said in [held.accept(&player(0), 6), held.decline(&player(0), 6)] {
                assert!(matches!(said, Err(MatchError::NotInMatch(_))), "{said:?}");
            }
            let ticket = Who::Ticket(ticket_id("a"));
            let by_ticket = match held.state {
                MatchState::Running { .. } => held.accept(&ticket, 6),
                _ => held.decline(&ticket, 6),
            };
            assert_eq!(by_ticket.unwrap(), held);
        }
    }

    #[test]
    fn who_declines_is_cancelled_with_the_party_and_nobody_else() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        let failed = held.decline(&player(2), 5).unwrap();
        assert_eq!(failed.decline(&player(2), 6).unwrap(), failed);
        assert!(failed.decline(&player(1), 6).is_err());
        assert!(failed.accept(&player(3), 6).is_err());
        let after = |name, players| {
            let queue = QueueId::parse("q").unwrap();
            let ticket = QueuedTicket::made(queue, ticket(name, players), 1000, 0);
            failed.lets_go(&ticket, TicketEnd::Declined).state
        };
        let (why, at_ms) = (TicketEnd::Declined, 5);
        assert_eq!(after("a", &[1, 2]), TicketState::Cancelled { why, at_ms });
        assert_eq!(after("b", &[3]), TicketState::Waiting);
    }

    #[test]
    fn a_lapse_names_those_who_were_silent_and_the_instant_it_was_due() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        assert!(!held.is_over(99) && held.is_over(100));
        let held = held.accept(&player(3), 5).unwrap();
        let at_ms = 100;
        let because_of = ids(&[1, 2]);
        assert_eq!(
            held.lapsed().state,
            MatchState::Failed { at_ms, because_of }
        );
        assert!(!held.lapsed().is_over(100));
    }
}
