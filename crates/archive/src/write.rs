//! Writes the lines of an export, counted and digested.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Counts, EndLine, Head, Kind, Sum, hex};

/// An export that is being written.
pub struct Writer<W> {
    to: W,
    line: Vec<u8>,
    hash: Sha256,
    counts: Counts,
    sum: Option<Sum>,
}

impl<W: Write> Writer<W> {
    /// Writes to this, which should have a buffer.
    pub fn new(to: W) -> Self {
        Writer {
            to,
            line: Vec::new(),
            hash: Sha256::new(),
            counts: Counts::default(),
            sum: None,
        }
    }

    /// The same, and adds up what is written.
    pub fn summing(to: W) -> Self {
        Writer {
            sum: Some(Sum::default()),
            ..Writer::new(to)
        }
    }

    /// The first line.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn head(&mut self, head: &Head) -> io::Result<()> {
        self.line(head)
    }

    /// A line of this kind.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn record(&mut self, kind: Kind, record: &impl Serialize) -> io::Result<()> {
        self.counts.add(kind);
        self.line(record)?;
        if let Some(sum) = &mut self.sum {
            sum.add(kind, &self.line);
        }
        Ok(())
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        self.to.write_all(&self.line)
    }

    /// How many records have been written.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What was written so far, where it is added up.
    pub fn take_sum(&mut self) -> Option<Sum> {
        self.sum.take()
    }

    /// The last line; also empties the buffer.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn end(mut self) -> io::Result<Counts> {
        let digest = hex(&self.hash.clone().finalize());
        self.line(&EndLine::new(&self.counts, digest))?;
        self.to.flush()?;
        Ok(self.counts)
    }
}
