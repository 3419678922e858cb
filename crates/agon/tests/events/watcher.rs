//! A client of server-sent events that reads when it is told to.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use testkit::App;

/// Far beyond what anything takes here.
const LIMIT: Duration = Duration::from_secs(30);

pub struct Watcher(BufReader<TcpStream>);

pub struct Event {
    pub id: String,
    pub data: Value,
}

impl Watcher {
    /// Connects and reads the head of the reply.
    pub fn open(app: &App, path: &str, last_event_id: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        let seen = last_event_id.map(|id| format!("last-event-id: {id}\r\n"));
        let seen = seen.unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n{seen}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut watcher = Watcher(BufReader::new(stream));
        assert_eq!(watcher.line().unwrap(), "HTTP/1.1 200 OK");
        let mut is_stream = false;
        loop {
            let line = watcher.line().unwrap();
            is_stream |= line == "content-type: text/event-stream";
            if line.is_empty() {
                break;
            }
        }
        assert!(is_stream);
        watcher
    }

    /// The next event. Sizes of chunks, comments and what else is between are passed over.
    pub fn event(&mut self) -> Event {
        let (mut id, mut data) = (None, None);
        loop {
            let line = self.line().unwrap();
            if let Some(value) = line.strip_prefix("id: ") {
                id = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("data: ") {
                data = Some(serde_json::from_str(value).unwrap());
            } else if let Some(name) = line.strip_prefix("event: ") {
                assert_eq!(name, "board");
            }
            if let (Some(id), Some(data)) = (&id, &data) {
                return Event {
                    id: String::clone(id),
                    data: Value::clone(data),
                };
            }
        }
    }

    /// Whether nothing but the rest of the last event comes for that long.
    pub fn is_silent_for(&mut self, time: Duration) -> bool {
        self.0.get_ref().set_read_timeout(Some(time)).unwrap();
        let silent = loop {
            match self.line() {
                Some(line) if line.starts_with("data: ") => break false,
                Some(_) => {}
                None => break true,
            }
        };
        self.0.get_ref().set_read_timeout(Some(LIMIT)).unwrap();
        silent
    }

    /// Reads to the end, which has to come.
    pub fn ends(&mut self) -> bool {
        let mut line = Vec::new();
        loop {
            line.clear();
            match self.0.read_until(b'\n', &mut line) {
                Ok(0) => return true,
                Ok(_) => {
                    // The last chunk of a reply whose connection stays open.
                    if line == b"0\r\n" {
                        return true;
                    }
                }
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
        }
    }

    /// A line without its end; `None` where none comes in time.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(e) => panic!("{e}"),
        }
    }
}
