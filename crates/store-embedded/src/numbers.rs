//! What the store has counted since it was opened, and how large it is, for those who watch.
//!
//! The writer and those who ask it for changes count as they go; everything else is read when somebody asks.
//! Boards and queues are gone through in runs, so that no change waits for more than one of them.

use std::ops::Bound::{Excluded, Unbounded};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boards::{BoardId, Buckets, Histogram};
use matchmaking::{QueueId, Tally};
use parking_lot::Mutex;

use crate::queues::Queue;
use crate::state::Board;
use crate::store::EmbeddedStore;

/// Boards or queues looked at before the writer is let in.
const RUN: usize = 512;
/// What `st_blocks` counts in.
const BLOCK_BYTES: u64 = 512;

const CHANGES: [f64; 13] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0,
];
const SECONDS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Of the store as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Batches that were written and synced, those by which the store tidies up among them.
    pub commits: u64,
    /// Batches that could not be.
    pub commit_failures: u64,
    /// Changes made by each batch; none where the store tidied up.
    pub commit_changes: Histogram,
    /// How long writing and syncing took, in seconds.
    pub commit_seconds: Histogram,
    /// Changes that wait for the writer.
    pub queue_changes: u64,
    /// Changes refused because too many waited.
    pub queue_refused: u64,
    /// Whether changes can be taken.
    pub available: bool,
    /// How long it took to open the store and to build its indexes.
    pub recovery: Duration,
    /// Players.
    pub players: u64,
    /// Boards.
    pub boards: u64,
    /// Ranked entries of the present seasons of all boards.
    pub entries: u64,
    /// About how many bytes of memory the orders of all seasons take that are kept.
    pub index_bytes: u64,
    /// Bytes of disk that the directory takes.
    pub disk_bytes: u64,
}

/// Of one queue, or of several together.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueNumbers {
    /// Tickets that wait.
    pub waiting: u64,
    /// How long the one has waited that was made first; zero where none waits.
    pub oldest_wait: Duration,
    /// Tickets made.
    pub created: u64,
    /// Tickets that came into a match that is held.
    pub matched: u64,
    /// Tickets cancelled, for whatever reason.
    pub cancelled: u64,
    /// Tickets that had waited too long.
    pub expired: u64,
    /// Matches made and held.
    pub matches: u64,
    /// How long matched tickets had waited, in seconds.
    pub wait_seconds: Histogram,
    /// Distances between the highest and the lowest rating of matches made and held.
    pub rating_spread: Histogram,
}

/// What is counted as it happens.
pub(crate) struct Counted {
    waiting: AtomicU64,
    refused: AtomicU64,
    commits: Mutex<Commits>,
}

struct Commits {
    failures: u64,
    changes: Buckets<13>,
    seconds: Buckets<16>,
}

impl Counted {
    pub(crate) fn new() -> Self {
        Counted {
            waiting: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            commits: Mutex::new(Commits {
                failures: 0,
                changes: Buckets::new(&CHANGES),
                seconds: Buckets::new(&SECONDS),
            }),
        }
    }

    /// A change is about to wait for the writer. Before it does, so that it is never taken out first.
    pub(crate) fn waits(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// It could not wait, since too many do or since the writer has stopped.
    pub(crate) fn turned_away(&self, full: bool) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.refused.fetch_add(full.into(), Ordering::Relaxed);
    }

    /// The writer has taken so many changes.
    pub(crate) fn taken(&self, changes: usize) {
        self.waiting.fetch_sub(changes as u64, Ordering::Relaxed);
    }

    pub(crate) fn committed(&self, changes: usize, took: Duration) {
        let mut commits = self.commits.lock();
        commits.changes.record(changes as f64);
        commits.seconds.record(took.as_secs_f64());
    }

    pub(crate) fn failed(&self) {
        self.commits.lock().failures += 1;
    }
}

/// What boards come to together.
#[derive(Default)]
struct Sizes {
    boards: u64,
    entries: u64,
    index_bytes: u64,
}

impl Sizes {
    fn add(&mut self, board: &Board) {
        self.boards += 1;
        self.entries += board.ladder.all().len() as u64;
        let ladders = board.ladders().map(|(_, ladder)| ladder.estimated_bytes());
        self.index_bytes += ladders.sum::<u64>();
    }
}

impl EmbeddedStore {
    /// What has been counted, and how large everything is. O(boards), some hundred nanoseconds for each; reads
    /// the directory, and so may block.
    pub fn numbers(&self) -> Numbers {
        let sizes = self.sizes();
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let commits = self.counted.commits.lock();
        let (changes, seconds) = (commits.changes.histogram(), commits.seconds.histogram());
        let commit_failures = commits.failures;
        drop(commits);
        Numbers {
            commits: changes.count,
            commit_failures,
            commit_changes: changes,
            commit_seconds: seconds,
            queue_changes: load(&self.counted.waiting),
            queue_refused: load(&self.counted.refused),
            available: self.takes_changes(),
            recovery: self.recovery,
            players: self.player_count(),
            boards: sizes.boards,
            entries: sizes.entries,
            index_bytes: sizes.index_bytes,
            disk_bytes: disk_bytes(&self.data_dir),
        }
    }

    /// Those queues that `is_named`, by their place in the order of names and their name, and all others
    /// together, if there are any. `now_ms` is the time. O(queues), some hundred nanoseconds for each.
    pub fn queue_numbers(
        &self,
        is_named: impl Fn(usize, &QueueId) -> bool,
        now_ms: i64,
    ) -> (Vec<(QueueId, QueueNumbers)>, Option<QueueNumbers>) {
        let mut named = Vec::new();
        let mut others: Option<Sum> = None;
        let mut place = 0;
        self.each_queue(|queue| {
            let sum = Sum::of(queue, now_ms);
            let has_name = is_named(place, &queue.id);
            place += 1;
            if has_name {
                named.push((queue.id.clone(), sum.numbers()));
            } else if let Some(others) = &mut others {
                others.add(&sum);
            } else {
                others = Some(sum);
            }
        });
        (named, others.map(|others| others.numbers()))
    }

    fn sizes(&self) -> Sizes {
        let mut sizes = Sizes::default();
        let mut last: Option<BoardId> = None;
        loop {
            let state = self.state.read();
            let from = last.as_ref().map_or(Unbounded, Excluded);
            let run = state
                .numbers
                .range::<BoardId, _>((from, Unbounded))
                .take(RUN);
            let mut end = None;
            for (id, number) in run {
                if let Some(board) = state.boards.get(number) {
                    sizes.add(board);
                }
                end = Some(id);
            }
            let Some(end) = end.cloned() else {
                return sizes;
            };
            last = Some(end);
        }
    }

    fn each_queue(&self, mut visit: impl FnMut(&Queue)) {
        let mut last: Option<QueueId> = None;
        loop {
            let state = self.state.read();
            let queues = &state.queues;
            let from = last.as_ref().map_or(Unbounded, Excluded);
            let run = queues
                .numbers
                .range::<QueueId, _>((from, Unbounded))
                .take(RUN);
            let mut end = None;
            for (id, number) in run {
                queues.all.get(number).into_iter().for_each(&mut visit);
                end = Some(id);
            }
            let Some(end) = end.cloned() else {
                return;
            };
            last = Some(end);
        }
    }
}

/// A queue, or several, at one instant.
struct Sum {
    waiting: u64,
    oldest_wait_ms: u64,
    tally: Tally,
}

impl Sum {
    fn of(queue: &Queue, now_ms: i64) -> Self {
        let oldest = queue.waiting.values().next();
        let waited = oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest.created_at_ms));
        Sum {
            waiting: queue.waiting.len() as u64,
            oldest_wait_ms: u64::try_from(waited).unwrap_or(0),
            tally: queue.tally.clone(),
        }
    }

    fn add(&mut self, other: &Sum) {
        self.waiting += other.waiting;
        self.oldest_wait_ms = self.oldest_wait_ms.max(other.oldest_wait_ms);
        self.tally.add(&other.tally);
    }

    fn numbers(&self) -> QueueNumbers {
        let tally = &self.tally;
        QueueNumbers {
            waiting: self.waiting,
            oldest_wait: Duration::from_millis(self.oldest_wait_ms),
            created: tally.created,
            matched: tally.matched(),
            cancelled: tally.cancelled,
            expired: tally.expired,
            matches: tally.matches(),
            wait_seconds: tally.waits.histogram(),
            rating_spread: tally.spreads.histogram(),
        }
    }
}

/// What the files below a directory take of the disk. Those that go away meanwhile are left out, as is what
/// cannot be read.
fn disk_bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let bytes = entries.filter_map(Result::ok).map(|entry| {
        let Ok(metadata) = entry.metadata() else {
            return 0;
        };
        let below = if metadata.is_dir() {
            disk_bytes(&entry.path())
        } else {
            0
        };
        below + metadata.blocks() * BLOCK_BYTES
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_wait_until_they_are_taken_or_turned_away() {
        let counted = Counted::new();
        for _ in 0..5 {
            counted.waits();
        }
        counted.taken(2);
        counted.turned_away(true);
        counted.turned_away(false);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((load(&counted.waiting), load(&counted.refused)), (1, 1));
    }

    #[test]
    fn a_directory_takes_what_its_files_have_and_not_their_holes() {
        let temp = tempfile::tempdir().unwrap();
        let below = temp.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        let empty = disk_bytes(temp.path());
        std::fs::write(below.join("full"), vec![1; 1 << 20]).unwrap();
        let hollow = std::fs::File::create(temp.path().join("hollow")).unwrap();
        hollow.set_len(1 << 30).unwrap();
        hollow.sync_all().unwrap();
        std::fs::File::open(below.join("full"))
            .unwrap()
            .sync_all()
            .unwrap();
        let more = disk_bytes(temp.path()) - empty;
        assert!((1 << 20..2 << 20).contains(&more), "{more}");
        assert_eq!(disk_bytes(&temp.path().join("none")), 0);
    }
}
