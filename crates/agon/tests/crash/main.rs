//! What survives: kill -9 under load, torn journals, a full disk.

mod full_disk;
mod kill;
mod queues;
