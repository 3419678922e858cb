//! How far this node's clock is from that of Redis. Of entries with equal scores in different rooms the one is first
//! whose node's clock said so, so clocks that go apart turn ties around, and nothing else would show it.
//!
//! All nodes compare themselves with one server, the one that has the control room, and so with each other. What it
//! answers is taken as of half the time that the answer took: of a few questions the one with the quickest answer
//! counts, and half of its time is how wrong it may be. A clock that is off is told in the log and at `/metrics`, and
//! is no reason to serve nobody: scores are right whatever the time is.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use boards::StoreError;
use parking_lot::Mutex;
use redis::Value;
use tokio::time::sleep;

use crate::core::Core;
use crate::layout::Layout;
use crate::replies::{strange, texts};

const INTERVAL: Duration = Duration::from_secs(10);
/// After an answer that says nothing.
const SOON: Duration = Duration::from_secs(1);
/// Questions of which the quickest answer counts.
const QUESTIONS: usize = 3;
/// From here on it is worth a warning, in microseconds.
const TOO_FAR_US: i64 = 100_000;

/// An answer that leaves it open by more than this, as of a server that was busy with something else, says nothing.
const TOO_VAGUE_US: i64 = 50_000;

/// What is known of it.
#[derive(Default)]
pub(crate) struct ClockOffset(Mutex<Known>);

#[derive(Default)]
struct Known {
    last: Option<Measured>,
    is_too_far: bool,
}

/// A comparison, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measured {
    /// By how much the node is ahead of the server.
    ahead_us: i64,
    /// How wrong that may be.
    error_us: i64,
}

/// What there is to say of a comparison.
#[derive(Debug, PartialEq)]
enum News {
    TooFar,
    BackAgain,
}

impl ClockOffset {
    /// The seconds by which this node was ahead of the server when they were last compared.
    pub(crate) fn seconds(&self) -> Option<f64> {
        let last = self.0.lock().last;
        last.map(|measured| measured.ahead_us as f64 / 1e6)
    }

    fn note(&self, measured: Measured) {
        let ahead_ms = measured.ahead_us / 1000;
        match self.0.lock().note(measured) {
            Some(News::TooFar) => tracing::warn!(
                ahead_ms,
                "this node's clock is more than 100 ms from Redis's; ties between nodes may be turned around: \
                 keep the clocks of all machines by NTP"
            ),
            Some(News::BackAgain) => {
                tracing::info!(ahead_ms, "this node's clock agrees with Redis's again");
            }
            None => {}
        }
    }
}

impl Known {
    /// Where a slow answer leaves it open on which side of the limit the clock is, all stays as it was.
    fn note(&mut self, measured: Measured) -> Option<News> {
        self.last = Some(measured);
        let distance = measured.ahead_us.saturating_abs();
        if !self.is_too_far && distance.saturating_sub(measured.error_us) > TOO_FAR_US {
            self.is_too_far = true;
            return Some(News::TooFar);
        }
        if self.is_too_far && distance.saturating_add(measured.error_us) <= TOO_FAR_US {
            self.is_too_far = false;
            return Some(News::BackAgain);
        }
        None
    }
}

/// Compares now and then, for ever.
pub(crate) async fn watch(core: Arc<Core>) {
    loop {
        let mut wait = INTERVAL;
        match measure(&core, wall_us).await {
            Ok(measured) if measured.error_us <= TOO_VAGUE_US => core.clock_offset.note(measured),
            Ok(_) => wait = SOON,
            Err(error) => tracing::debug!(%error, "the clocks are not compared"),
        }
        sleep(wait.mul_f64(0.5 + fastrand::f64())).await;
    }
}

async fn measure(core: &Core, now_us: impl Fn() -> i64) -> Result<Measured, StoreError> {
    let mut best = ask(core, &now_us).await?;
    for _ in 1..QUESTIONS {
        let next = ask(core, &now_us).await?;
        if next.error_us < best.error_us {
            best = next;
        }
    }
    Ok(best)
}

async fn ask(core: &Core, now_us: &impl Fn() -> i64) -> Result<Measured, StoreError> {
    let key = core.layout.key(Layout::CONTROL, b"store");
    let (sent_us, sent) = (now_us(), Instant::now());
    let answer = core.redis.read_at(vec![(key, redis::cmd("TIME"))]).await?;
    let half = i64::try_from(sent.elapsed().as_micros() / 2).unwrap_or(i64::MAX);
    let server_us = answer.first().and_then(micros);
    let server_us = server_us.ok_or_else(|| strange("the server does not tell the time"))?;
    Ok(Measured {
        ahead_us: sent_us.saturating_add(half).saturating_sub(server_us),
        error_us: half,
    })
}

/// Reads the reply to `TIME`: seconds, and microseconds of the present one.
fn micros(reply: &Value) -> Option<i64> {
    let words = texts(reply);
    let [seconds, micros] = &words[..] else {
        return None;
    };
    let seconds: i64 = seconds.parse().ok()?;
    seconds
        .checked_mul(1_000_000)?
        .checked_add(micros.parse().ok()?)
}

fn wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use boards::Clock;
    use testkit::{RedisCluster, RedisServer};

    use super::*;
    use crate::options::Options;
    use crate::store::RedisStore;

    fn measured(ahead_ms: i64, error_ms: i64) -> Measured {
        Measured {
            ahead_us: ahead_ms * 1000,
            error_us: error_ms * 1000,
        }
    }

    #[test]
    fn each_change_is_told_once() {
        let mut known = Known::default();
        assert_eq!(known.note(measured(100, 0)), None);
        assert_eq!(known.note(measured(101, 0)), Some(News::TooFar));
        assert_eq!(known.note(measured(5000, 0)), None);
        assert_eq!(known.note(measured(101, 0)), None);
        assert_eq!(known.note(measured(-100, 0)), Some(News::BackAgain));
        assert_eq!(known.note(measured(-101, 0)), Some(News::TooFar));
        assert_eq!(known.note(measured(0, 1)), Some(News::BackAgain));
        assert_eq!(known.note(measured(0, 1)), None);
    }

    #[test]
    fn what_a_slow_answer_leaves_open_changes_nothing() {
        let mut known = Known::default();
        assert_eq!(known.note(measured(-700, 650)), None);
        assert_eq!(known.note(measured(-700, 500)), Some(News::TooFar));
        assert_eq!(known.note(measured(90, 11)), None);
        assert_eq!(known.note(measured(90, 10)), Some(News::BackAgain));
    }

    async fn compares(url: &str) {
        let options = Options::new(url.parse().unwrap());
        let store = RedisStore::open(&options, Clock::system()).await.unwrap();
        for ahead_us in [0, 250_000, -3_600_000_000] {
            let found = measure(&store.core, || wall_us() + ahead_us).await.unwrap();
            let off = (found.ahead_us - ahead_us).abs();
            // The server's clock is this machine's.
            assert!(off <= found.error_us + 1000, "{found:?}");
        }
        let began = Instant::now();
        while store.numbers().clock_offset.is_none() {
            assert!(began.elapsed() < Duration::from_secs(20), "it is not told");
            sleep(Duration::from_millis(10)).await;
        }
        store.close();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_told_by_how_much_the_node_is_ahead() {
        compares(&RedisServer::start().url()).await;
        compares(&RedisCluster::start().url()).await;
    }
}
