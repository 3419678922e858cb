//! Which entry of all rooms has some place in the order: found by samples, of which each says how many entries
//! of its own room stand before it.
//!
//! Between two neighbouring samples of a room the others' entries may stand anywhere, so the place of a sample
//! among all is known to within one gap of each room. That leaves a stretch of some gaps around the place that is
//! sought; the next samples are of that stretch alone, until all that is in it is known. With 256 samples a
//! stretch becomes some forty times shorter with each round: three or four rounds for ten million entries.
//!
//! Nothing here asks a room. Where entries move while a place is sought, its stretch may lose it. Mostly it has
//! then gone to just outside, and that end of the stretch is what was sought, as of a moment ago; where it is far
//! away, the search begins anew, but not for ever.

use boards::RankKey;

/// So many entries from a stretch are not far.
const NEAR: u64 = 1000;
/// How often a search may begin anew.
const MOST_RESTARTS: u32 = 4;

/// From the first point up to the second, which is not part of it; `None` is an end of the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) low: Option<RankKey>,
    pub(super) high: Option<RankKey>,
}

/// Samples of a stretch in one room: of n entries and m samples, number j of them is the one at j * n / m.
#[derive(Clone, Debug, Default)]
pub(super) struct Sampled {
    /// How many entries of the room stand before the stretch.
    pub(super) first: u64,
    /// How many stand before its end.
    pub(super) end: u64,
    /// Best first.
    pub(super) keys: Vec<RankKey>,
}

/// A search for the entries at some places, counted from 0.
pub(super) struct Selection {
    sought: Vec<Sought>,
}

struct Sought {
    place: u64,
    stretch: Stretch,
    /// `Some(None)`: the view ends before the place.
    found: Option<Option<RankKey>>,
    restarts: u32,
}

enum Narrowed {
    Found(RankKey),
    PastTheEnd,
    Within(Stretch),
    /// It is so many entries outside, on the side of that end.
    Lost(u64, RankKey),
}

impl Selection {
    pub(super) fn new(places: &[u64]) -> Self {
        let sought = places.iter().map(|place| Sought {
            place: *place,
            stretch: Stretch::default(),
            found: None,
            restarts: 0,
        });
        Selection {
            sought: sought.collect(),
        }
    }

    /// Of what samples are needed of every room, each stretch once; none when all is found.
    pub(super) fn asks(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for sought in self.sought.iter().filter(|sought| sought.found.is_none()) {
            if !stretches.contains(&sought.stretch) {
                stretches.push(sought.stretch);
            }
        }
        stretches
    }

    /// Takes what the rooms have of a stretch.
    pub(super) fn take(&mut self, stretch: Stretch, rooms: &[Sampled]) {
        let sought = self.sought.iter_mut();
        for sought in sought.filter(|s| s.found.is_none() && s.stretch == stretch) {
            match narrow(sought.place, stretch, rooms) {
                Narrowed::Found(key) => sought.found = Some(Some(key)),
                Narrowed::PastTheEnd => sought.found = Some(None),
                Narrowed::Within(narrower) => sought.stretch = narrower,
                Narrowed::Lost(far, end) => sought.lost(far, end),
            }
        }
    }

    /// What was found, in the order of the places; `None` where the view has fewer entries.
    pub(super) fn finish(self) -> Vec<Option<RankKey>> {
        let sought = self.sought.into_iter();
        sought.map(|sought| sought.found.flatten()).collect()
    }
}

impl Sought {
    fn lost(&mut self, far: u64, end: RankKey) {
        if far <= NEAR || self.restarts == MOST_RESTARTS {
            self.found = Some(Some(end));
        } else {
            self.restarts += 1;
            self.stretch = Stretch::default();
        }
    }
}

impl Sampled {
    fn length(&self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    fn is_complete(&self) -> bool {
        self.keys.len() as u64 >= self.length()
    }

    /// The index in the room of a sample.
    fn index(&self, sample: usize) -> u64 {
        let samples = self.keys.len().max(1) as u64;
        self.first + sample as u64 * self.length() / samples
    }

    /// At the least so many of the room stand before a point with that many samples before it…
    fn at_least(&self, samples: usize) -> u64 {
        match samples.checked_sub(1) {
            None => self.first,
            Some(last) => self.index(last) + 1,
        }
    }

    /// …and at the most so many.
    fn at_most(&self, samples: usize) -> u64 {
        if samples < self.keys.len() {
            self.index(samples)
        } else {
            self.end
        }
    }
}

fn narrow(place: u64, stretch: Stretch, rooms: &[Sampled]) -> Narrowed {
    let first: u64 = rooms.iter().map(|room| room.first).sum();
    let end: u64 = rooms.iter().map(|room| room.end).sum();
    if place >= end {
        let lost = |high| Narrowed::Lost(place - end + 1, high);
        return stretch.high.map_or(Narrowed::PastTheEnd, lost);
    }
    if let (true, Some(low)) = (place < first, stretch.low) {
        return Narrowed::Lost(first - place, low);
    }
    if rooms.iter().all(Sampled::is_complete) {
        let mut keys: Vec<RankKey> = rooms.iter().flat_map(|room| room.keys.clone()).collect();
        keys.sort_unstable();
        let found = keys.get(place.saturating_sub(first) as usize);
        return found.map_or(Narrowed::PastTheEnd, |key| Narrowed::Found(*key));
    }
    Narrowed::Within(sweep(place, rooms))
}

/// The last sample that surely stands at or before the place, and the first that surely stands after it.
fn sweep(place: u64, rooms: &[Sampled]) -> Stretch {
    let mut samples: Vec<(RankKey, usize)> = Vec::new();
    for (number, room) in rooms.iter().enumerate() {
        samples.extend(room.keys.iter().map(|key| (*key, number)));
    }
    samples.sort_unstable();
    let mut passed = vec![0; rooms.len()];
    let mut least: u64 = rooms.iter().map(|room| room.at_least(0)).sum();
    let mut most: u64 = rooms.iter().map(|room| room.at_most(0)).sum();
    let mut stretch = Stretch::default();
    for (key, number) in samples {
        let (room, passed) = (&rooms[number], &mut passed[number]);
        // In its own room a sample's place is known.
        let own = room.index(*passed);
        let at_least = least - room.at_least(*passed) + own;
        if most <= place {
            stretch.low = Some(key);
        }
        if at_least > place {
            stretch.high = Some(key);
            break;
        }
        least += room.at_least(*passed + 1) - room.at_least(*passed);
        most += room.at_most(*passed + 1) - room.at_most(*passed);
        *passed += 1;
    }
    stretch
}

#[cfg(test)]
mod tests;
