//! Reads the lines of an export, and sees to it that it is whole: the kinds in their order, the counts,
//! the digest, nothing behind the end.

use std::io::{self, BufRead, Read};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{Counts, EndLine, ErrorLine, FORMAT, Head, Kind, Tag, hex};

/// Longer than any line there can be, so that a file without line ends does not fill the memory.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("this is no export of Agon: {0}")]
    Foreign(String),
    /// It is of another version.
    #[error("this export has format {0}; this Agon reads format {FORMAT}")]
    Format(u32),
    /// It ends too early.
    #[error("the export is cut off after line {0}: its last line is missing")]
    Cut(u64),
    /// A line is not what it has to be.
    #[error("line {line} of the export: {what}")]
    Line {
        /// Which, counted from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A byte has changed.
    #[error("the export is damaged: its digest is {found}, and its last line says {expected}")]
    Digest {
        /// Of what was read.
        found: String,
        /// Of what was written.
        expected: String,
    },
    /// Whoever wrote it could not go on.
    #[error("the export was given up: {0}")]
    GivenUp(String),
    /// Reading failed.
    #[error("cannot read the export")]
    Read(#[source] io::Error),
}

/// An export that is read line by line.
pub struct Lines<R> {
    from: R,
    line: Vec<u8>,
    number: u64,
    /// Where the present line begins.
    at: u64,
    last: Option<Kind>,
    hash: Sha256,
    counts: Counts,
}

impl<R: BufRead> Lines<R> {
    /// Reads from its beginning.
    pub fn new(from: R) -> Self {
        Lines {
            from,
            line: Vec::new(),
            number: 0,
            at: 0,
            last: None,
            hash: Sha256::new(),
            counts: Counts::default(),
        }
    }

    /// Goes to the next line, which `line` shows then; `None` after the last, once all of the export
    /// has been found whole.
    ///
    /// # Errors
    /// [`ArchiveError`] as soon as it is known not to be whole.
    pub fn advance(&mut self) -> Result<Option<Kind>, ArchiveError> {
        if self.last == Some(Kind::End) {
            return self.finish().map(|()| None);
        }
        self.hash.update(&self.line);
        self.at += self.line.len() as u64;
        self.read_line()?;
        let kind = match self.parse::<Tag>() {
            Ok(tag) => tag.kind,
            Err(error) if self.number == 1 => return Err(ArchiveError::Foreign(error.to_string())),
            Err(error) => return Err(self.given_up().unwrap_or(error)),
        };
        self.in_order(kind)?;
        self.last = Some(kind);
        self.counts.add(kind);
        Ok(Some(kind))
    }

    fn read_line(&mut self) -> Result<(), ArchiveError> {
        self.line.clear();
        let mut limited = (&mut self.from).take(MAX_LINE_BYTES);
        let read = limited.read_until(b'\n', &mut self.line);
        read.map_err(ArchiveError::Read)?;
        if self.line.is_empty() && self.number == 0 {
            return Err(ArchiveError::Foreign("it is empty".to_owned()));
        }
        if self.line.last() != Some(&b'\n') && (self.line.len() as u64) < MAX_LINE_BYTES {
            // An export without its first line end was none from the beginning.
            return match self.number {
                0 => Err(ArchiveError::Foreign(
                    "its first line has no end".to_owned(),
                )),
                lines => Err(ArchiveError::Cut(lines)),
            };
        }
        self.number += 1;
        Ok(())
    }

    /// Why the present line may be cut short: the next one says so.
    fn given_up(&mut self) -> Option<ArchiveError> {
        self.read_line().ok()?;
        let line = self.parse::<ErrorLine>().ok()?;
        (line.kind == Kind::Error).then_some(ArchiveError::GivenUp(line.reason))
    }

    fn in_order(&self, kind: Kind) -> Result<(), ArchiveError> {
        match (self.last, kind) {
            (None, Kind::AgonExport) => Ok(()),
            (None, _) => Err(ArchiveError::Foreign("it begins otherwise".to_owned())),
            (_, Kind::AgonExport) => Err(self.wrong("another export begins here")),
            (_, Kind::Error) => Err(ArchiveError::GivenUp(self.parse::<ErrorLine>()?.reason)),
            (Some(last), kind) if kind < last => {
                Err(self.wrong("boards, players, entries, hidden marks, queues, matches, tickets, backfills and ratings come in this order"))
            }
            _ => Ok(()),
        }
    }

    /// The first line as what it is.
    ///
    /// # Errors
    /// [`ArchiveError::Format`] where it is of another version.
    pub fn head(&self) -> Result<Head, ArchiveError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        match self.parse::<Version>()?.format {
            FORMAT => self.parse(),
            other => Err(ArchiveError::Format(other)),
        }
    }

    fn finish(&mut self) -> Result<(), ArchiveError> {
        let end: EndLine = self.parse()?;
        let found = hex(&self.hash.clone().finalize());
        if end.sha256 != found {
            let expected = end.sha256;
            return Err(ArchiveError::Digest { found, expected });
        }
        if end.counts() != self.counts {
            return Err(self.wrong("the counts are not those of the lines before"));
        }
        match self.from.fill_buf().map_err(ArchiveError::Read)? {
            [] => Ok(()),
            _ => Err(self.wrong("there is something behind the end")),
        }
    }

    /// The present line as what it is.
    ///
    /// # Errors
    /// [`ArchiveError::Line`] where it is not that.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ArchiveError> {
        serde_json::from_slice(&self.line).map_err(|e| self.wrong(e))
    }

    /// The bytes of the present line, with its end.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// Where the present line begins, in bytes.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How many records there have been.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The present line is wrong, for this reason.
    pub fn wrong(&self, what: impl ToString) -> ArchiveError {
        ArchiveError::Line {
            line: self.number,
            what: what.to_string(),
        }
    }
}
