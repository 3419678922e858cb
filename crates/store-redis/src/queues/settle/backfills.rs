//! What follows from backfills that have changed.

use matchmaking::BackfillState;
use store_records::EndKind;

use super::taken;
use crate::queues::draft::Draft;
use crate::queues::keys::Part;
use crate::queues::{BackfillLine, records};
use crate::tx::Write;

impl Draft<'_> {
    pub(super) fn settle_backfills(&mut self) {
        let mut moved = false;
        for (before, after) in taken(&mut self.backfills) {
            self.settle_backfill(before.as_ref(), &after);
            moved = true;
        }
        for (id, slot) in std::mem::take(&mut self.open_of) {
            let at = self.place.open_of(id);
            match slot.now.filter(|_| slot.is_changed) {
                Some(open) if open.is_empty() => self.tx.remove(at),
                Some(open) => self.tx.set(at, records::open_of(&open)),
                None => {}
            }
        }
        if moved {
            let key = self.place.key(Part::Version);
            self.also(Write::Incr { key });
        }
    }

    fn settle_backfill(&mut self, before: Option<&BackfillLine>, after: &BackfillLine) {
        let id = after.backfill.id.as_str().as_bytes();
        let at = self.place.backfill(&after.backfill.id);
        self.tx.set(at, after.to_bytes());
        let is_open = |line: &BackfillLine| line.backfill.state == BackfillState::Open;
        match (before.is_some_and(is_open), is_open(after)) {
            (false, true) => self.z_add(Part::Openings, after.made as f64, id),
            (true, false) => self.z_rem(Part::Openings, id),
            _ => {}
        }
        if !is_open(after) {
            self.note_end(EndKind::Backfill, id);
        }
    }
}
