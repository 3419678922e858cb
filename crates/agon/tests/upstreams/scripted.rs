//! An upstream that does as it is told, request by request in the order of their arrival, and
//! remembers what it was asked, when, and by whom it was left.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::spawn;
use std::time::{Duration, Instant};

use crate::act::{Act, End};

/// The head of a request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub at: Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(n, _)| n == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

struct State {
    script: VecDeque<Act>,
    /// What is done when the script is over.
    rest: Act,
    connections: usize,
    asked: Vec<Asked>,
    under_way: usize,
    left: usize,
}

/// The upstream. Its threads end with the connections they serve, or with the test.
#[derive(Clone)]
pub struct Scripted {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Scripted {
    /// Plays this script, and then `rest` for ever.
    pub fn new(script: impl Into<VecDeque<Act>>, rest: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Scripted {
            address: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(State {
                script: script.into(),
                rest,
                connections: 0,
                asked: Vec::new(),
                under_way: 0,
                left: 0,
            })),
        };
        let serving = upstream.clone();
        spawn(move || {
            for stream in listener.incoming() {
                let upstream = serving.clone();
                upstream.state().connections += 1;
                // A client that goes in the middle of a head was not asking.
                spawn(move || upstream.serve(BufReader::new(stream.unwrap())));
            }
        });
        upstream
    }

    /// Does the same with every request.
    pub fn always(act: Act) -> Self {
        Scripted::new([], act)
    }

    /// Plays this script from now on, and then `rest`.
    pub fn play(&self, script: impl Into<VecDeque<Act>>, rest: Act) {
        let mut state = self.state();
        (state.script, state.rest) = (script.into(), rest);
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// The requests so far, in the order of their arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    pub fn requests(&self) -> usize {
        self.state().asked.len()
    }

    /// How many requests are being replied to, or will never be.
    pub fn under_way(&self) -> usize {
        self.state().under_way
    }

    /// How many clients went away before they had their reply.
    pub fn left(&self) -> usize {
        self.state().left
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self, mut client: BufReader<TcpStream>) -> Result<()> {
        client.get_ref().set_nodelay(true)?;
        loop {
            let asked = read_head(&mut client)?;
            let act = self.next_act(asked);
            let played = play(client.get_mut(), &act);
            self.ended(played.is_err());
            played?;
            if matches!(act.end, End::Close) {
                return Ok(());
            }
        }
    }

    fn next_act(&self, asked: Asked) -> Act {
        let mut state = self.state();
        state.asked.push(asked);
        state.under_way += 1;
        let act = state.script.pop_front();
        act.unwrap_or_else(|| state.rest.clone())
    }

    fn ended(&self, left: bool) {
        let mut state = self.state();
        state.under_way -= 1;
        state.left += usize::from(left);
    }
}

fn read_head(client: &mut BufReader<TcpStream>) -> Result<Asked> {
    client.get_ref().set_read_timeout(None)?;
    let line = read_line(client)?;
    let at = Instant::now();
    let mut headers = Vec::new();
    while let Some((name, value)) = read_line(client)?.split_once(": ") {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Ok(Asked { line, headers, at })
}

fn read_line(client: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    client.read_line(&mut line)?;
    let whole = line.strip_suffix("\r\n").map(str::to_owned);
    whole.ok_or(ErrorKind::UnexpectedEof.into())
}

/// An error says that the client went away meanwhile.
fn play(client: &mut TcpStream, act: &Act) -> Result<()> {
    stay(client, Some(act.after))?;
    client.write_all(&act.bytes)?;
    match &act.end {
        End::Keep | End::Close => Ok(()),
        End::Hang => stay(client, None),
        End::Repeat(piece, pause) => loop {
            client.write_all(piece)?;
            stay(client, Some(*pause))?;
        },
    }
}

/// Waits, for ever without a time, as long as the client stays.
fn stay(client: &TcpStream, time: Option<Duration>) -> Result<()> {
    if time == Some(Duration::ZERO) {
        return Ok(());
    }
    client.set_read_timeout(time)?;
    match client.peek(&mut [0]) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(_) => Err(Error::other("another request before the reply to this one")),
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        Err(e) => Err(e),
    }
}
