//! Bodies of lines, such as NDJSON: of any length, read in bounded memory, line by line.

use std::mem;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use http_body_util::BodyExt;

use super::{ended_early, media_type, timed_out};
use crate::problem::Problem;

/// Bytes that a line may have, without its end.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;
/// With the carriage return that may be a part of its end.
const MAX_WITH_RETURN: usize = MAX_LINE_BYTES + 1;

/// Whether a body is one of lines.
pub(crate) fn is_ndjson(headers: &HeaderMap) -> bool {
    let media_type = media_type(headers).unwrap_or_default();
    let subtype = media_type.strip_prefix("application/");
    matches!(subtype, Some("x-ndjson" | "ndjson" | "jsonl"))
}

/// A line of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its place, counted from 1.
    pub(crate) number: u64,
    /// What it is, without its end; `None` where it is too long.
    pub(crate) text: Option<Bytes>,
}

/// A body that is read line by line.
pub(crate) struct LineBody {
    body: Body,
    piece: Bytes,
    lines: Lines,
    /// How long each piece may keep us waiting.
    patience: Duration,
}

impl LineBody {
    pub(crate) fn new(body: Body, patience: Duration) -> Self {
        LineBody {
            body,
            piece: Bytes::new(),
            lines: Lines::default(),
            patience,
        }
    }

    /// The next line; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Line>, Problem> {
        loop {
            if let Some(line) = self.lines.next(&mut self.piece) {
                return Ok(Some(line));
            }
            match self.receive().await? {
                Some(piece) => self.piece = piece,
                None => return Ok(self.lines.last()),
            }
        }
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Problem> {
        let frame = tokio::time::timeout(self.patience, self.body.frame()).await;
        match frame.map_err(|_| timed_out(self.patience))? {
            // What is not data comes after all data, and is not asked for.
            Some(Ok(frame)) => Ok(frame.into_data().ok()),
            Some(Err(error)) => Err(ended_early(&error)),
            None => Ok(None),
        }
    }
}

/// Puts lines together from pieces that are cut anywhere.
#[derive(Default)]
struct Lines {
    /// Lines that have ended.
    count: u64,
    /// What has come of the next one.
    begun: Vec<u8>,
    /// Whether that was more than a line may have, and is thrown away.
    too_long: bool,
}

impl Lines {
    /// The next line that ends in this piece, from which it is taken; `None`: the piece is used up.
    fn next(&mut self, piece: &mut Bytes) -> Option<Line> {
        let Some(end) = piece.iter().position(|b| *b == b'\n') else {
            self.keep(&mem::take(piece));
            return None;
        };
        let rest = piece.split_to(end + 1).slice(..end);
        if self.begun.is_empty() && !self.too_long && rest.len() <= MAX_WITH_RETURN {
            return Some(self.line(Some(rest)));
        }
        self.keep(&rest);
        Some(self.take())
    }

    /// What stands after the last line end.
    fn last(&mut self) -> Option<Line> {
        let begun = self.too_long || !self.begun.is_empty();
        begun.then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.begun.len() + bytes.len() > MAX_WITH_RETURN {
            self.too_long = true;
        }
        if self.too_long {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }

    fn take(&mut self) -> Line {
        let begun = mem::take(&mut self.begun);
        let too_long = mem::take(&mut self.too_long);
        self.line((!too_long).then(|| begun.into()))
    }

    fn line(&mut self, text: Option<Bytes>) -> Line {
        self.count += 1;
        let text = text.map(without_return);
        Line {
            number: self.count,
            text: text.filter(|text| text.len() <= MAX_LINE_BYTES),
        }
    }
}

fn without_return(text: Bytes) -> Bytes {
    match text.strip_suffix(b"\r") {
        Some(rest) => text.slice(..rest.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for piece in pieces {
            let mut piece = Bytes::copy_from_slice(piece);
            found.extend(std::iter::from_fn(|| lines.next(&mut piece)));
            assert!(piece.is_empty());
        }
        found.extend(lines.last());
        assert_eq!(lines.last(), None);
        found
    }

    fn texts(lines: &[Line]) -> Vec<Option<&[u8]>> {
        let numbers = lines.iter().map(|line| line.number);
        assert!(numbers.eq(1..=lines.len() as u64));
        lines.iter().map(|line| line.text.as_deref()).collect()
    }

    #[test]
    fn lines_are_the_same_wherever_the_body_is_cut() {
        let body = b"{}\r\n\n a\rb \n\r\nlast";
        let expected: [Option<&[u8]>; 5] = [
            Some(b"{}"),
            Some(b""),
            Some(b" a\rb "),
            Some(b""),
            Some(b"last"),
        ];
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(texts(&split(&single)), expected);
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let pieces = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(texts(&split(&pieces)), expected, "{first} {second}");
            }
        }
    }

    #[test]
    fn the_last_line_needs_no_end() {
        assert_eq!(texts(&split(&[b""])), [None::<&[u8]>; 0]);
        assert_eq!(texts(&split(&[b"a\n"])), [Some(&b"a"[..])]);
        assert_eq!(texts(&split(&[b"a\nb"])).len(), 2);
    }

    #[test]
    fn a_line_that_is_too_long_is_thrown_away_wherever_it_is_cut() {
        let (fits, too_long) = (vec![b'x'; MAX_LINE_BYTES], vec![b'x'; MAX_LINE_BYTES + 1]);
        let expected = [Some(&fits[..]), None, Some(b"after"), None];
        let end = MAX_LINE_BYTES;
        for line_end in [&b"\n"[..], b"\r\n"] {
            let lines = [&fits[..], &too_long, b"after", &too_long];
            let body = lines.join(line_end);
            for cut in (0..2).chain(end - 1..end + 4).chain(2 * end..2 * end + 7) {
                let (one, other) = body.split_at(cut);
                assert_eq!(texts(&split(&[one, other])), expected, "{cut}");
            }
            let pieces: Vec<&[u8]> = body.chunks(1000).collect();
            assert_eq!(texts(&split(&pieces)), expected);
        }
    }

    #[test]
    fn what_is_begun_is_bounded() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            assert_eq!(lines.next(&mut Bytes::from(vec![b'x'; 10_000])), None);
            assert!(lines.begun.capacity() <= 2 * MAX_LINE_BYTES);
        }
    }
}
