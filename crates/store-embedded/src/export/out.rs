//! Where the lines of an export go: counted, digested, and stopped where the export is revoked.

use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use archive::{Counts, Head, Kind, Writer};
use serde::Serialize;

use super::ExportError;
use super::patient::Patient;

const BUFFER_BYTES: usize = 256 << 10;
/// How often it is looked whether to go on, in records.
const LOOK_EVERY: u64 = 256;

/// Where lines go.
pub(super) struct Out<'a, W: Write> {
    to: Writer<BufWriter<Patient<'a, W>>>,
    revoked: &'a AtomicBool,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a, W: Write> Out<'a, W> {
    pub(super) fn new(to: W, revoked: &'a AtomicBool, progress: &'a mut dyn FnMut(u64)) -> Self {
        let to = BufWriter::with_capacity(BUFFER_BYTES, Patient { to, revoked });
        Out {
            to: Writer::new(to),
            revoked,
            progress,
        }
    }

    pub(super) fn head(&mut self, head: &Head) -> Result<(), ExportError> {
        let written = self.to.head(head);
        written.map_err(|error| failed(self.revoked, error))
    }

    pub(super) fn record(
        &mut self,
        kind: Kind,
        record: &impl Serialize,
    ) -> Result<(), ExportError> {
        let written = self.to.counts().records();
        if written > 0 && written.is_multiple_of(LOOK_EVERY) {
            if self.revoked.load(Ordering::Acquire) {
                return Err(revoked());
            }
            (self.progress)(written);
        }
        let written = self.to.record(kind, record);
        written.map_err(|error| failed(self.revoked, error))
    }

    pub(super) fn end(self) -> Result<Counts, ExportError> {
        let ended = self.to.end();
        let counts = ended.map_err(|error| failed(self.revoked, error))?;
        (self.progress)(counts.records());
        Ok(counts)
    }
}

fn failed(is_revoked: &AtomicBool, error: io::Error) -> ExportError {
    if is_revoked.load(Ordering::Acquire) {
        return revoked();
    }
    ExportError::Write(error)
}

fn revoked() -> ExportError {
    ExportError::Unavailable("it cannot write, and has to be opened again".to_owned())
}
