//! The HTTP contract, tested from outside against the real process.

mod bodies;
mod generate;
mod global;
mod leaderboard;
mod nil;
mod openapi;
mod problems;
mod scores;
mod setup;
mod users;
