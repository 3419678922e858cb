//! Each rule of a hedged call, under a clock that stands still until everybody waits.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends there, which is what is wanted"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hedge::{Answer, BudgetSettings, Delay, Failed, Hedger, Outcome, Policy, Settings};
use tokio::time::{Instant, sleep};

/// What an attempt is to do: take so many milliseconds, then succeed or fail.
#[derive(Clone, Copy)]
enum Do {
    Succeed(u64),
    Fail(u64),
    /// Fails after the first time, asking for a pause of the second.
    Push(u64, u64),
    Hang,
}
use Do::{Fail, Hang, Push, Succeed};

/// A scripted other side; notes when each attempt came, in milliseconds from the start.
struct Script {
    start: Instant,
    plays: Vec<Do>,
    came: Mutex<Vec<u64>>,
    dropped: AtomicU32,
}

struct Dropped<'a>(&'a AtomicU32);
impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Script {
    fn new(plays: &[Do]) -> Self {
        Script {
            start: Instant::now(),
            plays: plays.to_vec(),
            came: Mutex::new(Vec::new()),
            dropped: AtomicU32::new(0),
        }
    }

    async fn play(&self, number: u32) -> Result<u32, Failed<u32>> {
        let now = self.start.elapsed().as_millis() as u64;
        self.came.lock().unwrap().push(now);
        let _dropped = Dropped(&self.dropped);
        let failed = |pushback| {
            Err(Failed {
                error: number,
                pushback,
            })
        };
        match self.plays[number as usize - 1] {
            Succeed(ms) => {
                sleep(Duration::from_millis(ms)).await;
                Ok(number)
            }
            Fail(ms) => {
                sleep(Duration::from_millis(ms)).await;
                failed(None)
            }
            Push(ms, pause) => {
                sleep(Duration::from_millis(ms)).await;
                failed(Some(Duration::from_millis(pause)))
            }
            Hang => std::future::pending().await,
        }
    }
}

/// What came of a call, how long it took, and when its attempts came.
struct Seen {
    answer: Answer<u32, u32>,
    took_ms: u64,
    came: Vec<u64>,
}

async fn call(hedger: &Hedger, policy: Policy, deadline_ms: u64, plays: &[Do]) -> Seen {
    let script = Script::new(plays);
    let deadline = script.start + Duration::from_millis(deadline_ms);
    let answer = hedger
        .call(policy, deadline, |number| script.play(number))
        .await;
    let came = script.came.lock().unwrap().clone();
    let dropped = script.dropped.load(Ordering::Relaxed);
    assert_eq!(dropped as usize, came.len(), "an attempt outlived its call");
    assert_eq!(hedger.counts().in_flight, 0);
    Seen {
        answer,
        took_ms: script.start.elapsed().as_millis() as u64,
        came,
    }
}

fn classic() -> Hedger {
    Hedger::new(Settings {
        delay: Delay::Fixed(Duration::from_millis(300)),
        hedges: 2,
        budget: None,
    })
}

fn won(number: u32) -> Outcome<u32, u32> {
    Outcome::Successes(vec![(number, number)])
}

#[tokio::test(start_paused = true)]
async fn smart_in_every_case() {
    // Deadline, what the attempts do, the outcome, when it came, when the attempts were sent.
    type Case = (u64, [Do; 3], Outcome<u32, u32>, u64, &'static [u64]);
    let cases: [Case; 15] = [
        (1000, [Succeed(200), Hang, Hang], won(1), 200, &[0]),
        (1000, [Succeed(299), Hang, Hang], won(1), 299, &[0]),
        (
            1000,
            [Hang, Succeed(100), Hang],
            won(2),
            400,
            &[0, 300, 300],
        ),
        (1000, [Hang, Hang, Succeed(50)], won(3), 350, &[0, 300, 300]),
        (
            1000,
            [Succeed(350), Succeed(100), Hang],
            won(1),
            350,
            &[0, 300, 300],
        ),
        (
            1000,
            [Fail(100), Succeed(100), Hang],
            won(2),
            200,
            &[0, 100, 100],
        ),
        (
            1000,
            [Fail(100), Fail(10), Succeed(500)],
            won(3),
            600,
            &[0, 100, 100],
        ),
        (
            1000,
            [Hang, Fail(1), Fail(2)],
            Outcome::DeadlinePassed,
            1000,
            &[0, 300, 300],
        ),
        (
            1000,
            [Succeed(900), Fail(1), Fail(2)],
            won(1),
            900,
            &[0, 300, 300],
        ),
        (
            1000,
            [Fail(10), Fail(20), Fail(30)],
            Outcome::AllFailed(vec![1, 2, 3]),
            40,
            &[0, 10, 10],
        ),
        (
            1000,
            [Hang, Hang, Hang],
            Outcome::DeadlinePassed,
            1000,
            &[0, 300, 300],
        ),
        // A hedge that would go out at the deadline or after it does not.
        (300, [Hang, Hang, Hang], Outcome::DeadlinePassed, 300, &[0]),
        (200, [Hang, Hang, Hang], Outcome::DeadlinePassed, 200, &[0]),
        // But a failure before it still has them sent.
        (
            200,
            [Fail(50), Succeed(100), Hang],
            won(2),
            150,
            &[0, 50, 50],
        ),
        // What comes at the deadline itself has come in time.
        (500, [Succeed(500), Hang, Hang], won(1), 500, &[0, 300, 300]),
    ];
    for (n, (deadline, plays, outcome, took, came)) in cases.into_iter().enumerate() {
        let seen = call(&classic(), Policy::Smart, deadline, &plays).await;
        assert_eq!(seen.answer.outcome, outcome, "case {n}");
        assert_eq!((seen.took_ms, &seen.came[..]), (took, came), "case {n}");
        assert_eq!(seen.answer.attempts as usize, came.len(), "case {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn first_takes_the_first_success_and_not_the_first_end() {
    let plays = [Fail(10), Succeed(200), Succeed(100)];
    let seen = call(&classic(), Policy::First, 1000, &plays).await;
    assert_eq!(seen.answer.outcome, won(3));
    assert_eq!((seen.took_ms, &seen.came[..]), (100, &[0, 0, 0][..]));
}

#[tokio::test(start_paused = true)]
async fn all_waits_for_all() {
    let plays = [Succeed(200), Fail(10), Succeed(100)];
    let seen = call(&classic(), Policy::All, 1000, &plays).await;
    assert_eq!(
        seen.answer.outcome,
        Outcome::Successes(vec![(3, 3), (1, 1)])
    );
    assert_eq!(seen.took_ms, 200);
    let seen = call(
        &classic(),
        Policy::All,
        1000,
        &[Succeed(1), Hang, Succeed(1)],
    )
    .await;
    assert_eq!(seen.answer.outcome, Outcome::DeadlinePassed);
    let seen = call(&classic(), Policy::All, 1000, &[Fail(3), Fail(2), Fail(1)]).await;
    assert_eq!(seen.answer.outcome, Outcome::AllFailed(vec![3, 2, 1]));
}

#[tokio::test(start_paused = true)]
async fn within_timeout_gives_what_has_come() {
    for (plays, successes, took) in [
        (
            [Succeed(200), Hang, Succeed(100)],
            vec![(3, 3), (1, 1)],
            500,
        ),
        ([Hang, Hang, Hang], vec![], 500),
        ([Fail(1), Fail(2), Fail(3)], vec![], 3),
        ([Succeed(1), Fail(2), Succeed(3)], vec![(1, 1), (3, 3)], 3),
    ] {
        let seen = call(&classic(), Policy::WithinTimeout, 500, &plays).await;
        assert_eq!(seen.answer.outcome, Outcome::Successes(successes));
        assert_eq!(seen.took_ms, took);
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nothing_is_sent() {
    for policy in [Policy::Smart, Policy::First, Policy::All] {
        let seen = call(&classic(), policy, 0, &[Hang, Hang, Hang]).await;
        assert_eq!(seen.answer.outcome, Outcome::DeadlinePassed);
        assert_eq!(seen.answer.attempts, 0);
    }
    let seen = call(&classic(), Policy::WithinTimeout, 0, &[Hang, Hang, Hang]).await;
    assert_eq!(seen.answer.outcome, Outcome::Successes(vec![]));
}

#[tokio::test(start_paused = true)]
async fn without_hedges_there_is_one_attempt() {
    let single = Hedger::new(Settings {
        hedges: 0,
        ..classic_settings()
    });
    let seen = call(&single, Policy::Smart, 1000, &[Fail(10)]).await;
    assert_eq!(seen.answer.outcome, Outcome::AllFailed(vec![1]));
    let seen = call(&single, Policy::First, 1000, &[Succeed(400)]).await;
    assert_eq!((seen.answer.outcome, seen.came), (won(1), vec![0]));
}

fn classic_settings() -> Settings {
    Settings {
        delay: Delay::Fixed(Duration::from_millis(300)),
        hedges: 2,
        budget: None,
    }
}

#[tokio::test(start_paused = true)]
async fn pushback_holds_hedges_back_in_this_call_and_the_next() {
    let hedger = classic();
    // Asked at 50 ms for a pause of 400: the hedges go out at 450, not at 50 and not at 300.
    let plays = [Push(50, 400), Succeed(100), Hang];
    let seen = call(&hedger, Policy::Smart, 1000, &plays).await;
    assert_eq!(seen.answer.outcome, won(2));
    assert_eq!((seen.took_ms, &seen.came[..]), (550, &[0, 450, 450][..]));

    // A pause beyond the deadline ends the call at once: nothing can come any more.
    let seen = call(&hedger, Policy::Smart, 1000, &[Push(50, 2000), Hang, Hang]).await;
    assert_eq!(seen.answer.outcome, Outcome::AllFailed(vec![1]));
    assert_eq!(seen.took_ms, 50);

    // The next call may make its first attempt, and no more until the pause is over.
    let seen = call(&hedger, Policy::First, 1000, &[Succeed(900), Hang, Hang]).await;
    assert_eq!((seen.answer.outcome, seen.came), (won(1), vec![0]));
    // 900 ms of the pause have passed; the hedges go out after the other 1100.
    let seen = call(&hedger, Policy::Smart, 5000, &[Hang, Succeed(1), Hang]).await;
    assert_eq!(seen.came, [0, 1100, 1100]);
    assert!(hedger.counts().held_back >= 4);
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_the_extra_load() {
    let hedger = Hedger::new(Settings {
        budget: Some(BudgetSettings {
            share: 0.2,
            floor_per_s: 0.0,
        }),
        ..classic_settings()
    });
    // Each call would like two hedges; each fifth of a token that it brings pays for a tenth of that.
    let mut attempts = 0;
    for _ in 0..200 {
        attempts += call(&hedger, Policy::Smart, 1000, &[Fail(1), Fail(1), Fail(1)])
            .await
            .answer
            .attempts;
    }
    assert!((238..=240).contains(&attempts), "{attempts}");
    let counts = hedger.counts();
    assert_eq!(u64::from(attempts), counts.sent.iter().sum::<u64>());
    assert_eq!(
        counts.budget_exhausted,
        400 - (counts.sent[1] + counts.sent[2])
    );
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_delay_follows_the_upstream_and_the_deadline() {
    let hedger = Hedger::new(Settings {
        delay: Delay::Percentile {
            share: 0.9,
            initially: Duration::from_millis(300),
        },
        ..classic_settings()
    });
    let seen = call(&hedger, Policy::Smart, 1000, &[Hang, Succeed(100), Hang]).await;
    assert_eq!(
        seen.came,
        [0, 300, 300],
        "at first the delay is as configured"
    );
    for n in 0..2000 {
        // 1 to 100 ms, evenly.
        let same = [Succeed(n * 7 % 100 + 1); 3];
        call(&hedger, Policy::All, 1000, &same).await;
    }
    let near = |ms: u64, expected: u64| ms.abs_diff(expected) <= expected / 10;
    let seen = call(&hedger, Policy::Smart, 1000, &[Hang, Succeed(1), Hang]).await;
    assert!(
        near(seen.came[1], 90),
        "the 90th percentile: {:?}",
        seen.came
    );
    // With 80 ms left a hedge that typically takes 50 has to go out after 30.
    let seen = call(&hedger, Policy::Smart, 80, &[Hang, Succeed(1), Hang]).await;
    assert!(near(seen.came[1], 30), "{:?}", seen.came);
    // With 2 ms left it cannot make it, and is not sent.
    let seen = call(&hedger, Policy::Smart, 2, &[Hang, Hang, Hang]).await;
    assert_eq!(seen.came, [0]);
    assert_eq!(hedger.counts().too_late, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_is_learnt_from() {
    let hedger = Hedger::new(Settings {
        delay: Delay::Percentile {
            share: 0.5,
            initially: Duration::from_millis(100),
        },
        ..classic_settings()
    });
    // The other side takes 400 ms and every caller goes away after 200: no attempt ever ends.
    for _ in 0..300 {
        let script = Script::new(&[Succeed(400), Succeed(400), Succeed(400)]);
        let call = hedger.call(
            Policy::First,
            script.start + Duration::from_secs(1),
            |number| script.play(number),
        );
        let waited = tokio::time::timeout(Duration::from_millis(200), call).await;
        assert!(waited.is_err(), "the caller went away first");
    }
    let counts = hedger.counts();
    assert_eq!(
        (counts.cancelled, counts.timed_out, counts.in_flight),
        (900, 0, 0)
    );
    assert!(
        counts.delay > Duration::from_millis(190),
        "{:?}",
        counts.delay
    );
}

#[tokio::test(start_paused = true)]
async fn everything_is_counted() {
    let hedger = classic();
    call(&hedger, Policy::Smart, 1000, &[Succeed(200), Hang, Hang]).await;
    call(
        &hedger,
        Policy::Smart,
        1000,
        &[Fail(100), Succeed(100), Hang],
    )
    .await;
    call(&hedger, Policy::Smart, 1000, &[Hang, Hang, Hang]).await;
    let counts = hedger.counts();
    assert_eq!((counts.calls, counts.failed), (3, 1));
    assert_eq!((counts.sent, counts.won), (vec![3, 2, 2], vec![1, 1, 0]));
    assert_eq!((counts.cancelled, counts.timed_out), (1, 3));
    assert_eq!(
        (
            counts.attempt_latency.count(),
            counts.answer_latency.count()
        ),
        (3, 2)
    );
    assert!((counts.answer_latency.sum_s - 0.4).abs() < 1e-9);
    assert_eq!(counts.delay, Duration::from_millis(300));
}
