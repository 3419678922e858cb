//! What a node knows and does of queues, beside what is in Redis: whom to wake, what it leads, what it has seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use boards::StoreError;
use redis::{Cmd, Value};
use ticket_watches::Watches;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::keys::{Part, Place, QUEUES};
use super::lease::Leases;
use super::listed::Listed;
use super::mirror::Mirrors;
use super::names::Names;
use super::news::{self, News};
use super::recent::Recents;
use super::why::Whys;
use super::{QueueNumber, records, wire};
use crate::connection::Event;
use crate::core::Core;
use crate::layout::Layout;

/// How often it is looked whether something has changed of which no message came.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often what has ended is removed.
const TIDY_EVERY: Duration = Duration::from_secs(20);

/// Queues, as one node works with them.
pub(crate) struct Queues {
    pub(super) core: Arc<Core>,
    pub(super) names: Names,
    pub(super) listed: Listed,
    pub(super) leases: Leases,
    pub(super) watches: Arc<Watches>,
    pub(super) mirrors: Mirrors,
    pub(super) recents: Recents,
    pub(super) whys: Whys,
    /// Another number whenever something else waits in any queue.
    pub(super) waits: watch::Sender<u64>,
}

/// What a node does of its own accord; ends when it is dropped.
pub(crate) struct Duties(Vec<JoinHandle<()>>);

impl Duties {
    pub(crate) fn end(&self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Duties {
    fn drop(&mut self) {
        self.end();
    }
}

impl Queues {
    pub(crate) fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Queues {
            core,
            names: Names::default(),
            listed: Listed::default(),
            leases: Leases::new(),
            watches: Arc::default(),
            mirrors: Mirrors::default(),
            recents: Recents::default(),
            whys: Whys::default(),
            // Who has seen nothing yet says 0.
            waits: watch::Sender::new(1),
        })
    }

    /// Begins to listen to other nodes and to tidy up; within a runtime.
    pub(crate) fn begin(self: &Arc<Self>) -> Duties {
        Duties(vec![
            tokio::spawn(listen(Arc::downgrade(self))),
            tokio::spawn(look_now_and_then(Arc::downgrade(self))),
            tokio::spawn(tidy_now_and_then(Arc::downgrade(self))),
        ])
    }

    /// How many queues this node leads, as far as it knows.
    pub(crate) fn led(&self) -> u64 {
        self.leases.count() as u64
    }

    /// The answer to one reading.
    pub(super) async fn read_one(&self, command: Cmd) -> Result<Value, StoreError> {
        let answers = self.core.redis.read(vec![command]).await?;
        Ok(answers.into_iter().next().unwrap_or(Value::Nil))
    }

    fn hear(&self, event: Event) {
        let news = match event {
            Event::Message(message) => news::read(&message),
            Event::Missed => None,
        };
        match news {
            Some(News::Tickets(number, tickets)) if !tickets.is_empty() => {
                let tickets = tickets.into_iter().map(|ticket| (number, ticket));
                self.watches.wake(tickets);
            }
            Some(News::Tickets(number, _)) => self.watches.wake_queue(number),
            Some(News::Waiting(_)) => self.waits.send_modify(|n| *n += 1),
            None => {
                self.watches.wake_all();
                self.waits.send_modify(|n| *n += 1);
            }
        }
    }

    /// The versions of all queues.
    async fn versions(&self) -> Result<BTreeMap<QueueNumber, u64>, StoreError> {
        let key = self.core.layout.key(Layout::CONTROL, QUEUES);
        let lines = wire::items(self.read_one(redis::cmd("HVALS").arg(key).take()).await?);
        let lines = lines.iter().filter_map(|bytes| records::read_queue(bytes));
        let numbers: Vec<QueueNumber> = lines.map(|line| line.number).collect();
        let commands = numbers.iter().map(|number| {
            let place = Place::of(&self.core.layout, *number);
            let key = self.core.layout.key(place.room, &place.key(Part::Version));
            redis::cmd("GET").arg(key).take()
        });
        let found = self.core.redis.read(commands.collect()).await?;
        Ok(numbers
            .into_iter()
            .zip(found.iter().map(wire::number))
            .collect())
    }
}

/// Passes on what other nodes tell.
async fn listen(queues: Weak<Queues>) {
    let Some(mut subscription) = queues.upgrade().map(|queues| {
        let channel = queues.core.layout.channel();
        queues.core.redis.subscribe(channel)
    }) else {
        return;
    };
    while let Some(event) = subscription.next().await {
        let Some(queues) = queues.upgrade() else {
            return;
        };
        queues.hear(event);
    }
}

/// Notices what no message told.
async fn look_now_and_then(queues: Weak<Queues>) {
    let mut seen = BTreeMap::new();
    loop {
        sleep(LOOK_EVERY.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
        let Some(queues) = queues.upgrade() else {
            return;
        };
        match queues.versions().await {
            Ok(now) if now != seen => {
                seen = now;
                queues.waits.send_modify(|n| *n += 1);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "no look at the queues"),
        }
    }
}

async fn tidy_now_and_then(queues: Weak<Queues>) {
    loop {
        sleep(TIDY_EVERY.mul_f64(0.5 + fastrand::f64())).await;
        let Some(queues) = queues.upgrade() else {
            return;
        };
        if let Err(error) = queues.tidy().await {
            tracing::debug!(%error, "what has ended in queues stays for now");
        }
    }
}
