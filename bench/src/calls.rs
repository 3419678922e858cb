//! Calls to upstreams, sent when they are due and not when the last one has ended, so that a slow
//! server is not spared by its own slowness.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::random::Random;

/// What came of one call.
#[derive(Clone, Copy)]
pub struct Call {
    pub status: u16,
    /// From the instant at which it was due.
    pub latency: Duration,
    /// Attempts that it took, if the reply says.
    pub attempts: u32,
}

/// Sends `GET path` at random instants, on average `rate` a second, for so long, and waits for all.
pub async fn open_loop(
    address: SocketAddr,
    path: &str,
    rate: f64,
    time: Duration,
    seed: u64,
) -> Result<Vec<Call>> {
    let idle = Arc::new(Mutex::new(Vec::new()));
    let mut random = Random::new(seed);
    let (start, mut due) = (Instant::now(), 0.0);
    let mut calls = Vec::new();
    while due < time.as_secs_f64() {
        let at = start + Duration::from_secs_f64(due);
        let (idle, request) = (Arc::clone(&idle), request(path));
        calls.push(tokio::spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            let kept = idle.lock().ok().and_then(|mut idle| idle.pop());
            let mut stream = match kept {
                Some(stream) => stream,
                None => connect(address).await?,
            };
            let call = exchange(&mut stream, &request, at).await?;
            idle.lock().map(|mut idle| idle.push(stream)).ok();
            Ok::<_, anyhow::Error>(call)
        }));
        let share = (random.below(1 << 53) as f64 + 0.5) / (1_u64 << 53) as f64;
        due -= share.ln() / rate;
    }
    let mut results = Vec::with_capacity(calls.len());
    for call in calls {
        results.push(call.await??);
    }
    Ok(results)
}

/// Sends `GET path` again and again on one connection.
pub async fn closed_loop(address: SocketAddr, path: &str, count: usize) -> Result<Vec<Call>> {
    let mut stream = connect(address).await?;
    let request = request(path);
    let mut results = Vec::with_capacity(count);
    for _ in 0..count {
        results.push(exchange(&mut stream, &request, Instant::now()).await?);
    }
    Ok(results)
}

fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn exchange(stream: &mut TcpStream, request: &[u8], due: Instant) -> Result<Call> {
    stream.write_all(request).await?;
    let (mut reply, mut have) = (vec![0; 8192], 0);
    let head = loop {
        let n = stream.read(&mut reply[have..]).await?;
        ensure!(n > 0, "the server closed the connection");
        have += n;
        if let Some(end) = reply[..have].windows(4).position(|w| w == b"\r\n\r\n") {
            let head = std::str::from_utf8(&reply[..end])?.to_ascii_lowercase();
            let length: usize = header(&head, "content-length").context("no length")?;
            while have < end + 4 + length {
                let n = stream.read(&mut reply[have..]).await?;
                ensure!(n > 0, "the server closed the connection");
                have += n;
            }
            break head;
        }
    };
    Ok(Call {
        status: head.get(9..12).context("a short reply")?.parse()?,
        latency: due.elapsed(),
        attempts: header(&head, "agon-attempts").unwrap_or(1),
    })
}

fn header<T: std::str::FromStr>(head: &str, name: &str) -> Option<T> {
    let line = head.lines().find(|l| l.starts_with(name))?;
    line.split_once(':')?.1.trim().parse().ok()
}

/// The latency that so large a share of the calls did not exceed, in milliseconds.
pub fn percentile_ms(calls: &[Call], share: f64) -> f64 {
    let mut latencies: Vec<Duration> = calls.iter().map(|c| c.latency).collect();
    latencies.sort_unstable();
    let at = (latencies.len() as f64 * share) as usize;
    let at = at.min(latencies.len().saturating_sub(1));
    latencies.get(at).map_or(0.0, |l| l.as_secs_f64() * 1000.0)
}
