//! The process as an operator and a hostile client see it: start, stop, limits, broken HTTP.

mod healthcheck;
mod lifecycle;
mod limits;
mod protocol;
mod setup;
mod unread;
