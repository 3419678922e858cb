//! For tests alone: a running [`App`], what it tells at `/metrics` as a [`Scrape`], a [`SmallDisk`], a
//! [`RedisServer`] and a [`RedisCluster`], a [`Relay`] that cuts the way to them, [`tokens`], duels ([`duel()`]),
//! players by number ([`player_id`]), [`commands`], a plain
//! [`ReferenceStore`], the store [`conformance`] suite.
//!
//! What fails here panics: a test has nobody to hand an error to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;
pub mod commands;
pub mod conformance;
mod duel;
mod patience;
mod players;
mod ports;
mod redis_cluster;
mod redis_server;
mod reference;
mod relay;
mod scrape;
mod small_disk;
pub mod tokens;

pub use app::{App, Connection, Launch, Reply, raw_exchange};
pub use duel::{announced_duel, duel, lone_ticket};
pub use patience::until;
pub use players::{ada, player_id};
pub use redis_cluster::RedisCluster;
pub use redis_server::{RedisLaunch, RedisServer};
pub use reference::ReferenceStore;
pub use relay::Relay;
pub use scrape::{Family, Labels, Scrape};
pub use small_disk::SmallDisk;
