//! Which boards are to be told of, and when: the first change at once, then each board every 50 ms at the most, and the
//! last change always. However many change in between go in one message, so a crowd of submissions costs as much as
//! one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use boards::BoardId;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Between two messages about a board.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two messages: where many boards change, they gather.
const GATHERING: Duration = Duration::from_millis(5);

/// What is to be told.
pub(crate) struct Telling {
    /// What messages of this node begin with.
    node: String,
    noted: Mutex<Noted>,
    wake: Notify,
    has_ended: AtomicBool,
}

#[derive(Default)]
struct Noted {
    /// Boards that have changed since they were told of, or were told of a moment ago.
    boards: HashMap<BoardId, Board>,
    /// When something was told last.
    told: Option<Instant>,
}

struct Board {
    is_due: bool,
    told: Option<Instant>,
}

enum Taken {
    Due(Vec<BoardId>),
    /// Nothing before that time, or before something changes.
    Wait(Option<Instant>),
}

impl Telling {
    pub(crate) fn new() -> Self {
        Telling {
            node: format!("{:016x}", fastrand::u64(..)),
            noted: Mutex::default(),
            wake: Notify::new(),
            has_ended: AtomicBool::new(false),
        }
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    /// Notes that boards have changed. Costs a hundred nanoseconds or so for each.
    pub(super) fn add<'a>(&self, boards: impl Iterator<Item = &'a BoardId>) {
        let mut noted = self.noted.lock();
        let mut is_news = false;
        for board in boards {
            is_news |= noted.add(board);
        }
        drop(noted);
        if is_news {
            self.wake.notify_one();
        }
    }

    /// Notes once more what could not be told, unless it is too late for that.
    pub(super) fn again(&self, boards: &[BoardId]) {
        if !self.has_ended() {
            self.add(boards.iter());
        }
    }

    /// What has to be told now; waits until there is something. `None` at the end, when all is told.
    pub(super) async fn next(&self) -> Option<Vec<BoardId>> {
        loop {
            let ends = self.has_ended();
            let taken = self.noted.lock().take(Instant::now(), ends);
            match taken {
                Taken::Due(boards) => return Some(boards),
                Taken::Wait(_) if ends => return None,
                Taken::Wait(until) => self.wait(until).await,
            }
        }
    }

    /// Nothing is noted any more; what is due is told without a pause.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }

    async fn wait(&self, until: Option<Instant>) {
        let woken = self.wake.notified();
        match until {
            // Either is a reason to look again.
            Some(until) => drop(timeout_at(until, woken).await),
            None => woken.await,
        }
    }
}

impl Noted {
    /// Whether that is news.
    fn add(&mut self, board: &BoardId) -> bool {
        if let Some(board) = self.boards.get_mut(board) {
            return !std::mem::replace(&mut board.is_due, true);
        }
        let new = Board {
            is_due: true,
            told: None,
        };
        self.boards.insert(board.clone(), new);
        true
    }

    fn take(&mut self, now: Instant, ends: bool) -> Taken {
        let gathers_until = self.told.map(|told| told + GATHERING);
        if let Some(until) = gathers_until.filter(|until| *until > now && !ends) {
            return Taken::Wait(Some(until));
        }
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        self.boards.retain(|id, board| {
            let pauses_until = board.told.map(|told| told + PAUSE);
            match pauses_until.filter(|until| *until > now && !ends) {
                Some(until) if board.is_due => next = Some(next.map_or(until, |n| n.min(until))),
                Some(_) => {}
                None if board.is_due => {
                    due.push(id.clone());
                    (board.is_due, board.told) = (false, Some(now));
                }
                None => return false,
            }
            true
        });
        if due.is_empty() {
            return Taken::Wait(next);
        }
        self.told = Some(now);
        Taken::Due(due)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{advance, sleep};

    use super::*;

    fn board(name: &str) -> BoardId {
        BoardId::parse(name).unwrap()
    }

    /// Messages with the milliseconds at which they were sent, until the telling ends.
    async fn listen(telling: Arc<Telling>) -> Vec<(u64, Vec<BoardId>)> {
        let began = Instant::now();
        let mut heard = Vec::new();
        while let Some(mut boards) = telling.next().await {
            boards.sort_unstable();
            let at = u64::try_from(began.elapsed().as_millis()).unwrap();
            heard.push((at, boards));
        }
        heard
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_goes_at_once_and_a_crowd_as_one_after_the_other_pause() {
        let telling = Arc::new(Telling::new());
        let heard = tokio::spawn(listen(Arc::clone(&telling)));
        for n in 0..200 {
            sleep(Duration::from_millis(1)).await;
            telling.add([board("a")].iter());
            if n == 3 {
                telling.add([board("b")].iter());
            }
        }
        sleep(Duration::from_millis(500)).await;
        telling.add([board("a")].iter());
        sleep(Duration::from_millis(500)).await;
        telling.end();
        let heard = heard.await.unwrap();
        let of = |name: &str| -> Vec<u64> {
            let about = heard.iter().filter(|(_, b)| b.contains(&board(name)));
            about.map(|(at, _)| *at).collect()
        };
        let times = of("a");
        assert_eq!(times.len(), 6, "{times:?}");
        assert!(times[0] <= 2, "{times:?}");
        // With a timer that ticks in milliseconds.
        let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            pauses[..4].iter().all(|ms| (49..=53).contains(ms)),
            "{times:?}"
        );
        // The last of the crowd is told, and then nothing until the next change.
        assert!(times[4] >= 200 && times[5] >= 700, "{times:?}");
        let of_b = of("b");
        assert!(of_b.len() == 1 && of_b[0] <= 9, "{of_b:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn many_boards_gather() {
        let telling = Arc::new(Telling::new());
        let heard = tokio::spawn(listen(Arc::clone(&telling)));
        for n in 0..1000 {
            telling.add([board(&format!("b{n}"))].iter());
            if n % 100 == 99 {
                sleep(Duration::from_millis(1)).await;
            }
        }
        sleep(Duration::from_secs(1)).await;
        assert!(telling.noted.lock().boards.len() <= 1000);
        telling.add([board("last")].iter());
        sleep(Duration::from_secs(1)).await;
        // Nothing is kept of what was told long ago but by the next look.
        assert!(telling.noted.lock().boards.len() <= 1);
        telling.end();
        let heard = heard.await.unwrap();
        assert!(heard.len() <= 5, "{} messages", heard.len());
        let names: usize = heard.iter().map(|(_, boards)| boards.len()).sum();
        assert_eq!(names, 1001);
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_told_is_told_again() {
        let telling = Telling::new();
        telling.add([board("a")].iter());
        let first = telling.next().await.unwrap();
        telling.again(&first);
        let before = Instant::now();
        assert_eq!(telling.next().await.unwrap(), first);
        assert!(before.elapsed() >= PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_what_is_due_is_told_without_a_pause() {
        let telling = Telling::new();
        telling.add([board("a")].iter());
        telling.next().await.unwrap();
        telling.add([board("a")].iter());
        advance(Duration::from_millis(1)).await;
        telling.end();
        let before = Instant::now();
        let last = telling.next().await.unwrap();
        assert_eq!((last.len(), before.elapsed()), (1, Duration::ZERO));
        telling.again(&last);
        assert_eq!(telling.next().await, None);
    }
}
