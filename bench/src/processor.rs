//! Processor time of another process, by its threads' names.
//!
//! In nanoseconds from the scheduler, where `/proc/ID/stat` counts ticks of a hundredth of a second.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

/// A process is at rest when it has used less than this…
const AT_REST: Duration = Duration::from_millis(5);
/// …in so long a time.
const LOOK: Duration = Duration::from_millis(300);
/// Work that is left over is waited for no longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the threads of a process have used since they began, by their name without a number behind it.
#[derive(Clone, Debug, Default)]
pub struct Used(BTreeMap<String, Duration>);

impl Used {
    /// Up to now. Threads that have ended are not in it.
    pub fn of(process: u32) -> Result<Self> {
        let mut used = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{process}/task"))? {
            let task = task?.path();
            let read = |file| fs::read_to_string(task.join(file));
            // One that ends while it is looked at is left out.
            let Ok((name, time)) = read("comm").and_then(|n| Ok((n, read("schedstat")?))) else {
                continue;
            };
            let ns = time.split(' ').next().and_then(|ns| ns.parse().ok());
            let ns = ns.ok_or_else(|| io::Error::other("the system does not tell run times"))?;
            let name = name
                .trim_end()
                .trim_end_matches(|c: char| c.is_ascii_digit());
            *used
                .entry(name.trim_end_matches('-').to_owned())
                .or_default() += Duration::from_nanos(ns);
        }
        Ok(Used(used))
    }

    /// The same once the process has nothing left to do, or after half a minute.
    pub fn at_rest(process: u32) -> Result<Self> {
        let start = Instant::now();
        let mut last = Used::of(process)?;
        loop {
            sleep(LOOK);
            let now = Used::of(process)?;
            if now.since(&last).total() < AT_REST || start.elapsed() > PATIENCE {
                return Ok(now);
            }
            last = now;
        }
    }

    /// What came after `earlier`.
    pub fn since(&self, earlier: &Used) -> Used {
        let before = |name| earlier.0.get(name).copied().unwrap_or_default();
        let used = self.0.iter().map(|(name, time)| {
            let used = time.saturating_sub(before(name));
            (name.clone(), used)
        });
        Used(used.collect())
    }

    /// Of all threads.
    pub fn total(&self) -> Duration {
        self.0.values().sum()
    }

    /// By the threads' names, the most first.
    pub fn by_name(&self) -> Vec<(&str, Duration)> {
        let mut used: Vec<_> = self.0.iter().map(|(n, time)| (n.as_str(), *time)).collect();
        used.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_is_told_by_its_name() {
        let before = Used::of(std::process::id()).unwrap();
        let busy = std::thread::Builder::new().name("busy-7".into());
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let (started, begun) = std::sync::mpsc::channel();
        let thread = busy.spawn(move || {
            let start = Instant::now();
            let mut n = 0_u64;
            while start.elapsed() < Duration::from_millis(50) {
                n = std::hint::black_box(n + 1);
            }
            started.send(()).unwrap();
            wait.recv().unwrap_err();
        });
        begun.recv().unwrap();
        let used = Used::of(std::process::id()).unwrap().since(&before);
        let busy = used.by_name().into_iter().find(|(name, _)| *name == "busy");
        assert!(busy.unwrap().1 > Duration::ZERO);
        assert!(used.total() >= busy.unwrap().1);
        drop(done);
        thread.unwrap().join().unwrap();
    }
}
