//! Backfills: seats opened, taken and taken back.

use boards::PlayerId;
use matchmaking::{
    Backfill, BackfillId, BackfillState, MatchError, MatchPlayer, MatchState, MatchTeam,
    NewBackfill, OpenSeat, QueueChanged, QueueId, Role, TicketId, TicketState,
};

use super::matches::seated;
use super::{Backfilled, Number, State};

impl State {
    pub(super) fn create_backfill(
        &mut self,
        queue: &QueueId,
        asked: NewBackfill,
        now_ms: i64,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.number(queue)?;
        if let Some(old) = self.find_backfill(number, &asked.id) {
            if old.asked != asked {
                return Err(MatchError::BackfillExists(asked.id));
            }
            return Ok(QueueChanged::Backfill(Box::new(old.backfill.clone())));
        }
        let (of, mut held) = self.find_match(asked.match_id)?;
        if of != number {
            return Err(MatchError::UnknownMatch(asked.match_id));
        }
        match held.state {
            MatchState::Running { .. } => {}
            MatchState::Proposed { .. } => return Err(MatchError::WrongState("has not begun")),
            MatchState::Failed { .. } => return Err(MatchError::WrongState("has failed")),
            MatchState::Finished { .. } => return Err(MatchError::WrongState("has ended")),
        }
        let mut open = Vec::new();
        for id in &asked.left {
            let mut found = None;
            // Nobody has the nil id, though erased players are shown with it.
            let is_named = |p: &MatchPlayer| !p.left && p.player.id == *id && *id != PlayerId::NIL;
            for (team, line) in held.teams.iter_mut().enumerate() {
                for player in line.players.iter_mut().filter(|p| is_named(p)) {
                    player.left = true;
                    let role = player.role.clone();
                    found = Some(OpenSeat { team, role });
                }
            }
            let absent = || MatchError::NotInMatch(format!("player {id}"));
            open.push(found.ok_or_else(absent)?);
        }
        let rules = &self.settings(number).unwrap().rules.teams;
        for (at, seat) in asked.seats.iter().enumerate() {
            let bad = |reason| Err(MatchError::BadSeat { at, reason });
            let team = held.teams.get_mut(seat.team);
            let (Some(team), Some(rule)) = (team, rules.get(seat.team)) else {
                return bad("is of a team that the match does not have");
            };
            let backfills = self.queues.backfills.iter();
            let others = backfills.filter(|line| line.backfill.match_id == asked.match_id);
            let others = others.flat_map(|line| &line.backfill.open).chain(&open);
            let others = others.filter(|other| other.team == seat.team).count();
            let there = |team: &MatchTeam| team.players.iter().filter(|p| !p.left).count();
            while there(team) + others + 1 > rule.max_size {
                // Only those who were erased may be replaced without being named.
                let players = team.players.iter_mut();
                let mut gone: Vec<_> = players
                    .filter(|p| !p.left && p.player.id == PlayerId::NIL)
                    .collect();
                gone.sort_by_key(|p| p.role != seat.role);
                match gone.into_iter().next() {
                    Some(player) => player.left = true,
                    None => return bad("is more than the team may have"),
                }
            }
            if let Some(role) = &seat.role
                && !rule.roles.contains_key(role)
            {
                return bad("is for a role that the team does not have");
            }
            open.push(seat.clone());
        }
        if open.is_empty() {
            let reason = "is missing: a backfill opens one at least";
            return Err(MatchError::BadSeat { at: 0, reason });
        }
        let backfill = Backfill {
            id: asked.id.clone(),
            queue: queue.clone(),
            match_id: asked.match_id,
            created_at_ms: now_ms,
            open,
            filled_by: Vec::new(),
            state: BackfillState::Open,
        };
        self.queues.matches.insert(held.id, (number, held));
        self.queues.backfills.push(Backfilled {
            number,
            asked,
            backfill: backfill.clone(),
        });
        Ok(QueueChanged::Backfill(Box::new(backfill)))
    }

    pub(super) fn find_backfill(&self, number: Number, id: &BackfillId) -> Option<&Backfilled> {
        let mut all = self.queues.backfills.iter();
        all.find(|line| line.number == number && line.backfill.id == *id)
    }

    fn backfill_mut(&mut self, number: Number, id: &BackfillId) -> Option<&mut Backfill> {
        let mut all = self.queues.backfills.iter_mut();
        let line = all.find(|line| line.number == number && line.backfill.id == *id)?;
        Some(&mut line.backfill)
    }

    pub(super) fn cancel_backfill(
        &mut self,
        queue: &QueueId,
        id: &BackfillId,
    ) -> Result<QueueChanged, MatchError> {
        let number = self.number(queue)?;
        let backfill = self.backfill_mut(number, id);
        let backfill = backfill.ok_or_else(|| MatchError::UnknownBackfill(id.clone()))?;
        if backfill.state == BackfillState::Open {
            backfill.state = BackfillState::Cancelled;
            backfill.open.clear();
        }
        Ok(QueueChanged::Backfill(Box::new(backfill.clone())))
    }

    /// `None` where it cannot be, and then nothing has changed.
    pub(super) fn fill(
        &mut self,
        number: Number,
        (id, team, ticket, roles): &(BackfillId, usize, TicketId, Vec<Option<Role>>),
        now_ms: i64,
    ) -> Option<()> {
        let players = seated(self.waiting(number, ticket)?, roles)?;
        let mut backfill = self.find_backfill(number, id)?.backfill.clone();
        if backfill.state != BackfillState::Open {
            return None;
        }
        let (_, mut held) = self.queues.matches.get(&backfill.match_id)?.clone();
        let mut there = held.teams.iter().flat_map(|team| &team.players);
        let again = there.any(|p| {
            let mut new = players.iter();
            !p.left && new.any(|new| new.player.id == p.player.id)
        });
        if again {
            return None;
        }
        for role in roles {
            let of_team = |seat: &OpenSeat| seat.team == *team;
            let own = backfill
                .open
                .iter()
                .position(|s| of_team(s) && s.role == *role);
            let any = backfill
                .open
                .iter()
                .position(|s| of_team(s) && s.role.is_none());
            backfill.open.remove(own.or(any)?);
        }
        backfill.filled_by.push(ticket.clone());
        if backfill.open.is_empty() {
            backfill.state = BackfillState::Filled;
        }
        let line = held.teams.get_mut(*team)?;
        line.tickets.push(ticket.clone());
        line.players.extend(players);
        let (match_id, at_ms) = (held.id, now_ms);
        self.set_state(number, ticket, TicketState::Matched { match_id, at_ms });
        self.queues.matches.insert(match_id, (number, held));
        *self.backfill_mut(number, id)? = backfill;
        Some(())
    }
}
