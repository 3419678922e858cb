//! Where an entry stands: in the order of the whole board, and in those of the segments that its player is in.

use boards::{Player, Segment};

use super::attempt::Attempt;
use crate::board_keys::{self, Ladder};
use crate::board_line::BoardLine;
use crate::entry::StoredEntry;
use crate::layout::Room;
use crate::tx::Write;

impl Attempt<'_, '_> {
    /// Moves a ranked entry of a ladder from one place to another, to its first or from its last.
    pub(super) fn place(
        &mut self,
        line: &BoardLine,
        ladder: Ladder,
        player: &Player,
        old: Option<&StoredEntry>,
        new: Option<&StoredEntry>,
    ) {
        let place = |entry: &StoredEntry| (entry.score, entry.reached);
        if old.map(place) == new.map(place) {
            return;
        }
        let segments: Vec<Segment> = segments_of(line, player).collect();
        let keys = segments.iter().map(|segment| ladder.segment(segment));
        let keys: Vec<Vec<u8>> = std::iter::once(ladder.ranked()).chain(keys).collect();
        let room = self.layout().of_player(player.id);
        for key in keys {
            if let Some(old) = old {
                self.leave(room, key.clone(), player, old);
            }
            if let Some(new) = new {
                self.enter(room, key, line, player, new);
            }
        }
        // An entry that was there before is in segments that are noted, but for those that are being built:
        // whoever builds them may give up before it comes to this entry.
        let is_noted = |s: &Segment| old.is_some() && !line.building.contains(&s.attribute());
        if new.is_some() {
            let others = segments.iter().filter(|segment| !is_noted(segment));
            others.for_each(|segment| self.note(room, ladder, segment));
        }
    }

    /// Moves a ranked entry of a ladder to the segments of what its player has become.
    pub(super) fn relocate(
        &mut self,
        line: &BoardLine,
        ladder: Ladder,
        (old, new): (&Player, &Player),
        entry: &StoredEntry,
    ) {
        let room = self.layout().of_player(new.id);
        for attribute in line.attributes() {
            let (from, to) = (attribute.segment_of(old), attribute.segment_of(new));
            if from == to {
                continue;
            }
            if let Some(segment) = from {
                self.leave(room, ladder.segment(&segment), old, entry);
            }
            if let Some(segment) = to {
                self.enter(room, ladder.segment(&segment), line, new, entry);
                self.note(room, ladder, &segment);
            }
        }
    }

    fn leave(&mut self, room: Room, key: Vec<u8>, player: &Player, entry: &StoredEntry) {
        let member = board_keys::member(entry.reached, player.id);
        self.tx.also(room, Write::ZRem { key, member });
    }

    fn enter(
        &mut self,
        room: Room,
        key: Vec<u8>,
        line: &BoardLine,
        player: &Player,
        entry: &StoredEntry,
    ) {
        let score = board_keys::weight(line.settings.order, entry.score);
        let member = board_keys::member(entry.reached, player.id);
        self.tx.also(room, Write::ZAdd { key, score, member });
    }
}

fn segments_of<'a>(line: &'a BoardLine, player: &'a Player) -> impl Iterator<Item = Segment> + 'a {
    let attributes = line.attributes();
    attributes.filter_map(|attribute| attribute.segment_of(player))
}
