//! Boards over HTTP against a real process: random steps beside a plain store.
#![allow(clippy::unwrap_used)]

mod http_store;
mod known;
mod model;
mod problems;
mod request;
mod sayable;
mod wire;
