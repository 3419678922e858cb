//! Writes to whoever may take long to read, and stops when it takes too long.
//!
//! A socket with a short write timeout says every now and then that nothing was taken. Only then can it be
//! seen that the export has been revoked, or that nobody reads any more.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Without a byte taken for so long, the reader is taken to be gone. An export holds disk space that
/// the engine could free otherwise.
const PATIENCE: Duration = Duration::from_secs(60);
/// For those that do not wait by themselves.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Patient<'a, W> {
    pub(super) to: W,
    pub(super) revoked: &'a AtomicBool,
}

impl<W: Write> Write for Patient<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let began = Instant::now();
        loop {
            match self.to.write(bytes) {
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                done => return done,
            }
            if self.revoked.load(Ordering::Acquire) {
                return Err(io::Error::other("the store has to be opened again"));
            }
            if began.elapsed() > PATIENCE {
                let reason = "nothing was read for a minute";
                return Err(io::Error::new(ErrorKind::TimedOut, reason));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
