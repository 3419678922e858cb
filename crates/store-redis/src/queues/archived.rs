//! Queues between an export and Redis.

mod put;
mod take;

pub(crate) use put::{put_backfill, put_match, put_queues, put_rating, put_ticket};
pub(crate) use take::{versions, write};
