//! The way from a ticket outward through its lane, the nearest in rating first.

use super::lanes::{Lanes, NONE};
use super::pool::Pool;

/// Where the walk has come to on both sides.
pub(super) struct Walk<'w> {
    pool: &'w Pool<'w>,
    lanes: &'w Lanes,
    rating: f64,
    down: u32,
    up: u32,
}

/// A ticket on the way.
pub(super) struct Step {
    pub(super) ticket: u32,
    /// Distance to the ticket at which the walk began.
    pub(super) far: f64,
    pub(super) is_above: bool,
}

impl<'w> Walk<'w> {
    /// Around the ticket at a place, past those that are there.
    pub(super) fn new(pool: &'w Pool<'w>, lanes: &'w Lanes, place: u32) -> Self {
        Walk {
            pool,
            lanes,
            rating: pool.party(lanes.tickets[place as usize]).rating,
            down: lanes.previous[place as usize],
            up: lanes.next[place as usize],
        }
    }

    /// Goes no further on one side.
    pub(super) fn end(&mut self, above: bool) {
        *(if above { &mut self.up } else { &mut self.down }) = NONE;
    }

    fn far(&self, place: u32) -> f64 {
        if place == NONE {
            return f64::INFINITY;
        }
        let ticket = self.lanes.tickets[place as usize];
        (self.pool.party(ticket).rating - self.rating).abs()
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let (far_down, far_up) = (self.far(self.down), self.far(self.up));
        let is_above = self.up != NONE && (far_up < far_down || self.down == NONE);
        let (place, far) = if is_above {
            (self.up, far_up)
        } else {
            (self.down, far_down)
        };
        if place == NONE {
            return None;
        }
        if is_above {
            self.up = self.lanes.next[place as usize];
        } else {
            self.down = self.lanes.previous[place as usize];
        }
        Some(Step {
            ticket: self.lanes.tickets[place as usize],
            far,
            is_above,
        })
    }
}
