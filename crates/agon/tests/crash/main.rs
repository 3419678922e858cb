//! What survives: kill -9 under load and under retries, torn journals, a full disk.

mod exactly_once;
mod full_disk;
mod kill;
mod queues;
