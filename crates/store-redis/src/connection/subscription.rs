//! Messages of one channel, for as long as somebody listens.
//!
//! Redis keeps no messages for who is away, so a listener has to know when it may have missed some: it then looks
//! at what the messages are about. In a cluster every node passes on the messages of all, so one connection to any
//! master does; it moves to another one when that master is no master any more.
//!
//! A connection for each subscription: who has many listeners subscribes once and tells them. Who keeps something until
//! a message comes looks at [`Hearing`] as well, which says at once that a connection has ended.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{interval, sleep, timeout};

use super::hearing::Hearing;
use super::shared::Shared;
use crate::address::Host;

/// Messages that wait for the listener. When there are more, it has missed some.
const WAITING_MESSAGES: usize = 4096;
/// How often it is asked whether the server is still there.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// From here on nothing is missed; before, some may have been. Told once at the beginning as well.
    Missed,
    /// A message.
    Message(Vec<u8>),
}

/// Messages of one channel. Ends the connection when it is dropped.
pub(crate) struct Subscription {
    events: Receiver<Event>,
}

impl Subscription {
    /// The next event; waits for it, for ever if need be. `None` once the Redis that it is of has been dropped.
    /// Nothing is lost where the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

pub(super) fn subscribe(
    shared: &Arc<Shared>,
    channel_name: Vec<u8>,
    hearing: Arc<Hearing>,
) -> Subscription {
    let (sender, events) = channel(WAITING_MESSAGES);
    let listener = Listener {
        shared: Arc::downgrade(shared),
        channel_name,
        events: sender,
        has_missed: true,
        hearing,
    };
    tokio::spawn(listener.listen());
    Subscription { events }
}

struct Listener {
    shared: Weak<Shared>,
    channel_name: Vec<u8>,
    events: Sender<Event>,
    /// The listener has not yet been told.
    has_missed: bool,
    hearing: Arc<Hearing>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hearing.ends();
    }
}

/// Nobody listens any more, or there is nothing to listen to.
struct Over;

impl Listener {
    async fn listen(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let started = Instant::now();
            match self.connect().await {
                Ok(Some((host, sink, stream))) => {
                    self.has_missed = true;
                    self.hearing.begins();
                    if let Err(Over) = self.pass_on(&host, sink, stream).await {
                        return;
                    }
                    self.hearing.ends();
                }
                Ok(None) => {}
                Err(Over) => return,
            }
            if started.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// To any master. `None` if it does not answer.
    async fn connect(&self) -> Result<Option<(Host, PubSubSink, PubSubStream)>, Over> {
        let shared = self.shared.upgrade().ok_or(Over)?;
        if self.events.is_closed() {
            return Err(Over);
        }
        let topology = shared.topology.load_full();
        let Some(node) = fastrand::choice(&topology.masters) else {
            return Ok(None);
        };
        let connecting = async {
            let stream = shared.connector.open(&node.host).await.ok()?;
            let pubsub = PubSub::new(&shared.connector.login, stream).await.ok()?;
            let (mut sink, stream) = pubsub.split();
            sink.subscribe(&self.channel_name).await.ok()?;
            Some((node.host.clone(), sink, stream))
        };
        let connected = timeout(shared.connector.timeout, connecting).await;
        Ok(connected.ok().flatten())
    }

    /// Until the connection ends, or its server is the wrong one.
    async fn pass_on(
        &mut self,
        host: &Host,
        mut sink: PubSubSink,
        mut stream: PubSubStream,
    ) -> Result<(), Over> {
        let mut checks = interval(CHECK_INTERVAL);
        loop {
            self.tell_missed();
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => self.tell(Event::Message(message.get_payload_bytes().to_vec())),
                    None => return Ok(()),
                },
                () = self.events.closed() => return Err(Over),
                _ = checks.tick() => {
                    if !self.is_still_right(host, &mut sink).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn is_still_right(&self, host: &Host, sink: &mut PubSubSink) -> Result<bool, Over> {
        let shared = self.shared.upgrade().ok_or(Over)?;
        let masters = &shared.topology.load_full().masters;
        if !masters.iter().any(|node| node.host == *host) {
            return Ok(false);
        }
        let pong = timeout(shared.options.response_timeout, sink.ping::<redis::Value>());
        Ok(matches!(pong.await, Ok(Ok(_))))
    }

    fn tell_missed(&mut self) {
        if self.has_missed {
            self.has_missed = self.events.try_send(Event::Missed).is_err();
        }
    }

    /// One that does not fit in is missed; it is told so when there is room.
    fn tell(&mut self, event: Event) {
        self.tell_missed();
        if self.has_missed || self.events.try_send(event).is_err() {
            self.has_missed = true;
            self.hearing.begins();
        }
    }
}
