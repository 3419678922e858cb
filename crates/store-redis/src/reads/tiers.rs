//! How many different scores are better than some, over all rooms: the union of what each room has, counted.
//! Nothing here asks a room.
//!
//! Scores here are those of sorted sets, of which the lower is the better one.

use std::collections::VecDeque;

use boards::Score;

/// The different scores of a room, as far as they are known.
#[derive(Default)]
struct Walk {
    /// Those that are not counted yet.
    ahead: VecDeque<Score>,
    /// The last that is known.
    last: Option<Score>,
    /// Whether there are no others that matter.
    is_done: bool,
}

/// A count that is under way.
pub(super) struct Union {
    rooms: Vec<Walk>,
    /// The scores asked about, best first, each once.
    asked: Vec<Score>,
    /// For the first of these how many different ones are better.
    counts: Vec<u64>,
    seen: u64,
}

impl Union {
    pub(super) fn new(rooms: usize, scores: &[Score]) -> Self {
        let mut asked = scores.to_vec();
        asked.sort_unstable();
        asked.dedup();
        Union {
            rooms: (0..rooms).map(|_| Walk::default()).collect(),
            asked,
            counts: Vec::new(),
            seen: 0,
        }
    }

    /// Up to where scores matter; `None` where nothing was asked about.
    pub(super) fn worst(&self) -> Option<Score> {
        self.asked.last().copied()
    }

    /// Which rooms have to say more, and after which score; none when all is counted.
    pub(super) fn asks(&self) -> Vec<(usize, Option<Score>)> {
        let rooms = self.rooms.iter().enumerate();
        let short = rooms.filter(|(_, walk)| walk.ahead.is_empty() && !walk.is_done);
        short.map(|(room, walk)| (room, walk.last)).collect()
    }

    /// Takes what a room has said, and whether that is all.
    pub(super) fn take(&mut self, room: usize, scores: Vec<Score>, is_all: bool) {
        if let Some(walk) = self.rooms.get_mut(room) {
            // A room that says nothing new has nothing more.
            walk.is_done = is_all || scores.is_empty();
            walk.last = scores.last().copied().or(walk.last);
            walk.ahead.extend(scores);
        }
        while self.asks().is_empty() && self.count_next() {}
    }

    /// For each of these scores, which have to be among those asked about, how many different ones are better.
    pub(super) fn counts(&self, scores: &[Score]) -> Vec<u64> {
        let of = |score: &Score| {
            let place = self.asked.partition_point(|asked| asked < score);
            // What was not passed is worse than all there are.
            self.counts.get(place).copied().unwrap_or(self.seen)
        };
        scores.iter().map(of).collect()
    }

    /// Counts the best score that is not counted yet; false where there is none.
    fn count_next(&mut self) -> bool {
        let next = self
            .rooms
            .iter()
            .filter_map(|walk| walk.ahead.front())
            .min();
        let Some(next) = next.copied() else {
            return false;
        };
        for walk in &mut self.rooms {
            if walk.ahead.front() == Some(&next) {
                walk.ahead.pop_front();
            }
        }
        while self
            .asked
            .get(self.counts.len())
            .is_some_and(|asked| *asked <= next)
        {
            self.counts.push(self.seen);
        }
        self.seen += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn score(value: i16) -> Score {
        Score::new(f64::from(value) / 4.0).unwrap()
    }

    /// Answers as a room does that says at most so many at once.
    fn answer(
        union: &Union,
        room: &BTreeSet<Score>,
        after: Option<Score>,
        most: usize,
    ) -> (Vec<Score>, bool) {
        let worst = union.worst().unwrap();
        let rest: Vec<Score> = room
            .iter()
            .copied()
            .filter(|s| Some(*s) > after && *s < worst)
            .collect();
        (
            rest.iter().copied().take(most).collect(),
            rest.len() <= most,
        )
    }

    proptest! {
        #[test]
        fn counts_what_all_rooms_have(
            rooms in prop::collection::vec(prop::collection::btree_set(-40..40_i16, 0..40), 1..5),
            asked in prop::collection::vec(-45..45_i16, 1..8),
            most in 1..6_usize,
        ) {
            let rooms: Vec<BTreeSet<Score>> = rooms.iter().map(|r| r.iter().map(|v| score(*v)).collect()).collect();
            let asked: Vec<Score> = asked.iter().map(|v| score(*v)).collect();
            let mut union = Union::new(rooms.len(), &asked);
            for _ in 0..1000 {
                for (room, after) in union.asks() {
                    let (scores, is_all) = answer(&union, &rooms[room], after, most);
                    union.take(room, scores, is_all);
                }
            }
            prop_assert!(union.asks().is_empty());
            let all: BTreeSet<Score> = rooms.iter().flatten().copied().collect();
            let expected: Vec<u64> = asked.iter().map(|a| all.range(..*a).count() as u64).collect();
            prop_assert_eq!(union.counts(&asked), expected);
        }
    }
}
