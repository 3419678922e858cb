//! Matchmaking over HTTP, against a real process: the life of tickets and matches, races, crowds.
#![allow(clippy::unwrap_used)]

mod crowd;
mod game;
mod life;
mod matching;
mod races;
mod results;
