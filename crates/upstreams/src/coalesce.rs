//! Calls that ask for the same at the same time and share one answer.

use std::collections::HashMap;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::error::CallError;
use crate::reply::Reply;

pub(crate) type Answer = Result<Reply, CallError>;
pub(crate) type Flight = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Flights looked through for ended ones at a time, when one more begins.
const SWEEP_AT: usize = 64;

#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<String, (Instant, WeakShared<Flight>)>>);

impl Flights {
    /// The flight that is under way for this key and does not end before `deadline`, or else the one
    /// that `take_off` begins. A flight goes on as long as somebody waits for it. Tells also whether
    /// it was there before.
    pub(crate) fn join(
        &self,
        key: String,
        deadline: Instant,
        take_off: impl FnOnce() -> Flight,
    ) -> (Shared<Flight>, bool) {
        let mut flights = self.0.lock();
        if let Some((until, flight)) = flights.get(&key)
            && *until >= deadline
            && let Some(flight) = flight.upgrade().filter(|flight| flight.peek().is_none())
        {
            return (flight, true);
        }
        if flights.len() >= SWEEP_AT {
            let under_way = |flight: &WeakShared<Flight>| {
                flight
                    .upgrade()
                    .is_some_and(|flight| flight.peek().is_none())
            };
            flights.retain(|_, (_, flight)| under_way(flight));
        }
        let flight = take_off().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, (deadline, weak));
        }
        (flight, false)
    }
}
