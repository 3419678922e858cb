//! Thousands of random calls, under a clock that does not have to be waited for, against the
//! formulas.

use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;
use hedge::latency::Latency;
use hedge::odds::{Call, Odds};
use hedge::{Delay, Failed, Hedger, Outcome, Policy, Settings};
use tokio::time::{Instant, sleep};

const CALLS: u32 = 20_000;
/// Five standard deviations: a run that is right fails one time in a million.
const SIGMAS: f64 = 5.0;
/// The clock counts whole milliseconds, so that latencies are rounded up to them.
const ROUNDING: f64 = 0.004;

/// The share of calls that were answered in time, and the attempts for each.
async fn run(call: &Call<'_>, policy: Policy, hedges: u32, delay: Duration) -> Odds {
    let hedger = Hedger::new(Settings {
        delay: Delay::Fixed(delay),
        hedges,
        budget: None,
    });
    let random = Mutex::new(Rng::with_seed(7));
    let attempt = |_| {
        let (latency, fate) = {
            let mut random = random.lock().unwrap_or_else(|e| e.into_inner());
            (random.f64(), random.f64())
        };
        async move {
            sleep(call.latency.quantile(latency)).await;
            let failed = Failed {
                error: (),
                pushback: None,
            };
            if fate < call.errors {
                Err(failed)
            } else {
                Ok(())
            }
        }
    };
    let (mut in_time, mut attempts) = (0, 0);
    for _ in 0..CALLS {
        let answer = hedger
            .call(policy, Instant::now() + call.deadline, attempt)
            .await;
        attempts += answer.attempts;
        in_time += u32::from(matches!(answer.outcome, Outcome::Successes(_)));
    }
    Odds {
        in_time: f64::from(in_time) / f64::from(CALLS),
        calls: f64::from(attempts) / f64::from(CALLS),
    }
}

fn assert_close(seen: Odds, expected: Odds, hedges: u32, what: &str) {
    let p = expected.in_time;
    let error = SIGMAS * (p * (1.0 - p) / f64::from(CALLS)).sqrt() + ROUNDING;
    assert!(
        (seen.in_time - p).abs() <= error,
        "{what}: {seen:?} in time, expected {expected:?}"
    );
    // Attempts vary between 1 and 1 + hedges, so their deviation is at most half of that.
    let error = SIGMAS * f64::from(hedges) / 2.0 / f64::from(CALLS).sqrt() + ROUNDING;
    assert!(
        (seen.calls - expected.calls).abs() <= error,
        "{what}: {seen:?} calls, expected {expected:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn random_calls_agree_with_the_formulas() {
    let ms = Duration::from_millis;
    for (latency, errors, hedges, delay, deadline) in [
        ("uniform:100..600", 0.2, 2, 300, 600),
        ("uniform:100..600", 0.2, 2, 300, 300),
        ("uniform:100..600", 0.5, 1, 200, 450),
        ("exponential:200", 0.1, 2, 300, 500),
        ("lognormal:180,0.6", 0.0, 3, 250, 400),
    ] {
        let parsed: Latency = latency.parse().unwrap();
        let call = Call {
            latency: &parsed,
            errors,
            hedges,
            deadline: ms(deadline),
        };
        let what = format!("{latency}, {errors}, {hedges}, {delay}, {deadline}");
        let single = run(&call, Policy::Smart, 0, ms(delay)).await;
        assert_close(single, call.single(), 0, &format!("single, {what}"));
        let all = run(&call, Policy::First, hedges, ms(delay)).await;
        assert_close(all, call.all(), 0, &format!("all, {what}"));
        let smart = run(&call, Policy::Smart, hedges, ms(delay)).await;
        assert_close(
            smart,
            call.smart(ms(delay)),
            hedges,
            &format!("smart, {what}"),
        );
    }
}
