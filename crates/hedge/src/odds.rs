//! What hedging is worth, by formula: the share of calls answered in time, and what they cost in
//! attempts, before anything is switched on.
//!
//! Attempts are taken as independent. One ends after a random latency, as a failure with a fixed
//! probability e whatever its latency; so by the time t it has succeeded with F(t) = (1 − e)·L(t)
//! and failed with G(t) = e·L(t), where L is the latency's distribution. Upstreams whose attempts
//! are slow together do worse than this says. Budgets that run dry are left out, too.

use std::time::Duration;

use crate::latency::Latency;

/// Into how many parts the time of the first failure is divided, each equally likely. The chance
/// of being late only grows with that time, which limits the error of a sum over midpoints to
/// half a part: 0.00012 of e in the worst case, at a jump, and far less elsewhere.
const PARTS: u32 = 4096;
/// Shares that differ by less are taken as equal; above the error of the sum.
const TIE: f64 = 0.000_2;
/// What arithmetic may lose on the way, so that a budget met exactly counts as met.
const SLACK: f64 = 1e-9;

/// What to expect of a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odds {
    /// The share of calls with a success before the deadline, from 0 to 1.
    pub in_time: f64,
    /// Attempts per call on average, the first among them.
    pub calls: f64,
}

/// A delay for [`Call::smart`], and what it brings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestDelay {
    /// How long to wait for the first attempt.
    pub delay: Duration,
    /// What to expect with it.
    pub odds: Odds,
}

/// A call to an upstream whose behaviour is known.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// How long an attempt takes, whether it succeeds or fails.
    pub latency: &'a Latency,
    /// The share of attempts that fail, from 0 to 1.
    pub errors: f64,
    /// How many attempts may follow the first.
    pub hedges: u32,
    /// When an answer is no longer of use, counted from the start of the call.
    pub deadline: Duration,
}

impl Call<'_> {
    /// One attempt and no more. O(1).
    #[must_use]
    pub fn single(&self) -> Odds {
        Odds {
            in_time: self.succeeded(self.deadline),
            calls: 1.0,
        }
    }

    /// All attempts at the start, which is as good as it gets. O(1).
    #[must_use]
    pub fn all(&self) -> Odds {
        let missed = 1.0 - self.succeeded(self.deadline);
        Odds {
            in_time: 1.0 - missed * self.all_hedges_miss(Duration::ZERO),
            calls: 1.0 + f64::from(self.hedges),
        }
    }

    /// One attempt; all hedges together as soon as it fails, or after the `delay` when it has not
    /// succeeded by then. A delay from the deadline on leaves only the failure as a reason.
    ///
    /// Costs some thousand quantiles of the latency: below a millisecond, or some ten of them for
    /// a logarithmic normal one.
    #[must_use]
    pub fn smart(&self, delay: Duration) -> Odds {
        Smart::new(*self).odds(delay)
    }

    /// The delay with the most answers in time whose extra attempts, those after the first, stay
    /// within the `budget` per call. `None` when hedging after failures alone exceeds it.
    ///
    /// Waiting longer never brings more answers and never costs more attempts. So the shortest
    /// delay within the budget is the best, and is found directly from the latency's quantiles.
    /// Where longer ones bring as much, to within 0.0002, the longest of them is returned: it
    /// gets the same for less. Costs about as much as [`Call::smart`].
    #[must_use]
    pub fn best_delay(&self, budget: f64) -> Option<BestDelay> {
        let shortest = self.shortest_delay(budget)?;
        Some(Smart::new(*self).longest_as_good_as(shortest))
    }

    /// With k hedges, h below the deadline keeps to the budget b if k·(1 − F(h)) ≤ b, which the
    /// quantile of L solves for h. Failing that, only the deadline itself is left.
    fn shortest_delay(&self, budget: f64) -> Option<Duration> {
        let hedges = f64::from(self.hedges);
        if budget >= hedges {
            return Some(Duration::ZERO);
        }
        let needed = (hedges - budget) / hedges;
        let successes = 1.0 - self.errors;
        let delay = (needed <= successes + SLACK).then(|| needed / successes);
        let delay = delay.map(|share| self.latency.quantile(share));
        delay
            .filter(|delay| *delay < self.deadline)
            .or_else(|| self.failures_fit(budget).then_some(self.deadline))
    }

    fn failures_fit(&self, budget: f64) -> bool {
        f64::from(self.hedges) * self.failed(self.deadline) <= budget + SLACK
    }

    /// F: the chance that an attempt has succeeded by then.
    fn succeeded(&self, time: Duration) -> f64 {
        (1.0 - self.errors) * self.latency.share_within(time)
    }

    /// G: the chance that an attempt has failed by then.
    fn failed(&self, time: Duration) -> f64 {
        self.errors * self.latency.share_within(time)
    }

    /// The chance that none of the hedges succeeds before the deadline, all started at `start`.
    fn all_hedges_miss(&self, start: Duration) -> f64 {
        let left = self.deadline.saturating_sub(start);
        (0..self.hedges)
            .map(|_| 1.0 - self.succeeded(left))
            .product()
    }
}

/// A call with the integral that all its delays share, worked out once.
struct Smart<'a> {
    call: Call<'a>,
    /// L at the deadline: attempts that end later change nothing.
    share: f64,
    /// At the index i: the integral of [`Call::all_hedges_miss`] over the first i parts of `share`.
    missed: Vec<f64>,
}

impl<'a> Smart<'a> {
    /// The integral runs over the latency's share rather than over time. So there is no density
    /// to be had, and jumps, as in samples and constants, are summed like all the rest.
    fn new(call: Call<'a>) -> Self {
        let share = call.latency.share_within(call.deadline);
        let part = share / f64::from(PARTS);
        let mut sum = 0.0;
        let sums = (0..PARTS).map(|i| {
            let failure = call.latency.quantile((f64::from(i) + 0.5) * part);
            sum += call.all_hedges_miss(failure) * part;
            sum
        });
        let missed = std::iter::once(0.0).chain(sums).collect();
        Smart {
            call,
            share,
            missed,
        }
    }

    fn odds(&self, delay: Duration) -> Odds {
        if delay < self.call.deadline {
            self.after_delay_or_failure(delay)
        } else {
            self.after_failure()
        }
    }

    /// Missed are the calls whose first attempt was neither done by the delay nor successful
    /// later, nor were its hedges; and those whose first failed before, and the hedges after it.
    fn after_delay_or_failure(&self, delay: Duration) -> Odds {
        let call = &self.call;
        let first = 1.0 - call.succeeded(call.deadline) - call.failed(delay);
        let missed = first * call.all_hedges_miss(delay) + self.missed_after_failure(delay);
        Odds {
            in_time: (1.0 - missed).clamp(0.0, 1.0),
            calls: 1.0 + f64::from(call.hedges) * (1.0 - call.succeeded(delay)),
        }
    }

    fn after_failure(&self) -> Odds {
        let call = &self.call;
        let failed = call.failed(call.deadline);
        let rescued = failed - self.missed_after_failure(call.deadline);
        Odds {
            in_time: (call.succeeded(call.deadline) + rescued).clamp(0.0, 1.0),
            calls: 1.0 + f64::from(call.hedges) * failed,
        }
    }

    /// The chance that the first attempt fails by `time` and its hedges all miss the deadline.
    fn missed_after_failure(&self, time: Duration) -> f64 {
        if self.share == 0.0 {
            return 0.0;
        }
        let parts = self.call.latency.share_within(time) / self.share * f64::from(PARTS);
        let whole = (parts as usize).min(self.missed.len() - 2);
        let (below, above) = (self.missed[whole], self.missed[whole + 1]);
        self.call.errors * (below + (above - below) * (parts - whole as f64))
    }

    /// By halving, since answers in time never grow with the delay.
    fn longest_as_good_as(&self, shortest: Duration) -> BestDelay {
        let enough = self.odds(shortest).in_time - TIE;
        let good = |delay| self.odds(delay).in_time >= enough;
        let (mut delay, mut bad) = (shortest, self.call.deadline);
        if good(bad) {
            delay = bad;
        }
        while bad.saturating_sub(delay) > Duration::from_nanos(1) {
            let middle = delay + (bad - delay) / 2;
            if good(middle) {
                delay = middle;
            } else {
                bad = middle;
            }
        }
        BestDelay {
            delay,
            odds: self.odds(delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIALS: u32 = 40_000;

    fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn call(latency: &Latency, errors: f64, hedges: u32, deadline_ms: u64) -> Call<'_> {
        Call {
            latency,
            errors,
            hedges,
            deadline: millis(deadline_ms),
        }
    }

    fn latencies() -> Vec<Latency> {
        let few = [20, 20, 50, 80, 90, 90, 90, 200, 250, 300, 700].map(millis);
        let mut all: Vec<Latency> = ["uniform:100..600", "exponential:200", "lognormal:150,0.8"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        all.push("constant:100".parse().unwrap());
        all.push(Latency::observed(few.to_vec()).unwrap());
        all
    }

    #[track_caller]
    fn assert_near(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} {expected}");
    }

    #[test]
    fn a_known_case() {
        let latency = Latency::default();
        let short = call(&latency, 0.2, 2, 300);
        assert_near(short.single().in_time, 0.320, 0.0005);
        assert_near(short.all().in_time, 0.686, 0.0005);
        assert_near(short.smart(millis(300)).in_time, 0.326, 0.0005);
        assert_near(short.smart(millis(300)).calls, 1.16, 1e-9);
        let long = call(&latency, 0.2, 2, 600);
        assert_near(long.single().in_time, 0.800, 0.0005);
        assert_near(long.all().in_time, 0.992, 0.0005);
        assert_near(long.smart(millis(300)).in_time, 0.922, 0.0005);
        assert_near(long.smart(millis(300)).calls, 2.36, 1e-9);
        assert_eq!((long.single().calls, long.all().calls), (1.0, 3.0));
    }

    /// One call played out: whether it was answered in time, and with how many attempts.
    fn play(call: &Call, delay: Duration, random: &mut fastrand::Rng) -> (bool, u32) {
        let mut attempt = || {
            let latency = call.latency.quantile(random.f64());
            (latency, random.f64() >= call.errors)
        };
        let (first, success) = attempt();
        let hedged_at = if success { delay } else { delay.min(first) };
        let answered = success && first <= call.deadline;
        let settled = success && first <= delay;
        let pointless = hedged_at > call.deadline || hedged_at == delay && delay >= call.deadline;
        if settled || pointless {
            return (answered, 1);
        }
        let rescues = (0..call.hedges).map(|_| attempt());
        let rescues = rescues.filter(|(l, ok)| *ok && hedged_at + *l <= call.deadline);
        (rescues.count() > 0 || answered, 1 + call.hedges)
    }

    fn played(call: &Call, delay: Duration) -> Odds {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut in_time, mut calls) = (0, 0);
        for _ in 0..TRIALS {
            let (answered, attempts) = play(call, delay, &mut random);
            in_time += u32::from(answered);
            calls += attempts;
        }
        Odds {
            in_time: f64::from(in_time) / f64::from(TRIALS),
            calls: f64::from(calls) / f64::from(TRIALS),
        }
    }

    /// Five standard errors at most: half of the square root of 1 / TRIALS is one of a share.
    #[track_caller]
    fn assert_agree(formula: Odds, played: Odds, hedges: u32) {
        let tolerance = 2.5 / f64::from(TRIALS).sqrt();
        assert_near(formula.in_time, played.in_time, tolerance);
        assert_near(formula.calls, played.calls, tolerance * f64::from(hedges));
    }

    #[test]
    fn formulas_agree_with_calls_played_out() {
        for latency in &latencies() {
            for (errors, hedges, deadline) in [(0.0, 1, 310), (0.2, 2, 310), (0.7, 3, 600)] {
                let call = call(latency, errors, hedges, deadline);
                for delay in [0, 45, 150, 305, 310, 1000].map(millis) {
                    assert_agree(call.smart(delay), played(&call, delay), hedges);
                }
                assert_agree(call.all(), played(&call, Duration::ZERO), hedges);
                let alone = Call { hedges: 0, ..call };
                assert_agree(call.single(), played(&alone, Duration::ZERO), 0);
            }
        }
    }

    #[test]
    fn without_delay_smart_is_all_at_once() {
        for latency in &latencies() {
            let call = call(latency, 0.3, 2, 400);
            assert_near(call.smart(millis(0)).in_time, call.all().in_time, 1e-9);
            assert_near(call.smart(millis(0)).calls, call.all().calls, 1e-9);
        }
    }

    #[test]
    fn waiting_longer_brings_no_more_and_costs_no_more() {
        for latency in &latencies() {
            let call = call(latency, 0.3, 2, 400);
            let smart = Smart::new(call);
            let odds: Vec<Odds> = (0..=100).map(|i| smart.odds(millis(i * 5))).collect();
            for pair in odds.windows(2) {
                assert!(pair[1].in_time <= pair[0].in_time + TIE, "{latency}");
                assert!(pair[1].calls <= pair[0].calls + SLACK, "{latency}");
            }
        }
    }

    #[test]
    fn a_budget_for_everything_hedges_at_once() {
        let latency = Latency::default();
        let call = call(&latency, 0.2, 2, 600);
        let best = call.best_delay(2.0).unwrap();
        assert!(best.delay < millis(10), "{best:?}");
        assert_near(best.odds.in_time, call.all().in_time, 2.0 * TIE);
    }

    #[test]
    fn a_budget_is_kept_and_used() {
        for latency in &latencies() {
            let call = call(latency, 0.2, 2, 600);
            let smart = Smart::new(call);
            let tried: Vec<Odds> = (0..=600).map(|d| smart.odds(millis(d))).collect();
            for budget in [0.0, 0.01, 0.1, 0.4, 0.5, 1.0, 1.9] {
                let best = call.best_delay(budget);
                let within = tried.iter().filter(|o| o.calls - 1.0 <= budget + SLACK);
                let most = within.map(|o| o.in_time).reduce(f64::max);
                let Some(most) = most else {
                    assert_eq!(best, None, "{latency} {budget}");
                    continue;
                };
                let found = best.unwrap().odds;
                assert!(found.calls - 1.0 <= budget + SLACK, "{latency} {budget}");
                assert!(found.in_time >= most - 2.0 * TIE, "{latency} {budget}");
            }
        }
    }

    #[test]
    fn a_budget_below_the_failures_fits_nothing() {
        let latency = Latency::default();
        assert_eq!(call(&latency, 0.2, 2, 600).best_delay(0.1), None);
        // Only two in five failures come before this deadline.
        let best = call(&latency, 0.2, 2, 300).best_delay(0.16).unwrap();
        assert_eq!(best.delay, millis(300));
    }

    #[test]
    fn of_equal_delays_the_longest_is_best() {
        let latency: Latency = "constant:100".parse().unwrap();
        let best = call(&latency, 0.0, 2, 600).best_delay(2.0).unwrap();
        assert_eq!(best.delay, millis(600));
        assert_eq!(
            best.odds,
            Odds {
                in_time: 1.0,
                calls: 1.0
            }
        );
    }

    #[test]
    fn extremes_have_answers() {
        for latency in &latencies() {
            for (errors, hedges, deadline) in [(1.0, 2, 300), (0.5, 0, 300), (0.5, 2, 0)] {
                let call = call(latency, errors, hedges, deadline);
                for odds in [call.single(), call.all(), call.smart(millis(100))] {
                    assert!((0.0..=1.0).contains(&odds.in_time), "{latency} {odds:?}");
                    assert!((1.0..=3.0).contains(&odds.calls), "{latency} {odds:?}");
                }
                assert!(call.best_delay(f64::from(hedges)).is_some());
            }
        }
    }
}
