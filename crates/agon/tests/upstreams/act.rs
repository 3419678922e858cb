//! What a scripted upstream does with one request: bytes after a while, then an end. Every fault on
//! the wire is a case of this, so that none needs code of its own.

use std::time::Duration;

/// What is done with one request.
#[derive(Clone)]
pub struct Act {
    pub after: Duration,
    pub bytes: Vec<u8>,
    pub end: End,
}

/// What becomes of the connection after the bytes.
#[derive(Clone)]
pub enum End {
    /// The next request may come.
    Keep,
    Close,
    /// Nothing happens until the client goes.
    Hang,
    /// This is sent again and again, so far apart, until the client goes.
    Repeat(Vec<u8>, Duration),
}

impl Act {
    /// Bytes as they are.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Act {
            after: Duration::ZERO,
            bytes: bytes.as_ref().to_vec(),
            end: End::Keep,
        }
    }

    /// A reply with these header lines, each ended by `\r\n`; its length is added.
    pub fn reply(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Told\r\ncontent-length: {length}\r\n{headers}\r\n");
        Act::raw([head.as_bytes(), body].concat())
    }

    /// Status 200 with JSON, or what is said to be.
    pub fn json(body: impl AsRef<[u8]>) -> Self {
        Act::reply(200, "content-type: application/json\r\n", body)
    }

    /// What the upstream `default` has to answer with.
    pub fn time(time: u32) -> Self {
        Act::json(format!(r#"{{"time": {time}}}"#))
    }

    /// A failure in order.
    pub fn status(status: u16) -> Self {
        Act::reply(
            status,
            "content-type: application/json\r\n",
            r#"{"time": 1}"#,
        )
    }

    /// No reply at all.
    pub fn hang() -> Self {
        Act::raw("").ending(End::Hang)
    }

    pub fn after_ms(self, after: u64) -> Self {
        Act {
            after: Duration::from_millis(after),
            ..self
        }
    }

    pub fn ending(self, end: End) -> Self {
        Act { end, ..self }
    }

    /// Followed by this piece for ever, as fast as it is taken.
    pub fn gushing(self, piece: &str) -> Self {
        self.ending(End::Repeat(piece.into(), Duration::ZERO))
    }

    /// Followed by this piece for ever, again and again before anybody's patience ends.
    pub fn trickling(self, piece: &str) -> Self {
        self.ending(End::Repeat(piece.into(), Duration::from_millis(20)))
    }
}
