//! Passes an export on from where it is made to where it is kept, and makes sure that it is whole.

use std::io::{BufRead, Write};

use archive::{ArchiveError, Counts, Lines};

use super::ExportError;

/// Copies an export as it comes. `progress` is told how many records have passed.
///
/// # Errors
/// [`ExportError::Archive`] where it is not whole; what was written is of no use then.
pub fn relay(
    from: impl BufRead,
    mut to: impl Write,
    progress: &mut dyn FnMut(u64),
) -> Result<Counts, ExportError> {
    let mut lines = Lines::new(from);
    while lines.advance()?.is_some() {
        to.write_all(lines.line()).map_err(ExportError::Write)?;
        progress(lines.counts().records());
    }
    to.flush().map_err(ExportError::Write)?;
    Ok(lines.counts())
}

impl From<ArchiveError> for ExportError {
    fn from(error: ArchiveError) -> Self {
        ExportError::Archive(error)
    }
}
