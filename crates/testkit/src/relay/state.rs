//! What of a relay is cut, and who waits for it.

use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use super::Way;

/// How long what was held may take to be passed on.
const LIMIT: Duration = Duration::from_secs(60);

/// Whether new connections are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Listening {
    Open,
    Refusing,
    Ended,
}

/// What of a relay is cut.
pub(super) struct State {
    /// The server's port.
    pub(super) server: u16,
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    listening: Listening,
    /// Whether the port is open, which follows `listening` after a moment.
    is_open: bool,
    /// What is held: which way, and of whom if not of everybody.
    held: Vec<(Way, Option<IpAddr>)>,
    /// Those who have something that is held.
    waiting: usize,
    trap: Option<Vec<u8>>,
    caught: Option<Vec<u8>>,
    streams: Vec<Weak<TcpStream>>,
}

/// Something that may be passed on now; dropped when that is done.
pub(super) struct Passing<'s> {
    state: &'s State,
    was_held: bool,
}

impl State {
    pub(super) fn new(server: u16) -> Self {
        State {
            server,
            inner: Mutex::new(Inner {
                listening: Listening::Open,
                is_open: true,
                held: Vec::new(),
                waiting: 0,
                trap: None,
                caught: None,
                streams: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn listening(&self) -> Listening {
        self.inner().listening
    }

    pub(super) fn set_listening(&self, listening: Listening) {
        let mut inner = self.inner();
        inner.listening = listening;
        for stream in inner.streams.drain(..).filter_map(|s| s.upgrade()) {
            // It may have ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// Remembers a connection, to end it with the relay.
    pub(super) fn note(&self, ends: &[Arc<TcpStream>]) {
        let mut inner = self.inner();
        inner.streams.retain(|s| s.strong_count() > 0);
        inner.streams.extend(ends.iter().map(Arc::downgrade));
    }

    pub(super) fn hold(&self, ways: &[Way], of: Option<IpAddr>) {
        self.inner().held.extend(ways.iter().map(|way| (*way, of)));
    }

    pub(super) fn set_trap(&self, bytes: Vec<u8>) {
        let mut inner = self.inner();
        (inner.trap, inner.caught) = (Some(bytes), None);
    }

    pub(super) fn caught(&self) -> Option<Vec<u8>> {
        self.inner().caught.clone()
    }

    /// Waits as long as these bytes, or the end of the connection where there are none, are held. `None` where the
    /// relay has ended.
    pub(super) fn await_turn(&self, of: (Way, IpAddr), bytes: &[u8]) -> Option<Passing<'_>> {
        let mut inner = self.inner();
        inner.spring(of.0, bytes);
        let was_held = inner.holds(of);
        if was_held {
            inner.waiting += 1;
            let waits = |inner: &mut Inner| inner.holds(of) && inner.listening == Listening::Open;
            inner = self.changed.wait_while(inner, waits).unwrap();
        }
        let may_pass = inner.listening == Listening::Open;
        drop(inner);
        let passing = Passing {
            state: self,
            was_held,
        };
        may_pass.then_some(passing)
    }

    pub(super) fn heal(&self) {
        let mut inner = self.inner();
        (inner.trap, inner.listening) = (None, Listening::Open);
        inner.held.clear();
        self.changed.notify_all();
        let is_under_way = |inner: &mut Inner| inner.waiting > 0 || !inner.is_open;
        self.wait(inner, "what was held is passed on", is_under_way);
    }

    /// Waits until connections are refused.
    pub(super) fn await_refusal(&self) {
        self.wait(self.inner(), "connections are refused", |i| i.is_open);
    }

    fn wait(&self, inner: MutexGuard<'_, Inner>, what: &str, go_on: impl Fn(&mut Inner) -> bool) {
        let waited = self.changed.wait_timeout_while(inner, LIMIT, go_on);
        assert!(
            !waited.unwrap().1.timed_out(),
            "not so in {LIMIT:?}: {what}"
        );
    }

    /// The port is closed now. Whether it is to be opened again, once it is.
    pub(super) fn refuse_until_healed(&self) -> bool {
        let mut inner = self.inner();
        inner.is_open = false;
        self.changed.notify_all();
        let refuses = |inner: &mut Inner| inner.listening == Listening::Refusing;
        let inner = self.changed.wait_while(inner, refuses).unwrap();
        inner.listening == Listening::Open
    }

    pub(super) fn listens_again(&self) {
        self.inner().is_open = true;
        self.changed.notify_all();
    }
}

impl Inner {
    fn holds(&self, (way, peer): (Way, IpAddr)) -> bool {
        let is_meant = |(held, of): &(Way, Option<IpAddr>)| {
            *held == way && of.is_none_or(|address| address == peer)
        };
        self.held.iter().any(is_meant)
    }

    /// Cuts everything where this is what was waited for.
    fn spring(&mut self, way: Way, bytes: &[u8]) {
        let Some(trap) = self.trap.take_if(|trap| {
            way == Way::There && bytes.windows(trap.len()).any(|part| part == trap)
        }) else {
            return;
        };
        drop(trap);
        self.caught = Some(bytes.to_vec());
        self.held.extend([(Way::There, None), (Way::Back, None)]);
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        if self.was_held {
            self.state.inner().waiting -= 1;
            self.state.changed.notify_all();
        }
    }
}
