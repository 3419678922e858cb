//! The form of an export: lines of JSON, in an order that lets a reader check it in little memory.
//!
//! ```text
//! {"kind":"agon_export","format":1,"taken_at":"2026-01-02T03:04:05.678Z","scope":"store"}
//! {"kind":"board",…}     by name
//! {"kind":"player",…}    by id
//! {"kind":"entry",…}     by board, season and player
//! {"kind":"hidden",…}    by board and player
//! {"kind":"queue",…}     by name
//! {"kind":"match",…}     by id: those that are proposed, held, or have a result
//! {"kind":"ticket",…}    by queue and name: those that wait or are proposed
//! {"kind":"backfill",…}  by queue and name: those that are open
//! {"kind":"rating",…}    by queue and player
//! {"kind":"end","boards":1,"players":2,"entries":2,"hidden":0,"queues":1,…,"sha256":"…"}
//! ```
//!
//! Each kind refers to kinds before it alone. The digest is over all bytes before the last line. `reached` keeps
//! the order of ties and `made` that of waiting: the smaller number comes first; the numbers mean nothing else.
//! Histories are not written, since they follow from matches with a result. Only exports of the whole store have
//! queues, and the last line counts what is in them where there is any.
//!
//! Queues came later than the form, and its version is still 1: who does not know them refuses a file that has
//! some at the first such line, and cannot take it for another; a store without any is written as it ever was.
//!
//! Absent on purpose: answers that are kept for retries, the secret, what has ended in queues and can be read for
//! an hour, versions, which only tell that something has changed in a store, and numbers by which a store knows its
//! boards and queues.

mod counts;
mod of_boards;
mod of_queues;
mod outer;
mod read;
mod scope;
mod sum;
mod write;

pub use counts::{Counts, Kind};
pub use of_boards::{BoardLine, EntryLine, HiddenLine, PlayerLine};
pub use of_queues::{BackfillLine, MatchLine, QueueLine, RatingLine, RequestDigest, TicketLine};
pub use outer::{EndLine, ErrorLine, Head, Tag};
pub use read::{ArchiveError, Lines};
pub use scope::Scope;
pub use sum::Sum;
pub use write::Writer;

/// The version of the form.
pub const FORMAT: u32 = 1;

/// A digest as it is written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
