//! A way to a server that a test cuts and heals, as a network does.
//!
//! **What is cut is held, not lost.** Connections stay open and say nothing; what was sent meanwhile arrives once the
//! way is healed, as it does where TCP sends it again after a partition, and however long ago the sender gave it up.
//! So what a test sees of late arrivals is what a real network brings about. One thing is otherwise: who connects
//! meanwhile gets a connection on which nothing is answered, where a real network would not even give that. Both end
//! by the same limit.
//!
//! Absent on purpose: bytes that are lost, turned or delayed by chance. TCP does not let those through.

mod state;

use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use self::state::{Listening, State};
use crate::ports::free_port;

/// More than any message that a test is about, so that one comes in one piece.
const CHUNK_BYTES: usize = 256 << 10;
/// A port may be taken by another process at the last moment.
const ATTEMPTS: usize = 5;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server.
    There,
    /// From it: replies.
    Back,
}

/// A way to a server. Ends with all its connections when it is dropped.
pub struct Relay {
    port: u16,
    state: Arc<State>,
    listening: Option<JoinHandle<()>>,
}

impl Relay {
    /// To a port of loopback, where nobody need listen yet.
    pub fn to(server: u16) -> Self {
        let bound = (0..ATTEMPTS).find_map(|_| listen(free_port()).ok());
        let listener = bound.expect("no port is free for a relay");
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::new(server));
        let of_thread = Arc::clone(&state);
        let listening = thread::spawn(move || accept_all(&of_thread, listener));
        Relay {
            port,
            state,
            listening: Some(listening),
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a Redis that is behind it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Holds everything, both ways.
    pub fn cut(&self) {
        self.state.hold(&[Way::There, Way::Back], None);
    }

    /// Holds what goes to the server; replies that are under way still come.
    pub fn cut_requests(&self) {
        self.state.hold(&[Way::There], None);
    }

    /// Holds replies; what is asked arrives and is done.
    pub fn cut_replies(&self) {
        self.state.hold(&[Way::Back], None);
    }

    /// Holds everything of those who connect from this address.
    pub fn cut_from(&self, peer: IpAddr) {
        self.state.hold(&[Way::There, Way::Back], Some(peer));
    }

    /// From the first message to the server on that has these bytes in it, that message included, holds everything.
    pub fn cut_at(&self, bytes: &[u8]) {
        self.state.set_trap(bytes.to_vec());
    }

    /// The message that [`Relay::cut_at`] was about, once it has come.
    pub fn caught(&self) -> Option<Vec<u8>> {
        self.state.caught()
    }

    /// Ends all connections and refuses new ones.
    pub fn refuse(&self) {
        self.state.set_listening(Listening::Refusing);
        self.wake();
        self.state.await_refusal();
    }

    /// Takes back all that was cut, and returns once what was held has been passed on.
    pub fn heal(&self) {
        self.state.heal();
    }

    /// Has the thread that listens look up from it.
    fn wake(&self) {
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.set_listening(Listening::Ended);
        self.wake();
        if let Some(thread) = self.listening.take() {
            // It has panicked otherwise, which has been told.
            let _ = thread.join();
        }
    }
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

fn accept_all(state: &Arc<State>, mut listener: TcpListener) {
    let port = listener.local_addr().unwrap().port();
    loop {
        let accepted = listener.accept();
        match state.listening() {
            Listening::Ended => return,
            Listening::Open => {
                if let Ok((client, from)) = accepted {
                    connect(state, client, from.ip());
                }
            }
            Listening::Refusing => {
                // Whoever was about to be accepted is refused with it.
                drop((accepted, listener));
                if !state.refuse_until_healed() {
                    return;
                }
                listener = listen(port).expect("the port of a relay was taken meanwhile");
                state.listens_again();
            }
        }
    }
}

/// Where the server takes no connection, the client's ends.
fn connect(state: &Arc<State>, client: TcpStream, peer: IpAddr) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, state.server));
    let Ok(server) = TcpStream::connect(address) else {
        return;
    };
    let ends = [client, server].map(Arc::new);
    for end in &ends {
        end.set_nodelay(true).unwrap();
    }
    state.note(&ends);
    let [client, server] = ends;
    for (way, from, to) in [
        (Way::There, Arc::clone(&client), Arc::clone(&server)),
        (Way::Back, server, client),
    ] {
        let state = Arc::clone(state);
        thread::spawn(move || pass_on(&state, (way, peer), &from, &to));
    }
}

/// Until one of both ends the connection, which the other learns once it may.
fn pass_on(state: &State, of: (Way, IpAddr), mut from: &TcpStream, mut to: &TcpStream) {
    use std::io::{Read, Write};
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = from.read(&mut chunk).unwrap_or(0);
        let passing = state.await_turn(of, &chunk[..length]);
        let written = passing.is_some() && to.write_all(&chunk[..length]).is_ok();
        if length == 0 || !written {
            break;
        }
    }
    // It may have ended already.
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests;
