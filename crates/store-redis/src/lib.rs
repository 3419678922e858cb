//! Boards and queues on Redis (7 or later), Valkey and their clusters, for many nodes at once.
//!
//! Every change is one script that the server runs as a whole on one slot. What is done about servers that are
//! slow, gone, full or replaced is the business of `connection` alone; the rest says what is to be done and
//! learns whether it was, was not, or may have been.

mod address;
mod board_keys;
mod board_line;
mod board_news;
mod board_records;
mod board_store;
mod changes;
mod checks;
mod clock_offset;
mod connection;
mod core;
mod cut;
mod entry;
mod failure;
mod guard;
mod layout;
mod match_store;
mod meta;
mod migrate;
mod numbers;
mod options;
mod players;
mod queues;
mod reads;
mod replies;
mod script;
mod scripts;
mod slots;
mod stamps;
mod store;
mod sweeper;
#[cfg(test)]
mod testing;
mod turns;
mod tx;

pub use address::{Address, AddressError};
pub use failure::ConnectError;
pub use meta::MetaError;
pub use migrate::{MigrateError, Plan, Stage, load, unload};
pub use numbers::{CallNumbers, RedisNumbers};
pub use options::{Durability, Options, OptionsError};
pub use queues::QueueNumbers;
pub use store::{OpenError, RedisStore};
