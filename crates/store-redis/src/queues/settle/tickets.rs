//! What follows from tickets that have changed.

use matchmaking::TicketState;
use store_records::EndKind;

use super::{Counts, taken};
use crate::queues::draft::Draft;
use crate::queues::keys::Part;
use crate::queues::{TicketLine, records};
use crate::tx::Write;

impl Draft<'_> {
    pub(super) fn settle_tickets(&mut self, version: u64, counts: &mut Counts) {
        let all = taken(&mut self.tickets);
        // First those that have ended, which may have made room for others of the same players.
        let (ended, live): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(_, after)| after.ticket.state.is_final());
        for (before, after) in ended.into_iter().chain(live) {
            let after = TicketLine { version, ..after };
            self.settle_ticket(before.as_ref(), &after, counts);
        }
    }

    fn settle_ticket(
        &mut self,
        before: Option<&TicketLine>,
        after: &TicketLine,
        counts: &mut Counts,
    ) {
        let id = after.ticket.id();
        self.tx.set(self.place.ticket(id), records::ticket(after));
        self.also(Write::Stamped {
            counter: self.place.key(Part::Version),
            key: self.place.key(Part::Changed),
            member: id.as_str().as_bytes().to_vec(),
        });
        self.settle_waiting(before, after, counts);
        counts.proposed += i64::from(after.is_proposed());
        counts.proposed -= i64::from(before.is_some_and(TicketLine::is_proposed));
        let was_live = before.is_some_and(|line| !line.ticket.state.is_final());
        let is_live = !after.ticket.state.is_final();
        for player in &after.ticket.ticket.players {
            let live = self.place.live(player.id);
            match (was_live, is_live) {
                (false, true) => self.tx.set(live, id.as_str().as_bytes().to_vec()),
                (true, false) => self.tx.remove(live),
                _ => {}
            }
        }
        if !is_live {
            self.note_end(EndKind::Ticket, id.as_str().as_bytes());
        }
        if let TicketState::Matched { at_ms, .. } = after.ticket.state {
            let waited_ms = at_ms.saturating_sub(after.ticket.created_at_ms);
            self.note(Part::Waits, at_ms, waited_ms.to_be_bytes());
        }
    }

    fn settle_waiting(
        &mut self,
        before: Option<&TicketLine>,
        after: &TicketLine,
        counts: &mut Counts,
    ) {
        let was = before.is_some_and(TicketLine::waits);
        let is = after.waits();
        if was == is {
            return;
        }
        let name = after.ticket.id().as_str();
        let players = i64::try_from(after.ticket.ticket.players.len()).unwrap_or(0);
        if is {
            counts.players += players;
            self.z_add(Part::Waiting, after.made as f64, name);
            self.z_add(Part::Expiries, after.ticket.expires_at_ms as f64, name);
        } else {
            counts.players -= players;
            self.z_rem(Part::Waiting, name);
            self.z_rem(Part::Expiries, name);
        }
    }
}
