//! A server that answers every request with a JSON object, with 200 unless it is told otherwise, and remembers what
//! it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The server. Its threads end with the connections that they serve, or with the test.
pub struct HttpServer {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<Mutex<&'static str>>,
}

impl HttpServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(Mutex::new("200 OK"));
        let (all, answer) = (Arc::clone(&received), Arc::clone(&status));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &all, &answer));
            }
        });
        HttpServer {
            address,
            received,
            status,
        }
    }

    /// From now on it answers with this status.
    pub fn answer(&self, status: &'static str) {
        *self.status.lock().unwrap() = status;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until something of what came is found, for a while that is longer than any batch takes.
    pub fn wait_for<T>(&self, find: impl Fn(&[Received]) -> Option<T>) -> T {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(found) = find(&self.received()) {
                return found;
            }
            assert!(Instant::now() < end, "it never came");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(stream: TcpStream, all: &Mutex<Vec<Received>>, status: &Mutex<&str>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        all.lock().unwrap().push(request);
        let status = *status.lock().unwrap();
        let reply = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{{\"time\":1}}"
        );
        if reader.get_mut().write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let line = text_line(reader)?;
    let mut headers = Vec::new();
    loop {
        let header = text_line(reader)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        line,
        headers,
        body,
    })
}

fn text_line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let bytes = reader.read_line(&mut line).ok()?;
    (bytes > 0).then(|| line.trim_end().to_owned())
}
