//! Records that every store keeps in the same form: what is in queues, and answers that are kept for retries.
//!
//! A record of a queue is a fixed head, which a store and its scripts need, and JSON, which has what readers see.
//! Ratings, of which there may be millions, are fixed as a whole. The first byte of each is its version.
//!
//! The bytes are those of data directories and of Redis, so a change of them is a new format of both; a test keeps
//! them as they are. What a store has for itself it puts together of the same [`Parts`].
//!
//! Absent on purpose: keys, since each store finds its records in its own way, and records of boards and players,
//! whose forms differ.

mod answer;
mod lines;
mod of_queues;
mod parts;

pub use answer::{Answer, KEEP_ANSWERS_MS};
pub use lines::{BackfillLine, EndKind, MatchLine, Named, QueueNumber, Rated, TicketLine};
pub use of_queues::digest;
pub use parts::{Parts, VERSION, json, read_json};
