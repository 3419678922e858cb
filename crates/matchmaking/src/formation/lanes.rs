//! Where tickets can meet: a lane has all tickets that could be in one match as far as region and common
//! values go, in the order of their ratings.
//!
//! A match is looked for within one lane. A ticket with three regions near enough is in three lanes; so
//! whoever looks for neighbours passes over none that is far away. Tickets leave a lane in O(1).

use std::collections::HashMap;

use super::lists::Lists;
use super::pool::Pool;
use crate::contradictions::MAX_TEAM_SIZE;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// What the tickets of a lane have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LaneKey {
    /// What the `equal` attributes are.
    pub(super) bucket: u32,
    /// The region, where there is a latency rule.
    pub(super) region: Option<u32>,
    /// The value of the first `overlap` rule, where there is one.
    pub(super) value: Option<u32>,
}

/// All lanes, one behind the other. A place is a ticket's place in a lane.
pub(super) struct Lanes {
    keys: Vec<LaneKey>,
    numbers: HashMap<LaneKey, u32>,
    starts: Vec<u32>,
    /// The ticket at each place, ascending in each lane.
    pub(super) tickets: Vec<u32>,
    /// The lane of each place.
    lane: Vec<u32>,
    /// The next place whose ticket is still there, or [`NONE`].
    pub(super) next: Vec<u32>,
    pub(super) previous: Vec<u32>,
    /// The places of each ticket, those in the nearest region first.
    places: Lists<u32>,
}

impl Lanes {
    pub(super) fn new(pool: &Pool<'_>) -> Self {
        let mut lanes = Lanes {
            keys: Vec::new(),
            numbers: HashMap::new(),
            starts: Vec::new(),
            tickets: Vec::new(),
            lane: Vec::new(),
            next: Vec::new(),
            previous: Vec::new(),
            places: Lists::new(),
        };
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut lanes_of: Lists<u32> = Lists::new();
        for ticket in 0..pool.parties.len() as u32 {
            let keys = keys_of(pool, ticket);
            let numbers: Vec<u32> = keys.iter().map(|key| lanes.number(*key)).collect();
            members.resize_with(lanes.keys.len(), Vec::new);
            for lane in &numbers {
                members[*lane as usize].push(ticket);
            }
            lanes_of.push(numbers);
        }
        lanes.lay_out(&members);
        lanes.add_places(pool, &lanes_of);
        lanes
    }

    fn number(&mut self, key: LaneKey) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
        }
        number
    }

    fn lay_out(&mut self, members: &[Vec<u32>]) {
        for (lane, tickets) in (0..).zip(members) {
            self.starts.push(self.tickets.len() as u32);
            self.tickets.extend_from_slice(tickets);
            self.lane.extend(tickets.iter().map(|_| lane));
        }
        self.restore();
    }

    /// Puts every ticket back into its lanes.
    pub(super) fn restore(&mut self) {
        let places = self.tickets.len();
        let same = |a: usize, b: usize| self.lane.get(a) == self.lane.get(b);
        let next = (0..places).map(|at| {
            if same(at, at + 1) {
                at as u32 + 1
            } else {
                NONE
            }
        });
        let previous = (0..places).map(|at| match at.checked_sub(1) {
            Some(before) if same(before, at) => before as u32,
            _ => NONE,
        });
        self.next = next.collect();
        self.previous = previous.collect();
    }

    fn add_places(&mut self, pool: &Pool<'_>, lanes_of: &Lists<u32>) {
        let mut filled = self.starts.clone();
        for ticket in 0..pool.parties.len() as u32 {
            let places = lanes_of.of(ticket).iter().map(|lane| {
                let place = filled[*lane as usize];
                filled[*lane as usize] += 1;
                place
            });
            self.places.push(places.collect::<Vec<u32>>());
        }
    }

    pub(super) fn key(&self, place: u32) -> LaneKey {
        self.keys[self.lane[place as usize] as usize]
    }

    /// All tickets that ever were in the lane of a key.
    pub(super) fn of_key(&self, key: LaneKey) -> &[u32] {
        let Some(lane) = self.numbers.get(&key) else {
            return &[];
        };
        self.of_lane(*lane)
    }

    fn of_lane(&self, lane: u32) -> &[u32] {
        let lane = lane as usize;
        let end = self
            .starts
            .get(lane + 1)
            .map_or(self.tickets.len(), |end| *end as usize);
        &self.tickets[self.starts[lane] as usize..end]
    }

    /// Those that ever were in the lane of a place, up to so many places below and above it.
    pub(super) fn around(&self, place: u32, reach: u32) -> impl Iterator<Item = u32> + '_ {
        let lane = self.lane[place as usize];
        let start = self.starts[lane as usize];
        let end = start + self.of_lane(lane).len() as u32;
        let around = place.saturating_sub(reach).max(start)..(place + reach + 1).min(end);
        around
            .filter(move |at| *at != place)
            .map(|at| self.tickets[at as usize])
    }

    /// The lane of a place.
    pub(super) fn lane(&self, place: u32) -> u32 {
        self.lane[place as usize]
    }

    /// For each lane a bit for each sum of sizes, up to the largest team, that parties of the sizes in it
    /// could add up to if there were any number of each.
    pub(super) fn sums(&self, pool: &Pool<'_>) -> Vec<u128> {
        let lanes = 0..self.keys.len() as u32;
        let sums = lanes.map(|lane| {
            let bit = |ticket: &u32| 1_u128 << pool.party(*ticket).size;
            let sizes = self
                .of_lane(lane)
                .iter()
                .fold(0, |sizes, ticket| sizes | bit(ticket));
            let mut sums = 1_u128;
            for sum in 0..=MAX_TEAM_SIZE {
                if sums & 1 << sum != 0 {
                    sums |= sizes << sum;
                }
            }
            sums
        });
        sums.collect()
    }

    /// For each lane the players of all tickets that ever were in it.
    pub(super) fn players(&self, pool: &Pool<'_>) -> Vec<u32> {
        let size = |ticket: &u32| pool.party(*ticket).size;
        let lanes = 0..self.keys.len() as u32;
        lanes
            .map(|lane| self.of_lane(lane).iter().map(size).sum())
            .collect()
    }

    /// The places of a ticket, those in the nearest region first.
    pub(super) fn places(&self, ticket: u32) -> &[u32] {
        self.places.of(ticket)
    }

    /// Takes a ticket out of all its lanes. It keeps its places, and knows its neighbours as they were.
    pub(super) fn remove(&mut self, ticket: u32) {
        for place in self.places.of(ticket) {
            let (next, previous) = (self.next[*place as usize], self.previous[*place as usize]);
            if next != NONE {
                self.previous[next as usize] = previous;
            }
            if previous != NONE {
                self.next[previous as usize] = next;
            }
        }
    }
}

/// The lanes of a ticket, those in the nearest region first.
fn keys_of(pool: &Pool<'_>, ticket: u32) -> Vec<LaneKey> {
    let bucket = pool.party(ticket).bucket;
    let mut regions = pool.latencies.of(ticket).to_vec();
    regions.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let regions: Vec<Option<u32>> = match pool.rules.latency {
        Some(_) => regions
            .into_iter()
            .map(|(region, _)| Some(region))
            .collect(),
        None => vec![None],
    };
    let values: Vec<Option<u32>> = match pool.common.first() {
        Some(common) => common.of(ticket).iter().copied().map(Some).collect(),
        None => vec![None],
    };
    let mut keys = Vec::with_capacity(regions.len() * values.len());
    for region in regions {
        keys.extend(values.iter().map(|value| LaneKey {
            bucket,
            region,
            value: *value,
        }));
    }
    keys
}
