//! Who sits where: in a match that is announced, and in the open seats of one that is being held.

use std::collections::BTreeSet;

use boards::PlayerId;

use crate::error::MatchError;
use crate::names::Role;
use crate::queue::{
    Backfill, BackfillState, Match, MatchPlayer, MatchState, MatchTeam, OpenSeat, ProposedMatch,
    QueuedTicket,
};
use crate::rules::{Rules, TeamRule};

impl ProposedMatch {
    /// Whether it has the shape that the rules ask for: as many teams, and none too small or too large.
    /// `tickets` are its tickets, team by team. Everything else was the matchmaker's to see to, by the
    /// rules of some moments ago.
    pub fn fits(&self, rules: &Rules, tickets: &[Vec<&QueuedTicket>]) -> bool {
        let size = |team: &Vec<&QueuedTicket>| team.iter().map(|t| t.ticket.players.len()).sum();
        let allowed = |(rule, team): (&TeamRule, &Vec<&QueuedTicket>)| {
            (rule.min_size..=rule.max_size).contains(&size(team))
        };
        self.teams.len() == rules.teams.len() && rules.teams.iter().zip(tickets).all(allowed)
    }

    /// The match that it makes of these tickets, team by team. With `acceptance_ms` it has to be accepted
    /// first.
    pub fn announced(
        self,
        tickets: &[Vec<&QueuedTicket>],
        acceptance_ms: Option<u64>,
        now_ms: i64,
    ) -> Option<Match> {
        let first = *tickets.iter().flatten().next()?;
        let made = tickets.iter().flatten().map(|ticket| ticket.created_at_ms);
        let oldest = made.min().unwrap_or(now_ms);
        let teams = self.teams.iter().zip(tickets).map(|(team, tickets)| {
            let roles = team.tickets.iter().map(|(_, roles)| roles.as_slice());
            seated_team(tickets, roles)
        });
        let state = match acceptance_ms {
            None => MatchState::Running { since_ms: now_ms },
            Some(time) => MatchState::Proposed {
                accept_by_ms: now_ms.saturating_add(i64::try_from(time).unwrap_or(i64::MAX)),
                accepted: BTreeSet::new(),
            },
        };
        Some(Match {
            id: self.id,
            queue: first.queue.clone(),
            created_at_ms: now_ms,
            state,
            teams: teams.collect(),
            region: self.region,
            rating_spread: finite(self.rating_spread),
            team_gap: finite(self.team_gap),
            win_probabilities: self.win_probabilities.into_iter().map(finite).collect(),
            longest_wait_ms: now_ms.saturating_sub(oldest).max(0),
        })
    }
}

/// The nearest number that JSON can say.
fn finite(value: f64) -> f64 {
    if value.is_nan() {
        return 0.0;
    }
    value.clamp(f64::MIN, f64::MAX)
}

fn seated_team<'a>(
    tickets: &[&QueuedTicket],
    roles: impl Iterator<Item = &'a [Option<Role>]>,
) -> MatchTeam {
    let pairs = tickets.iter().zip(roles);
    let players: Vec<_> = pairs
        .flat_map(|(ticket, roles)| seated(ticket, roles))
        .collect();
    let sum: f64 = players.iter().map(|p| p.player.rating.mean).sum();
    MatchTeam {
        tickets: tickets.iter().map(|ticket| ticket.id().clone()).collect(),
        rating: finite(sum / players.len() as f64),
        players,
    }
}

fn seated<'a>(
    ticket: &'a QueuedTicket,
    roles: &'a [Option<Role>],
) -> impl Iterator<Item = MatchPlayer> + 'a {
    let players = ticket.ticket.players.iter().zip(roles);
    players.map(|(player, role)| MatchPlayer {
        player: player.clone(),
        ticket: ticket.id().clone(),
        role: role.clone(),
        left: false,
    })
}

impl Match {
    /// The match without those who have left it, and the seats that they leave.
    ///
    /// # Errors
    /// [`MatchError::WrongState`] where it is not being held; [`MatchError::NotInMatch`], also for the nil
    /// id.
    pub fn leave(&self, left: &[PlayerId]) -> Result<(Match, Vec<OpenSeat>), MatchError> {
        self.has_to_run()?;
        let mut after = self.clone();
        let mut seats = Vec::with_capacity(left.len());
        for id in left {
            let mut teams = after.teams.iter_mut().enumerate();
            let found = teams.find_map(|(team, line)| {
                let mut players = line.players.iter_mut();
                let player = players.find(|p| !p.left && p.is(*id))?;
                player.left = true;
                let role = player.role.clone();
                Some(OpenSeat { team, role })
            });
            let absent = || MatchError::NotInMatch(format!("player {id}"));
            seats.push(found.ok_or_else(absent)?);
        }
        Ok((after, seats))
    }

    /// The match once these seats are opened beside those that are, `open`. An erased player has no id by which
    /// anybody could say that it has left: so where a team has no other room it has left once its seat is opened.
    ///
    /// # Errors
    /// [`MatchError::BadSeat`] with the place of the first that may not be.
    pub fn opened<'a>(
        &self,
        rules: &Rules,
        seats: &[OpenSeat],
        open: impl Iterator<Item = &'a OpenSeat>,
    ) -> Result<Match, MatchError> {
        let mut after = self.clone();
        let mut promised = vec![0; self.teams.len()];
        for seat in open {
            promised
                .get_mut(seat.team)
                .into_iter()
                .for_each(|n| *n += 1);
        }
        for (at, seat) in seats.iter().enumerate() {
            let bad = |reason| MatchError::BadSeat { at, reason };
            let team = after.teams.get_mut(seat.team);
            let team = team.zip(promised.get_mut(seat.team));
            let place = team.zip(rules.teams.get(seat.team));
            let ((team, promised), rule) =
                place.ok_or(bad("is of a team that the match does not have"))?;
            *promised += 1;
            if !team.make_room(rule.max_size, *promised, seat.role.as_ref()) {
                return Err(bad("is more than the team may have"));
            }
            let strange = |role| !rule.roles.contains_key(role);
            if seat.role.as_ref().is_some_and(strange) {
                return Err(bad("is for a role that the team does not have"));
            }
        }
        Ok(after)
    }

    /// Whether another ticket may join: the match is being held, and nobody of the ticket is in it.
    pub fn may_be_joined(&self, ticket: &QueuedTicket) -> bool {
        let newcomers = &ticket.ticket.players;
        let there = |id| newcomers.iter().any(|player| player.id == id);
        self.has_to_run().is_ok() && !self.players().any(|p| there(p.player.id))
    }

    /// The match with another ticket in a team that it has.
    pub fn joined(&self, team: usize, ticket: &QueuedTicket, roles: &[Option<Role>]) -> Match {
        let mut after = self.clone();
        if let Some(team) = after.teams.get_mut(team) {
            team.tickets.push(ticket.id().clone());
            team.players.extend(seated(ticket, roles));
        }
        after
    }

    /// Refuses what can be done to a match that is being held alone.
    ///
    /// # Errors
    /// [`MatchError::WrongState`] where it is not.
    pub fn has_to_run(&self) -> Result<(), MatchError> {
        match self.state {
            MatchState::Running { .. } => Ok(()),
            MatchState::Proposed { .. } => Err(MatchError::WrongState("has not begun")),
            MatchState::Failed { .. } => Err(MatchError::WrongState("has failed")),
            MatchState::Finished { .. } => Err(MatchError::WrongState("has ended")),
        }
    }
}

impl MatchTeam {
    /// Makes room for so many newcomers beside those who are there: as many erased players as are in their way
    /// leave, first those of that role. Whether that is enough.
    fn make_room(&mut self, max_size: usize, newcomers: usize, role: Option<&Role>) -> bool {
        while self.size() + newcomers > max_size {
            let erased = |p: &MatchPlayer| !p.left && p.player.id == PlayerId::NIL;
            let of_role = |p: &MatchPlayer| erased(p) && p.role.as_ref() == role;
            let players = &mut self.players;
            let at = players.iter().position(of_role);
            let Some(at) = at.or_else(|| players.iter().position(erased)) else {
                return false;
            };
            players[at].left = true;
        }
        true
    }

    fn size(&self) -> usize {
        self.players.iter().filter(|player| !player.left).count()
    }
}

impl Backfill {
    /// The backfill as it is once this ticket has taken seats of a team; `None` where it has not as many
    /// open seats for these roles. A role is given a seat of its own before one for any.
    pub fn taken(
        &self,
        team: usize,
        ticket: &QueuedTicket,
        roles: &[Option<Role>],
    ) -> Option<Backfill> {
        if self.state != BackfillState::Open || roles.len() != ticket.ticket.players.len() {
            return None;
        }
        let mut after = self.clone();
        for role in roles {
            let seat = |wanted: &Option<Role>| {
                let mut seats = after.open.iter();
                seats.position(|seat| seat.team == team && seat.role == *wanted)
            };
            let at = seat(role).or_else(|| seat(&None))?;
            after.open.remove(at);
        }
        after.filled_by.push(ticket.id().clone());
        if after.open.is_empty() {
            after.state = BackfillState::Filled;
        }
        Some(after)
    }

    /// The backfill as it is once it is taken back or its match has ended: no seat of it is open.
    pub fn closed(&self, state: BackfillState) -> Backfill {
        Backfill {
            state,
            open: Vec::new(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::QueueId;
    use crate::queue::NewBackfill;
    use crate::queue::testing::{id, ids, proposed, rules, ticket, ticket_id};

    fn running() -> Match {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        held.turned(MatchState::Running { since_ms: 0 })
    }

    fn seat(team: usize, role: Option<&str>) -> OpenSeat {
        let role = role.map(|role| Role::parse(role).unwrap());
        OpenSeat { team, role }
    }

    fn queued(name: &str, players: &[u8]) -> QueuedTicket {
        QueuedTicket::made(QueueId::parse("q").unwrap(), ticket(name, players), 100, 0)
    }

    #[test]
    fn those_who_leave_open_their_seats() {
        let (after, seats) = running().leave(&[id(2), id(3)]).unwrap();
        assert_eq!(seats, [seat(0, None), seat(1, None)]);
        assert_eq!(after.players().count(), 1);
        assert!(matches!(
            after.leave(&[id(2)]),
            Err(MatchError::NotInMatch(_))
        ));
        let twice = running().leave(&[id(1), id(1)]);
        assert!(matches!(twice, Err(MatchError::NotInMatch(_))));
        let proposed = proposed(&[&[("a", &[1])], &[("b", &[3])]], 100);
        assert!(matches!(
            proposed.leave(&[id(1)]),
            Err(MatchError::WrongState(_))
        ));
    }

    #[test]
    fn erased_players_cannot_be_told_apart_so_none_of_them_leaves() {
        let held = running().erased(id(1)).erased(id(3));
        let nil = held.leave(&[id(2), PlayerId::NIL]);
        assert!(matches!(nil, Err(MatchError::NotInMatch(_))), "{nil:?}");
        let (after, seats) = held.leave(&[id(2)]).unwrap();
        assert_eq!((after.players().count(), seats), (2, vec![seat(0, None)]));
    }

    #[test]
    fn no_more_seats_are_open_than_the_rules_have_room_for() {
        let (held, rules) = (running(), rules(&[1, 3]));
        let bad =
            |seats: &[OpenSeat], open: &[OpenSeat]| match held.opened(&rules, seats, open.iter()) {
                Ok(after) => {
                    assert_eq!(after, held, "nobody is erased, so nobody leaves");
                    None
                }
                Err(MatchError::BadSeat { at, .. }) => Some(at),
                Err(other) => panic!("{other}"),
            };
        let any = |team| seat(team, None);
        assert_eq!(bad(&[any(0), any(1), any(1)], &[]), None);
        assert_eq!(bad(&[any(0), any(0)], &[]), Some(1));
        assert_eq!(bad(&[any(1), any(1)], &[any(1)]), Some(1));
        assert_eq!(bad(&[any(2)], &[]), Some(0));
        assert_eq!(bad(&[any(1), seat(1, Some("tank"))], &[]), Some(1));
    }

    #[test]
    fn a_backfill_opens_the_seats_of_those_who_leave_and_others() {
        let (held, rules) = (running(), rules(&[1, 3]));
        let new = |left: &[u8], seats| NewBackfill {
            id: ticket_id("f"),
            match_id: held.id,
            left: left.iter().copied().map(id).collect(),
            seats,
        };
        let any = |team| seat(team, None);
        let some = new(&[2], vec![any(1)]);
        let (after, seats) = some.seats_of(&held, &rules, &[]).unwrap();
        assert_eq!(seats, [any(0), any(1)]);
        assert!(after.has_player(id(2)) && after.players().all(|p| !p.is(id(2))));
        let made = some.made(held.queue.clone(), seats.clone(), 5);
        assert_eq!((made.open, made.created_at_ms), (seats, 5));
        assert_eq!((made.id, made.match_id), (ticket_id("f"), held.id));
        assert_eq!(made.state, BackfillState::Open);

        let (open, fourth) = (any(1), vec![any(1), any(1)]);
        let full = new(&[], fourth.clone()).seats_of(&held, &rules, &[&open]);
        assert!(matches!(full, Err(MatchError::BadSeat { at: 1, .. })));
        // The seat of who leaves is taken in turn.
        let full = new(&[3], vec![any(1); 3]).seats_of(&held, &rules, &[]);
        assert!(matches!(full, Err(MatchError::BadSeat { at: 2, .. })));
        let none = new(&[], Vec::new()).seats_of(&held, &rules, &[]);
        assert!(matches!(none, Err(MatchError::BadSeat { at: 0, .. })));

        let of_erased = new(&[], vec![any(1); 3]);
        let (after, seats) = of_erased
            .seats_of(&held.erased(id(3)), &rules, &[])
            .unwrap();
        assert!(after.teams[1].players[0].left, "nobody could say so");
        assert_eq!(seats, vec![any(1); 3]);
    }

    #[test]
    fn nobody_joins_a_match_that_is_not_held_or_that_has_them() {
        let held = running();
        assert!(held.may_be_joined(&queued("c", &[7])));
        assert!(!held.may_be_joined(&queued("c", &[7, 3])));
        let (after, _) = held.leave(&[id(3)]).unwrap();
        assert!(after.may_be_joined(&queued("c", &[7, 3])), "who has left");
        assert!(!held.failed(ids(&[1]), 5).may_be_joined(&queued("c", &[7])));
    }

    #[test]
    fn the_seat_of_an_erased_player_can_be_opened() {
        let (mut full, rules) = (running(), rules(&[1, 2]));
        let tank = seat(0, Some("tank"));
        full.teams[0].players[1].role = tank.role.clone();
        let full = full.erased(id(1)).erased(id(2));
        let left = |held: &Match| -> Vec<bool> {
            let players = held.teams.iter().flat_map(|team| &team.players);
            players.map(|player| player.left).collect()
        };
        let opened = |held: &Match, seats: &[OpenSeat], open: &[OpenSeat]| {
            held.opened(&rules, seats, open.iter())
        };
        let one = opened(&full, &[seat(0, None)], &[]).unwrap();
        assert_eq!(left(&one), [true, false, false]);
        let mut roles = rules.clone();
        roles.teams[0].roles.insert(tank.role.clone().unwrap(), 1);
        let of_role = full.opened(&roles, std::slice::from_ref(&tank), [].iter());
        assert_eq!(left(&of_role.unwrap()), [false, true, false]);
        let both = opened(&one, &[seat(0, None)], &[seat(0, None)]).unwrap();
        assert_eq!(left(&both), [true, true, false]);
        let three = opened(&full, &[seat(0, None), seat(0, None), seat(0, None)], &[]);
        assert!(matches!(three, Err(MatchError::BadSeat { at: 2, .. })));
        let other = opened(&full, &[seat(1, None), seat(1, None)], &[]);
        assert!(matches!(other, Err(MatchError::BadSeat { at: 1, .. })));
        let joined = one.joined(0, &queued("c", &[7]), &[None]);
        assert_eq!(joined.teams[0].size(), 2);
    }

    #[test]
    fn an_erased_player_stays_where_there_is_room_beside_it() {
        let held = running().erased(id(1));
        let after = held.opened(&rules(&[1, 3]), &[seat(0, None)], [].iter());
        assert_eq!(after.unwrap(), held);
    }

    #[test]
    fn seats_are_taken_by_role_first() {
        let open = vec![seat(0, None), seat(0, Some("tank")), seat(1, None)];
        let backfill = Backfill {
            id: ticket_id("f"),
            queue: QueueId::parse("q").unwrap(),
            match_id: running().id,
            created_at_ms: 0,
            open,
            filled_by: Vec::new(),
            state: BackfillState::Open,
        };
        let tank = || Some(Role::parse("tank").unwrap());
        let after = backfill.taken(0, &queued("c", &[7]), &[tank()]).unwrap();
        assert_eq!(after.open, [seat(0, None), seat(1, None)]);
        let again = after.taken(0, &queued("d", &[8]), &[tank()]).unwrap();
        assert_eq!(again.open, [seat(1, None)], "the seat for any is left");
        assert_eq!(again.taken(0, &queued("e", &[9]), &[None]), None);
        let full = again.taken(1, &queued("e", &[9]), &[None]).unwrap();
        assert_eq!(full.state, BackfillState::Filled);
        assert_eq!(full.filled_by, ["c", "d", "e"].map(ticket_id));
        assert_eq!(full.taken(1, &queued("g", &[5]), &[None]), None);
        assert_eq!(backfill.taken(0, &queued("c", &[7, 8]), &[None]), None);
        assert!(backfill.closed(BackfillState::Ended).open.is_empty());
    }

    #[test]
    fn a_match_is_made_of_its_tickets() {
        let held = proposed(&[&[("a", &[1, 2])], &[("b", &[3])]], 100);
        assert_eq!(held.accept_by_ms(), Some(100));
        assert_eq!(held.ticket_ids().count(), 2);
        assert_eq!(held.teams[1].players[0].ticket, ticket_id("b"));
        assert_eq!(finite(f64::NAN), 0.0);
        assert_eq!(finite(f64::INFINITY), f64::MAX);
    }
}
