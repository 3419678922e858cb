//! What follows from matches that have changed.

use std::collections::BTreeSet;

use boards::PlayerId;
use matchmaking::{MatchId, MatchState};
use store_records::EndKind;

use super::{Counts, taken};
use crate::queues::MatchLine;
use crate::queues::draft::Draft;
use crate::queues::keys::{Part, held_member, history, history_member};
use crate::tx::Write;

impl Draft<'_> {
    pub(super) fn settle_matches(&mut self, version: u64, counts: &mut Counts) {
        for (before, after) in taken(&mut self.matches) {
            let after = MatchLine { version, ..after };
            self.settle_match(before.as_ref(), &after, counts);
        }
    }

    fn settle_match(&mut self, before: Option<&MatchLine>, after: &MatchLine, counts: &mut Counts) {
        let id = after.of.id;
        self.tx.set(self.place.of_match(id), after.to_bytes());
        let was_due = before.is_some_and(|line| line.of.accept_by_ms().is_some());
        match after.of.accept_by_ms() {
            Some(by) if !was_due => self.z_add(Part::Proposals, by as f64, id.as_bytes()),
            None if was_due => self.z_rem(Part::Proposals, id.as_bytes()),
            _ => {}
        }
        let was_running = before.is_some_and(MatchLine::is_running);
        counts.running += i64::from(after.is_running()) - i64::from(was_running);
        self.settle_held(before, after);
        match &after.of.state {
            MatchState::Running { since_ms } if !was_running => {
                let spread = after.of.rating_spread.to_bits().to_be_bytes();
                self.note(Part::Spreads, *since_ms, spread);
            }
            MatchState::Failed { .. } => {
                self.note_end(EndKind::Match, id.as_bytes());
            }
            MatchState::Finished { .. } => self.remember(after),
            _ => {}
        }
    }

    /// By which the matches of a player are found that are being held.
    fn settle_held(&mut self, before: Option<&MatchLine>, after: &MatchLine) {
        let players = |line: Option<&MatchLine>| -> BTreeSet<PlayerId> {
            let held = line.filter(|line| line.is_running());
            held.into_iter()
                .flat_map(|line| line.of.everybody())
                .collect()
        };
        let (were, are) = (players(before), players(Some(after)));
        let id: MatchId = after.of.id;
        for player in are.difference(&were) {
            self.z_add(Part::Held, 0.0, held_member(*player, id));
        }
        for player in were.difference(&are) {
            self.z_rem(Part::Held, held_member(*player, id));
        }
    }

    /// Puts a match with a result into the histories of its players.
    fn remember(&mut self, line: &MatchLine) {
        let member = history_member(line.of.id, line.queue);
        for player in line.of.everybody() {
            let room = self.core().layout.of_player(player);
            let write = Write::ZAdd {
                key: history(player),
                score: line.of.created_at_ms as f64,
                member: member.clone(),
            };
            self.tx.also(room, write);
        }
    }
}
