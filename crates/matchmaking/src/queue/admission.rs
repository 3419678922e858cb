//! How a ticket comes to wait, and how its waiting ends by itself.
//!
//! A ticket that is over counts as over from its instant on, whenever somebody notices: what becomes of
//! it does not depend on when that is.

use std::sync::Arc;

use boards::PlayerId;

use crate::names::{QueueId, TicketId};
use crate::queue::{NewTicket, NewTicketPlayer, QueuedTicket, TicketEnd, TicketState};
use crate::rating::Rating;
use crate::rules::Rules;
use crate::ticket::{Ticket, TicketPlayer};

impl NewTicket {
    /// The ticket that it makes. `stored` tells the rating that a player has by results, or a new
    /// player's.
    pub fn rated(self, stored: impl Fn(PlayerId) -> Rating) -> Ticket {
        let players = self.players.into_iter();
        Ticket {
            id: self.id,
            players: players.map(|player| rated(player, &stored)).collect(),
            priority: self.priority,
            avoid: self.avoid,
        }
    }
}

fn rated(player: NewTicketPlayer, stored: impl Fn(PlayerId) -> Rating) -> TicketPlayer {
    let known = stored(player.id);
    let rating = match player.rating {
        None => known,
        Some((mean, deviation)) => Rating {
            mean,
            deviation: deviation.unwrap_or(known.deviation),
            volatility: known.volatility,
        },
    };
    TicketPlayer {
        id: player.id,
        rating,
        roles: player.roles,
        latencies_ms: player.latencies_ms,
        attributes: player.attributes,
    }
}

impl Rules {
    /// Why a party of this size and with these ratings can be in no match, whoever comes.
    pub fn why_unmatchable(&self, ticket: &Ticket) -> Option<String> {
        let size = ticket.players.len();
        let largest_team = self.teams.iter().map(|team| team.max_size).max();
        let most = largest_team.unwrap_or(0);
        let most = self.party.max_size.map_or(most, |max| max.min(most));
        if size == 0 || size > most {
            return Some(format!(
                "it has {size} players, and 1 to {most} are allowed"
            ));
        }
        let means = ticket.players.iter().map(|player| player.rating.mean);
        let low = means.clone().fold(f64::INFINITY, f64::min);
        let spread = means.fold(f64::NEG_INFINITY, f64::max) - low;
        let allowed = self.party.max_spread.filter(|max| spread > *max)?;
        Some(format!(
            "its players are {spread} apart in rating, and {allowed} is allowed"
        ))
    }
}

impl QueuedTicket {
    /// A ticket that begins to wait.
    pub fn made(queue: QueueId, ticket: Ticket, ttl_ms: u64, now_ms: i64) -> Self {
        let ttl_ms = i64::try_from(ttl_ms).unwrap_or(i64::MAX);
        QueuedTicket {
            queue,
            ticket: Arc::new(ticket),
            created_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(ttl_ms),
            state: TicketState::Waiting,
        }
    }

    /// Its name.
    pub fn id(&self) -> &TicketId {
        &self.ticket.id
    }

    /// Whether it waits, and has waited too long by now.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.state == TicketState::Waiting && self.expires_at_ms <= now_ms
    }

    /// The same ticket in another state.
    pub fn turned(&self, state: TicketState) -> Self {
        QueuedTicket {
            state,
            ..self.clone()
        }
    }

    /// The ticket as it is once it has waited too long.
    pub fn expired(&self) -> Self {
        let at_ms = self.expires_at_ms;
        self.turned(TicketState::Expired { at_ms })
    }

    /// The ticket as it is once it is cancelled.
    pub fn cancelled(&self, why: TicketEnd, at_ms: i64) -> Self {
        self.turned(TicketState::Cancelled { why, at_ms })
    }

    /// The ticket as it is once its proposal has failed through no fault of its own: it waits as if it
    /// had never stopped, unless its time is over.
    pub fn released(&self, at_ms: i64) -> Self {
        if self.expires_at_ms <= at_ms {
            return self.turned(TicketState::Expired { at_ms });
        }
        self.turned(TicketState::Waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::testing::{id, player, rules, ticket};

    fn waiting(expires_at_ms: u64) -> QueuedTicket {
        QueuedTicket::made(
            QueueId::parse("q").unwrap(),
            ticket("t", &[1]),
            expires_at_ms,
            0,
        )
    }

    #[test]
    fn ratings_are_the_clients_or_the_stored_ones() {
        let stored = Rating {
            mean: 1700.0,
            deviation: 60.0,
            volatility: Some(0.05),
        };
        let new = |rating| NewTicketPlayer {
            id: id(1),
            rating,
            roles: Vec::new(),
            latencies_ms: Default::default(),
            attributes: Default::default(),
        };
        let rating = |given| rated(new(given), |_| stored).rating;
        assert_eq!(rating(None), stored);
        let mean = 900.0;
        assert_eq!(rating(Some((900.0, None))), Rating { mean, ..stored });
        assert_eq!(rating(Some((900.0, Some(5.0)))).deviation, 5.0);
    }

    #[test]
    fn parties_that_fit_nowhere_are_told_why() {
        let mut rules = rules(&[1, 2]);
        assert_eq!(rules.why_unmatchable(&ticket("t", &[1, 2])), None);
        let three = rules.why_unmatchable(&ticket("t", &[1, 2, 3])).unwrap();
        assert_eq!(three, "it has 3 players, and 1 to 2 are allowed");
        rules.party.max_size = Some(1);
        assert!(rules.why_unmatchable(&ticket("t", &[1, 2])).is_some());
        rules.party.max_size = None;
        rules.party.max_spread = Some(100.0);
        let mut far = ticket("t", &[1, 2]);
        far.players[1] = player(2, 1600.0);
        assert_eq!(rules.why_unmatchable(&far), None);
        far.players[1] = player(2, 1600.5);
        assert!(rules.why_unmatchable(&far).is_some());
    }

    #[test]
    fn a_ticket_is_over_at_its_instant() {
        let ticket = waiting(100);
        assert!(!ticket.is_over(99) && ticket.is_over(100));
        assert_eq!(ticket.expired().state, TicketState::Expired { at_ms: 100 });
        assert!(!ticket.expired().is_over(100));
    }

    #[test]
    fn an_innocent_ticket_waits_on_unless_its_time_is_over() {
        let ticket = waiting(100);
        let back = ticket.released(99);
        assert_eq!(back, ticket);
        assert_eq!(
            ticket.released(100).state,
            TicketState::Expired { at_ms: 100 }
        );
        assert_eq!(
            ticket.released(140).state,
            TicketState::Expired { at_ms: 140 }
        );
    }

    #[test]
    fn the_longest_time_to_live_does_not_overflow() {
        assert_eq!(waiting(u64::MAX).expires_at_ms, i64::MAX);
    }
}
