//! Agon on its embedded store beside Agon on Redis: who is compared, what has to stand on their leaderboards, how
//! two tickets meet, and the tables.
//!
//! One machine has it all: nodes, Redis and the load. So more nodes cannot be faster here; what is seen is what each
//! way costs in processor time and in round trips, and not how far it grows.

pub mod known;
pub mod meeting;
pub mod sharing;
pub mod table;
