//! Which URL an attempt goes to: in turn, a hedge to another one than the attempts before it, and
//! none that has failed again and again of late.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::settings::Ejection;

/// The longest ejection, in times of the first one.
const MAX_TIMES: u32 = 16;

pub(crate) struct Endpoints {
    ejection: Ejection,
    health: Vec<Mutex<Health>>,
    next: AtomicUsize,
}

#[derive(Clone, Copy, Default)]
struct Health {
    failures: u32,
    /// Ejections without a success in between.
    ejections: u32,
    ejected_until: Option<Instant>,
}

impl Endpoints {
    pub(crate) fn new(count: usize, ejection: Ejection) -> Self {
        Endpoints {
            ejection,
            health: (0..count).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Where a call starts; its n-th attempt then asks for [`Endpoints::pick`] of it and n.
    pub(crate) fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// The endpoint for the n-th attempt, from 0, of a call. Where all are ejected, the one whose
    /// time is over first.
    pub(crate) fn pick(&self, turn: usize, attempt: usize, now: Instant) -> usize {
        let count = self.health.len();
        let all = (0..count).map(|n| turn.wrapping_add(n) % count);
        let well: Vec<usize> = all
            .clone()
            .filter(|n| self.returns(*n, now).is_none())
            .collect();
        let soonest = || all.clone().min_by_key(|n| self.returns(*n, now));
        let place = attempt.checked_rem(well.len());
        place.map(|place| well[place]).or_else(soonest).unwrap_or(0)
    }

    pub(crate) fn succeeded(&self, endpoint: usize) {
        *self.health[endpoint].lock() = Health::default();
    }

    /// A failure; with a pause, the endpoint has asked to be left alone for so long. Returns for how
    /// long that ejects it, if it does.
    pub(crate) fn failed(
        &self,
        endpoint: usize,
        pause: Option<Duration>,
        now: Instant,
    ) -> Option<Duration> {
        let mut health = self.health[endpoint].lock();
        health.failures += 1;
        let mut ejected = pause;
        // The only one there is stays in use: leaving it out would leave nobody to ask.
        if health.failures >= self.ejection.after && self.health.len() > 1 {
            // The next failure after its return is enough.
            health.failures = self.ejection.after.saturating_sub(1);
            let times = 2_u32.saturating_pow(health.ejections).min(MAX_TIMES);
            health.ejections += 1;
            ejected = ejected.max(Some(self.ejection.time * times));
        }
        let until = ejected.map(|time| now + time);
        health.ejected_until = health.ejected_until.max(until);
        ejected
    }

    /// How many are in use.
    pub(crate) fn in_use(&self, now: Instant) -> usize {
        let all = 0..self.health.len();
        all.filter(|n| self.returns(*n, now).is_none()).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.health.len()
    }

    fn returns(&self, endpoint: usize, now: Instant) -> Option<Instant> {
        let until = self.health[endpoint].lock().ejected_until;
        until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn three() -> Endpoints {
        Endpoints::new(
            3,
            Ejection {
                after: 2,
                time: SECOND,
            },
        )
    }

    #[test]
    fn attempts_of_a_call_go_to_different_endpoints() {
        let (endpoints, now) = (three(), Instant::now());
        for _ in 0..4 {
            let turn = endpoints.turn();
            let mut picked: Vec<usize> = (0..3).map(|n| endpoints.pick(turn, n, now)).collect();
            picked.sort_unstable();
            assert_eq!(picked, [0, 1, 2]);
        }
        let firsts: Vec<usize> = (0..3)
            .map(|_| endpoints.pick(endpoints.turn(), 0, now))
            .collect();
        assert_ne!(firsts[0], firsts[1]);
        assert_ne!(firsts[1], firsts[2]);
    }

    #[test]
    fn endpoints_that_fail_are_left_out_and_tried_again() {
        let (endpoints, start) = (three(), Instant::now());
        let uses = |now| (0..6).filter(|n| endpoints.pick(*n, 0, now) == 1).count();
        endpoints.failed(1, None, start);
        assert_eq!(uses(start), 2, "one failure is nothing");
        endpoints.failed(1, None, start);
        assert_eq!((uses(start), endpoints.in_use(start)), (0, 2));
        assert_eq!(uses(start + SECOND), 2, "its time is over");
        endpoints.failed(1, None, start + SECOND);
        assert_eq!(
            uses(start + SECOND * 2),
            0,
            "and twice as long the next time"
        );
        assert_eq!(uses(start + SECOND * 3), 2);
        endpoints.succeeded(1);
        endpoints.failed(1, None, start + SECOND * 3);
        assert_eq!(
            uses(start + SECOND * 3),
            2,
            "a success makes it as good as new"
        );
    }

    #[test]
    fn the_only_one_is_left_alone_when_it_asks_for_it_and_never_left_out() {
        let ejection = Ejection {
            after: 2,
            time: SECOND,
        };
        let (only, now) = (Endpoints::new(1, ejection), Instant::now());
        assert!((0..10).all(|_| only.failed(0, None, now).is_none()));
        assert_eq!(only.in_use(now), 1);
        only.failed(0, Some(SECOND), now);
        assert_eq!((only.in_use(now), only.in_use(now + SECOND)), (0, 1));
    }

    #[test]
    fn where_all_are_out_the_first_to_return_is_asked() {
        let (endpoints, now) = (three(), Instant::now());
        for (n, pause) in [(0, 3), (1, 1), (2, 2)] {
            endpoints.failed(n, Some(SECOND * pause), now);
        }
        assert!((0..5).all(|turn| endpoints.pick(turn, 0, now) == 1));
    }
}
