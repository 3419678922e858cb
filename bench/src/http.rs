//! A load over HTTP/1.1 on keep-alive connections, and a bare server to compare with.
//!
//! The generator shares two cores with the server, so it does as little as it can: requests are
//! written from a template, replies are read up to the length that they declare.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::random::{Random, scramble};

/// How long a request outside a load may take, and a load beyond its time.
const PATIENCE: Duration = Duration::from_secs(120);
/// Players that are created by one request.
const PLAYERS_PER_BATCH: u64 = 50_000;
const COUNTRIES: [&str; 5] = ["tr", "us", "de", "fr", "jp"];
/// As long as a reply of `/score/submit`.
const BARE_REPLY: &str = r#"{"user_id":"e4cdb120-28fc-4285-a78d-eb48660b7730","score_worth":1,"timestamp":1700000000,"points":5022,"rank":123456,"previous_rank":123457}"#;

/// The id of the n-th player.
pub fn player_id(n: u64) -> String {
    let (high, low) = (scramble(n), scramble(!n));
    let hex = format!("{high:016x}{low:016x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// The country of the n-th player.
pub fn country(n: u64) -> &'static str {
    COUNTRIES[(scramble(n) % COUNTRIES.len() as u64) as usize]
}

/// What is asked of whom, about random players.
pub struct Target {
    /// Connections are spread over them in turn.
    addresses: Vec<SocketAddr>,
    question: Question,
}

#[derive(Clone, Copy)]
struct Question {
    players: u64,
    /// Writes the request about the n-th player.
    write: fn(&mut Vec<u8>, u64),
}

impl Target {
    /// One point for a player.
    pub fn submit(addresses: &[SocketAddr], players: u64) -> Self {
        Target::new(addresses, players, |out, n| {
            let body = format!(r#"{{"user_id":"{}","score_worth":1}}"#, player_id(n));
            let head =
                "POST /score/submit HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n";
            let length = format!("content-length: {}\r\n\r\n", body.len());
            out.extend_from_slice(&[head.as_bytes(), length.as_bytes(), body.as_bytes()].concat());
        })
    }

    /// The profile of a player, with its rank.
    pub fn profile(addresses: &[SocketAddr], players: u64) -> Self {
        Target::new(addresses, players, |out, n| {
            write_get(out, &format!("/user/profile/{}", player_id(n)));
        })
    }

    /// The ten best, whoever the player is.
    pub fn best_ten(addresses: &[SocketAddr], players: u64) -> Self {
        Target::new(addresses, players, |out, _| {
            write_get(out, "/leaderboard?limit=10");
        })
    }

    /// The rank of a player in its country, and on the whole board.
    pub fn country_rank(addresses: &[SocketAddr], players: u64) -> Self {
        Target::new(addresses, players, |out, n| {
            write_get(out, &country_rank_path(n));
        })
    }

    fn new(addresses: &[SocketAddr], players: u64, write: fn(&mut Vec<u8>, u64)) -> Self {
        Target {
            addresses: addresses.to_vec(),
            question: Question { players, write },
        }
    }
}

/// Where the ranks of the n-th player are, on the board and in its country.
pub fn country_rank_path(n: u64) -> String {
    let (id, country) = (player_id(n), country(n));
    format!("/v1/boards/global/entries/{id}?segment=country:{country}")
}

fn write_get(out: &mut Vec<u8>, path: &str) {
    out.extend_from_slice(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").as_bytes());
}

/// How much is asked.
#[derive(Clone, Copy)]
pub struct Load {
    pub connections: usize,
    pub time: Duration,
}

/// What came of it.
pub struct Outcome {
    /// The players of the requests, all of which were answered.
    pub asked: Vec<u32>,
    pub per_second: f64,
    /// Sorted, in microseconds.
    latencies: Vec<u32>,
}

impl Outcome {
    /// The latency that so large a share of the requests did not exceed, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let at = (self.latencies.len() as f64 * share) as usize;
        let at = at.min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(at)
            .map_or(0.0, |us| f64::from(*us) / 1000.0)
    }
}

impl Load {
    /// Runs for the given time; every reply must have status 200.
    pub fn run(&self, target: &Target) -> Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let load = tokio::time::timeout(self.time + PATIENCE, self.ask(target));
            load.await.context("a reply does not come")?
        })
    }

    async fn ask(&self, target: &Target) -> Result<Outcome> {
        let start = Instant::now();
        let end = start + self.time;
        let addresses = target.addresses.iter().cycle().take(self.connections);
        let clients: Vec<_> = (0..)
            .zip(addresses)
            .map(|(n, address)| tokio::spawn(client(*address, target.question, n, end)))
            .collect();
        let (mut asked, mut latencies) = (Vec::new(), Vec::new());
        for client in clients {
            for (player, latency) in client.await?? {
                asked.push(player);
                latencies.push(latency);
            }
        }
        let per_second = latencies.len() as f64 / start.elapsed().as_secs_f64();
        latencies.sort_unstable();
        Ok(Outcome {
            asked,
            per_second,
            latencies,
        })
    }
}

/// Players and latencies in microseconds.
async fn client(
    address: SocketAddr,
    question: Question,
    seed: u64,
    end: Instant,
) -> Result<Vec<(u32, u32)>> {
    let mut random = Random::new(seed ^ u64::from(std::process::id()) << 32);
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answered = Vec::with_capacity(1 << 16);
    let (mut request, mut reply) = (Vec::new(), vec![0; 8192]);
    while Instant::now() < end {
        request.clear();
        let player = random.below(question.players);
        (question.write)(&mut request, player);
        let sent = Instant::now();
        stream.write_all(&request).await?;
        let mut have = 0;
        loop {
            let n = stream.read(&mut reply[have..]).await?;
            ensure!(n > 0, "the server closed the connection");
            have += n;
            match whole_length(&reply[..have])? {
                Some(length) if length <= have => break,
                _ => {}
            }
        }
        ensure!(
            reply.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&reply[..have])
        );
        answered.push((u32::try_from(player)?, sent.elapsed().as_micros() as u32));
    }
    Ok(answered)
}

/// Head and body together, once the head is there.
fn whole_length(reply: &[u8]) -> Result<Option<usize>> {
    let Some(end) = reply.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Ok(None);
    };
    let name = b"content-length: ";
    let at = reply[..end]
        .windows(name.len())
        .position(|w| w.eq_ignore_ascii_case(name));
    let at = at.context("the reply has no length")? + name.len();
    let digits = reply[at..end].iter().take_while(|b| b.is_ascii_digit());
    let length = digits.fold(0, |n, d| n * 10 + usize::from(d - b'0'));
    Ok(Some(end + 4 + length))
}

/// A `POST` on a connection of its own.
pub fn post(address: SocketAddr, path: &str, body: &str) -> Result<(u16, Vec<u8>)> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(address, &[head.as_bytes(), body.as_bytes()].concat())
}

/// A `GET` on a connection of its own.
pub fn get(address: SocketAddr, path: &str) -> Result<(u16, Vec<u8>)> {
    // HTTP/1.0, so that a streamed body comes without chunks.
    exchange(
        address,
        format!("GET {path} HTTP/1.0\r\nhost: bench\r\n\r\n").as_bytes(),
    )
}

/// Players without points, whose ids can be computed.
pub fn create_players(address: SocketAddr, players: u64) -> Result<()> {
    for start in (0..players).step_by(PLAYERS_PER_BATCH as usize) {
        let batch = start..players.min(start + PLAYERS_PER_BATCH);
        let users: Vec<String> = batch
            .map(|n| {
                let (id, country) = (player_id(n), country(n));
                format!(r#"{{"user_id":"{id}","display_name":"player {n}","country":"{country}"}}"#)
            })
            .collect();
        let (status, _) = post(address, "/user/create", &format!("[{}]", users.join(",")))?;
        ensure!(status == 201, "creation was refused with {status}");
    }
    Ok(())
}

/// The sum of all points on the leaderboard.
pub fn total_points(address: SocketAddr) -> Result<u64> {
    let (status, body) = get(address, "/leaderboard/all")?;
    ensure!(status == 200, "the leaderboard was refused with {status}");
    let lines: Vec<serde_json::Value> = serde_json::from_slice(&body)?;
    Ok(lines
        .iter()
        .filter_map(|line| line["points"].as_u64())
        .sum())
}

fn exchange(address: SocketAddr, request: &[u8]) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    let Some(end) = reply.windows(4).position(|w| w == b"\r\n\r\n") else {
        bail!("the reply has no end of head");
    };
    let status = std::str::from_utf8(reply.get(9..12).context("short reply")?)?.parse()?;
    Ok((status, reply.split_off(end + 4)))
}

/// Serves the same bytes to every `POST /score/submit`, for ever.
pub fn serve_bare() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let reply = || async { ([(CONTENT_TYPE, "application/json")], BARE_REPLY) };
        let router = Router::new().route("/score/submit", routing::post(reply));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}/", listener.local_addr()?);
        axum::serve(listener, router).await?;
        Ok(())
    })
}

/// The middle one; of none, nothing that is a number.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the medians of each, and the ratios to the first.
pub fn report(names: [&str; 3], results: &[Vec<Outcome>; 3]) {
    let median =
        |outcomes: &Vec<Outcome>, of: &dyn Fn(&Outcome) -> f64| median(outcomes.iter().map(of));
    let rate = |outcomes| median(outcomes, &|o| o.per_second);
    let bare = rate(&results[0]);
    println!(
        "| median of {} rounds | per second | to bare | p50 ms | p99 ms |",
        results[0].len()
    );
    println!("|---|---:|---:|---:|---:|");
    for (name, outcomes) in names.iter().zip(results) {
        println!(
            "| {name} | {:.0} | {:.2} | {:.2} | {:.2} |",
            rate(outcomes),
            rate(outcomes) / bare,
            median(outcomes, &|o| o.percentile_ms(0.50)),
            median(outcomes, &|o| o.percentile_ms(0.99)),
        );
    }
}
