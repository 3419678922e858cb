//! Tickets by the hundred thousand in a running server: made over a few pipelined connections, and what is
//! asked of the server while they wait.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::http::player_id;

/// Requests sent before the first of their replies is read.
const PIPELINED: u64 = 64;
const QUEUE: &str = "/v1/queues/crowd";
/// Ratings of neighbours are so far apart, and no two may be.
const APART: f64 = 0.001;

/// The path of the n-th ticket.
pub fn ticket_path(n: u64) -> String {
    format!("{QUEUE}/tickets/t{n}")
}

/// The path of all tickets.
pub fn tickets_path() -> String {
    format!("{QUEUE}/tickets")
}

/// A connection that is kept.
pub struct Client {
    to: TcpStream,
    from: BufReader<TcpStream>,
}

impl Client {
    /// `patience` is how long a reply may take.
    pub fn connect(address: SocketAddr, patience: Duration) -> Result<Self> {
        let to = TcpStream::connect(address)?;
        to.set_nodelay(true)?;
        to.set_read_timeout(Some(patience))?;
        let from = BufReader::with_capacity(64 << 10, to.try_clone()?);
        Ok(Client { to, from })
    }

    /// The status and the body of the reply to one request.
    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
        let mut request = Vec::new();
        write_request(&mut request, method, path, body);
        self.to.write_all(&request)?;
        self.reply()
    }

    fn reply(&mut self) -> Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let status = line.get(9..12).context("the server closed a connection")?;
        let status = status.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.from.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body)?;
        Ok((status, body))
    }
}

fn write_request(to: &mut Vec<u8>, method: &str, path: &str, body: &str) {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    to.extend_from_slice(head.as_bytes());
    if !body.is_empty() {
        let length = body.len();
        let head = format!("content-type: application/json\r\ncontent-length: {length}\r\n");
        to.extend_from_slice(head.as_bytes());
    }
    to.extend_from_slice(b"\r\n");
    to.extend_from_slice(body.as_bytes());
}

/// Makes the queue: one against one, of equal ratings alone, for a day.
pub fn put_queue(client: &mut Client) -> Result<()> {
    let settings = r#"{"teams":{"min_size":1},"rating":{"spread":0},"ticket_ttl_ms":86400000}"#;
    let (status, body) = client.ask("PUT", QUEUE, settings)?;
    ensure!(status == 201, "{}", String::from_utf8_lossy(&body));
    Ok(())
}

/// The body of the ticket of the n-th player, whose rating is that of the one of `like`.
pub fn ticket(n: u64, like: u64) -> String {
    let (id, rating) = (player_id(n), 1000.0 + like as f64 * APART);
    format!(r#"{{"ticket_id":"t{n}","players":[{{"player_id":"{id}","rating":{rating}}}]}}"#)
}

/// Makes a ticket for each of these players over so many connections, before `end`. None of them matches
/// another.
pub fn make(address: SocketAddr, count: u64, connections: u64, end: Instant) -> Result<()> {
    std::thread::scope(|scope| {
        let parts = (0..connections).map(|part| {
            let numbers = (part..count).step_by(connections as usize);
            scope.spawn(move || make_some(address, numbers, end))
        });
        let parts: Vec<_> = parts.collect();
        for part in parts {
            part.join().unwrap_or_else(|_| bail!("a client panicked"))?;
        }
        Ok(())
    })
}

fn make_some(
    address: SocketAddr,
    mut numbers: impl Iterator<Item = u64>,
    end: Instant,
) -> Result<()> {
    let mut client = Client::connect(address, Duration::from_secs(60))?;
    let path = tickets_path();
    let mut requests = Vec::new();
    loop {
        requests.clear();
        let mut sent = 0;
        for n in numbers.by_ref().take(PIPELINED as usize) {
            write_request(&mut requests, "POST", &path, &ticket(n, n));
            sent += 1;
        }
        if sent == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < end, "making the tickets takes too long");
        client.to.write_all(&requests)?;
        for _ in 0..sent {
            let (status, body) = client.reply()?;
            ensure!(status == 201, "{}", String::from_utf8_lossy(&body));
        }
    }
}

/// How many tickets wait.
pub fn waiting(client: &mut Client) -> Result<u64> {
    let (status, body) = client.ask("GET", &format!("{QUEUE}/stats"), "")?;
    ensure!(status == 200, "{}", String::from_utf8_lossy(&body));
    let stats: Value = serde_json::from_slice(&body)?;
    stats["waiting_tickets"].as_u64().context("no count")
}

/// Makes the ticket of player `n`, which matches that of player `like` alone, and waits until both are
/// matched; how long that took.
pub fn match_one(client: &mut Client, n: u64, like: u64) -> Result<Duration> {
    let started = Instant::now();
    let made = client.ask("POST", &tickets_path(), &ticket(n, like))?;
    ensure!(made.0 == 201, "{}", String::from_utf8_lossy(&made.1));
    let path = format!("{}?wait=60s", ticket_path(n));
    for _ in 0..5 {
        let (status, body) = client.ask("GET", &path, "")?;
        ensure!(status == 200, "{}", String::from_utf8_lossy(&body));
        let told: Value = serde_json::from_slice(&body)?;
        if told["status"] == "matched" {
            return Ok(started.elapsed());
        }
    }
    bail!("ticket t{n} is not matched after five minutes")
}

/// How long requests take, one after the other.
#[derive(Default)]
pub struct Latencies(Vec<f64>);

impl Latencies {
    /// Asks for `time`. `request` makes the n-th request, and has to be answered with `status`.
    pub fn of(
        client: &mut Client,
        time: Duration,
        status: u16,
        mut request: impl FnMut(u64) -> (&'static str, String, String),
    ) -> Result<Self> {
        let (end, mut all) = (Instant::now() + time, Vec::new());
        while Instant::now() < end {
            let (method, path, body) = request(all.len() as u64);
            let asked = Instant::now();
            let (found, reply) = client.ask(method, &path, &body)?;
            all.push(asked.elapsed().as_secs_f64() * 1e3);
            let text = || String::from_utf8_lossy(&reply).into_owned();
            ensure!(found == status, "{method} {path}: {found} {}", text());
        }
        all.sort_by(f64::total_cmp);
        Ok(Latencies(all))
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Below it is that share of them, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let at = (self.0.len() as f64 * share) as usize;
        let at = at.min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}
