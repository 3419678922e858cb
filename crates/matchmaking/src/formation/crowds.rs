//! How many could be together, counted once for all tickets: who has the same `equal` attributes, a value
//! in common, and no `different` attribute alike.
//!
//! The counts are upper bounds that are cheap to ask: what they rule out is out. What they let pass is
//! looked at more closely elsewhere.

use std::collections::HashMap;

use super::pool::Pool;

/// Those of one bucket who have one value of the first `overlap` rule.
#[derive(Default)]
struct Crowd {
    players: u32,
    /// Players of the largest party for each value that has to be different; a ticket of several values
    /// counts for the first.
    largest: HashMap<u32, u32>,
    /// Players at the most if no value occurs twice.
    apart: u32,
}

/// All of them.
pub(super) struct Crowds {
    crowds: HashMap<(u32, Option<u32>), Crowd>,
    pub(super) players: u32,
}

impl Crowds {
    /// Cost: O(tickets).
    pub(super) fn new(pool: &Pool<'_>) -> Self {
        let mut crowds: HashMap<(u32, Option<u32>), Crowd> = HashMap::new();
        for ticket in 0..pool.parties.len() as u32 {
            let size = pool.party(ticket).size;
            for key in keys(pool, ticket) {
                let crowd = crowds.entry(key).or_default();
                crowd.players += size;
                match pool.different.of(ticket).first() {
                    None => crowd.apart += size,
                    Some(value) => {
                        let largest = crowd.largest.entry(*value).or_default();
                        crowd.apart += size.saturating_sub(*largest);
                        *largest = size.max(*largest);
                    }
                }
            }
        }
        Crowds {
            crowds,
            players: pool.parties.iter().map(|party| party.size).sum(),
        }
    }

    /// Players at the most, beside those of a ticket, who have the attributes to be in a match with it.
    pub(super) fn alike(&self, pool: &Pool<'_>, ticket: u32) -> u32 {
        let size = pool.party(ticket).size;
        let values = pool.different.of(ticket);
        let of_crowd = |key| {
            let Some(crowd) = self.crowds.get(&key) else {
                return 0;
            };
            if values.is_empty() {
                return crowd.apart - size;
            }
            let largest = values.iter().filter_map(|value| crowd.largest.get(value));
            crowd.apart - largest.sum::<u32>()
        };
        keys(pool, ticket).map(of_crowd).max().unwrap_or(0)
    }
}

fn keys<'k>(pool: &'k Pool<'_>, ticket: u32) -> impl Iterator<Item = (u32, Option<u32>)> + 'k {
    let bucket = pool.party(ticket).bucket;
    let (values, alone) = match pool.common.first() {
        Some(common) => (common.of(ticket), None),
        None => (&[][..], Some((bucket, None))),
    };
    values
        .iter()
        .map(move |value| (bucket, Some(*value)))
        .chain(alone)
}
