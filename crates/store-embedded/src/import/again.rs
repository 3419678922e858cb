//! Reads lines of a file that were found good once more.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

use archive::{ArchiveError, Kind, Tag};
use serde::Deserialize;

use super::ImportError;

const READ_BYTES: usize = 256 << 10;

/// The lines of a file that were good when they were read first.
pub(super) struct Again<'a> {
    from: BufReader<&'a File>,
    line: Vec<u8>,
}

impl<'a> Again<'a> {
    pub(super) fn from(file: &'a File, at: u64) -> Result<Self, ImportError> {
        let mut from = BufReader::with_capacity(READ_BYTES, file);
        from.seek(SeekFrom::Start(at)).map_err(ArchiveError::Read)?;
        Ok(Again {
            from,
            line: Vec::new(),
        })
    }

    /// Goes to the next line, and says what it is.
    pub(super) fn advance(&mut self) -> Result<Kind, ImportError> {
        self.line.clear();
        let read = self.from.read_until(b'\n', &mut self.line);
        read.map_err(ArchiveError::Read)?;
        self.parse::<Tag>().map(|tag| tag.kind)
    }

    /// The present line.
    pub(super) fn parse<'b, T: Deserialize<'b>>(&'b self) -> Result<T, ImportError> {
        serde_json::from_slice(&self.line).map_err(|_| ImportError::Changed)
    }

    /// The next line, which has to be of this kind.
    pub(super) fn next<'b, T: Deserialize<'b>>(&'b mut self, kind: Kind) -> Result<T, ImportError> {
        if self.advance()? != kind {
            return Err(ImportError::Changed);
        }
        self.parse()
    }
}
