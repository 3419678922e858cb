//! Where the lines of an export go: counted, digested, and stopped where the export is revoked.

use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::ExportError;
use super::patient::Patient;
use crate::archive::{Counts, EndLine, Kind, hex};

const BUFFER_BYTES: usize = 256 << 10;
/// How often it is looked whether to go on, in records.
const LOOK_EVERY: u64 = 256;

/// Where lines go, counted and digested.
pub(super) struct Out<'a, W: Write> {
    to: BufWriter<Patient<'a, W>>,
    line: Vec<u8>,
    hash: Sha256,
    counts: Counts,
    revoked: &'a AtomicBool,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a, W: Write> Out<'a, W> {
    pub(super) fn new(to: W, revoked: &'a AtomicBool, progress: &'a mut dyn FnMut(u64)) -> Self {
        Out {
            to: BufWriter::with_capacity(BUFFER_BYTES, Patient { to, revoked }),
            line: Vec::new(),
            hash: Sha256::new(),
            counts: Counts::default(),
            revoked,
            progress,
        }
    }

    pub(super) fn record(
        &mut self,
        kind: Kind,
        record: &impl Serialize,
    ) -> Result<(), ExportError> {
        self.counts.add(kind);
        let written = self.counts.records();
        if written.is_multiple_of(LOOK_EVERY) {
            if self.revoked.load(Ordering::Acquire) {
                return Err(revoked());
            }
            (self.progress)(written);
        }
        self.line(record)
    }

    pub(super) fn line(&mut self, line: &impl Serialize) -> Result<(), ExportError> {
        self.line.clear();
        let json = serde_json::to_writer(&mut self.line, line);
        json.map_err(|e| ExportError::Damaged(e.to_string()))?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        let written = self.to.write_all(&self.line);
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> ExportError {
        if self.revoked.load(Ordering::Acquire) {
            return revoked();
        }
        ExportError::Write(error)
    }

    pub(super) fn end(mut self) -> Result<Counts, ExportError> {
        let digest = hex(&self.hash.clone().finalize());
        self.line(&EndLine::new(&self.counts, digest))?;
        self.to.flush().map_err(|error| self.failed(error))?;
        (self.progress)(self.counts.records());
        Ok(self.counts)
    }
}

fn revoked() -> ExportError {
    ExportError::Unavailable("it cannot write, and has to be opened again".to_owned())
}
