//! One connection: a request out, its reply in.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const MAX_HEADERS: usize = 64;
const FIRST_BUFFER: usize = 4096;
const MAX_REPLY: usize = 16 << 20;

/// Why a request has no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// No connection came about.
    NotConnected,
    /// It broke, or the server closed it.
    Broken,
    /// It is no HTTP/1.1, has no length, or is too long.
    Unreadable,
    /// None in time.
    TimedOut,
    /// All connections were busy until the run was over.
    NotSent,
}

impl Fault {
    /// For the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Fault::NotConnected => "not connected",
            Fault::Broken => "connection broken",
            Fault::Unreadable => "unreadable reply",
            Fault::TimedOut => "timed out",
            Fault::NotSent => "never sent",
        }
    }
}

/// A connection to the server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects within a time, which is above nought.
    pub(crate) fn open(address: SocketAddr, limit: Duration) -> Result<Self, Fault> {
        let stream = TcpStream::connect_timeout(&address, limit);
        let stream = stream.map_err(|_| Fault::NotConnected)?;
        stream.set_nodelay(true).map_err(|_| Fault::NotConnected)?;
        Ok(Connection {
            stream,
            buffer: vec![0; FIRST_BUFFER],
        })
    }

    /// Sends a request and returns the status of the reply once all of it is there. After a fault
    /// the connection is of no further use.
    pub(crate) fn ask(&mut self, request: &[u8], until: Instant) -> Result<u16, Fault> {
        self.limit(until)?;
        self.stream.write_all(request).map_err(fault_of)?;
        let mut have = 0;
        loop {
            if have == self.buffer.len() {
                self.buffer.resize(2 * have, 0);
            }
            let free = self.buffer.get_mut(have..).unwrap_or_default();
            match self.stream.read(free).map_err(fault_of)? {
                0 => return Err(Fault::Broken),
                n => have += n,
            }
            let read = self.buffer.get(..have).unwrap_or_default();
            match head_of(read)? {
                Some((status, length)) if length == have => return Ok(status),
                Some((_, length)) if length < have => return Err(Fault::Unreadable),
                _ => self.limit(until)?,
            }
        }
    }

    fn limit(&self, until: Instant) -> Result<(), Fault> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::TimedOut);
        }
        let set = self.stream.set_read_timeout(Some(left));
        let set = set.and_then(|()| self.stream.set_write_timeout(Some(left)));
        set.map_err(|_| Fault::Broken)
    }
}

fn fault_of(error: std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Fault::TimedOut,
        _ => Fault::Broken,
    }
}

/// Status and whole length of a reply, once its head is there.
fn head_of(reply: &[u8]) -> Result<Option<(u16, usize)>, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let parsed = head.parse(reply).map_err(|_| Fault::Unreadable)?;
    let httparse::Status::Complete(body_at) = parsed else {
        return Ok(None);
    };
    let length = head
        .headers
        .iter()
        .find(|h| h.name.eq_ignore_ascii_case("content-length"))
        .and_then(|h| std::str::from_utf8(h.value).ok()?.parse::<usize>().ok())
        .filter(|length| *length <= MAX_REPLY);
    let status = head.code.ok_or(Fault::Unreadable)?;
    let length = match (status, length) {
        (204, None) => 0,
        (_, length) => length.ok_or(Fault::Unreadable)?,
    };
    Ok(Some((status, body_at + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_whole_when_its_length_is_there() {
        let reply = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n";
        assert_eq!(head_of(reply), Ok(Some((404, reply.len() + 3))));
        assert_eq!(head_of(&reply[..20]), Ok(None));
        assert_eq!(
            head_of(b"HTTP/1.1 204 No Content\r\n\r\n"),
            Ok(Some((204, 27)))
        );
    }

    #[test]
    fn replies_without_a_sane_length_are_unreadable() {
        for head in [
            "transfer-encoding: chunked",
            "content-length: x",
            "content-length: 99999999999",
        ] {
            let reply = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
            assert_eq!(head_of(reply.as_bytes()), Err(Fault::Unreadable), "{head}");
        }
        assert_eq!(head_of(b"SSH-2.0\r\n\r\n"), Err(Fault::Unreadable));
    }
}
