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
    /// The flight that is under way for this key, or else the one that `take_off` begins. It may end
    /// before `deadline`, but not before half of the time until then has passed. It goes on as long as
    /// somebody waits for it. Tells also whether it was there before.
    pub(crate) fn join(
        &self,
        key: &str,
        deadline: Instant,
        take_off: impl FnOnce() -> Flight,
    ) -> (Shared<Flight>, bool) {
        let mut flights = self.0.lock();
        let now = Instant::now();
        let half = now + deadline.saturating_duration_since(now) / 2;
        if let Some((until, flight)) = flights.get(key)
            && *until >= half
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
            flights.insert(key.to_owned(), (deadline, weak));
        }
        (flight, false)
    }
}
