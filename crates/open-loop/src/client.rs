//! The run: one thread for each connection, and one schedule for all of them.
//!
//! A thread takes the next request that nobody has, waits until it is due and sends it. So a connection
//! on which a reply is slow holds up one request, not all that would have been its own. Threads rather than
//! tasks, since the timers of an asynchronous runtime tick in milliseconds and those of the system do not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use crate::args::Args;
use crate::connection::{Connection, Fault};
use crate::request::Requests;
use crate::schedule::Schedule;
use crate::tally::{Instants, Tally};
use crate::target::Target;

const STACK: usize = 256 * 1024;
/// For the threads to be there before the first request is due, and more for each of them.
const HEAD_START: Duration = Duration::from_millis(50);
const START_OF_ONE: Duration = Duration::from_micros(200);
/// After a connection could not be made, so that a server which is gone is not hammered.
const PAUSE: Duration = Duration::from_millis(50);

/// What the threads share.
struct Run<'a> {
    schedule: Schedule,
    next: AtomicU64,
    start: Instant,
    /// From here on nothing is sent.
    end: Instant,
    timeout: Duration,
    target: &'a Target,
    requests: &'a Requests,
}

/// Sends everything and returns what came of it; an error if the server cannot be reached at the start.
pub(crate) fn run(
    args: &Args,
    target: &Target,
    schedule: Schedule,
    requests: &Requests,
) -> anyhow::Result<Tally> {
    let connect = || {
        let opened = Connection::open(target.address, args.timeout());
        opened.map_err(|_| anyhow!("cannot connect to {}", target.address))
    };
    let opened = (0..args.connections).map(|_| connect());
    let connections = opened.collect::<anyhow::Result<Vec<Connection>>>()?;
    let start = Instant::now() + HEAD_START + START_OF_ONE * args.connections;
    let run = Run {
        schedule,
        next: AtomicU64::new(0),
        start,
        end: start + schedule.due(schedule.count()) + args.timeout(),
        timeout: args.timeout(),
        target,
        requests,
    };
    let run = &run;
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (seed, connection) in connections.into_iter().enumerate() {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let work = move || run.client(connection, seed as u64);
            match thread.spawn_scoped(scope, work) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    // The others find nothing left to send.
                    run.next.store(schedule.count(), Ordering::Relaxed);
                    return Err(error).context("cannot start so many threads");
                }
            }
        }
        let mut all = Tally::new(run.start);
        for thread in threads {
            all.add(thread.join().map_err(|_| anyhow!("a client panicked"))?);
        }
        Ok(all)
    })
}

impl Run<'_> {
    fn client(&self, connection: Connection, seed: u64) -> Tally {
        let mut random = fastrand::Rng::with_seed(seed);
        let (mut connection, mut request) = (Some(connection), Vec::new());
        let mut tally = Tally::new(self.start);
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.schedule.count() {
                return tally;
            }
            let due = self.start + self.schedule.due(number);
            self.requests.write(&mut request, &mut random);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let sent = Instant::now();
            let outcome = self.send(&mut connection, &request, sent);
            let over = Instant::now();
            tally.count(outcome, Instants { due, sent, over });
            if outcome == Err(Fault::NotConnected) {
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// On the connection that there is, or else a new one; after a fault there is none.
    fn send(
        &self,
        connection: &mut Option<Connection>,
        request: &[u8],
        now: Instant,
    ) -> Result<u16, Fault> {
        if now >= self.end {
            return Err(Fault::NotSent);
        }
        let until = self.end.min(now + self.timeout);
        let mut used = match connection.take() {
            Some(kept) => kept,
            None => Connection::open(self.target.address, until - now)?,
        };
        let status = used.ask(request, until)?;
        *connection = Some(used);
        Ok(status)
    }
}
